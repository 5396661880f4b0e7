// SPDX-License-Identifier: Apache-2.0
// Services made by API: they listen when the answer comes, after a restart and after a crash, and are gone when they are removed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Berth, eventually } from "./berth.mjs";

const nc = (...command) => ["nc", "-lk", "-p", "1337", "-e", ...command];
const echo = (name, options = {}) => ({ name, listen: "127.0.0.1:0", image: "busybox", port: 1337, command: nc("cat"), plan: "small", least_ready: 1, most_ready: 2, ...options });
const frame = (token, identifier) => Buffer.concat([Buffer.from(token.padEnd(128, "\0")), Buffer.from([identifier >> 8, identifier & 255])]);

// A run of ports that nobody has now, below those that the kernel gives to who asks for any.
async function freePorts(count) {
  for (;;) {
    const first = randomInt(10_000, 30_000);
    const servers = Array.from({ length: count }, (_, index) => createServer().listen(first + index, "127.0.0.1"));
    const free = await Promise.all(servers.map((server) => once(server, "listening").then(() => true, () => false)));
    for (const server of servers) server.close();
    if (free.every(Boolean)) return first;
  }
}

let berth;
let first;
const range = 6;
before(async () => {
  first = await freePorts(range);
  berth = await Berth.start({
    services: [echo("configured")],
    extra: `[services]\nlisten = ["127.0.0.1"]\nports = "${first}-${first + range - 1}"\n`,
  });
});
after(() => berth?.stop());

const post = (service) => berth.admin.ok("POST", "/services", service);
const remove = (name) => berth.admin.ok("DELETE", `/services/${name}`);
const listed = async (name) => (await berth.admin.ok("GET", "/services")).items.find((item) => item.name === name);
const instancesOf = async (name) => (await berth.admin.ok("GET", "/instances?everyone=true&limit=100")).items.filter((item) => item.account === `service.${name}`);

async function visit(port) {
  const socket = connect({ port, host: "127.0.0.1" });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  await once(socket, "connect");
  return { socket, closed };
}

async function answers(port, first = "") {
  const { socket, closed } = await visit(port);
  socket.write(first);
  socket.write("hello\n");
  let text = "";
  for await (const bytes of socket) {
    text += bytes;
    if (text.endsWith("hello\n")) break;
  }
  socket.destroy();
  await closed;
  return text === "hello\n";
}

const isRefused = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => (socket.destroy(), resolve(false)));
    socket.once("error", (fault) => resolve(fault.code === "ECONNREFUSED"));
  });

test("a service is used as soon as it is made, on a port of the range, and tells how it is defined", async () => {
  const { status, definition } = await post(echo("fresh", { idle_limit: "2m", deny: ["192.0.2.0/24"] }));
  assert.ok(status.port >= first && status.port < first + range);
  assert.equal(definition.listen, `127.0.0.1:${status.port}`);
  assert.equal(definition.idle_limit, 120);
  assert.deepEqual([status.source, status.fault], ["api", null]);
  assert.ok(await answers(status.port));
  assert.deepEqual(await berth.admin.ok("GET", "/services/fresh").then((shown) => shown.definition), definition);
  const configured = await berth.admin.ok("GET", "/services/configured");
  assert.equal(configured.status.source, "configuration");
  assert.ok((await berth.admin.ok("GET", "/pools")).items.filter((pool) => pool.port === 1337).length >= 1);
  await remove("fresh");
  assert.equal(await listed("fresh"), undefined);
});

test("removing ends connections, instances and the pool, and frees address and name", async () => {
  const port = first + 1;
  const service = echo("short-lived", { listen: `127.0.0.1:${port}`, total_limit: "31m" });
  await post(service);
  const { socket, closed } = await visit(port);
  socket.write("x\n");
  await once(socket, "data");
  const silent = await visit(port);
  await eventually("its instances", async () => (await instancesOf("short-lived")).length === 2);
  const pools = (await berth.admin.ok("GET", "/pools")).items.length;
  await remove("short-lived");
  await Promise.all([closed, silent.closed]);
  assert.ok(await isRefused(port));
  await eventually("the end of its instances", async () => (await instancesOf("short-lived")).length === 0);
  assert.equal((await berth.admin.ok("GET", "/pools")).items.length, pools - 1);
  await berth.admin.refused(404, "not_found", "DELETE", "/services/short-lived");
  await berth.admin.refused(404, "not_found", "GET", "/services/short-lived");
  await post(service);
  assert.ok(await answers(port));
  await remove("short-lived");
});

test("tokens come with it, are kept as hashes, and lead to the same machine after a restart and a crash", async () => {
  const tokens = ["a".repeat(128), "short"];
  const { status, definition } = await post(echo("kept", { mode: "token", tokens }));
  assert.equal(definition.tokens, undefined);
  const machine = async () => (await instancesOf("kept")).map((instance) => instance.id);
  assert.ok(await answers(status.port, frame(tokens[1], 7)));
  const before = await machine();
  assert.equal(before.length, 1);
  for (const stop of [() => berth.kill("berthd"), async () => (berth.berthd.child.kill("SIGTERM"), await berth.berthd.ended)]) {
    await stop();
    await berth.startBerthd();
    assert.equal((await listed("kept")).port, status.port);
    assert.ok(await answers(status.port, frame(tokens[1], 7)));
    assert.deepEqual(await machine(), before);
  }
  assert.ok(!readFileSync(join(berth.dataDir, "server/berth.sqlite")).includes(tokens[0]));
  const refused = await visit(status.port);
  refused.socket.write(frame("b".repeat(128), 1));
  await refused.closed;
  assert.equal((await listed("kept")).wrong_tokens, 1);
  await remove("kept");
  await berth.kill("berthd");
  await berth.startBerthd();
  assert.equal(await listed("kept"), undefined);
});

test("tokens may be those of accounts", async () => {
  const { secret } = await berth.admin.ok("POST", "/tokens", { name: "tcp", kind: "tcp_token" });
  const { status } = await post(echo("for-accounts", { mode: "token", tokens_from: "accounts" }));
  assert.ok(await answers(status.port, frame(secret, 1)));
  await remove("for-accounts");
});

test("what the configuration has is the configuration's", async () => {
  const taken = await berth.admin.refused(409, "conflict", "POST", "/services", echo("configured"));
  assert.match(taken.detail, /berthd\.toml has a \[\[service\]\] named 'configured'/);
  const kept = await berth.admin.refused(409, "conflict", "DELETE", "/services/configured");
  assert.match(kept.detail, /of the configuration: take its \[\[service\]\] out of .*berthd\.toml/);
  assert.ok(await answers((await listed("configured")).port));
});

test("two at once with one name or one address: one is made", async () => {
  const outcome = async (service) => (await berth.admin.api("POST", "/services", service)).status;
  const sameName = await Promise.all([outcome(echo("twin")), outcome(echo("twin"))]);
  assert.deepEqual(sameName.sort(), [201, 409]);
  const port = (await listed("twin")).port === first ? first + 1 : first;
  const sameAddress = await Promise.all(["left", "right"].map((name) => outcome(echo(name, { listen: `127.0.0.1:${port}` }))));
  assert.deepEqual(sameAddress.sort(), [201, 409]);
  assert.ok(await answers(port));
  for (const name of ["twin", (await listed("left")) ? "left" : "right"]) await remove(name);
  const bothRemove = async () => {
    await post(echo("twin"));
    const ends = await Promise.all([1, 2].map(() => berth.admin.api("DELETE", "/services/twin")));
    return ends.map(({ status }) => status).sort();
  };
  assert.ok(["204,404", "204,409"].includes((await bothRemove()).join()));
});

test("a taken address, a full range and every fault are told, and leave nothing behind", async () => {
  const other = createServer().listen(first + 3, "127.0.0.1");
  await once(other, "listening");
  const taken = await berth.admin.refused(409, "conflict", "POST", "/services", echo("taken", { listen: `127.0.0.1:${first + 3}` }));
  assert.match(taken.detail, /Address already in use/);
  assert.equal(taken.field, "listen");
  const names = Array.from({ length: range - 1 }, (_, index) => `one-of-many-${index}`);
  for (const name of names) await post(echo(name, { least_ready: 0, most_ready: 0 }));
  await berth.admin.refused(429, "exhausted", "POST", "/services", echo("one-too-many"));
  await Promise.all(names.map(remove));
  other.close();
  await once(other, "close");
  const faulty = await berth.admin.refused(400, "invalid_argument", "POST", "/services", echo("Faulty", { image: "No Image", port: 0, plan: "huge", idle_limit: "2h", listen: "127.0.0.1:22", allow: ["everybody"] }));
  for (const sentence of [/needs a name/, /needs an image/, /needs the port/, /names the plan 'huge'/, /idle_limit <= total_limit/, /'everybody' is no address range/]) {
    assert.match(faulty.detail, sentence);
  }
  assert.equal(faulty.field, "name");
  const fieldOf = async (options) => (await berth.admin.refused(400, "invalid_argument", "POST", "/services", echo("wrong", options))).field;
  assert.equal(await fieldOf({ listen: "0.0.0.0:0" }), "listen");
  assert.equal(await fieldOf({ listen: `127.0.0.1:${first + range}` }), "listen");
  assert.equal(await fieldOf({ listen: "" }), "listen");
  assert.equal(await fieldOf({ listen: "", tls_names: ["a.example"] }), "tls_names");
  assert.equal(await fieldOf({ mode: "token" }), "tokens");
  assert.equal(await fieldOf({ mode: "token", tokens: ["good", "x".repeat(129)] }), "tokens[1]");
  assert.equal(await fieldOf({ mode: "token", tokens: ["x"], tokens_file: "/etc/shadow" }), "tokens_file");
  assert.equal(await fieldOf({ mode: "token", tokens_from: "webhook" }), "tokens_from");
  assert.equal(await fieldOf({ colour: "red" }), "colour");
  assert.equal(await fieldOf({ command: "nc" }), "command");
  assert.equal(await fieldOf({ command: ["a\0b"] }), "command");
  assert.equal(await fieldOf({ max_instances: -1 }), "max_instances");
  for (const body of ["[]", "3", "{", '"x"']) {
    const { status } = await berth.admin.api("POST", "/services", body);
    assert.equal(status, 400);
  }
  assert.deepEqual((await berth.admin.ok("GET", "/services")).items.map(({ name }) => name), ["configured"]);
});

test("what cannot be opened at start is told, keeps berthd from nothing, and can be removed", async () => {
  const [lost, shadowed] = [first + 4, first + 5];
  await post(echo("lost", { listen: `127.0.0.1:${lost}` }));
  await post(echo("shadowed", { listen: `127.0.0.1:${shadowed}` }));
  await berth.kill("berthd");
  const other = createServer().listen(lost, "127.0.0.1");
  await once(other, "listening");
  const configuration = readFileSync(berth.config, "utf8");
  const withShadow = `${configuration}\n[[service]]\nname = "shadowed"\nlisten = "127.0.0.1:0"\nimage = "busybox"\nport = 1\nplan = "small"\nleast_ready = 0\n`;
  writeFileSync(berth.config, withShadow);
  await berth.startBerthd();
  assert.match((await listed("lost")).fault, /Address already in use/);
  assert.equal((await listed("shadowed")).source, "configuration");
  assert.match(berth.berthd.said(), /'shadowed' that was made by API is not opened/);
  other.close();
  await once(other, "close");
  await remove("lost");
  await berth.kill("berthd");
  writeFileSync(berth.config, configuration);
  await berth.startBerthd();
  assert.equal((await listed("shadowed")).port, shadowed);
  assert.equal(await listed("lost"), undefined);
  await remove("shadowed");
});

test("berth makes services of a file, with the tokens that are there, and shows and removes them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-services-"));
  const environment = { PATH: process.env.PATH, HOME: folder, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken };
  const run = (...words) => {
    const { status, stdout, stderr } = spawnSync(berth.program("berth"), ["service", ...words], { env: environment, encoding: "utf8" });
    return { status, text: stdout + stderr };
  };
  const keys = 'listen = "127.0.0.1:0"\nimage = "busybox"\ncommand = ["nc", "-lk", "-p", "1337", "-e", "cat"]\nport = 1337\nplan = "small"\nidle_limit = "90s"\n';
  try {
    writeFileSync(join(folder, "tokens"), "one\r\n\nanother\n");
    writeFileSync(join(folder, "one.toml"), `name = "of-a-file"\nmode = "token"\ntokens_file = "tokens"\n${keys}`);
    writeFileSync(join(folder, "two.toml"), ["left", "right"].map((name) => `[[service]]\nname = "${name}"\n${keys}`).join(""));
    assert.match(run("create", join(folder, "one.toml")).text, /^of-a-file 127\.0\.0\.1:\d+\n$/);
    assert.ok(await answers((await listed("of-a-file")).port, frame("another", 1)));
    assert.equal(run("create", join(folder, "two.toml")).status, 0);
    assert.match(run("ls").text, /^configured +configuration .*\n(.*\n)*right +api +127\.0\.0\.1:\d+ +busybox/m);
    assert.match(run("show", "left").text, /idle_limit +90\n/);
    assert.deepEqual(run("reset", "of-a-file"), { status: 0, text: "of-a-file reset\n" });
    const again = run("create", join(folder, "two.toml"));
    assert.equal(again.status, 1);
    assert.match(again.text, /there is a service 'left' already/);
    const removal = run("rm", "left", "configured", "right", "of-a-file");
    assert.equal(removal.status, 1);
    assert.match(removal.text, /left removed\nright removed\nof-a-file removed\n.*configured: service 'configured' is of the configuration/s);
    assert.match(run("create", join(folder, "missing.toml")).text, /missing\.toml/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("only administrators make, see and remove services", async () => {
  const member = await berth.member("maker");
  await member.refused(403, "forbidden", "POST", "/services", echo("mine"));
  await member.refused(403, "forbidden", "GET", "/services/configured");
  await member.refused(403, "forbidden", "DELETE", "/services/configured");
});
