// SPDX-License-Identifier: Apache-2.0
// Files into and out of an instance, and its whole file system.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { hostileArchives, hostileBytes, tar } from "./archives.mjs";
import { Berth } from "./berth.mjs";

let berth;
let admin;
let instance;
before(async () => {
  berth = await Berth.start();
  admin = berth.admin;
  instance = await berth.running();
});
after(() => berth?.stop());

const files = (path, form = "tar") => `/instances/${instance.id}/files?path=${encodeURIComponent(path)}&form=${form}`;
const asTar = { type: "application/x-tar" };

test("a file goes in and out as it is, and is replaced in one step", async () => {
  const bytes = randomBytes(3_000_000);
  await admin.ok("PUT", files("/root/file", "raw"), bytes);
  const inside = await admin.shell(instance, "sha256sum < /root/file");
  assert.equal(inside.split(" ")[0], createHash("sha256").update(bytes).digest("hex"));
  assert.ok((await admin.ok("GET", files("/root/file", "raw"))).equals(bytes));

  // Who has it open keeps the old bytes.
  await admin.shell(instance, "echo old > /root/kept; mkfifo /root/gate");
  const reader = admin.shell(instance, "exec 3</root/kept; echo open > /root/gate; read word < /root/gate; cat <&3", { time_limit: 60 });
  await admin.shell(instance, "read word < /root/gate");
  await admin.ok("PUT", files("/root/kept", "raw"), "new\n");
  assert.equal(await admin.shell(instance, "cat /root/kept; echo go > /root/gate"), "new\n");
  assert.equal(await reader, "old\n");
  await admin.ok("PUT", files("/root/empty", "raw"), Buffer.alloc(0));
  assert.equal((await admin.ok("GET", files("/root/empty", "raw"))).length, 0);
});

test("a folder goes in and out as tar, with modes, links and odd names", async () => {
  await admin.shell(instance, "mkdir -p /root/in");
  const archive = tar(
    { name: "folder/", type: "5", mode: 0o750 },
    { name: "folder/run", content: "#!/bin/sh\necho ran\n", mode: 0o755 },
    { name: "folder/a b\u00fc'\"$", content: "odd" },
    { name: "folder/link", type: "2", link: "run" },
    { name: "folder/same", type: "1", link: "folder/run" },
  );
  await admin.ok("PUT", files("/root/in"), archive, asTar);
  assert.equal(await admin.shell(instance, "cd /root/in/folder && stat -c %a . run && ./link && readlink link && ls | wc -l"), "750\n755\nran\nrun\n4\n");
  const out = await admin.ok("GET", files("/root/in/folder"));
  const listed = execFileSync("tar", ["-tf", "-"], { input: out, encoding: "utf8" }).trim().split("\n");
  assert.equal(listed.filter((name) => /(run|link|same|\$)$/.test(name)).length, 4, listed.join());
});

for (const [what, entries] of Object.entries(hostileArchives)) {
  test(`an archive with ${what} is refused and nothing is written outside`, async () => {
    await admin.shell(instance, "rm -rf /root/target /evil /root/evil && mkdir -p /root/target");
    const answer = await admin.api("PUT", files("/root/target"), hostileBytes(entries), asTar);
    assert.equal(answer.status, 400, `${answer.status} ${JSON.stringify(answer.body)}`);
    assert.equal(answer.body.kind, "invalid_argument");
    assert.equal(await admin.shell(instance, "find /evil /root/evil /root/target/evil 2>/dev/null || true"), "");
    assert.equal(await admin.shell(instance, "stat -c %h /etc/passwd"), "1\n");
  });
}

test("an archive that is cut off is refused", async () => {
  await admin.shell(instance, "mkdir -p /root/cut");
  const whole = tar({ name: "big", content: "x".repeat(100_000) });
  await admin.refused(400, "invalid_argument", "PUT", files("/root/cut"), whole.subarray(0, 50_000), asTar);
});

test("what is not there, a folder as raw, and wrong paths are said", async () => {
  await admin.refused(404, "not_found", "GET", files("/no/such", "raw"));
  await admin.refused(404, "not_found", "GET", files("/no/such", "tar"));
  const folder = await admin.api("GET", files("/root", "raw"));
  assert.ok(folder.status >= 400 && folder.status < 500, `${folder.status}`);
  for (const path of ["relative", "", `/${"x".repeat(4096)}`]) {
    assert.equal((await admin.refused(400, "invalid_argument", "GET", files(path, "raw"))).field, "path");
  }
  await admin.refused(400, "invalid_argument", "GET", files("/root", "zip"));
  const device = await admin.api("GET", files("/dev/zero", "raw"));
  assert.ok(device.status >= 400, "an endless device is no file");
});

test("a file that does not fit is refused, is not half there, and harms nobody", async () => {
  const neighbour = await berth.running();
  const answer = await admin.api("PUT", files("/root/large", "raw"), Buffer.alloc(20 << 20));
  assert.ok(answer.status >= 400, `${answer.status}`);
  assert.equal((await admin.exec(instance, "test -e /root/large")).code, 1);
  const full = await admin.exec(instance, "cat /dev/zero > /root/full");
  assert.equal(full.code, 1);
  assert.match(full.stderr, /No space left on device/);
  await admin.shell(neighbour, "echo well > /root/file && cat /root/file");
  assert.equal(await admin.shell(instance, "rm /root/full; echo again > /root/file && cat /root/file"), "again\n");
  await admin.ok("DELETE", `/instances/${neighbour.id}`);
});

test("a full disk of kind disk is the same", async () => {
  const other = await berth.running({ plan: "disk" });
  const full = await admin.exec(other, "cat /dev/zero > /root/full");
  assert.match(full.stderr, /No space left on device/);
  assert.equal(await admin.shell(other, "rm /root/full; echo again > /root/file && cat /root/file"), "again\n");
  await admin.ok("DELETE", `/instances/${other.id}`);
});

for (const plan of ["small", "disk"]) {
  test(`a whole ${plan} file system comes out as tar.zst`, async () => {
    const other = await berth.running({ plan });
    await admin.shell(other, "echo mine > /root/mine; rm /etc/os-release; sync");
    const bytes = await admin.ok("GET", `/instances/${other.id}/export`);
    const tested = spawnSync("zstd", ["-t", "-q"], { input: bytes, encoding: "utf8" });
    assert.equal(tested.status, 0, tested.stderr);
    const plain = execFileSync("zstd", ["-dcq"], { input: bytes, maxBuffer: 1 << 28 });
    const listed = execFileSync("tar", ["-tf", "-"], { input: plain, encoding: "utf8" }).split("\n").map((name) => name.replace(/^\.?\//, ""));
    assert.ok(listed.includes("root/mine"), "what was written is there");
    assert.ok(listed.includes("bin/busybox"), "what the image brought is there");
    assert.ok(!listed.includes("etc/os-release"), "what was removed is not there");
    await admin.ok("DELETE", `/instances/${other.id}`);
  });
}
