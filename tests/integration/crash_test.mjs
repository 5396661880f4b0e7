// SPDX-License-Identifier: Apache-2.0
// What a killed program, a dead or frozen agent and a wrong start do: to instances and their terminals, as little as can be.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Berth, eventually, hostProcesses, maybe, startProgram } from "./berth.mjs";
import { Attachment } from "./terminal.mjs";

let berth;
before(async () => (berth = await Berth.start()));
after(() => berth?.stop());

const count = (from, to) => Array.from({ length: to - from + 1 }, (_, number) => `${from + number}\n`).join("");

test("a killed berthd costs a terminal not one byte", async () => {
  const instance = await berth.running();
  const session = await berth.admin.ok("POST", `/instances/${instance.id}/sessions`, {
    kind: "command",
    command: ["sh", "-c", "number=0; while [ $number -lt 20000 ]; do number=$((number + 1)); echo $number; done; read word; echo $word"],
  });
  const first = await Attachment.open(berth.admin, instance, session);
  await first.says("\n1000\n");
  await berth.kill("berthd");
  await first.until(({ fault, closed }) => fault || closed, "the end of the connection");
  const text = first.text;

  await berth.startBerthd();
  const second = await Attachment.open(berth.admin, instance, session, { offset: first.position });
  assert.equal(second.start, first.position);
  second.send("word\n");
  await second.until(({ exit }) => exit);
  assert.equal(second.exit.code, 0);
  assert.ok(text + second.text === `${count(1, 20_000)}word\n`, "the output is whole");
  assert.equal((await berth.admin.ok("GET", `/instances/${instance.id}`)).state, "running");
  await berth.admin.ok("DELETE", `/instances/${instance.id}`);
});

test("a killed warden leaves its instances alive; its successor goes on with them, and berthd never ends", async () => {
  const instance = await berth.running();
  const session = await berth.admin.ok("POST", `/instances/${instance.id}/sessions`, { kind: "command", command: ["sh", "-c", "read word; echo got $word"] });
  const [first] = berth.processes(instance);
  await berth.kill("warden");
  assert.equal(berth.processes(instance)[0], first);
  await berth.startWarden();
  await eventually("a command in the instance", () => berth.admin.shell(instance, "echo again").catch(() => ""));
  assert.equal(berth.processes(instance)[0], first, "it is the same machine");
  const viewer = await Attachment.open(berth.admin, instance, session);
  viewer.send("it\n");
  await viewer.says("got it");
  assert.equal(berth.berthd.child.exitCode, null);
  // The successor owns them: it sees their end, too.
  await berth.admin.ok("POST", `/instances/${instance.id}/actions`, { action: "restart" });
  assert.notEqual(berth.processes(instance)[0], first);
  await berth.admin.ok("DELETE", `/instances/${instance.id}`);
  await eventually("the end of its processes", () => berth.processes(instance).length === 0);
});

test("both killed at once come back with what ran", async () => {
  const instance = await berth.running({ plan: "disk" });
  await berth.admin.shell(instance, "echo kept > /root/file");
  await Promise.all([berth.kill("berthd"), berth.kill("warden")]);
  await berth.startWarden();
  await berth.startBerthd();
  assert.equal((await berth.admin.ok("GET", `/instances/${instance.id}`)).state, "running");
  assert.equal(await berth.admin.shell(instance, "cat /root/file"), "kept\n");
  await berth.admin.ok("DELETE", `/instances/${instance.id}`);
});

test("an instance whose PID 1 is killed from outside is stopped, with a reason, and starts again", async () => {
  const instance = await berth.running({ plan: "disk" });
  await berth.admin.shell(instance, "echo kept > /root/file; sync");
  process.kill(berth.processes(instance)[0], "SIGKILL");
  await berth.admin.happened(instance, "instance_stopped");
  assert.match((await berth.admin.ok("GET", `/instances/${instance.id}`)).reason ?? "", /\w/);
  await berth.admin.ok("POST", `/instances/${instance.id}/actions`, { action: "start" });
  assert.equal(await berth.admin.shell(instance, "cat /root/file"), "kept\n");
  await berth.admin.ok("DELETE", `/instances/${instance.id}`);
});

test("root inside can neither kill, stop nor trace PID 1, nor replace its program", async () => {
  const instance = await berth.running();
  const { admin } = berth;
  await admin.exec(instance, "kill -STOP 1; kill -KILL 1; kill -SEGV 1; kill -HUP 1");
  const [first] = berth.processes(instance);
  assert.doesNotMatch(maybe(() => readFileSync(`/proc/${first}/status`, "utf8")), /^State:\s+[TZX]/m);
  for (const command of ["echo x > /.berth/agent", "rm -f /.berth/agent", "mv /.berth/agent /tmp/agent", "umount /.berth/agent", "mount -o remount,rw /.berth/agent", "echo x > /proc/1/mem", "cp /bin/busybox /proc/1/exe"]) {
    const { code } = await admin.exec(instance, command);
    assert.notEqual(code, 0, command);
  }
  assert.equal(await admin.shell(instance, "echo alive"), "alive\n");
  assert.equal((await admin.ok("GET", `/instances/${instance.id}`)).state, "running");
  await admin.ok("DELETE", `/instances/${instance.id}`);
});

test("an agent that no longer answers is said within a limit, harms no other instance, and its instance can go", async () => {
  const { admin } = berth;
  const [frozen, other] = [await berth.running(), await berth.running()];
  const [first] = berth.processes(frozen);
  process.kill(first, "SIGSTOP");
  const begun = admin.exec(frozen, "echo never").catch((fault) => fault);
  assert.equal(await admin.shell(other, "echo well"), "well\n");
  const outcome = await begun;
  const problem = outcome.problem ?? outcome.error;
  assert.ok(["timed_out", "instance_fault", "unavailable"].includes(problem?.kind), JSON.stringify(outcome));
  await admin.ok("DELETE", `/instances/${frozen.id}`);
  await eventually("the end of its processes", () => berth.processes(frozen).length === 0);
  assert.equal(await admin.shell(other, "echo well"), "well\n");
  await admin.ok("DELETE", `/instances/${other.id}`);
});

const sentence = /^[^\n]+$/;

test("a taken port, a missing config and a wrong config are one sentence each", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const start = (...words) => startProgram(...berth.asBerth(berth.program("berthd"), "--data-dir", berth.dataDir, ...words)).ended;
  try {
    const { status, said } = await start("--config", berth.config, "--warden-socket", `${berth.runDir}/warden.sock`, "--listen", `127.0.0.1:${taken.address().port}`);
    assert.notEqual(status, 0);
    const told = said.split("\n").filter((line) => !line.startsWith("{"));
    assert.equal(told.length, 1, said);
    assert.match(told[0], /listen/);
  } finally {
    taken.close();
  }
  const { status, said } = await start("--config", "/no/such/file.toml");
  assert.notEqual(status, 0);
  assert.match(said, /no\/such\/file\.toml/);
  assert.match(said, sentence);
});

test("a warden without its runtime says so in one sentence", async () => {
  const words = ["--data-dir", `${berth.place}/other`, "--run-dir", `${berth.runDir}-other`, "--name", `${berth.name}x`, "--agent", berth.program("berth-agent")];
  const { status, said } = await startProgram(berth.program("berth-warden"), [...words, "--runtime", "/nonexistent"]).ended;
  assert.notEqual(status, 0);
  assert.match(said, sentence);
  assert.match(said, /\/nonexistent/);
});

test("a warden that is asked to end while an image is made takes the recipe with it, at once", async () => {
  const other = new Berth();
  try {
    const seconds = `98765${other.number}`; // by which its processes are known
    mkdirSync(join(other.place, "images/slow"));
    const recipe = `#!/bin/sh\nmkdir "$1"\ntouch "$1/half"\necho progress 0.5 waiting\nsleep ${seconds} &\nexec sleep ${seconds}\n`;
    writeFileSync(join(other.place, "images/slow/build"), recipe, { mode: 0o755 });
    writeFileSync(other.config, readFileSync(other.config, "utf8").replace('["busybox"]', '["busybox","slow"]'));
    await other.startWarden();
    await other.startBerthd();
    const sleepers = () => hostProcesses().filter((pid) => maybe(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")).startsWith(`sleep\0${seconds}`));
    await eventually("the recipe", () => sleepers().length === 2);
    const begin = performance.now();
    other.warden.child.kill("SIGTERM");
    assert.equal((await other.warden.ended).status, 0);
    const passed = performance.now() - begin;
    assert.ok(passed < 3000, `it took ${passed} ms`);
    await eventually("the end of the recipe", () => sleepers().length === 0);
    assert.deepEqual(readdirSync(join(other.dataDir, "images")).filter((name) => name.startsWith(".partial")), []);
    await other.kill("berthd");
    await other.startWarden();
    await other.startBerthd();
    await eventually("the recipe begins anew", () => sleepers().length === 2);
  } finally {
    await other.stop();
  }
});

test("a machine that cannot even begin is not said to have lost its record", async () => {
  const other = await Berth.start({ pools: [{ image: "no-such-image", plan: "small", least: 1, most: 1 }] });
  try {
    await eventually("the pool's failure", async () => /no image 'no-such-image'/.test((await other.admin.ok("GET", "/pools")).items[0].last_failure));
    assert.doesNotMatch(other.warden.said(), /instance\.json/);
    assert.deepEqual(readdirSync(join(other.dataDir, "instances")), []);
  } finally {
    await other.stop();
  }
});
