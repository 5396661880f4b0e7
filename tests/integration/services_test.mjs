// SPDX-License-Identifier: Apache-2.0
// The TCP door: a fresh machine for a connection, the same one for a token, and what floods, silence and crashes do to it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Berth, eventually } from "./berth.mjs";

const tokens = [..."abcdefgh"].map((letter) => letter.repeat(128));
const frame = (token, identifier) => Buffer.concat([Buffer.from(token.padEnd(128, "\0")), Buffer.from([identifier >> 8, identifier & 255])]);

const nc = (...command) => ["nc", "-lk", "-p", "1337", "-e", ...command];
const service = (name, options = {}) => ({ name, image: "busybox", port: 1337, command: nc("cat"), least_ready: 1, most_ready: 4, ...options });
const withTokens = { mode: "token", tokens_file: "tokens", greeting_limit: "1s" };

let berth;
before(async () => {
  berth = await Berth.start({
    limits: { most_active: 150 },
    plans: undefined,
    files: { tokens: `${tokens.join("\n")}\nshort\n` },
    pools: [{ image: "busybox", plan: "small", least: 1, most: 2 }],
    services: [
      service("echo", { most_per_address: 40 }),
      service("named", { ...withTokens, command: nc("hostname"), max_instances: 4 }),
      service("held", { ...withTokens, greeting_limit: "10s", max_instances: 120, most_per_token: 200, most_ready: 120 }),
      service("narrow", { ...withTokens, max_instances: 2 }),
      service("jailed", { command: nc("sh", "-c", "id -u; touch /x 2>/dev/null || echo read-only; touch /tmp/x && echo tmp"), user: "1000", read_only: true }),
      service("deaf", { command: ["sleep", "1000"], least_ready: 0, most_ready: 0 }),
      service("worked", { proof_of_work: 8 }),
      service("proxied", { proxy_protocol: true, allow: ["192.0.2.0/24"], greeting_limit: "1s" }),
    ],
  });
});
after(() => berth?.stop());

const statusOf = async (name) => (await berth.admin.ok("GET", "/services")).items.find((item) => item.name === name);
const instancesOf = async (name) => {
  const { items } = await berth.admin.ok("GET", "/instances?everyone=true&limit=100");
  return items.filter((item) => item.account === `service.${name}`);
};

// A connection that collects what it is sent. `closed` resolves to "end", or to the code of the error.
async function visit(name, first) {
  const { port } = await statusOf(name);
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const visitor = { socket, text: "", arrived: () => {} };
  visitor.closed = new Promise((resolve) => {
    socket.on("error", (fault) => resolve(fault.code));
    socket.on("end", () => resolve("end"));
  });
  socket.on("data", (bytes) => {
    visitor.text += bytes.toString("latin1");
    visitor.arrived();
  });
  visitor.says = async (wanted) => {
    while (!visitor.text.includes(wanted)) {
      const end = await Promise.race([new Promise((resolve) => (visitor.arrived = resolve)), visitor.closed]);
      if (end !== undefined && !visitor.text.includes(wanted)) assert.fail(`${end} before '${wanted}': ${visitor.text}`);
    }
  };
  visitor.leave = async () => {
    socket.destroy();
    await once(socket, "close");
  };
  await once(socket, "connect");
  if (first) socket.write(first);
  return visitor;
}

async function answer(name, first) {
  const visitor = await visit(name, first);
  assert.equal(await visitor.closed, "end");
  await visitor.leave();
  return visitor.text;
}

test("each connection has a machine of its own, gone with it; half-close is carried both ways", async () => {
  const [one, two] = [await visit("echo"), await visit("echo")];
  one.socket.write("one\n");
  two.socket.write("two\n");
  await one.says("one\n");
  await two.says("two\n");
  const machines = await instancesOf("echo");
  assert.equal(machines.length, 2);
  one.socket.end("last words");
  assert.equal(await one.closed, "end");
  assert.equal(one.text, "one\nlast words");
  await one.leave();
  await eventually("the end of its machine", async () => (await instancesOf("echo")).length === 1);
  await two.leave();
  await eventually("the end of the other", async () => (await instancesOf("echo")).length === 0);
});

test("a token and an identifier lead to the same machine, another identifier to another, zero to a fresh one", async () => {
  const one = await answer("named", frame(tokens[0], 1));
  assert.match(one, /^busybox-/);
  assert.equal(await answer("named", frame(tokens[0], 1)), one);
  const two = await answer("named", frame(tokens[0], 2));
  assert.notEqual(two, one);
  assert.notEqual(await answer("named", frame(tokens[1], 1)), one);
  const pieces = await visit("named");
  for (const byte of frame(tokens[0], 1)) pieces.socket.write(Buffer.from([byte]));
  assert.equal(await pieces.closed, "end");
  assert.equal(pieces.text, one);
  const fresh = await answer("named", frame(tokens[0], 0));
  assert.ok(![one, two].includes(fresh));
  const left = (await instancesOf("named")).map((instance) => `${instance.name}\n`);
  assert.ok(!left.includes(one) && !left.includes(two), "what the token had is gone");
  assert.notEqual(await answer("named", frame(tokens[0], 1)), one);
  assert.match(await answer("named", frame("short", 1)), /^busybox-/);
});

test("two connections at once with a new key share one machine", async () => {
  const both = await Promise.all([answer("named", frame(tokens[2], 7)), answer("named", frame(tokens[2], 7))]);
  assert.equal(both[0], both[1]);
});

test("a bad token, a broken frame and a silent client get a close and not one byte", async () => {
  for (const first of [frame("x".repeat(128), 1), frame("", 1), frame(tokens[0], 1).subarray(0, 129), undefined, "GET / HTTP/1.1\r\n\r\n"]) {
    const visitor = await visit("named", first);
    assert.ok(["end", "ECONNRESET"].includes(await visitor.closed));
    assert.equal(visitor.text, "");
    await visitor.leave();
  }
  assert.ok((await statusOf("named")).wrong_tokens >= 5);
});

test("when a service is full the machine idle for longest gives way, and its clients see the end", async () => {
  const idle = await visit("narrow", frame(tokens[0], 1));
  idle.socket.write("hello\n");
  await idle.says("hello\n");
  const busy = await visit("narrow", frame(tokens[1], 1));
  busy.socket.write("hello\n");
  await busy.says("hello\n");
  const third = await visit("narrow", frame(tokens[2], 1));
  third.socket.write("third\n");
  await third.says("third\n");
  assert.ok(["end", "ECONNRESET"].includes(await idle.closed));
  busy.socket.write("still\n");
  await busy.says("still\n");
  assert.equal((await instancesOf("narrow")).length, 2);
  assert.equal((await statusOf("narrow")).evicted, 1);
  await Promise.all([idle, busy, third].map((visitor) => visitor.leave()));
});

test("a service may run as another user on a root that cannot be written", async () => {
  assert.equal(await answer("jailed"), "1000\nread-only\ntmp\n");
});

test("a service that does not listen is a close, and an event says why", async () => {
  const visitor = await visit("deaf");
  assert.ok(["end", "ECONNRESET"].includes(await visitor.closed));
  assert.equal(visitor.text, "");
  await visitor.leave();
  assert.equal((await statusOf("deaf")).failed, 1);
  assert.equal((await instancesOf("deaf")).length, 0);
});

test("a proof of work lets in who did it", async () => {
  const worker = await visit("worked");
  await worker.says("\n");
  const [word, version, salt, bits] = worker.text.trim().split(" ");
  assert.deepEqual([word, version], ["berth-work", "1"]);
  const zero = (nonce) => createHash("sha256").update(`${salt} ${nonce}`).digest().readUInt32BE() >>> (32 - Number(bits)) === 0;
  let nonce = 0;
  while (!zero(nonce)) nonce += 1;
  worker.socket.write(`${nonce}\nand more\n`);
  await worker.says("and more\n");
  await worker.leave();
  const idler = await visit("worked");
  await idler.says("\n");
  idler.socket.write("wrong answer\n");
  assert.ok(["end", "ECONNRESET"].includes(await idler.closed));
  await idler.leave();
  assert.equal((await statusOf("worked")).wrong_proofs, 1);
  const solver = execFileSync("python3", [new URL("../../web/public/berth-work.py", import.meta.url).pathname, "salt", "8"], { encoding: "utf8" }).trim();
  assert.equal(createHash("sha256").update(`salt ${solver}`).digest()[0], 0);
});

test("behind a proxy the address it tells counts", async () => {
  const allowed = await visit("proxied", "PROXY TCP4 192.0.2.7 203.0.113.1 1 2\r\nhello\n");
  await allowed.says("hello\n");
  await allowed.leave();
  for (const first of ["PROXY TCP4 198.51.100.7 203.0.113.1 1 2\r\nhello\n", "hello\n"]) {
    const refused = await visit("proxied", first);
    assert.ok(["end", "ECONNRESET"].includes(await refused.closed));
    assert.equal(refused.text, "");
    await refused.leave();
  }
  assert.equal((await statusOf("proxied")).denied, 1);
});

test("a thousand connections from one address get what one address may have, and harm nobody", async () => {
  const { port } = await statusOf("echo");
  const sockets = Array.from({ length: 1000 }, () => connect({ port, host: "127.0.0.1" }).on("error", () => {}));
  await eventually("the caps", async () => (await statusOf("echo")).too_many >= 900);
  assert.ok((await statusOf("echo")).connections <= 40);
  for (const socket of sockets) socket.resetAndDestroy();
  await eventually("the end of their machines", async () => (await instancesOf("echo")).length === 0);
  const visitor = await visit("echo", "again\n");
  await visitor.says("again\n");
  await visitor.leave();
});

test("without descriptors left connections wait, and go on when there are some", async () => {
  const { pid } = berth.berthd;
  const allow = (descriptors) => execFileSync(...berth.asBerth("prlimit", "--pid", pid, `--nofile=${descriptors}:`));
  allow(120);
  const { port } = await statusOf("held");
  const sockets = Array.from({ length: 200 }, () => connect({ port, host: "127.0.0.1" }).on("error", () => {}));
  await eventually("the log", () => berth.berthd.said().includes("cannot accept connections"));
  for (const socket of sockets) socket.destroy();
  allow(4096);
  const visitor = await visit("held", frame(tokens[7], 1));
  visitor.socket.write("alive\n");
  await visitor.says("alive\n");
  await visitor.leave();
});

test("a killed berthd loses no machine and doubles none", async () => {
  const visitors = await Promise.all(Array.from({ length: 100 }, (_, number) => visit("held", frame(tokens[number % 4], 1 + (number >> 2)))));
  await Promise.all(
    visitors.map(async (visitor, number) => {
      visitor.socket.write(`${number}\n`);
      await visitor.says(`${number}\n`);
    }),
  );
  const before = (await instancesOf("held")).map(({ id }) => id).sort();
  await berth.kill("berthd");
  assert.ok((await Promise.all(visitors.map(({ closed }) => closed))).every((how) => how !== undefined));
  await Promise.all(visitors.map((visitor) => visitor.leave()));
  await berth.startBerthd();
  const again = await Promise.all(visitors.map((_, number) => visit("held", frame(tokens[number % 4], 1 + (number >> 2)))));
  await Promise.all(
    again.map(async (visitor, number) => {
      visitor.socket.write(`again ${number}\n`);
      await visitor.says(`again ${number}\n`);
    }),
  );
  assert.deepEqual((await instancesOf("held")).map(({ id }) => id).sort(), before);
  await berth.admin.ok("POST", "/services/held/reset");
  assert.ok((await Promise.all(again.map(({ closed }) => closed))).every((how) => how !== undefined));
  assert.equal((await instancesOf("held")).length, 0);
});

test("pools are shown, in the metrics too, and strangers see neither them nor services", async () => {
  const { items } = await berth.admin.ok("GET", "/pools");
  assert.ok(items.some(({ port, least }) => port === 0 && least === 1));
  const metrics = await (await fetch(`${berth.url}/metrics`)).text();
  assert.match(metrics, /berth_pool_ready\{image="busybox",plan="small",port="1337"\} \d/);
  assert.match(metrics, /berth_service_connections_total\{result="wrong_token",service="named"\}/);
  const member = await berth.member("stranger");
  await member.refused(403, "forbidden", "GET", "/pools");
  await member.refused(403, "forbidden", "GET", "/services");
  await member.refused(403, "forbidden", "POST", "/services/echo/reset");
});
