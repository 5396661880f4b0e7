// SPDX-License-Identifier: Apache-2.0
// The command line client against the whole.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Berth } from "./berth.mjs";
import { conform } from "./client.mjs";

const place = mkdtempSync(join(tmpdir(), "berth-cli-"));
let berth;
before(async () => (berth = await Berth.start()));
after(async () => {
  try {
    await berth?.stop();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

const environment = { PATH: process.env.PATH, HOME: place, TERM: "dumb" };

// {status, out, err}; `out` are bytes.
function run(words, input = "") {
  return new Promise((resolve) => {
    const child = spawn(berth.program("berth"), words, { env: environment, cwd: place });
    const [out, err] = [[], []];
    child.stdout.on("data", (bytes) => out.push(bytes));
    child.stderr.on("data", (bytes) => err.push(bytes));
    child.stdin.on("error", () => {}); // a command need not read its input
    child.stdin.end(input);
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, out: Buffer.concat(out), err: Buffer.concat(err).toString() });
    });
  });
}

async function works(...words) {
  const { status, out, err } = await run(words);
  assert.equal(status, 0, `${words.join(" ")}: ${status} ${err}`);
  return out.toString();
}

async function made() {
  const id = (await works("create", "busybox", "--wait")).trim();
  assert.match(id, /^\S+$/);
  return id;
}

test("without a sign-in it says how to sign in; with a link it is signed in, and with a used one not", async () => {
  const { status, err } = await run(["ls"]);
  assert.notEqual(status, 0);
  assert.match(err, /berth login/);
  const words = berth.asBerth(berth.program("berthd"), "login-link", "--data-dir", berth.dataDir, "--listen", berth.listen, "--config", berth.config);
  const link = spawnSync(...words, { encoding: "utf8" }).stdout.trim();
  assert.match(link, /#code=/);
  await works("login", link);
  assert.match(await works("whoami"), /admin/);
  assert.equal(statSync(join(place, ".config/berth/config.json")).mode & 0o777, 0o600);
  const again = await run(["login", link]);
  assert.notEqual(again.status, 0);
  assert.match(await works("whoami"), /admin/, "the sign-in before is kept");
});

test("an instance is made, listed, shown and removed", async () => {
  const id = (await works("create", "busybox", "--wait", "--name", "mine", "--ttl", "30m")).trim();
  const list = JSON.parse(await works("--json", "ls"));
  const items = Array.isArray(list) ? list : list.items;
  const shown = items.find((item) => item.id === id);
  conform("berth ls --json", shown, "components", "schemas", "Instance");
  assert.equal(shown.state, "running");
  assert.equal(Date.parse(shown.expires_at) <= Date.now() + 1_800_000, true);
  assert.match(await works("ls"), new RegExp(`${id.slice(0, 6)}.*mine|mine.*${id.slice(0, 6)}`));
  assert.match(await works("show", "mine"), /running/);
  await works("rename", "mine", "yours");
  await works("stop", "yours");
  assert.match(await works("show", "yours"), /stopped/);
  await works("rm", "yours");
  assert.doesNotMatch(await works("ls"), /yours/);
  const { status, err } = await run(["rm", "yours"]);
  assert.notEqual(status, 0);
  assert.match(err, /yours/);
  assert.equal(err.trim().split("\n").length, 1, err);
});

test("a command's code, output, errors and input pass through", async () => {
  const id = await made();
  const result = await run(["exec", id, "--", "sh", "-c", "cat; echo err >&2; exit 42"], "in\n");
  assert.deepEqual([result.status, result.out.toString(), result.err], [42, "in\n", "err\n"]);
  const bytes = randomBytes(1_000_000);
  const whole = await run(["exec", id, "--", "cat"], bytes);
  assert.equal(whole.status, 0, whole.err);
  assert.ok(whole.out.equals(bytes));
  assert.equal((await run(["exec", id, "--", "sh", "-c", "kill -TERM $$"])).status, 143);
  assert.equal(await works("exec", "-n", "-e", "NAME=value", "-w", "/tmp", "-u", "user", id, "--", "sh", "-c", 'echo "$NAME"; pwd; id -un'), "value\n/tmp\nuser\n");
  // A program that reads nothing of much input ends all the same.
  assert.equal((await run(["exec", id, "--", "true"], Buffer.alloc(4 << 20))).status, 0);
  await works("rm", id);
});

test("files and folders are copied both ways, and through pipes", async () => {
  const id = await made();
  const folder = join(place, "folder");
  mkdirSync(join(folder, "below"), { recursive: true });
  const bytes = randomBytes(500_000);
  writeFileSync(join(folder, "below/file"), bytes);
  writeFileSync(join(folder, "run"), "#!/bin/sh\n", { mode: 0o755 });
  await works("cp", "folder", `${id}:/root/`);
  assert.equal(await works("exec", id, "--", "sh", "-c", "cd /root/folder && find . | sort && stat -c %a run"), ".\n./below\n./below/file\n./run\n755\n");
  mkdirSync(join(place, "back"));
  await works("cp", `${id}:/root/folder`, "back/");
  assert.ok(readFileSync(join(place, "back/folder/below/file")).equals(bytes));
  await works("cp", "folder/below/file", `${id}:/root/renamed`);
  await works("cp", `${id}:/root/renamed`, "renamed");
  assert.ok(readFileSync(join(place, "renamed")).equals(bytes));
  const to = await run(["cp", "-", `${id}:/root/piped`], bytes);
  assert.equal(to.status, 0, to.err);
  const from = await run(["cp", `${id}:/root/piped`, "-"]);
  assert.ok(from.out.equals(bytes), from.err);
  const missing = await run(["cp", `${id}:/no/such`, "here"]);
  assert.notEqual(missing.status, 0);
  assert.ok(!readdirSync(place).includes("here"));
  await works("rm", id);
});

test("plans, images, events, usage and ports are shown", async () => {
  const id = await made();
  assert.match(await works("plan", "ls"), /small/);
  assert.match(await works("image", "ls"), /busybox/);
  assert.match(await works("usage", id), /\d/);
  await works("ports", id);
  await works("sessions", id);
  const extended = await run(["extend", id]);
  assert.equal(extended.status, 0, extended.err);
  await works("rm", id);
});

test("completion is bash, and completes", async () => {
  const script = await works("completion", "bash");
  const checked = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(script, /complete .*berth/);
});

test("a wrong command and a server that is not there are one sentence", async () => {
  const wrong = await run(["dance"]);
  assert.notEqual(wrong.status, 0);
  const away = spawnSync(berth.program("berth"), ["ls"], { env: { ...environment, BERTH_URL: "http://127.0.0.1:1", BERTH_TOKEN: "berth_x" }, encoding: "utf8" });
  assert.notEqual(away.status, 0);
  assert.equal(away.stderr.trim().split("\n").length, 1, away.stderr);
});

test("signing out forgets the token", async () => {
  await works("logout");
  const { status, err } = await run(["ls"]);
  assert.notEqual(status, 0);
  assert.match(err, /berth login/);
});
