// SPDX-License-Identifier: Apache-2.0
// Resumable labs on a whole real Berth: what was changed is there after a stop, a killed berthd, a new warden, and on all machines.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Berth, eventually, output, programs } from "./berth.mjs";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "berth-resumable-"));

const manifest = (extra = "") => `
title = "Two steps"
image = "busybox"
plan = "disk"
minutes = 10
steps = ["The first", "The second"]
hints = ["One.", "Two."]
resumable = true
keep = { unused_days = 3, most_days = 9 }
${extra}`;
const says = (file) => `#!/bin/sh\n[ "$(cat "$MACHINE/srv/${file}" 2>/dev/null)" = done ] && echo OK || echo NO\n`;
const files = {
  "task.md": "Two files.\n",
  "step-1.md": "Write /srv/first.\n",
  "step-2.md": "Write /srv/second.\n",
  setup: "#!/bin/sh\nmkdir -p /srv && echo fresh >/srv/first\n",
  "check-1": says("first"),
  "check-2": says("second"),
};

function labFolder(name, toml = manifest(), parts = files) {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "lab.toml"), toml);
  for (const [file, text] of Object.entries(parts)) if (text) writeFileSync(join(path, file), text);
  return path;
}

let berth;
const commandOf = (token, words) =>
  run(join(programs, "berth"), words, { env: { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: token }, timeout: 120_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (fault) => ({ code: fault.code, stdout: fault.stdout, stderr: fault.stderr }),
  );
const command = (...words) => commandOf(berth.adminToken, words);
const publish = async (...words) => {
  const published = await command("lab", "publish", labFolder(...words));
  assert.equal(published.code, 0, published.stderr);
};
const anew = (client) => berth.client({ token: client.token });
const sh = (client, attempt, script, machine = 0) => client.shell({ id: attempt.machines[machine].instance }, ["sh", "-c", script]);
const check = async (client, attempt) => (await client.ok("POST", `/attempts/${attempt.id}/checks`)).verdict;
const days = 24 * 3600 * 1000;

before(async () => {
  berth = await Berth.start({ limits: { most_active: 3 }, extra: "[labs]\nleast_ready = 0\nmost_ready = 0\n" });
  await publish("steps");
  await publish("other");
});
after(async () => {
  await berth?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("what was changed is there after a stop and a resume, with steps and hints", async () => {
  const learner = await berth.member("learner");
  const attempt = await learner.ok("POST", "/labs/steps/attempts?wait=30");
  assert.deepEqual([attempt.state, attempt.resumable, attempt.kept_until], ["running", true, null]);
  assert.equal((await sh(learner, attempt, "cat /srv/first")).trim(), "fresh");
  await sh(learner, attempt, "echo done >/srv/first; adduser -D -H sam 2>/dev/null || echo sam >/etc/sam");
  assert.equal(await check(learner, attempt), "solved");
  await learner.ok("POST", `/attempts/${attempt.id}/hints`);

  const before = Date.now();
  const stopped = await learner.ok("POST", `/attempts/${attempt.id}/stop`);
  assert.deepEqual([stopped.state, stopped.leaving, stopped.machines[0].state], ["stopped", false, "grace"]);
  assert.ok(Math.abs(Date.parse(stopped.kept_until) - before - 3 * days) < 60_000, stopped.kept_until);
  const machine = attempt.machines[0].instance;
  assert.deepEqual(berth.processes({ id: machine }), []);
  // It takes no processor and no memory of the host.
  assert.equal(output("sh", "-c", `find /sys/fs/cgroup -name '*${machine}*' 2>/dev/null || true`), "");
  assert.equal((await learner.api("POST", `/attempts/${attempt.id}/checks`)).status, 409);
  const { lab } = await learner.ok("GET", "/labs/steps");
  assert.deepEqual([lab.attempt, lab.attempt_state, lab.keep], [attempt.id, "stopped", { unused_days: 3, most_days: 9 }]);

  const resumed = await learner.ok("POST", `/attempts/${attempt.id}/resume?wait=30`);
  assert.deepEqual([resumed.state, resumed.steps_done, resumed.hints, resumed.kept_until], ["running", 1, ["One."], null]);
  assert.ok(Date.parse(resumed.expires_at) - Date.now() > 9 * 60_000);
  assert.equal((await sh(learner, resumed, "cat /srv/first")).trim(), "done");
  await sh(learner, resumed, "grep -q sam /etc/passwd || cat /etc/sam; echo done >/srv/second");
  assert.equal(await check(learner, resumed), "solved");
  assert.equal((await learner.ok("DELETE", `/attempts/${attempt.id}`)).state, "ended");
});

test("a killed berthd and a new warden lose nothing that is kept", async () => {
  let learner = await berth.member("patient");
  const attempt = await learner.ok("POST", "/labs/steps/attempts?wait=30");
  await sh(learner, attempt, "echo kept >/srv/first");
  const { kept_until } = await learner.ok("POST", `/attempts/${attempt.id}/stop`);
  await Promise.all([berth.kill("berthd"), berth.kill("warden")]);
  await berth.startWarden();
  await berth.startBerthd();
  learner = anew(learner);
  const kept = await learner.ok("GET", `/attempts/${attempt.id}`);
  assert.deepEqual([kept.state, kept.kept_until], ["stopped", kept_until]);

  // Killed in the middle of a resume: the one that comes next goes on with it.
  await learner.ok("POST", `/attempts/${attempt.id}/resume`);
  await berth.kill("berthd");
  await berth.startBerthd();
  learner = anew(learner);
  await eventually("it runs", async () => (await learner.ok("GET", `/attempts/${attempt.id}`)).state === "running");
  assert.equal((await sh(learner, attempt, "cat /srv/first")).trim(), "kept");

  // Killed in the middle of a stop.
  const stopping = learner.api("POST", `/attempts/${attempt.id}/stop`).catch(() => {});
  await eventually("the stop is known", async () => (await berth.admin.ok("GET", `/attempts/${attempt.id}`)).state === "stopped");
  await berth.kill("berthd");
  await stopping;
  await berth.startBerthd();
  learner = anew(learner);
  await eventually("its machine is halted", () => berth.processes({ id: attempt.machines[0].instance }).length === 0);
  assert.equal((await learner.ok("POST", `/attempts/${attempt.id}/resume?wait=30`)).state, "running");
  assert.equal((await sh(learner, attempt, "cat /srv/first")).trim(), "kept");
  await learner.ok("DELETE", `/attempts/${attempt.id}`);
});

test("a kept attempt takes no place of the host, and its resume waits for its turn", async () => {
  const learner = await berth.member("waiting");
  const attempt = await learner.ok("POST", "/labs/steps/attempts?wait=30");
  await learner.ok("POST", `/attempts/${attempt.id}/stop`);
  const others = [];
  for (let number = 0; number < 3; ++number) others.push(await berth.running({ plan: "small" }));
  const queued = await learner.ok("POST", `/attempts/${attempt.id}/resume`);
  assert.deepEqual([queued.state, queued.machines[0].state, queued.machines[0].queue_position], ["waiting", "queued", 1]);
  await berth.admin.ok("DELETE", `/instances/${others[0].id}`);
  await eventually("its turn", async () => (await learner.ok("GET", `/attempts/${attempt.id}`)).state === "running");
  await learner.ok("DELETE", `/attempts/${attempt.id}`);
  for (const other of others.slice(1)) await berth.admin.ok("DELETE", `/instances/${other.id}`);
});

test("an account has one resumable attempt, and is told of it", async () => {
  const learner = await berth.member("greedy");
  const attempt = await learner.ok("POST", "/labs/steps/attempts?wait=30");
  await learner.ok("POST", `/attempts/${attempt.id}/stop`);
  const refused = await learner.api("POST", "/labs/other/attempts");
  assert.equal(refused.status, 409);
  assert.match(JSON.stringify(refused.body), /resumable lab 'steps'.*leave it first/);
  const instance = attempt.machines[0].instance;
  assert.equal((await learner.ok("DELETE", `/attempts/${attempt.id}`)).state, "given_up");
  await eventually("its machine is gone", async () => (await learner.ok("GET", `/instances/${instance}`)).state === "gone");
  const other = await learner.ok("POST", "/labs/other/attempts?wait=30");
  await learner.ok("DELETE", `/attempts/${other.id}`);
});

test("several machines come back on their network, by the command line", async () => {
  const learner = await berth.member("networker");
  const machines = '[[machines]]\nname = "web"\n[[machines]]\nname = "db"\n';
  await publish("pair", manifest(machines), { ...files, "setup.web": files.setup, "setup.db": files.setup, setup: undefined });
  const mine = (...words) => commandOf(learner.token, words);
  const started = await mine("lab", "start", "pair");
  assert.equal(started.code, 0, started.stderr);
  const attempt = await learner.ok("GET", `/attempts/${started.stdout.trim()}`);
  await sh(learner, attempt, "echo on-db >/srv/first", 1);
  const stopped = await mine("lab", "stop", "pair");
  assert.match(stopped.stdout, /stopped pair; what you did is kept until 20/);
  assert.match((await mine("lab", "ls", "steps")).stdout, /stopped/);
  assert.match((await mine("lab", "attempts")).stdout, /stopped, kept until 20/);
  assert.equal((await command("lab", "retire", "pair")).code, 0); // what was begun goes on
  const resumed = await mine("lab", "resume", "pair");
  assert.deepEqual([resumed.code, resumed.stdout], [0, `${attempt.id}\n`], resumed.stderr);
  assert.equal((await sh(learner, attempt, "cat /srv/first", 1)).trim(), "on-db");
  await sh(learner, attempt, "ping -c 1 -w 5 db");
  assert.equal((await mine("lab", "leave", "pair")).code, 0);
  assert.match((await mine("lab", "resume", "pair")).stderr, /have not started lab pair/);
});

test("a plan with its disk in memory is refused", async () => {
  const refused = await command("lab", "publish", labFolder("hasty", manifest().replace('plan = "disk"', 'plan = "small"')));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /resumable: plan 'small' has its disk in memory/);
});
