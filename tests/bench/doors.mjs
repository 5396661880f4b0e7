// SPDX-License-Identifier: Apache-2.0
// Measures what a warm pool and the TCP door promise (SPECIFICATION.md) on a running Berth configured by doors.toml.
// Started by tools/bench, which gives BERTH_URL, BERTH_TOKEN, BERTH_DATA_DIR and BERTH_GREETER (a static program).
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { dockerIsThere, dockerRuns } from "./docker.mjs";

const url = new URL(process.env.BERTH_URL);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function request(method, path, body, type = "application/json") {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${process.env.BERTH_TOKEN}`, ...(body ? { "content-type": type } : {}) };
    const sent = http.request({ agent, method, host: url.hostname, port: url.port, path: `/api/v1${path}`, headers }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        if (answer.statusCode >= 400) reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        else resolve(text ? JSON.parse(text) : undefined);
      });
    });
    sent.on("error", reject);
    sent.end(body && (Buffer.isBuffer(body) ? body : JSON.stringify(body)));
  });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
const median = (values) => quantile(values, 0.5);

function report(name, value, promise, holds) {
  console.log(`${name.padEnd(58)} ${value.padStart(28)}   promise ${promise.padEnd(10)} ${holds ? "held" : "NOT HELD"}`);
}

const pools = async () => (await request("GET", "/pools")).items;
const service = async (name) => (await request("GET", "/services")).items.find((item) => item.name === name);

async function until(what, holds, limit = 300_000) {
  for (const end = performance.now() + limit; !(await holds()); await pause(20)) {
    if (performance.now() > end) throw new Error(`${what} did not happen`);
  }
}
// Between its marks: filled far enough to be left in peace.
const full = (port) =>
  until(`a full pool (port ${port})`, async () => (await pools()).filter((pool) => pool.port === port && pool.least > 0).every((pool) => pool.making === 0 && pool.ready >= pool.wanted * 0.75));

// Nothing is torn down any more: a service's instances are gone from its count as soon as their processes are killed.
async function calm() {
  const folders = () => readdirSync(join(process.env.BERTH_DATA_DIR, "instances")).length;
  const ready = async () => (await pools()).reduce((sum, pool) => sum + pool.ready + pool.making, 0);
  await until("the end of what is torn down", async () => folders() === (await ready()));
}

// What is measured next is not measured beside their end.
async function destroy(ids) {
  for (const id of ids) await request("DELETE", `/instances/${id}`);
  await full(0);
}

async function importGreeter() {
  const folder = mkdtempSync(join(tmpdir(), "berth-greeter-"));
  execFileSync("install", ["-m", "0755", process.env.BERTH_GREETER, join(folder, "greeter")]);
  execFileSync("sh", ["-c", `cd ${folder} && mkdir layout && umoci init --layout image && umoci new --image image:latest && mkdir root && cp greeter root/ &&
    umoci insert --image image:latest root/greeter /greeter && umoci config --image image:latest --config.cmd /greeter &&
    tar -cf image.tar -C image .`], { stdio: ["ignore", "ignore", "inherit"] });
  await request("PUT", "/images/greeter?form=oci", readFileSync(join(folder, "image.tar")), "application/x-tar");
  rmSync(folder, { recursive: true });
}

// How fast a pool comes back that was leased from until a fifth was left.
async function refill() {
  await full(0);
  const pool = async () => (await pools()).find(({ image, plan }) => image === "busybox" && plan === "ready");
  const ids = [];
  while ((await pool()).ready > 40) ids.push((await request("POST", "/instances?wait=30", { image: "busybox", plan: "ready" })).id);
  const [{ ready, wanted }, begin] = [await pool(), performance.now()];
  await until("a full pool", async () => (await pool()).ready === wanted);
  const rate = (wanted - ready) / ((performance.now() - begin) / 1000);
  report("refill of a pool", `${rate.toFixed(1)} /s`, ">= 40 /s", rate >= 40);
  await destroy(ids);
}

async function restCreate() {
  const times = [];
  const ids = [];
  for (let round = 0; round < 150; ++round) {
    const begin = performance.now();
    const instance = await request("POST", "/instances?wait=30", { image: "busybox", plan: "ready" });
    times.push(performance.now() - begin);
    if (instance.state !== "running") throw new Error(instance.state);
    ids.push(instance.id);
  }
  report("REST create to running, warm, median (p99)", `${median(times).toFixed(2)} ms (${quantile(times, 0.99).toFixed(1)} ms)`, "<= 3 ms", median(times) <= 3);
  if (dockerIsThere()) {
    const docker = await dockerRuns(9);
    report("docker run, median", `${median(docker).toFixed(0)} ms`, "-", true);
    report("docker run / REST create", `${(median(docker) / median(times)).toFixed(0)} x`, ">= 200 x", median(docker) / median(times) >= 200);
  } else {
    console.log("docker run / REST create: there is no dockerd (apt install docker.io), so nothing was compared");
  }
  await destroy(ids);
}

// Connects and resolves with the milliseconds until the first byte, and the socket.
function firstByte(port, localAddress = "127.0.0.1", first = undefined) {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const socket = net.connect({ port, host: "127.0.0.1", localAddress });
    if (first) socket.write(first);
    socket.once("data", () => resolve({ time: performance.now() - begin, socket }));
    socket.once("error", reject);
    socket.once("end", () => reject(new Error("closed without a byte")));
  });
}

// The time of a connection while `count` others are held, each with an instance of its own; and of all of those at once.
async function concurrent(port, count) {
  await full(1337);
  await calm();
  const held = await Promise.all(Array.from({ length: count }, () => firstByte(port)));
  const together = held.map(({ time }) => time);
  await pause(1000); // what followed from that many at once is done
  const singles = await oneByOne(port, 100);
  const times = singles.map(({ time }) => time);
  report(`TCP connect to first byte beside ${count}, median (p99)`, inWords(times), "<= 2 (10)", median(times) <= 2 && quantile(times, 0.99) <= 10);
  report(`the ${count} at the same moment, median (last)`, `${median(together).toFixed(1)} ms (${Math.max(...together).toFixed(0)} ms)`, "-", true);
  for (const { socket } of [...held, ...singles]) socket.destroy();
  if (count === 50) {
    const beside = await oneByOne(port, 50);
    report("the same while 150 others are torn down", inWords(beside.map(({ time }) => time)), "-", true);
    for (const { socket } of beside) socket.destroy();
  }
  await until("the end of the instances", async () => (await service("fresh")).instances === 0);
}

const inWords = (times) => `${median(times).toFixed(2)} ms (${quantile(times, 0.99).toFixed(1)} ms)`;

async function oneByOne(port, count) {
  const visits = [];
  for (let number = 0; number < count; ++number) {
    await pause(20);
    visits.push(await firstByte(port));
  }
  return visits;
}

async function burst(port, total, seconds, shares) {
  await full(1337);
  const times = Array.from({ length: shares }, () => []);
  let lost = 0;
  let most = 0;
  const visits = [];
  for (let number = 0; number < total; ++number) {
    const share = number % shares;
    visits.push(
      firstByte(port, `127.0.0.${2 + share}`).then(
        ({ time, socket }) => {
          times[share].push(time);
          socket.destroy();
        },
        () => ++lost,
      ),
    );
    if (number % 20 === 19) await pause((seconds * 1000 * 20) / total);
    if (number % 200 === 199) most = Math.max(most, (await service("burst")).waiting);
  }
  await Promise.all(visits);
  const means = times.map((list) => list.reduce((sum, time) => sum + time, 0) / list.length);
  const ratio = Math.max(...means) / median(means);
  report(`burst of ${total} in ${seconds} s: lost (most waiting)`, `${lost} (${most})`, "0", lost === 0);
  report("worst / median mean wait of an address", `${ratio.toFixed(2)} (${(Math.max(...means) / 1000).toFixed(1)} / ${(median(means) / 1000).toFixed(1)} s)`, "<= 2", ratio <= 2);
}

function residentOfBerthd() {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
      if (words[0].endsWith("/berthd") && words.includes(process.env.BERTH_DATA_DIR)) {
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${entry}/status`, "utf8"))[1]) / 1024;
      }
    } catch {}
  }
  throw new Error("berthd does not run");
}

async function idleConnections(port, wanted) {
  const before = residentOfBerthd();
  await until("the end of the burst", async () => (await service("burst")).instances === 0);
  const frame = (identifier) => Buffer.concat([Buffer.from("bench".padEnd(128, "\0")), Buffer.from([identifier >> 8, identifier & 255])]);
  const sockets = [];
  for (let from = 0; from < wanted; from += 100) {
    const some = await Promise.all(Array.from({ length: Math.min(100, wanted - from) }, (_, number) => firstByte(port, `127.0.1.${1 + (from % 250)}`, frame(1 + ((from + number) % 10)))));
    sockets.push(...some.map(({ socket }) => socket));
  }
  const held = residentOfBerthd();
  report(`berthd with ${sockets.length} idle token connections`, `${held.toFixed(0)} MiB (${before.toFixed(0)} before)`, "<= 300 MB", held <= 286);
  for (const socket of sockets) socket.destroy();
}

const steps = process.env.BERTH_STEPS?.split(",");
const wants = (name) => !steps || steps.includes(name);
if (wants("refill")) await refill();
await full(0);
if (wants("rest")) await restCreate();
await importGreeter();
await full(1337);
const { port } = await service("fresh");
if (wants("tcp")) for (const count of [1, 50, 500]) await concurrent(port, count);
if (wants("burst")) await burst((await service("burst")).port, 2000, 10, 20);
// Two descriptors a connection, of those a process may have here at most, and one for each ready instance of the pools.
const most = Number(execFileSync("sh", ["-c", "ulimit -Hn"]).toString()) - (await pools()).reduce((sum, pool) => sum + pool.wanted, 0);
if (wants("idle")) await idleConnections((await service("held")).port, Math.min(10_000, Math.floor(most / 2) - 300));
agent.destroy();
