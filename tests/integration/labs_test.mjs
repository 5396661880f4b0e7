// SPDX-License-Identifier: Apache-2.0
// Labs: published by the command line, started, checked from outside, kept from cheats, over restarts and in a crowd.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Berth, eventually, programs } from "./berth.mjs";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "berth-labs-"));

const manifest = (extra = "") => `
title = "The missing greeting"
summary = "A file should say hello."
image = "busybox"
plan = "small"
minutes = 10
tags = ["files"]
difficulty = "easy"
hints = ["Look at /srv/greeting.", "echo"]
${extra}`;

const files = {
  "task.md": "Make **/srv/greeting** say hello.\n",
  setup: "#!/bin/sh\nmkdir -p /srv && echo goodbye >/srv/greeting && rm /bin/vi\n",
  check: "#!/bin/sh\n[ \"$(cat \"$MACHINE/srv/greeting\")\" = hello ] && echo OK || echo \"NO it says something else\"\n",
  solution: "#!/bin/sh\necho hello >/srv/greeting\n",
};

function labFolder(name, toml = manifest(), parts = files) {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "lab.toml"), toml);
  for (const [file, text] of Object.entries(parts)) writeFileSync(join(path, file), text);
  return path;
}

let berth;
let learner;
const command = (...words) =>
  run(join(programs, "berth"), words, { env: { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken }, timeout: 120_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (fault) => ({ code: fault.code, stdout: fault.stdout, stderr: fault.stderr }),
  );

before(async () => {
  berth = await Berth.start({ limits: { most_active: 12 } });
  learner = await berth.member("learner");
});
after(async () => {
  await berth?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a lab is proven and published by the command line", async () => {
  const path = labFolder("greeting");
  const proven = await command("lab", "test", path);
  assert.equal(proven.code, 0, proven.stderr);
  assert.match(proven.stdout, /greeting: good/);
  const published = await command("lab", "publish", path);
  assert.equal(published.code, 0, published.stderr);
  const { items } = await learner.ok("GET", "/labs?q=hello");
  assert.deepEqual(items.map((lab) => [lab.name, lab.state, lab.solved]), [["greeting", "published", false]]);
});

test("a learner starts it, is told no, takes a hint, mends it and has it solved", async () => {
  const attempt = await learner.ok("POST", "/labs/greeting/attempts?wait=30");
  assert.equal(attempt.state, "running");
  const [machine] = attempt.machines;
  const no = await learner.ok("POST", `/attempts/${attempt.id}/checks`);
  assert.deepEqual([no.verdict, no.reason], ["not_yet", "it says something else"]);
  const hinted = await learner.ok("POST", `/attempts/${attempt.id}/hints`);
  assert.deepEqual([hinted.hints, hinted.hints_left], [["Look at /srv/greeting."], 1]);
  await learner.shell({ id: machine.instance }, ["sh", "-c", "test ! -e /bin/vi && echo hello >/srv/greeting"]);
  assert.equal((await learner.ok("POST", `/attempts/${attempt.id}/checks`)).verdict, "solved");
  const solved = await learner.ok("GET", `/attempts/${attempt.id}`);
  assert.equal(solved.state, "solved");
  assert.ok(solved.seconds >= 0);
  const ended = await learner.ok("DELETE", `/attempts/${attempt.id}`);
  assert.equal(ended.state, "ended");
  await eventually("its machine is gone", async () => (await learner.ok("GET", `/instances/${machine.instance}`)).state === "gone");
});

test("nothing of the lab's secrets is in the machine or in an answer", async () => {
  const attempt = await learner.ok("POST", "/labs/greeting/attempts?wait=30");
  const found = await learner.exec({ id: attempt.machines[0].instance }, ["sh", "-c", "grep -rl 'echo OK' / 2>/dev/null --exclude-dir=proc --exclude-dir=sys | head"]);
  assert.equal(found.stdout.trim(), "");
  for (const path of ["/labs/greeting", "/labs", `/attempts/${attempt.id}`]) {
    assert.ok(!JSON.stringify(await learner.ok("GET", path)).includes("echo"), path);
  }
  await learner.ok("DELETE", `/attempts/${attempt.id}`);
});

test("root in the machine cannot make the check say OK", async () => {
  const forgeries = [
    "for program in sh cat test '[' echo grep; do rm -f /bin/$program; printf '#!/bin/busybox sh\\necho OK\\n' >/bin/$program; chmod 755 /bin/$program; done; true",
    "mkdir -p /etc; echo /tmp/evil.so >/etc/ld.so.preload; printf 'alias cat=\"echo hello\"\\nPATH=/tmp\\n' >/etc/profile; cp /etc/profile /root/.profile",
    "rm /srv/greeting; ln -s /etc/hostname /srv/greeting",
    "rm /srv/greeting; mkdir /srv/greeting",
    "for process in /proc/[0-9]*; do kill -9 ${process#/proc/} 2>/dev/null; done; true",
  ];
  for (const forgery of forgeries) {
    const attempt = await learner.ok("POST", "/labs/greeting/attempts?wait=30");
    await learner.exec({ id: attempt.machines[0].instance }, ["/bin/busybox", "sh", "-c", forgery]).catch(() => {});
    const { verdict } = await learner.ok("POST", `/attempts/${attempt.id}/checks`);
    assert.notEqual(verdict, "solved", forgery);
    await learner.ok("DELETE", `/attempts/${attempt.id}`);
  }
});

test("what is wrong with a lab is told", async () => {
  const wrong = await command("lab", "test", labFolder("wrong", manifest("minuts = 3")));
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /minuts/);
  const unsolved = await command("lab", "test", labFolder("unsolved", manifest(), { ...files, solution: "#!/bin/sh\ntrue\n" }));
  assert.equal(unsolved.code, 1);
  assert.match(unsolved.stderr, /the solution was applied, but the check said not_yet/);
  const failing = await command("lab", "test", labFolder("failing", manifest(), { ...files, setup: "#!/bin/sh\necho no such luck; exit 3\n" }));
  assert.match(failing.stderr, /setup ended with code 3: no such luck/);
  const inside = await command("lab", "test", labFolder("inside", manifest('[check]\nmode = "inside"\n'), { ...files, check: '#!/bin/sh\n[ "$(cat /srv/greeting)" = hello ] && echo OK || echo NO\n' }));
  assert.equal(inside.code, 0, inside.stderr);
  assert.match(inside.stderr, /root can make it say OK/);
});

test("a check that breaks is our fault and never the learner's", async () => {
  for (const [name, check, reason] of [
    ["mute", "#!/bin/sh\nexit 3\n", /neither OK nor NO; it ended with code 3/],
    ["slow", "#!/bin/sh\nsleep 100\n", /did not finish within 1 second/],
    ["lost", "#!/no/such/interpreter\necho OK\n", /./],
  ]) {
    const published = await command("lab", "publish", labFolder(name, manifest("[check]\nseconds = 1\n"), { ...files, check }));
    assert.equal(published.code, 0, published.stderr);
    const attempt = await learner.ok("POST", `/labs/${name}/attempts?wait=30`);
    const fault = await learner.ok("POST", `/attempts/${attempt.id}/checks`);
    assert.equal(fault.verdict, "fault");
    assert.match(fault.reason, reason);
    assert.equal((await learner.ok("GET", `/attempts/${attempt.id}`)).checks, 0);
    await learner.ok("DELETE", `/attempts/${attempt.id}`);
    await command("lab", "retire", name);
  }
});

test("an attempt survives a killed berthd, and goes on", async () => {
  const attempt = await learner.ok("POST", "/labs/greeting/attempts?wait=30");
  await berth.kill("berthd");
  await berth.startBerthd();
  learner = berth.client({ token: learner.token });
  const again = await learner.ok("GET", `/attempts/${attempt.id}`);
  assert.deepEqual([again.state, again.expires_at], ["running", attempt.expires_at]);
  assert.equal((await learner.ok("POST", `/attempts/${attempt.id}/checks`)).verdict, "not_yet");
  await learner.ok("DELETE", `/attempts/${attempt.id}`);
});

test("a crowd beyond the host's room waits its turn, with positions, and nobody is lost", async () => {
  const crowd = await Promise.all(Array.from({ length: 24 }, (_, number) => berth.member(`crowd-${number}`)));
  const begun = await Promise.all(crowd.map((one) => one.ok("POST", "/labs/greeting/attempts")));
  const waiting = begun.filter((attempt) => attempt.state === "waiting");
  assert.ok(waiting.length > 0);
  const positions = (await Promise.all(waiting.map((attempt) => berth.admin.ok("GET", `/attempts/${attempt.id}`))))
    .map((attempt) => attempt.machines[0])
    .filter((machine) => machine.state === "queued")
    .map((machine) => machine.queue_position);
  assert.deepEqual([...positions].sort((one, other) => one - other), [...new Set(positions)].sort((one, other) => one - other));
  await Promise.all(
    begun.map(async (attempt, number) => {
      await eventually("its turn", async () => (await crowd[number].ok("GET", `/attempts/${attempt.id}`)).state === "running");
      assert.equal((await crowd[number].ok("DELETE", `/attempts/${attempt.id}`)).state, "given_up");
    }),
  );
});

test("images of retired versions go when nobody uses them", async () => {
  const attempt = await learner.ok("POST", "/labs/greeting/attempts?wait=30");
  const before = attempt.version;
  assert.equal((await command("lab", "publish", join(folder, "greeting"))).code, 0);
  const names = async () => (await berth.admin.ok("GET", "/images")).items.map((image) => image.name);
  assert.ok((await names()).includes(`lab-greeting-${before}`));
  assert.equal((await learner.ok("POST", `/attempts/${attempt.id}/checks`)).verdict, "not_yet");
  await learner.ok("DELETE", `/attempts/${attempt.id}`);
  assert.equal((await command("lab", "retire", "greeting")).code, 0); // sets the tidying to work
  await eventually("the images are removed", async () => (await names()).every((name) => !name.startsWith("lab-greeting")), 120_000);
});
