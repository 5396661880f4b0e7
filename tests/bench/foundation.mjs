// SPDX-License-Identifier: Apache-2.0
// Measures the foundation's promises (SPECIFICATION.md) on a running Berth, each against a floor in the same run.
// Started by tools/bench, which gives BERTH_URL, BERTH_TOKEN, BERTH_DATA_DIR and BERTH_INSTANCES (how many idle ones).
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import { performance } from "node:perf_hooks";
import WebSocket from "ws";

const url = new URL(process.env.BERTH_URL);
const token = process.env.BERTH_TOKEN;
const dataDir = process.env.BERTH_DATA_DIR;
const idleInstances = Number(process.env.BERTH_INSTANCES ?? 1000);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function request(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = http.request(
      {
        agent, method, host: url.hostname, port: url.port, path: `/api/v1${path}`,
        headers: { authorization: `Bearer ${token}`, ...(body ? { "content-type": "application/json" } : {}) },
      },
      (answer) => {
        const pieces = [];
        answer.on("data", (piece) => pieces.push(piece));
        answer.on("end", () => {
          const text = Buffer.concat(pieces).toString();
          if (answer.statusCode >= 400) reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
          else resolve(answer.headers["content-type"]?.startsWith("application/json") ? JSON.parse(text) : text);
        });
        answer.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body ? JSON.stringify(body) : undefined);
  });
}

const median = (values) => values.toSorted ? values.toSorted((a, b) => a - b)[values.length >> 1] : [...values].sort((a, b) => a - b)[values.length >> 1];
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
const create = (plan = "bench") => request("POST", "/instances?wait=30", { image: "busybox", plan });
const destroy = (id) => request("DELETE", `/instances/${id}`);

function report(name, value, promise, holds) {
  console.log(`${name.padEnd(58)} ${value.padStart(28)}   promise ${promise.padEnd(10)} ${holds ? "held" : "NOT HELD"}`);
}

// `runc create` and `runc start` of the bundle of a real instance, timed by the shell that runs them.
function prepareFloor(id) {
  const folder = execFileSync("mktemp", ["-d", "/tmp/berth-bench-XXXXXX"]).toString().trim();
  const config = JSON.parse(readFileSync(`${dataDir}/instances/${id}/config.json`, "utf8"));
  execFileSync("cp", ["-a", `${dataDir}/images/busybox/rootfs`, `${folder}/rootfs`]);
  execFileSync("mkdir", ["-p", ...["proc", "dev", "sys", ".berth"].map((name) => `${folder}/rootfs/${name}`)]);
  writeFileSync(`${folder}/rootfs/.berth/agent`, "");
  const owner = config.linux.uidMappings[0].hostID;
  execFileSync("chown", ["-R", `${owner}:${owner}`, `${folder}/rootfs`]);
  execFileSync("chmod", ["755", folder]);
  config.root.path = `${folder}/rootfs`;
  config.linux.cgroupsPath = `${config.linux.cgroupsPath.replace(/[^/]*$/, "")}floor`;
  writeFileSync(`${folder}/config.json`, JSON.stringify(config));
  return folder;
}

const floorScript = `
set -e
cd "$1"
begin=$EPOCHREALTIME
runc --root "$1/state" create --bundle "$1" --pid-file "$1/pid" --preserve-fds 1 floor 3</dev/null >/dev/null 2>&1
runc --root "$1/state" start floor
end=$EPOCHREALTIME
echo "$begin $end"
runc --root "$1/state" kill floor KILL >/dev/null 2>&1 || true
runc --root "$1/state" delete --force floor`;

function runFloor(folder) {
  const [begin, end] = execFileSync("bash", ["-c", floorScript, "floor", folder]).toString().trim().split(" ").map(Number);
  return (end - begin) * 1000;
}

async function coldCreate(rounds) {
  const first = await create();
  const folder = prepareFloor(first.id);
  const ours = [];
  const floor = [];
  for (let round = 0; round < rounds; ++round) {
    const begin = performance.now();
    const instance = await create();
    ours.push(performance.now() - begin);
    if (instance.state !== "running") throw new Error(`create: ${instance.state} ${instance.reason}`);
    await destroy(instance.id);
    floor.push(runFloor(folder));
  }
  await destroy(first.id);
  execFileSync("rm", ["-rf", folder]);
  const ratio = median(ours) / median(floor);
  report("cold create to running agent / runc create + start", `${ratio.toFixed(2)} (${median(ours).toFixed(1)} / ${median(floor).toFixed(1)} ms)`, "<= 2", ratio <= 2);
}

async function exec(id, rounds) {
  const times = [];
  for (let round = 0; round < rounds; ++round) {
    const begin = performance.now();
    const lines = await request("POST", `/instances/${id}/exec`, { command: ["true"] });
    times.push(performance.now() - begin);
    if (!lines.includes('"code":0')) throw new Error(lines);
  }
  report("REST exec of true, median (p99)", `${median(times).toFixed(2)} ms (${quantile(times, 0.99).toFixed(1)} ms)`, "<= 3 ms", median(times) <= 3);
}

const terminalCommand = (megabytes) => `stty raw; dd if=/dev/zero bs=65536 count=${megabytes * 16} 2>/dev/null`;

function terminalOnce(id, session) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.origin.replace("http", "ws")}/api/v1/instances/${id}/sessions/${session}/stream`,
      "berth.v1", { headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false });
    let received = 0;
    let position = 0; // beyond what was received when a recorder took the first bytes before this viewer came
    let acknowledged = 0;
    let begin = 0;
    socket.on("message", (data, binary) => {
      if (binary) {
        begin ||= performance.now();
        received += data.length - 1;
        position += data.length - 1;
        if (position - acknowledged >= 65536) {
          acknowledged = position;
          socket.send(JSON.stringify({ type: "ack", offset: position }));
        }
        return;
      }
      const message = JSON.parse(data);
      if (message.type === "attached") position = message.offset;
      if (message.type === "exit") {
        resolve({ bytes: received, milliseconds: performance.now() - begin });
        socket.close();
      }
    });
    socket.on("error", reject);
  });
}

const barePty = `
import os, pty, sys, time
pid, master = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
total, begin = 0, 0
while True:
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    begin = begin or time.perf_counter()
    total += len(data)
print(total, (time.perf_counter() - begin) * 1000)
os.waitpid(pid, 0)`;

async function terminal(id, megabytes, rounds) {
  const ratios = [];
  let speeds = "";
  for (let round = 0; round < rounds; ++round) {
    const session = await request("POST", `/instances/${id}/sessions`, { kind: "terminal", command: ["sh", "-c", terminalCommand(megabytes)] });
    const ours = await terminalOnce(id, session.id);
    const [bytes, milliseconds] = execFileSync("python3", ["-c", barePty, terminalCommand(megabytes)]).toString().trim().split(" ").map(Number);
    const speed = ours.bytes / ours.milliseconds / 1000;
    const floor = bytes / milliseconds / 1000;
    ratios.push(speed / floor);
    speeds = `${speed.toFixed(0)} / ${floor.toFixed(0)} MB/s`;
  }
  report("terminal throughput / a bare pty's", `${median(ratios).toFixed(2)} (${speeds})`, ">= 0.6", median(ratios) >= 0.6);
}

// The same terminal with and without a recording, in turns.
async function recordedTerminal(id, recordedId, megabytes, rounds) {
  const ratios = [];
  let speeds = "";
  const speedOf = async (instance) => {
    const session = await request("POST", `/instances/${instance}/sessions`, { kind: "terminal", command: ["sh", "-c", terminalCommand(megabytes)] });
    const { bytes, milliseconds } = await terminalOnce(instance, session.id);
    return bytes / milliseconds / 1000;
  };
  for (let round = 0; round < rounds; ++round) {
    const plain = await speedOf(id);
    const recorded = await speedOf(recordedId);
    ratios.push(recorded / plain);
    speeds = `${recorded.toFixed(0)} / ${plain.toFixed(0)} MB/s`;
  }
  report("terminal throughput recorded / not recorded", `${median(ratios).toFixed(2)} (${speeds})`, ">= 0.95", median(ratios) >= 0.95);
}

function residentOf(program) {
  for (const entry of readdirSync("/proc")) {
    const folder = `/proc/${entry}`;
    if (!/^\d+$/.test(entry) || !existsSync(`${folder}/cmdline`)) continue;
    const words = readFileSync(`${folder}/cmdline`, "utf8").split("\0");
    if (words[0].endsWith(`/${program}`) && words.includes(dataDir)) {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${folder}/status`, "utf8"))[1]) / 1024;
    }
  }
  throw new Error(`${program} does not run on ${dataDir}`);
}

function available() {
  return Number(/MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))[1]) / 1024;
}

async function idle(count) {
  report("idle berthd, resident", `${residentOf("berthd").toFixed(1)} MiB`, "<= 40 MB", residentOf("berthd") <= 38.1);
  execFileSync("sync");
  const before = available();
  const begin = performance.now();
  const ids = [];
  let wanted = count;
  const worker = async () => {
    while (wanted-- > 0) {
      const instance = await create();
      if (instance.state !== "running") throw new Error(`create: ${instance.state} ${instance.reason}`);
      ids.push(instance.id);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  const seconds = (performance.now() - begin) / 1000;
  const each = (before - available()) / count;
  report(`${count} idle instances, host memory for each`, `${each.toFixed(2)} MiB`, "<= 1.5 MiB", each <= 1.5);
  report(`berthd resident while it holds them`, `${residentOf("berthd").toFixed(1)} MiB`, "-", true);
  report(`made at, four at a time`, `${(count / seconds).toFixed(1)} /s`, "-", true);
  await exec(ids[0], 200);
  for (const id of ids) await destroy(id);
}

await coldCreate(Number(process.env.BERTH_ROUNDS ?? 15));
const instance = await create();
await exec(instance.id, 500);
await terminal(instance.id, 48, 3);
const recorded = await create("recorded");
await recordedTerminal(instance.id, recorded.id, 48, 7);
await destroy(recorded.id);
await destroy(instance.id);
await idle(idleInstances);
agent.destroy();
