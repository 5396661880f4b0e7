// SPDX-License-Identifier: Apache-2.0
// Webhooks: real receivers that verify what they get, are down, refuse, hang, and are gone, over a killed berthd.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Berth, eventually, programs } from "./berth.mjs";
import { conform } from "./client.mjs";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "berth-webhooks-"));

// As docs/webhooks.md tells a receiver to do it.
function verified(secrets, headers, body) {
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return secrets.some((secret) => {
    const expected = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64")).update(signed).digest("base64");
    return headers["webhook-signature"].split(" ").some((one) => one.length === expected.length + 3 && timingSafeEqual(Buffer.from(one), Buffer.from(`v1,${expected}`)));
  });
}

// A program of somebody's that takes messages. `status` is what it answers; null: it never does.
class Receiver {
  static all = [];
  received = []; // what it took
  asked = 0;
  status = 204;
  silentFrom = Infinity; // takes this one, counted from 0, without an answer

  static async start(port = 0) {
    const receiver = new Receiver();
    receiver.server = createServer(async (request, response) => {
      let body = "";
      for await (const piece of request.setEncoding("utf8")) body += piece;
      receiver.asked++;
      if (receiver.status === null) return;
      if (receiver.status === 204) receiver.received.push({ headers: request.headers, body, message: JSON.parse(body) });
      if (receiver.received.length > receiver.silentFrom) return;
      response.writeHead(receiver.status, { location: "/elsewhere" }).end(receiver.status === 204 ? undefined : "a secret of theirs");
    });
    receiver.server.listen(port, "127.0.0.1");
    await once(receiver.server, "listening");
    receiver.port = receiver.server.address().port;
    receiver.url = `http://127.0.0.1:${receiver.port}/hook`;
    Receiver.all.push(receiver);
    return receiver;
  }

  // Until it has taken `count` of them.
  took(count) {
    return eventually(`${count} messages`, () => this.received.length >= count);
  }
  details() {
    return this.received.map(({ message }) => message.detail);
  }
  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

let berth;
const shown = (id) => berth.admin.ok("GET", `/webhooks/${id}`);
const command = (...words) =>
  run(join(programs, "berth"), words, { env: { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken }, timeout: 60_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (fault) => ({ code: fault.code, stdout: fault.stdout, stderr: fault.stderr }),
  );

// An event, told apart by its detail.
async function happen(name) {
  const { token } = await berth.admin.ok("POST", "/tokens", { name, scopes: ["instances_read"] });
  await berth.admin.ok("DELETE", `/tokens/${token.id}`);
}
const detailsOf = (names) => names.map((name) => `token '${name}' was created`);

async function make(receiver, types = ["token_created"]) {
  const { webhook, secret } = await berth.admin.ok("POST", "/webhooks", { url: receiver.url, types });
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{32,}=*$/);
  return { ...webhook, secret };
}

before(async () => (berth = await Berth.start()));
after(async () => {
  await Promise.all(Receiver.all.map((receiver) => receiver.stop().catch(() => {})));
  await berth?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a solved attempt arrives, signed, with who, where and what", async () => {
  const lab = join(folder, "greeting");
  await run("mkdir", [lab]);
  const files = {
    "lab.toml": 'title = "Greeting"\nsummary = "Say hello."\nimage = "busybox"\nplan = "small"\nminutes = 10\n',
    "task.md": "Make /greeting say hello.\n",
    setup: "#!/bin/sh\ntrue\n",
    check: '#!/bin/sh\n[ "$(cat "$MACHINE/greeting")" = hello ] && echo OK || echo NO\n',
    solution: "#!/bin/sh\necho hello >/greeting\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(lab, name), text);
  const published = await command("lab", "publish", lab);
  assert.equal(published.code, 0, published.stderr);

  const receiver = await Receiver.start();
  const { id, secret } = await make(receiver, ["attempt_solved", "attempt_ended", "attempt_given_up"]);
  const learner = await berth.member("learner");
  const attempt = await learner.ok("POST", "/labs/greeting/attempts?wait=30");
  const machine = attempt.machines[0].instance;
  await learner.shell({ id: machine }, "echo hello >/greeting");
  assert.equal((await learner.ok("POST", `/attempts/${attempt.id}/checks`)).verdict, "solved");
  await receiver.took(1);
  const [{ headers, body, message }] = receiver.received;
  conform("the message", message, "components", "schemas", "WebhookMessage");
  assert.deepEqual(
    [message.type, message.account, message.instance, message.attempt, message.lab, message.verdict],
    ["attempt_solved", learner.account.id, machine, attempt.id, "greeting", "solved"],
  );
  assert.equal(message.id, `evt_${message.sequence}`);
  assert.equal(headers["webhook-id"], message.id);
  assert.ok(Math.abs(headers["webhook-timestamp"] - Date.now() / 1000) < 60);
  assert.ok(verified([secret], headers, body));
  assert.ok(!verified([secret], headers, body.replace("solved", "failed")));

  await learner.ok("DELETE", `/attempts/${attempt.id}`);
  const second = await learner.ok("POST", "/labs/greeting/attempts?wait=30");
  await learner.ok("DELETE", `/attempts/${second.id}`);
  await receiver.took(3);
  assert.deepEqual(receiver.received.map(({ message: { type } }) => type), ["attempt_solved", "attempt_ended", "attempt_given_up"]);
  await berth.admin.ok("DELETE", `/webhooks/${id}`);
});

test("a receiver that was down gets everything in order once it is up, and one that is slow holds no other up", async () => {
  const down = await Receiver.start();
  await down.stop();
  const slow = await Receiver.start();
  slow.status = null;
  const quick = await Receiver.start();
  const webhooks = [await make(down), await make(slow), await make(quick)];
  const names = ["one", "two", "three", "four"];
  for (const name of names) await happen(name);
  await quick.took(4);
  assert.deepEqual(quick.details(), detailsOf(names));
  assert.equal(slow.asked, 1);
  const failing = await eventually("a failure", async () => {
    const now = await shown(webhooks[0].id);
    return now.fault && now;
  });
  assert.ok(failing.failing_since && failing.next_try_at);
  assert.equal(failing.delivered, 0);

  const up = await Receiver.start(down.port);
  await up.took(4);
  assert.deepEqual(up.details(), detailsOf(names));
  const after = await eventually("four are counted", async () => {
    const now = await shown(webhooks[0].id);
    return now.delivered === 4 && now;
  });
  assert.deepEqual([after.failing_since, after.fault, after.dropped, after.missed], [null, null, 0, 0]);
  for (const { id } of webhooks) await berth.admin.ok("DELETE", `/webhooks/${id}`);
});

test("a berthd that is killed while the receiver refuses loses nothing and changes no order", async () => {
  const receiver = await Receiver.start();
  receiver.status = 503;
  const { id, secret } = await make(receiver);
  const names = Array.from({ length: 30 }, (_, number) => `kept-${number}`);
  for (const name of names.slice(0, 15)) await happen(name);
  await eventually("it is refused", () => receiver.asked > 1);
  await berth.kill("berthd");
  receiver.status = 204;
  receiver.silentFrom = 5;
  await berth.startBerthd();
  await receiver.took(6);
  await berth.kill("berthd"); // once more, while it waits for the answer to the sixth
  receiver.silentFrom = Infinity;
  await berth.startBerthd();
  for (const name of names.slice(15)) await happen(name);
  const distinct = () => [...new Map(receiver.received.map(({ message }) => [message.id, message])).values()];
  await eventually("all of them", () => distinct().length === 30);
  assert.deepEqual(distinct().map(({ detail }) => detail), detailsOf(names));
  const ids = receiver.received.map(({ message }) => message.id);
  assert.deepEqual(ids, [...ids.slice(0, 6), ids[5], ...ids.slice(7)], "only the sixth comes again, before what follows");
  assert.equal(ids.length, 31);
  assert.ok(receiver.received.every(({ headers, body }) => verified([secret], headers, body)));
  await berth.admin.ok("DELETE", `/webhooks/${id}`);
});

test("410 disables it, a redirect is not followed, and enabled again it goes on where it stopped", async () => {
  const receiver = await Receiver.start();
  const { id } = await make(receiver);
  receiver.status = 302;
  const moved = await berth.admin.ok("POST", `/webhooks/${id}/test`);
  assert.deepEqual([moved.delivered, moved.status, moved.fault], [false, 302, "it answered 302"]);
  assert.equal(receiver.asked, 1);
  receiver.status = 410;
  await happen("unwanted");
  const off = await eventually("it is disabled", async () => {
    const now = await shown(id);
    return !now.enabled && now;
  });
  assert.equal(off.reason, "it answered 410 (Gone)");
  await happen("meanwhile");
  receiver.status = 204;
  await berth.kill("berthd");
  await berth.startBerthd();
  assert.equal((await shown(id)).enabled, false);
  assert.equal((await berth.admin.ok("PATCH", `/webhooks/${id}`, { enabled: true })).reason, null);
  await receiver.took(2);
  assert.deepEqual(receiver.details(), detailsOf(["unwanted", "meanwhile"]));
  await berth.admin.ok("DELETE", `/webhooks/${id}`);
});

test("the command makes, tests, shows, rotates and removes one; both secrets sign for a while", async () => {
  const receiver = await Receiver.start();
  const made = await command("webhook", "create", receiver.url, "--event", "token_created", "--event", "attempt_solved");
  assert.equal(made.code, 0, made.stderr);
  const [id, first] = made.stdout.trim().split(" ");
  assert.match((await command("webhook", "ls")).stdout, new RegExp(`${id} +enabled +0 +0 +http.*attempt_solved, token_created|${id} +enabled +0 +0 +http.*token_created, attempt_solved`));
  const tested = await command("webhook", "test", id);
  assert.match(tested.stdout, /^delivered: it answered 204 after \d+ ms/);
  const [{ headers, body, message }] = receiver.received;
  assert.deepEqual([message.type, message.sequence], ["webhook_test", null]);
  assert.ok(verified([first], headers, body));
  receiver.status = 500;
  const refused = await command("webhook", "test", id);
  assert.deepEqual([refused.code, refused.stdout], [1, "not delivered: it answered 500\n"]);
  receiver.status = 204;

  const [, second] = (await command("webhook", "rotate", id)).stdout.trim().split(" ");
  assert.notEqual(second, first);
  await happen("rotated");
  await receiver.took(2);
  for (const secret of [first, second]) assert.ok(verified([secret], receiver.received[1].headers, receiver.received[1].body));
  assert.match((await command("webhook", "show", id)).stdout, /delivered +1\n/);
  assert.match((await command("webhook", "disable", id)).stdout, /state +disabled\n/);

  // The secret is told once, and nowhere else.
  for (const path of ["/webhooks", `/webhooks/${id}`]) {
    assert.ok(!JSON.stringify(await berth.admin.ok("GET", path)).includes("whsec_"), path);
  }
  assert.ok(!berth.berthd.said().includes("whsec_"));
  assert.ok(!berth.berthd.said().includes("of theirs"));
  assert.equal((await command("webhook", "rm", id)).stdout, `${id} removed\n`);
  await berth.admin.refused(404, "not_found", "GET", `/webhooks/${id}`);
});

test("only administrators have webhooks, and only addresses that keep a secret", async () => {
  const receiver = await Receiver.start();
  const { id } = await make(receiver);
  const member = await berth.member("ann");
  await member.refused(403, "forbidden", "GET", "/webhooks");
  await member.refused(403, "forbidden", "POST", "/webhooks", { url: receiver.url });
  for (const [method, path, body] of [
    ["GET", ""],
    ["PATCH", "", { enabled: false }],
    ["DELETE", ""],
    ["POST", "/test"],
    ["POST", "/rotate"],
  ]) {
    await member.refused(403, "forbidden", method, `/webhooks/${id}${path}`, body);
  }
  for (const url of ["", "nowhere", "http://a.example/", "ftp://127.0.0.1/", "https://me:word@a.example/", "file:///etc/passwd", `https://a.example/${"a".repeat(2000)}`]) {
    const problem = await berth.admin.refused(400, "invalid_argument", "POST", "/webhooks", { url });
    assert.equal(problem.field, "url");
  }
  await berth.admin.refused(400, "invalid_argument", "POST", "/webhooks", { url: receiver.url, types: ["something"] });
  assert.equal(receiver.asked, 0);
});
