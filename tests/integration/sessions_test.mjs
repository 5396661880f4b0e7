// SPDX-License-Identifier: Apache-2.0
// Commands and terminals in an instance.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { Berth, eventually } from "./berth.mjs";
import { Attachment } from "./terminal.mjs";

let berth;
let admin;
let instance;
before(async () => {
  berth = await Berth.start();
  admin = berth.admin;
  instance = await berth.running();
});
after(() => berth?.stop());

const open = (body) => admin.ok("POST", `/instances/${instance.id}/sessions`, body);
const sessions = async () => (await admin.ok("GET", `/instances/${instance.id}/sessions`)).items;
const processesOf = (marker) => admin.shell(instance, `ps | grep ${marker} | grep -v grep || true`);

test("a command gives its code, output and errors apart, and takes input", async () => {
  const result = await admin.exec(instance, "cat; echo err >&2; exit 7", { input: "in\n" });
  assert.deepEqual(result, { code: 7, signal: null, stdout: "in\n", stderr: "err\n", error: undefined });
  assert.equal((await admin.exec(instance, ["sh", "-c", "kill -TERM $$"])).signal, 15);
  assert.equal(await admin.shell(instance, 'echo "$NAME"; pwd; id -un', { environment: { NAME: "value" }, directory: "/tmp", user: "user" }), "value\n/tmp\nuser\n");
  assert.equal(await admin.shell(instance, ["printf", "%s", "a b; c"]), "a b; c");
});

test("a command that is not there, a wrong user and a wrong folder are said", async () => {
  for (const request of [{ command: ["/no/such"] }, { command: ["true"], user: "nobody-at-all" }, { command: ["true"], directory: "/no/such" }]) {
    const outcome = await admin.exec(instance, request.command, request).catch((fault) => fault);
    assert.ok(outcome.problem ?? outcome.error ?? outcome.code !== 0, JSON.stringify(outcome));
  }
  for (const command of [[], Array(257).fill("a"), "true"]) {
    await admin.refused(400, "invalid_argument", "POST", `/instances/${instance.id}/exec`, { command });
  }
});

test("much output comes whole, and in order", async () => {
  const { stdout, code } = await admin.exec(instance, "seq 1 400000");
  assert.equal(code, 0);
  assert.ok(stdout === Array.from({ length: 400_000 }, (_, number) => `${number + 1}\n`).join(""));
});

test("a command beyond its time limit is ended", async () => {
  const { error } = await admin.exec(instance, "echo begun; exec sleep 4711", { time_limit: 1 });
  assert.equal(error?.kind, "timed_out");
  await eventually("the end of the command", async () => (await processesOf("4711")) === "");
  assert.deepEqual(await sessions(), []);
});

test("a client that goes away ends the command", async () => {
  const controller = new AbortController();
  const lines = admin.execLines(instance, { command: ["sh", "-c", "echo begun; exec sleep 4712"] }, { signal: controller.signal });
  await lines.next();
  assert.match(await processesOf("4712"), /sleep/);
  controller.abort();
  await assert.rejects(lines.next());
  await eventually("the end of the command", async () => (await processesOf("4712")) === "");
  assert.deepEqual(await sessions(), []);
});

test("a terminal is a terminal, of the size it is told", async () => {
  const session = await open({ columns: 100, rows: 30 });
  const viewer = await Attachment.open(admin, instance, session);
  viewer.send("tty; stty size; echo do''ne\n");
  await viewer.says("done");
  assert.match(viewer.text, /\/dev\/pts\/\d+/);
  assert.match(viewer.text, /30 100/);
  viewer.control({ type: "resize", columns: 132, rows: 43 });
  viewer.send("stty size; echo do''ne twice\n");
  await viewer.says("done twice");
  assert.match(viewer.text, /43 132/);
  viewer.send("\x04");
  await viewer.until(({ exit }) => exit);
  assert.equal(viewer.exit.code, 0);
  await admin.ok("DELETE", `/instances/${instance.id}/sessions/${session.id}`);
});

test("a viewer that drops and comes back at its offset misses nothing; a second one sees all", async () => {
  const session = await open({ kind: "command", command: ["sh", "-c", "read word; seq 1 5000; read word; seq 5001 10000; echo $word"] });
  const first = await Attachment.open(admin, instance, session);
  first.send("go\n");
  await first.says("2000\n");
  const [position, text] = [first.position, first.text];
  first.drop();
  const second = await Attachment.open(admin, instance, session, { offset: position });
  assert.equal(second.start, position);
  second.send("end\n");
  await second.until(({ exit }) => exit);
  const expected = Array.from({ length: 10_000 }, (_, number) => `${number + 1}\n`).join("") + "end\n";
  assert.ok(text + second.text === expected, `${text.length} + ${second.text.length} of ${expected.length}`);
  const [shown] = await sessions();
  assert.equal(shown.running, false);
  assert.equal(shown.exit_code, 0);
  await admin.ok("DELETE", `/instances/${instance.id}/sessions/${session.id}`);
  await admin.refused(404, "not_found", "GET", `/instances/${instance.id}/sessions/${session.id}/stream`, undefined, { headers: upgrade });
});

const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol": "berth.v1" };

test("a viewer that acknowledges nothing holds the program back, and then gets all of it", async () => {
  const total = 2_000_000;
  const session = await open({ kind: "command", command: ["sh", "-c", `head -c ${total} /dev/zero | tr '\\0' x; echo end >/root/ended`] });
  const viewer = await Attachment.open(admin, instance, session, { acknowledges: false });
  await viewer.until(({ position }) => position >= 200_000, "the window filled");
  // Other requests go round in the meantime; the program must still stand.
  for (let round = 0; round < 10; round++) assert.equal((await admin.exec(instance, "cat /root/ended")).code, 1);
  assert.ok(viewer.position <= 256 * 1024 + 65536, `${viewer.position} bytes without an acknowledgement`);
  viewer.acknowledges = true;
  viewer.control({ type: "ack", offset: viewer.position });
  await viewer.until(({ exit }) => exit);
  assert.equal(viewer.position, total);
  await admin.ok("DELETE", `/instances/${instance.id}/sessions/${session.id}`);
});

test("input flows as the program takes it, whole", async () => {
  const session = await open({ kind: "command", command: ["sh", "-c", "read word; cat | md5sum"] });
  const viewer = await Attachment.open(admin, instance, session);
  const piece = Buffer.alloc(32 * 1024, "0123456789abcdef");
  const total = 40;
  viewer.send("go\n");
  for (let count = 0; count < total; count++) {
    await viewer.until((self) => self.sent - self.taken <= 192 * 1024, "room for input");
    viewer.send(piece);
  }
  viewer.control({ type: "end" });
  await viewer.until(({ exit }) => exit);
  const { createHash } = await import("node:crypto");
  const hash = createHash("md5");
  for (let count = 0; count < total; count++) hash.update(piece);
  assert.equal(viewer.text.split(" ")[0], hash.digest("hex"));
  assert.equal(viewer.taken, viewer.sent);
});

test("a signal reaches the program; nonsense ends the viewer and not the session", async () => {
  const session = await open({ kind: "command", command: ["sh", "-c", "trap 'echo caught; exit 3' USR1; echo begun; while :; do sleep 0.05; done"] });
  for (const nonsense of ["{", '{"type":"dance"}', '{"type":"resize","columns":0,"rows":9}', '{"type":"ack"}', '{"type":"end","extra":1}']) {
    const viewer = await Attachment.open(admin, instance, session);
    viewer.socket.send(nonsense);
    await viewer.until(({ closed }) => closed !== undefined);
    assert.equal(viewer.closed, 1008, nonsense);
    assert.equal(viewer.problem.kind, "invalid_argument", nonsense);
  }
  const viewer = await Attachment.open(admin, instance, session);
  await viewer.says("begun");
  viewer.control({ type: "signal", number: 10 });
  await viewer.until(({ exit }) => exit);
  assert.equal(viewer.exit.code, 3);
  assert.match(viewer.text, /caught/);
});

test("a WebSocket without a token, or of a session that is not there, is refused", async () => {
  const session = await open({});
  const refusal = (headers, id) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${berth.url.replace(/^http/, "ws")}/api/v1/instances/${instance.id}/sessions/${id}/stream`, "berth.v1", { headers });
      socket.on("open", () => reject(new Error("it was let in")));
      socket.on("unexpected-response", (request, response) => (response.resume(), resolve(response.statusCode)));
      socket.on("error", reject);
    });
  assert.equal(await refusal({}, session.id), 401);
  assert.equal(await refusal({ authorization: "Bearer berth_wrong" }, session.id), 401);
  assert.equal(await refusal(admin.headers, "999"), 404);
  assert.equal(await refusal(admin.headers, "x"), 404);
  await admin.ok("DELETE", `/instances/${instance.id}/sessions/${session.id}`);
});

test("closing a session ends what runs in it", async () => {
  const session = await open({ kind: "command", command: ["sleep", "4713"] });
  assert.match(await processesOf("4713"), /sleep/);
  await admin.ok("DELETE", `/instances/${instance.id}/sessions/${session.id}`);
  await eventually("the end of the command", async () => (await processesOf("4713")) === "");
  assert.ok(!(await sessions()).some(({ id }) => id === session.id));
});

test("thirty commands at once each get their own output", async () => {
  const results = await Promise.all(Array.from({ length: 30 }, (_, number) => admin.shell(instance, `seq 1 2000 | tail -n 1; echo ${number}`)));
  assert.deepEqual(results, Array.from({ length: 30 }, (_, number) => `2000\n${number}\n`));
});

test("a flood of sessions is refused at some number, and the instance goes on when they are closed", async () => {
  const opened = [];
  let refused;
  for (let count = 0; count < 1000 && !refused; count++) {
    const answer = await admin.api("POST", `/instances/${instance.id}/sessions`, { kind: "command", command: ["sleep", "4714"] });
    if (answer.status === 201) opened.push(answer.body);
    else refused = answer;
  }
  assert.ok(refused, "there is an end");
  assert.ok(refused.status < 500 || refused.body.kind !== "internal", JSON.stringify(refused.body));
  await Promise.all(opened.map(({ id }) => admin.ok("DELETE", `/instances/${instance.id}/sessions/${id}`)));
  assert.equal(await eventually("a command", () => admin.shell(instance, "echo well").catch(() => "")), "well\n");
});

test("a browser attaches with its cookie from our own page", async () => {
  const { url } = await admin.ok("POST", "/accounts", { name: "browser" });
  const answer = await berth.client().api("POST", "/login", { code: url.split("#code=")[1] });
  const cookie = answer.headers["set-cookie"][0].match(/berth=([^;]+)/)[1];
  const page = berth.client({ cookie, origin: berth.url });
  const own = await berth.running({}, page);
  const session = await page.ok("POST", `/instances/${own.id}/sessions`, {});
  const viewer = await Attachment.open(page, own, session);
  viewer.send("echo he''llo\n");
  await viewer.says("hello");
  const watcher = await Attachment.open(page, own, session, { offset: 0 });
  await watcher.says("hello");
  viewer.send("echo bo''th\n");
  await Promise.all([viewer.says("both"), watcher.says("both")]);
  assert.equal((await page.ok("GET", `/instances/${own.id}/sessions`)).items[0].viewers, 2);
  await Promise.all([viewer.close(), watcher.close()]);
  await page.ok("DELETE", `/instances/${own.id}`);
});
