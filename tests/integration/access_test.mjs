// SPDX-License-Identifier: Apache-2.0
// Accounts, tokens, guests, events, the service's own pages, and requests that are wrong.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Berth, eventually } from "./berth.mjs";
import { bytesOf, checkProblem, contract, exchange } from "./client.mjs";

let berth;
let admin;
before(async () => {
  berth = await Berth.start({ limits: { largest_upload: "1MiB" } });
  admin = berth.admin;
});
after(() => berth?.stop());

test("nobody gets in without a token, with a wrong one or with a wrong scheme", async () => {
  for (const headers of [{}, { authorization: "Bearer berth_wrong" }, { authorization: "Bearer " }, { authorization: `Basic ${admin.token}` }, { cookie: "berth=wrong" }]) {
    for (const path of ["/instances", "/account", "/events", "/images", "/tokens", "/plans"]) {
      const answer = await berth.client().api("GET", path, undefined, { headers });
      assert.equal(answer.status, 401, `${path} with ${Object.keys(headers)}`);
      assert.equal(answer.headers["www-authenticate"], "Bearer");
    }
  }
});

test("a token narrows what its account may do, and gives nothing it has not", async () => {
  const { token, secret } = await admin.ok("POST", "/tokens", { name: "reader", scopes: ["instances_read", "tokens_write"] });
  const reader = berth.client({ token: secret });
  assert.deepEqual((await reader.ok("GET", "/account")).scopes.sort(), ["instances_read", "tokens_write"]);
  await reader.ok("GET", "/instances");
  await reader.refused(403, "forbidden", "POST", "/instances", { image: "busybox" });
  await reader.refused(403, "forbidden", "POST", "/images", { reference: "docker://localhost/none" });
  await reader.refused(403, "forbidden", "GET", "/accounts");
  await reader.refused(403, "forbidden", "POST", "/tokens", { name: "more", scopes: ["instances_write"] });
  const child = await reader.ok("POST", "/tokens", { name: "same" });
  assert.deepEqual([...child.token.scopes].sort(), ["instances_read", "tokens_write"]);

  const own = (await reader.ok("GET", "/tokens")).items;
  assert.ok(!JSON.stringify(own).includes(secret.slice(-16)), "secrets are never shown again");
  assert.equal(own.find(({ id }) => id === token.id).current, true);
  await admin.ok("DELETE", `/tokens/${token.id}`);
  await reader.refused(401, "unauthenticated", "GET", "/account");
});

test("tokens say when they expire", async () => {
  const { token } = await admin.ok("POST", "/tokens", { name: "short", lifetime: 60 });
  assert.ok(Math.abs(Date.parse(token.expires_at) - Date.parse(token.created_at) - 60_000) < 1000);
  for (const lifetime of [59, 315_360_001, 0]) {
    assert.equal((await admin.refused(400, "invalid_argument", "POST", "/tokens", { name: "wrong", lifetime })).field, "lifetime");
  }
});

test("signing out forgets the token", async () => {
  const member = await berth.member("leaving");
  await member.ok("POST", "/logout");
  await member.refused(401, "unauthenticated", "GET", "/account");
});

test("a login link works once, and of another account only for an administrator", async () => {
  const member = await berth.member("linked");
  const { url } = await member.ok("POST", `/accounts/${member.account.id}/login-links`);
  const code = url.split("#code=")[1];
  await berth.client().ok("POST", "/login", { code });
  await berth.client().refused(401, "unauthenticated", "POST", "/login", { code });
  const { id } = await admin.ok("GET", "/account");
  const refused = await member.api("POST", `/accounts/${id}/login-links`);
  assert.ok([403, 404].includes(refused.status), `${refused.status}`);
  await member.refused(403, "forbidden", "GET", "/accounts");
  await member.refused(403, "forbidden", "GET", "/instances?everyone=true");
  assert.ok((await admin.ok("GET", "/accounts")).items.some(({ name }) => name === "linked"));
});

// A request that is right for every operation below /instances/{instance}, so that only the account is wrong.
const bodies = {
  renameInstance: { name: "mine" },
  actOnInstance: { action: "stop" },
  execCommand: { command: ["true"] },
  openSession: {},
  writeFiles: "bytes",
};
const queries = { readFiles: "?path=/etc/passwd", writeFiles: "?path=/root" };
const operations = Object.entries(contract.paths)
  .filter(([path]) => path.startsWith("/instances/{instance}"))
  .flatMap(([path, item]) => ["get", "put", "post", "delete", "patch"].filter((method) => item[method]).map((method) => [method.toUpperCase(), path, item[method].operationId]));

test("what is another account's does not exist, whatever is asked of it", async () => {
  const [owner, other] = [await berth.member("owner"), await berth.member("other")];
  const instance = await berth.running({}, owner);
  const session = await owner.ok("POST", `/instances/${instance.id}/sessions`, {});
  assert.ok(operations.length >= 14, `${operations.length} operations`);
  for (const [method, path, operation] of operations) {
    const of = (id) => path.replace("{instance}", id).replace("{session}", session.id) + (queries[operation] ?? "");
    const options = operation === "attachSession" ? { headers: upgrade } : undefined;
    const theirs = await other.refused(404, "not_found", method, of(instance.id), bodies[operation], options);
    const nobodys = await other.refused(404, "not_found", method, of("i-nothing"), bodies[operation], options);
    assert.deepEqual(theirs, nobodys, `${operation} must not tell one from the other`);
  }
  assert.equal((await owner.ok("GET", `/instances/${instance.id}`)).state, "running");
  assert.deepEqual((await other.ok("GET", "/instances?all=true")).items, []);
  await other.refused(404, "not_found", "GET", `/events?instance=${instance.id}`);
  assert.ok((await other.ok("GET", "/events")).items.every(({ account }) => account === null || account === other.account.id));
  await owner.ok("DELETE", `/instances/${instance.id}`);
});

const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol": "berth.v1" };
const cookieOf = (answer) => answer.headers["set-cookie"][0];

test("a guest sees guests' plans, gets an instance, and no more", async () => {
  const answer = await berth.client().api("POST", "/guests");
  assert.equal(answer.status, 201);
  assert.equal(answer.body.role, "guest");
  const cookie = cookieOf(answer);
  assert.match(cookie, /; HttpOnly/i);
  assert.match(cookie, /; SameSite=Strict/i);
  const guest = berth.client({ cookie: cookie.match(/berth=([^;]+)/)[1], origin: berth.url });
  assert.deepEqual((await guest.ok("GET", "/plans")).items.map(({ name }) => name), ["small"]);
  const instance = await berth.running({}, guest);
  assert.equal(instance.plan, "small");
  assert.equal((await guest.exec(instance, "echo hello")).stdout, "hello\n");
  await guest.refused(400, "invalid_argument", "POST", "/instances", { image: "busybox", plan: "disk" });
  await guest.refused(403, "forbidden", "POST", "/accounts", { name: "friend" });
  await guest.refused(403, "forbidden", "PUT", "/images/mine", "bytes");
  await guest.ok("DELETE", `/instances/${instance.id}`);
});

test("a change by cookie comes from our own page, or not at all", async () => {
  const { url } = await admin.ok("POST", "/accounts", { name: "browser" });
  const answer = await berth.client().api("POST", "/login", { code: url.split("#code=")[1] });
  assert.equal(answer.body.token, null);
  const cookie = cookieOf(answer).match(/berth=([^;]+)/)[1];
  const page = (origin) => berth.client({ cookie, origin });
  const body = { image: "busybox" };
  const port = new URL(berth.url).port;
  for (const origin of [undefined, "http://evil.example", "null", `${berth.url}.evil.example`, `http://127.0.0.1:1${port}`, "http://", ""]) {
    await page(origin).refused(403, "forbidden", "POST", "/instances", body);
    await page(origin).refused(403, "forbidden", "POST", "/logout");
    await page(origin).refused(403, "forbidden", "DELETE", "/tokens/t-nothing");
    if (origin) await page(origin).refused(403, "forbidden", "POST", "/login", { code: "x" });
    if (origin) await page(origin).refused(403, "forbidden", "POST", "/guests");
    await page(origin).refused(403, "forbidden", "GET", "/instances/i-x/sessions/1/stream", undefined, { headers: upgrade });
  }
  await page().ok("GET", "/account");
  const instance = await page(berth.url).ok("POST", "/instances", body);
  await page(berth.url).ok("DELETE", `/instances/${instance.id}`);
});

test("events come as pages and as a stream that goes on without loss", async () => {
  const member = await berth.member("watcher");
  const instance = await berth.running({}, member);
  await member.ok("PATCH", `/instances/${instance.id}`, { name: "renamed" });
  const all = [];
  for (let next = 0; next !== null; ) {
    const page = await member.ok("GET", `/events?after=${next}&limit=2`);
    all.push(...page.items);
    next = page.next_after;
  }
  const sequences = all.map(({ sequence }) => sequence);
  assert.deepEqual(sequences, [...new Set(sequences)].sort((one, other) => one - other));
  const types = all.filter((event) => event.instance === instance.id).map(({ type }) => type);
  assert.deepEqual(types, ["instance_created", "instance_starting", "instance_running", "instance_renamed"]);

  const middle = all[Math.floor(all.length / 2)];
  const rest = all.filter(({ sequence }) => sequence > middle.sequence);
  const streamed = [];
  const done = (async () => {
    for await (const { event, data } of member.events({ lastEventId: middle.sequence })) {
      if (event !== "image_progress") streamed.push(data);
      if (data.type === "instance_gone") return;
    }
  })();
  await member.ok("DELETE", `/instances/${instance.id}`);
  await done;
  assert.deepEqual(streamed.slice(0, rest.length), rest);
  assert.equal(streamed.at(-1).instance, instance.id);
});

test("health, metrics and the contract are served", async () => {
  const anyone = berth.client();
  const health = await anyone.ok("GET", "/healthz");
  assert.equal(health.ok, true, JSON.stringify(health));
  assert.ok(health.checks.length >= 1);
  const metrics = (await anyone.ok("GET", "/metrics")).toString();
  assert.match(metrics, /^# TYPE berth_\w+ (counter|gauge|histogram)$/m);
  assert.deepEqual(await anyone.ok("GET", "/openapi.json"), contract);
  const page = await exchange(berth.url, { path: "/" });
  assert.equal(page.statusCode, 200);
  assert.match(page.headers["content-security-policy"], /script-src[^;]*'self'|default-src[^;]*'self'/);
  assert.match((await bytesOf(page)).toString(), /<!doctype html>/i);
});

test("without the warden berthd says it is not well, and is well again with it", async () => {
  berth.warden.child.kill("SIGTERM");
  await berth.warden.ended;
  const anyone = berth.client();
  await eventually("503 of /healthz", async () => (await anyone.api("GET", "/healthz")).status === 503);
  await berth.startWarden();
  await eventually("200 of /healthz", async () => (await anyone.api("GET", "/healthz")).status === 200);
});

test("wrong bodies, fields and parameters are a problem that names the field", async () => {
  const wrong = async (field, method, path, body, options) => {
    const problem = await admin.refused(400, "invalid_argument", method, path, body, options);
    if (field) assert.equal(problem.field, field, `${method} ${path} ${body}: ${JSON.stringify(problem)}`);
  };
  const json = { type: "application/json" };
  await wrong("colour", "POST", "/instances", { image: "busybox", colour: "red" });
  await wrong("image", "POST", "/instances", {});
  await wrong("image", "POST", "/instances", { image: 7 });
  await wrong("lifetime", "POST", "/instances", { image: "busybox", lifetime: -1 });
  await wrong("lifetime", "POST", "/instances", { image: "busybox", lifetime: 1.5 });
  await wrong("lifetime", "POST", "/instances", { image: "busybox", lifetime: "1h" });
  await wrong("name", "POST", "/instances", { image: "busybox", name: "-x" });
  await wrong("colour", "GET", "/instances?colour=red");
  await wrong("wait", "POST", "/instances?wait=61", { image: "busybox" });
  await wrong("action", "POST", "/instances/i-x/actions", { action: "dance" });
  for (const body of ["", "{", "[]", "null", '{"image":"busybox"} x', '{"image":"\xff"}', "[".repeat(100_000), '{"image":"busybox","image":"busybox"']) {
    await wrong(undefined, "POST", "/instances", Buffer.from(body, "latin1"), json);
  }
  await admin.refused(404, "not_found", "GET", "/no/such/path");
  const method = await admin.api("PUT", "/plans", "x");
  assert.equal(method.status, 405);
  assert.deepEqual((await admin.ok("GET", "/instances")).items, []);
});

test("a body that is too large is refused, by its length and as it comes", async () => {
  const json = { type: "application/json" };
  await admin.refused(413, "too_large", "POST", "/instances", Buffer.alloc(2 << 20, " "), json);
  await admin.refused(413, "too_large", "PUT", "/images/large", Buffer.alloc(3 << 20));
  const { Readable } = await import("node:stream");
  const pieces = Readable.from(Array.from({ length: 48 }, () => Buffer.alloc(65536)));
  await admin.refused(413, "too_large", "PUT", "/images/large", pieces);
  assert.equal((await admin.ok("GET", "/images")).items.length, 1);
});

// Bytes as they are on a connection of its own; resolves with all that comes back, or "" if it is just closed.
const raw = (bytes) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(berth.url);
    const pieces = [];
    const socket = connect(port, hostname, () => socket.end(bytes));
    socket.setTimeout(60_000, () => (socket.destroy(), reject(new Error("no answer and no close"))));
    socket.on("data", (piece) => pieces.push(piece));
    socket.on("close", () => resolve(Buffer.concat(pieces).toString("latin1")));
    socket.on("error", () => {});
  });

test("garbage on the connection is a problem or a closed connection, and harms nobody", async () => {
  const host = "Host: berth\r\n";
  const requests = [
    "\0\x01\x02\xff\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    `GET /api/v1/account HTTP/1.1\r\n${host}Authorization Bearer\r\n\r\n`,
    `GET /api/v1/account HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`,
    `GET /api/v1/account HTTP/1.1\r\n${host}X: ${"x".repeat(1 << 20)}\r\n\r\n`,
    `GET /api/v1/account HTTP/1.1\r\n${host}${"X: y\r\n".repeat(20_000)}\r\n`,
    `GET /${"x".repeat(200_000)} HTTP/1.1\r\n${host}\r\n`,
    `POST /api/v1/login HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: -1\r\n\r\n{}`,
    `POST /api/v1/login HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}`,
    `POST /api/v1/login HTTP/1.1\r\n${host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /api/v1/login HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n`,
    `GET /api/v1/instances/%00 HTTP/1.1\r\n${host}\r\n`,
    `GET /api/v1/instances/%zz HTTP/1.1\r\n${host}\r\n`,
  ];
  for (const request of requests) {
    const answer = await raw(Buffer.from(request, "latin1"));
    const shown = JSON.stringify(request.slice(0, 80));
    if (answer === "") continue;
    assert.match(answer, /^HTTP\/1\.[01] 4\d\d |^HTTP\/1\.[01] 50[15] /, `${shown}: ${answer.slice(0, 200)}`);
    const [head, body] = answer.split(/\r\n\r\n(.*)/s);
    const [, status] = head.match(/ (\d{3}) /);
    checkProblem(shown, { status: Number(status), type: head.match(/content-type: ([^;\r]*)/i)?.[1], body: JSON.parse(body) });
    assert.ok(!answer.includes("\0"), shown);
  }
  assert.equal((await berth.client().ok("GET", "/healthz")).ok, true);
});
