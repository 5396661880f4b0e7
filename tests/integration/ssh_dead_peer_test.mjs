// SPDX-License-Identifier: Apache-2.0
// A client of the SSH door whose network goes away without a word: its place is free after the limit of silence.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { readFileSync, rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Berth, eventually } from "./berth.mjs";

const name = `bd${randomInt(1e9).toString(36)}`;
const network = `198.${18 + randomInt(2)}.${randomInt(256)}.${4 * randomInt(64)}`; // of those for tests (RFC 2544)
const host = network.replace(/\d+$/, (last) => Number(last) + 1);
const guest = network.replace(/\d+$/, (last) => Number(last) + 2);
const place = mkdtempSync(join(tmpdir(), "berth-ssh-"));
const ip = (...words) => execFileSync("ip", words);

let berth;
before(async () => {
  ip("netns", "add", name);
  ip("link", "add", name, "type", "veth", "peer", "name", "inside", "netns", name);
  ip("address", "add", `${host}/30`, "dev", name);
  ip("link", "set", name, "up");
  ip("-n", name, "address", "add", `${guest}/30`, "dev", "inside");
  ip("-n", name, "link", "set", "inside", "up");
  berth = await Berth.start({ ssh: { most_connections: 1, silence_limit: "6s" }, berthdOptions: ["--ssh-listen", `${host}:0`] });
});
after(async () => {
  try {
    await berth?.stop();
  } finally {
    execFileSync("sh", ["-c", `ip netns del ${name}; ip link del ${name} 2>/dev/null || true`]);
    rmSync(place, { recursive: true, force: true });
  }
});

test("a client that is cut off keeps its place for the limit of silence, and no longer", async () => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(place, "key")]);
  await berth.admin.ok("POST", "/ssh-keys", { key: readFileSync(join(place, "key.pub"), "utf8") });
  const { port } = await berth.admin.ok("GET", "/ssh");
  const instance = await berth.running();
  const options = ["-F", "none", "-i", join(place, "key"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
  const ssh = (before, ...words) => {
    const [file, ...rest] = [...before, "ssh", ...options, "-p", String(port), ...words];
    const child = spawn(file, rest, { stdio: ["pipe", "pipe", "ignore"] });
    return { child, ended: new Promise((resolve) => child.on("close", (status) => resolve(status))) };
  };
  const target = `${instance.id}@${host}`;
  const cut = ssh(["ip", "netns", "exec", name], "-tt", target);
  const viewers = async () => (await berth.admin.ok("GET", `/instances/${instance.id}/sessions`)).items.map((session) => session.viewers).join();
  await eventually("a terminal", async () => (await viewers()) === "1");
  assert.equal(await ssh([], target, "true").ended, 255, "there is one place");
  const begin = performance.now();
  ip("-n", name, "link", "set", "inside", "down");
  await eventually("the end of the connection", async () => (await viewers()) === "0", 120_000);
  const seconds = (performance.now() - begin) / 1000;
  assert.ok(seconds > 2 && seconds < 60, `${seconds} s`);
  assert.equal(await ssh([], target, "true").ended, 0, "the place is free");
  cut.child.kill("SIGKILL");
  await cut.ended;
});
