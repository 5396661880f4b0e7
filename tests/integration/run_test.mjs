// SPDX-License-Identifier: Apache-2.0
// tools/run: what it starts works, and what it leaves behind is nothing.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hostProcesses, maybe } from "./berth.mjs";

const run = fileURLToPath(new URL("../../tools/run", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "berth-run-"));
chmodSync(place, 0o755);
const copies = [];
after(async () => {
  await Promise.all(copies.map((copy) => stop(copy)));
  rmSync(place, { recursive: true, force: true });
});

const config = join(place, "berthd.toml");
writeFileSync(config, 'built_in_images = ["busybox"]\n');

// Starts a copy on a data folder of its own; `ready` is its address, `ended` its exit status and what it said.
function start(name, options = ["--listen", "127.0.0.1:0"]) {
  const folder = join(place, name);
  const child = spawn(run, ["--data-dir", folder, "--config", config, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes) => (said += bytes));
  const ended = new Promise((resolve) => child.on("close", (status) => resolve({ status, said })));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = (async () => {
    const { value } = await lines.next();
    assert.match(value ?? "", /^ready http:/, `it said: ${said}`);
    return value.slice("ready ".length);
  })();
  ready.catch(() => {});
  const copy = { folder, child, ended, ready, lines };
  copies.push(copy);
  return copy;
}

async function stop(copy, signal = "SIGTERM") {
  copy.child.kill(signal);
  return copy.ended;
}

function client(copy, url) {
  const authorization = `Bearer ${readFileSync(join(copy.folder, "admin-token"), "utf8").trim()}`;
  const request = async (method, path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization, ...(body && { "content-type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(90_000),
    });
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${response.ok ? "" : await response.text()}`);
    return response.json();
  };
  // The events from the first on, until the caller breaks off.
  request.events = async function* () {
    const response = await fetch(`${url}/api/v1/events?after=0`, {
      headers: { authorization, accept: "text/event-stream" },
      signal: AbortSignal.timeout(90_000),
    });
    assert.equal(response.status, 200);
    let text = "";
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const data = block.split("\n").find((line) => line.startsWith("data:"));
        if (data) yield JSON.parse(data.slice("data:".length));
      }
    }
  };
  return request;
}

// The image is prepared in the background; its event says when it is there.
async function runningInstance(request) {
  for await (const event of request.events()) {
    if (event.type === "image_ready") break;
    assert.notEqual(event.type, "image_failed", event.detail);
  }
  const instance = await request("POST", "/instances?wait=60", { image: "busybox" });
  assert.equal(instance.state, "running", instance.reason ?? "");
  return instance;
}

const output = (program, ...words) => execFileSync(program, words, { encoding: "utf8" });

// Everything on the host that has to do with the copy on `folder`: the name in cgroups, links and the firewall, the folder
// in mounts and loop devices, the namespaces of its instances.
function traces(folder, namespaces = {}) {
  const name = `b${createHash("sha256").update(`${folder}\n`).digest("hex").slice(0, 7)}`;
  const found = [];
  const look = (what, text) => {
    for (const line of text.split("\n")) {
      if (line.includes(name) || line.includes(folder)) found.push(`${what}: ${line}`);
    }
  };
  look("cgroup", output("find", "/sys/fs/cgroup", "-type", "d", "-name", `${name}*`));
  look("link", output("ip", "-o", "link"));
  look("firewall", output("nft", "list", "tables"));
  look("mount", readFileSync("/proc/self/mountinfo", "utf8"));
  look("loop device", output("losetup", "--list", "--output", "NAME,BACK-FILE"));
  look("run folder", readdirSync("/run").join("\n").replaceAll("berth-", "b"));
  for (const number of hostProcesses()) {
    look("process", maybe(() => readFileSync(`/proc/${number}/cmdline`, "utf8")).replaceAll("\0", " "));
    for (const kind of Object.keys(namespaces)) {
      const namespace = maybe(() => readlinkSync(`/proc/${number}/ns/${kind}`));
      if (namespace && namespaces[kind].has(namespace)) found.push(`namespace: ${namespace} of process ${number}`);
    }
  }
  return { name, found };
}

// The namespaces of all processes in the cgroups of `name`, held open so that the kernel gives their numbers to no other.
function holdNamespaces(name) {
  const namespaces = { net: new Map(), pid: new Map(), user: new Map() };
  for (const number of hostProcesses()) {
    if (!maybe(() => readFileSync(`/proc/${number}/cgroup`, "utf8")).includes(`/${name}/`)) continue;
    for (const [kind, held] of Object.entries(namespaces)) {
      const path = `/proc/${number}/ns/${kind}`;
      const namespace = readlinkSync(path);
      if (namespace !== readlinkSync(`/proc/self/ns/${kind}`) && !held.has(namespace)) held.set(namespace, openSync(path));
    }
  }
  return namespaces;
}

for (const signal of ["SIGTERM", "SIGINT"]) {
  test(`${signal} ends everything, instances included, and leaves nothing behind`, async () => {
    const copy = start(`left-${signal}`);
    const request = client(copy, await copy.ready);
    await runningInstance(request);
    const { name, found } = traces(copy.folder);
    const namespaces = holdNamespaces(name);
    assert.ok(found.some((line) => line.startsWith("cgroup")), "the test must see the instance's cgroup");
    for (const held of Object.values(namespaces)) assert.equal(held.size, 1, "the test must see the instance's namespaces");
    assert.equal((await stop(copy, signal)).status, 0);
    assert.deepEqual(traces(copy.folder, namespaces).found, []);
    for (const held of Object.values(namespaces)) for (const descriptor of held.values()) closeSync(descriptor);
  });
}

test("the bootstrap token is root's alone, and the data folder cannot be swapped by berthd", async () => {
  const copy = start("modes");
  await copy.ready;
  const mode = (...path) => (statSync(join(copy.folder, ...path)).mode & 0o7777).toString(8);
  assert.equal(mode("admin-token"), "600");
  assert.equal(mode(), "755");
  assert.equal(mode("server"), "700");
  assert.equal(statSync(copy.folder).uid, 0);
  assert.equal(statSync(join(copy.folder, "admin-token")).uid, 0);
  await stop(copy);
});

test("the sign-in link signs in, once", async () => {
  const copy = start("link");
  const url = await copy.ready;
  const { value: line } = await copy.lines.next();
  const [, code] = line.match(/#code=([^\s&]+)$/) ?? assert.fail(line);
  assert.ok(line.includes(url), line);
  const login = () =>
    fetch(`${url}/api/v1/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code, kind: "api_token" }),
    });
  assert.equal((await login()).status, 200);
  assert.equal((await login()).status, 401);
  await stop(copy);
});

test("two copies on different folders run at once; a second one on the same folder is refused", async () => {
  const [first, second] = [start("first"), start("second")];
  const requests = [client(first, await first.ready), client(second, await second.ready)];
  const [one, other] = await Promise.all(requests.map(runningInstance));
  const refused = await start("first").ended;
  assert.equal(refused.status, 1);
  assert.match(refused.said, /^run: Berth already runs on .*\n$/);
  await stop(first);
  assert.equal((await requests[1]("GET", `/instances/${other.id}`)).state, "running");
  assert.notEqual(one.id, other.id);
  await stop(second);
});

test("a berthd that is killed comes back with its instances", async () => {
  const port = await freePort();
  const copy = start("killed", ["--listen", `127.0.0.1:${port}`]);
  const request = client(copy, await copy.ready);
  const { id } = await runningInstance(request);
  const berthd = hostProcesses().find((number) => {
    const words = maybe(() => readFileSync(`/proc/${number}/cmdline`, "utf8")).split("\0");
    return words[0].endsWith("/bin/berthd") && words.includes(copy.folder);
  });
  const restarted = new Promise((resolve) => copy.child.stderr.on("data", (bytes) => /started again/.test(bytes) && resolve()));
  process.kill(Number(berthd), "SIGKILL");
  await restarted;
  // tools/run says so before berthd listens.
  const deadline = Date.now() + 30_000;
  let instance;
  while (!instance && Date.now() < deadline) {
    instance = await request("GET", `/instances/${id}`).catch((fault) => (fault.cause ? null : Promise.reject(fault)));
  }
  assert.equal(instance?.state, "running");
  await stop(copy);
});

test("a taken port is one sentence that says what to do", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { status, said } = await start("taken", ["--listen", `127.0.0.1:${taken.address().port}`]).ended;
  taken.close();
  assert.equal(status, 1);
  assert.match(said, /^run: berthd did not start: [^\n]*\n$/m);
  assert.match(said, /listen/);
});

test("a wrong option, a missing file and a folder berthd cannot reach are one sentence each", async () => {
  const closed = join(place, "closed");
  mkdirSync(closed, { mode: 0o700 });
  for (const [options, sentence] of [
    [["--colour", "red"], /no option '--colour'/],
    [["--config", join(place, "nothing.toml")], /no config file/],
    [["--data-dir", join(closed, "data")], /user berth cannot reach/],
  ]) {
    const { status, said } = await start("unused", options).ended;
    assert.equal(status, 1);
    assert.match(said, sentence);
    assert.equal(said.trimEnd().split("\n").length, 1, said);
  }
});

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
