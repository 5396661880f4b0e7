// SPDX-License-Identifier: Apache-2.0
// Paths and names that try to leave their place: the console's files, images, instances.
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Berth, hostProcesses, maybe } from "../integration/berth.mjs";

let berth;
before(async () => (berth = await Berth.start()));
after(() => berth?.stop());

const raw = (target, more = "") =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(berth.url);
    const pieces = [];
    const socket = connect(port, hostname, () => socket.write(`GET ${target} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n${more}\r\n`));
    socket.setTimeout(60_000, () => (socket.destroy(), reject(new Error(`no answer to ${target}`))));
    socket.on("data", (piece) => pieces.push(piece));
    socket.on("close", () => resolve(Buffer.concat(pieces).toString("latin1")));
    socket.on("error", reject);
  });

test("no path leads out of the console's folder", async () => {
  const config = readFileSync(berth.config, "utf8");
  for (const up of ["..", "%2e%2e", "%2E.", ".%2e", "..%2f", "..%5c", "..\\", "....//", "%252e%252e", ".;/.."]) {
    for (const start of ["/", "/assets/", "//", "/api/v1/"]) {
      for (const file of ["berthd.toml", "../../../../etc/passwd", "data/server/admin-token"]) {
        const answer = await raw(`${start}${up}/${file.replaceAll("..", up)}`);
        assert.match(answer, /^HTTP\/1\.1 \d{3} /);
        assert.ok(!answer.includes("root:x:0:0") && !answer.includes(config.slice(0, 40)) && !answer.includes(berth.adminToken), `${start}${up}/${file}`);
      }
    }
  }
  for (const target of ["http://127.0.0.1/etc/passwd", "file:///etc/passwd", "/etc/passwd", "*", "/assets/%00/../index.html"]) {
    assert.ok(!(await raw(target)).includes("root:x:0:0"), target);
  }
});

test("no id or name is taken for a path", async () => {
  const { admin } = berth;
  for (const name of ["..", "%2e%2e", "..%2f..%2fserver", "%2fetc%2fpasswd", ".", "a%00b", "A", "-x", "x".repeat(65), "%ff"]) {
    for (const path of [`/images/${name}`, `/instances/${name}`, `/instances/${name}/export`, `/tokens/${name}`]) {
      const answer = await admin.api(path.startsWith("/tokens") ? "DELETE" : "GET", path);
      assert.ok([400, 404, 405].includes(answer.status), `${path}: ${answer.status}`);
    }
    const answer = await admin.api("PUT", `/images/${name}`, "no tar");
    assert.ok([400, 404, 405].includes(answer.status), `PUT /images/${name}: ${answer.status}`);
  }
  for (const image of ["../busybox", "/etc", "busybox/..", "BUSYBOX", "busybox\0", ".."]) {
    const answer = await admin.api("POST", "/instances", { image });
    assert.ok([400, 404, 409].includes(answer.status), `${image}: ${answer.status}`);
  }
  for (const reference of ["docker://-oProxy", "docker://$(id)/x", "docker:// /x", "dir:/etc", "docker://a/b --authfile=/etc/shadow", "docker://127.0.0.1:1/../../x\n"]) {
    const answer = await admin.api("POST", "/images", { reference, name: "wrong" });
    if (answer.status === 202) await admin.imageFailed?.("wrong");
    else assert.equal(answer.status, 400, reference);
  }
  assert.deepEqual((await admin.ok("GET", "/instances")).items, []);
});

test("a header cannot be put into an answer", async () => {
  const answer = await raw("/api/v1/instances/x%0d%0aX-Evil:%20yes", "Origin: http://x\r\n");
  assert.doesNotMatch(answer, /^X-Evil/im);
  assert.doesNotMatch(answer, /access-control-allow-origin/i);
});

test("secrets are readable by whom they must be and nobody else, and are in no command line", async () => {
  const mode = (path) => (statSync(`${berth.dataDir}/${path}`).mode & 0o777).toString(8);
  assert.equal(mode("server"), "700");
  assert.equal(mode("server/admin-token"), "600");
  assert.ok(existsSync(`${berth.runDir}/warden.sock`));
  const secret = berth.adminToken;
  for (const number of hostProcesses()) {
    for (const file of ["cmdline", "environ"]) {
      assert.ok(!maybe(() => readFileSync(`/proc/${number}/${file}`, "utf8")).includes(secret), `process ${number}`);
    }
  }
  assert.ok(!berth.berthd.said().includes(secret));
  assert.ok(!berth.warden.said().includes(secret));
});

test("berthd runs without privilege, and cannot get any", () => {
  const status = readFileSync(`/proc/${berth.berthd.pid}/status`, "utf8");
  assert.doesNotMatch(status, /^Uid:.*\s0\s/m);
  assert.match(status, /^CapEff:\s+0+$/m);
  assert.match(status, /^CapPrm:\s+0+$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
});

test("a stranger on the host does not get to the warden", async () => {
  const { execFileSync } = await import("node:child_process");
  const program = `const s = require("net").connect("${berth.runDir}/warden.sock"); s.on("connect", () => process.exit(0)); s.on("error", () => process.exit(3));`;
  assert.throws(() => execFileSync("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath, "-e", program], { stdio: "pipe" }));
});
