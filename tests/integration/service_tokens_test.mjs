// SPDX-License-Identifier: Apache-2.0
// Who may use a service: the TCP tokens of accounts, and a webhook that knows, does not know, fails, lies and is gone.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Berth } from "./berth.mjs";

const frame = (token, identifier) => Buffer.concat([Buffer.from(token.padEnd(128, "\0")), Buffer.from([identifier >> 8, identifier & 255])]);
const service = (name, options) => ({ name, image: "busybox", port: 1337, command: ["nc", "-lk", "-p", "1337", "-e", "hostname"], mode: "token", least_ready: 0, most_ready: 2, greeting_limit: "2s", ...options });

// The operator's program. `answers` says what it replies to a token; `asked` is what it was sent.
const hook = { asked: [], answers: new Map() };
const reply = (status, text, headers = {}) => (response) => response.writeHead(status, headers).end(text);
const knows = (holder) => reply(200, JSON.stringify({ holder }));

let berth;
before(async () => {
  hook.server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += piece;
    const { method, url, headers } = request;
    const body = JSON.parse(text);
    hook.asked.push({ method, url, authorization: headers.authorization, type: headers["content-type"], body });
    (hook.answers.get(body.token) ?? reply(404, ""))(response);
  });
  hook.server.listen(0, "127.0.0.1");
  await once(hook.server, "listening");
  const at = `http://127.0.0.1:${hook.server.address().port}`;
  const webhook = { tokens_from: "webhook", tokens_webhook: `${at}/who?a=b`, tokens_webhook_secret_file: "hook-secret" };
  berth = await Berth.start({
    files: { "hook-secret": "s3cret-of-the-hook\n" },
    services: [
      service("ours", { tokens_from: "accounts" }),
      service("asked", webhook),
      service("gone", { ...webhook, tokens_webhook: "http://127.0.0.1:1/" }),
    ],
  });
});
after(async () => {
  await berth?.stop();
  hook.server?.closeAllConnections?.();
  hook.server?.close();
});

const statusOf = async (name) => (await berth.admin.ok("GET", "/services")).items.find((item) => item.name === name);

// What a client hears until the close.
async function answer(name, first) {
  const { port } = await statusOf(name);
  const socket = connect({ port, host: "127.0.0.1" });
  const closed = new Promise((resolve) => socket.on("close", resolve));
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => (text += bytes.toString("latin1")));
  socket.write(first);
  await closed;
  return text;
}
const machine = /^busybox-/;

test("a TCP token of an account opens a service and nothing else, until it is revoked", async () => {
  const member = await berth.member("player");
  const { token, secret } = await member.ok("POST", "/tokens", { name: "game", kind: "tcp_token", lifetime: 3600 });
  assert.deepEqual([token.kind, token.scopes], ["tcp_token", []]);
  assert.ok(token.expires_at);
  assert.match(secret, /^[a-z2-7]{128}$/);
  const first = await answer("ours", frame(secret, 1));
  assert.match(first, machine);
  assert.equal(await answer("ours", frame(secret, 1)), first);

  await berth.client({ token: secret }).refused(401, "unauthenticated", "GET", "/account");
  await berth.client({ cookie: secret }).refused(401, "unauthenticated", "GET", "/account");
  await berth.client().refused(401, "unauthenticated", "POST", "/login", { code: secret, kind: "api_token" });
  await member.refused(400, "invalid_argument", "POST", "/tokens", { name: "x", kind: "tcp_token", scopes: ["instances_read"] });
  await member.refused(400, "invalid_argument", "POST", "/tokens", { name: "x", kind: "browser" });
  assert.equal((await member.ok("POST", "/tokens", { name: "plain" })).token.kind, "api_token");
  assert.ok((await member.ok("GET", "/tokens")).items.some(({ id, kind }) => id === token.id && kind === "tcp_token"));

  // Another token of the account is another holder.
  const other = await member.ok("POST", "/tokens", { name: "second", kind: "tcp_token" });
  assert.notEqual(await answer("ours", frame(other.secret, 1)), first);

  const wrong = (await statusOf("ours")).wrong_tokens;
  await member.ok("DELETE", `/tokens/${token.id}`);
  assert.equal(await answer("ours", frame(secret, 1)), "");
  assert.equal(await answer("ours", frame(berth.adminToken, 1)), "", "an API token is no TCP token");
  assert.equal((await statusOf("ours")).wrong_tokens, wrong + 2);
});

test("the command makes one", async () => {
  const berthCommand = (...words) =>
    spawnSync(berth.program("berth"), words, { encoding: "utf8", env: { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken } });
  const made = berthCommand("token", "create", "game", "--tcp");
  assert.equal(made.status, 0, made.stderr);
  assert.match(await answer("ours", frame(made.stdout.trim(), 1)), machine);
  assert.match(berthCommand("token", "ls").stdout, /game\s+tcp_token/);
  assert.notEqual(berthCommand("token", "create", "x", "--tcp", "--scope", "instances_read").status, 0);
});

test("a webhook is asked with its secret, once in a while, and names the holder", async () => {
  hook.answers.set("alice-1", knows("alice"));
  hook.answers.set("alice-2", knows("alice"));
  hook.answers.set("alice-dotted", knows("alice.x"));
  const [one, again] = await Promise.all([answer("asked", frame("alice-1", 1)), answer("asked", frame("alice-1", 1))]);
  assert.match(one, machine);
  assert.equal(again, one);
  assert.equal(await answer("asked", frame("alice-1", 1)), one);
  assert.equal(await answer("asked", frame("alice-2", 1)), one, "two tokens of one holder");
  assert.notEqual(await answer("asked", frame("alice-dotted", 1)), one);
  assert.deepEqual(
    hook.asked.filter(({ body }) => body.token === "alice-1"),
    [{ method: "POST", url: "/who?a=b", authorization: "Bearer s3cret-of-the-hook", type: "application/json", body: { service: "asked", token: "alice-1" } }],
  );
});

test("what a webhook does not know is a close, asked for each time", async () => {
  const { wrong_tokens: wrong, failed } = await statusOf("asked");
  hook.answers.set("banned", reply(403, ""));
  for (const token of ["banned", "nobody", "nobody"]) assert.equal(await answer("asked", frame(token, 1)), "");
  const asked = hook.asked.length;
  assert.equal(await answer("asked", frame("\x01\x7f", 1)), "");
  assert.equal(hook.asked.length, asked, "bytes that are no text are not sent");
  assert.equal(hook.asked.filter(({ body }) => body.token === "nobody").length, 2);
  const now = await statusOf("asked");
  assert.deepEqual([now.wrong_tokens, now.failed], [wrong + 4, failed]);
});

test("a webhook that fails, lies, moves or waits is a close that counts as failed, told once and without the token", async () => {
  const before = await statusOf("asked");
  const faults = {
    "token-fails": reply(500, "boom"),
    "token-moved": reply(302, "", { location: "/elsewhere" }),
    "token-empty": reply(200, "{}"),
    "token-odd": reply(200, JSON.stringify({ holder: 7 })),
    "token-text": reply(200, "no JSON"),
    "token-large": knows("x".repeat(100_000)),
    "token-cut": (response) => response.socket.destroy(),
    "token-silent": () => {},
  };
  const since = Date.now();
  for (const [token, how] of Object.entries(faults)) hook.answers.set(token, how);
  const heard = await Promise.all(Object.keys(faults).map((token) => answer("asked", frame(token, 1))));
  assert.deepEqual(new Set(heard), new Set([""]));
  assert.ok(Date.now() - since >= 4_000 && Date.now() - since < 30_000, "the silent one is waited for, and not for long");
  const now = await statusOf("asked");
  assert.deepEqual([now.failed - before.failed, now.wrong_tokens - before.wrong_tokens], [heard.length, 0]);
  assert.ok(!hook.asked.some(({ url }) => url === "/elsewhere"));

  hook.answers.set("token-fails", knows("healed"));
  assert.match(await answer("asked", frame("token-fails", 1)), machine);
  assert.equal(await answer("gone", frame("token-fails", 1)), "");
  assert.equal(await answer("gone", frame("token-fails", 1)), "");
  assert.equal((await statusOf("gone")).failed, 2);
  const said = berth.berthd.said();
  const lines = (text) => said.split("\n").filter((line) => line.includes(text));
  assert.equal(lines("service gone: the webhook").length, 1);
  assert.equal(lines("service asked: the webhook of its tokens does not").length, 1);
  assert.equal(lines("service asked: the webhook of its tokens answers again").length, 1);
  for (const secret of ["token-", "s3cret"]) assert.ok(!said.includes(secret), secret);
});

test("--check tells what is wrong with the token checks", () => {
  const check = (lines) => {
    const file = join(berth.place, "check.toml");
    writeFileSync(file, `[[service]]\nname = "x"\nlisten = "127.0.0.1:0"\nimage = "busybox"\nport = 1\nplan = "small"\nmode = "token"\n${lines.join("\n")}\n`);
    const { status, stderr } = spawnSync(berth.program("berthd"), ["--check", "--config", file], { encoding: "utf8" });
    return status === 0 ? "fine" : stderr;
  };
  const secret = 'tokens_webhook_secret_file = "hook-secret"';
  const from = (kind) => `tokens_from = "${kind}"`;
  const hookAt = (url) => `tokens_webhook = "${url}"`;
  assert.equal(check(['tokens_file = "t"']), "fine");
  assert.equal(check([from("accounts")]), "fine");
  for (const url of ["https://a.example/b", "http://127.0.0.1:8/b", "http://localhost/", "http://[::1]:8/"]) assert.equal(check([from("webhook"), hookAt(url), secret]), "fine", url);
  assert.match(check([]), /needs a tokens_file/);
  assert.match(check([from("accounts"), 'tokens_file = "t"']), /none with another/);
  assert.match(check([from("accounts"), "token_length = 64"]), /token_length of at least 128/);
  assert.match(check([from("accounts"), hookAt("https://a.example/")]), /set tokens_from to webhook/);
  assert.match(check([from("webhook"), hookAt("https://a.example/")]), /needs a tokens_webhook_secret_file/);
  for (const url of ["", "ftp://a.example/", "http://a.example/", "http://127.evil.example/", "https://me:word@a.example/", "http://127.0.0.1@a.example/"]) {
    assert.match(check([from("webhook"), hookAt(url), secret]), /cannot use its tokens_webhook/, url);
  }
});
