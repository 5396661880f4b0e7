// SPDX-License-Identifier: Apache-2.0
// Interviews: a link that works once, labs that somebody may try once, and a reviewer who sees it all.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Berth, eventually, programs } from "./berth.mjs";
import { Attachment } from "./terminal.mjs";

const folder = mkdtempSync(join(tmpdir(), "berth-invitations-"));
const files = {
  "task.md": "Make **/srv/greeting** say hello.\n",
  setup: "#!/bin/sh\nmkdir -p /srv && echo goodbye >/srv/greeting\n",
  check: '#!/bin/sh\n[ "$(cat "$MACHINE/srv/greeting")" = hello ] && echo OK || echo "NO not yet"\n',
};

let berth;
let reviewer;
let other;

const run = promisify(execFile);
const command = async (client, ...words) =>
  (await run(join(programs, "berth"), words, { env: { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: client.token }, timeout: 120_000 })).stdout;

async function author(name) {
  const { url } = await berth.admin.ok("POST", "/accounts", { name, role: "author" });
  const { token } = await berth.client().ok("POST", "/login", { code: new URL(url).hash.slice("#code=".length), kind: "api_token" });
  return berth.client({ token });
}

before(async () => {
  berth = await Berth.start({ limits: { most_active: 12 } });
  for (const name of ["greeting", "second", "third"]) {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, "lab.toml"), `title = "The ${name}"\nimage = "busybox"\nplan = "small"\nminutes = 10\nhints = ["echo"]\nrecording = "none"\n`);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    await command(berth.admin, "lab", "publish", path);
  }
  [reviewer, other] = [await author("Rita"), await author("Otto")];
});
after(async () => {
  await berth?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const invite = (labs = ["greeting", "second"]) => reviewer.ok("POST", "/invitations", { name: "Cora", labs });
const secretOf = ({ url }) => new URL(url).hash.slice(1);
async function candidateOf(issued) {
  const { token, account } = await berth.client().ok("POST", "/invitation-links/open", { secret: secretOf(issued), kind: "api_token" });
  assert.deepEqual([account.role, account.scopes], ["candidate", ["instances_read", "instances_write"]]);
  return berth.client({ token });
}

test("a link tells what it is for, opens once, and sets a cookie in a browser", async () => {
  const issued = await invite();
  const secret = secretOf(issued);
  const stranger = berth.client();
  const told = await stranger.ok("POST", "/invitation-links/look", { secret });
  assert.deepEqual([told.name, told.reviewer, told.state, told.labs.map(({ title }) => title)], ["Cora", "Rita", "waiting", ["The greeting", "The second"]]);
  const opened = await stranger.api("POST", "/invitation-links/open", { secret });
  assert.equal(opened.status, 200);
  assert.match(opened.headers["set-cookie"][0], /^berth=[^;]+; Path=\/; HttpOnly; SameSite=Strict/);
  assert.equal(opened.body.token, null);
  const refused = await stranger.refused(401, "unauthenticated", "POST", "/invitation-links/open", { secret });
  assert.match(refused.detail, /opened already, and works once/);
  await stranger.refused(404, "not_found", "POST", "/invitation-links/look", { secret: "berth_other" });
  const foreign = berth.client({ origin: "https://elsewhere.example" });
  await foreign.refused(403, "forbidden", "POST", "/invitation-links/open", { secret: secretOf(await invite()) });
});

test("of two who open a link at once, one comes in", async () => {
  const secret = secretOf(await invite());
  const answers = await Promise.all(Array.from({ length: 8 }, () => berth.client().api("POST", "/invitation-links/open", { secret, kind: "api_token" })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401, 401, 401, 401, 401]);
});

test("a candidate works at the labs, and the reviewer sees, watches and replays it", async () => {
  const issued = await invite();
  const candidate = await candidateOf(issued);
  const path = `/invitations/${issued.invitation.id}`;
  assert.deepEqual((await candidate.ok("GET", "/labs")).items.map(({ name }) => name), ["greeting", "second"]);
  await candidate.refused(404, "not_found", "POST", "/labs/third/attempts");
  await candidate.refused(403, "forbidden", "POST", "/instances", { image: "busybox" });
  const attempt = await candidate.ok("POST", "/labs/greeting/attempts?wait=30");
  assert.equal(attempt.state, "running");
  const machine = { id: attempt.machines[0].instance };

  const session = await candidate.ok("POST", `/instances/${machine.id}/sessions`, { columns: 80, rows: 24 });
  const own = await Attachment.open(candidate, machine, session);
  assert.equal((await reviewer.ok("GET", `/instances/${machine.id}/sessions`)).items.length, 1);
  const watch = await Attachment.open(reviewer, machine, session, { role: "view" });
  await own.until(({ viewers }) => viewers?.length === 2, "the watcher in sight");
  assert.deepEqual(own.viewers.map(({ name, role }) => [name, role]).sort(), [["Cora", "interact"], ["Rita", "view"]]);
  own.send("echo hello >/srv/greeting; echo seen-$((40 + 2))\n");
  await watch.says("seen-42\r\n");
  await reviewer.refused(404, "not_found", "DELETE", `/instances/${machine.id}`);
  await reviewer.refused(404, "not_found", "POST", `/instances/${machine.id}/exec`, { command: ["id"] });
  await reviewer.refused(404, "not_found", "GET", `/instances/${machine.id}/files?path=/etc/passwd&form=raw`);

  await candidate.ok("POST", `/attempts/${attempt.id}/hints`);
  assert.equal((await candidate.ok("POST", `/attempts/${attempt.id}/checks`)).verdict, "solved");
  const [first, second] = (await reviewer.ok("GET", path)).labs;
  assert.deepEqual([first.attempt.state, first.attempt.hints.length, first.checks.length], ["solved", 1, 1]);
  assert.equal(second.attempt, null);
  const [{ id: recording }] = first.recordings;
  await eventually("what was shown in the recording", async () => {
    const answer = await fetch(`${berth.url}/api/v1/recordings/${recording}/cast`, { headers: reviewer.headers });
    return answer.status === 200 && (await answer.text()).includes("seen-42");
  });
  await candidate.ok("DELETE", `/attempts/${attempt.id}`);
  const again = await candidate.refused(409, "conflict", "POST", "/labs/greeting/attempts");
  assert.match(again.detail, /you had your attempt/);
  assert.equal((await reviewer.ok("GET", `/recordings/${recording}`)).mine, false);

  for (const client of [other, await berth.member("Mia")]) {
    await client.refused(404, "not_found", "GET", `/recordings/${recording}`);
    await client.refused(404, "not_found", "GET", `/instances/${machine.id}/sessions`);
  }
  await other.refused(404, "not_found", "GET", path);
  await other.refused(404, "not_found", "DELETE", path);
  assert.deepEqual((await other.ok("GET", "/invitations")).items, []);
  await candidate.refused(403, "forbidden", "GET", "/invitations");
});

test("an invitation that is taken back ends what goes on, and what was done stays", async () => {
  const issued = await invite();
  const candidate = await candidateOf(issued);
  const { machines } = await candidate.ok("POST", "/labs/second/attempts?wait=30");
  const after = await reviewer.ok("DELETE", `/invitations/${issued.invitation.id}`);
  assert.deepEqual([after.state, after.labs[1].attempt.state], ["revoked", "given_up"]);
  await candidate.refused(401, "unauthenticated", "GET", "/labs");
  await eventually("the end of the machine", async () => (await berth.admin.ok("GET", `/instances/${machines[0].instance}`)).state === "gone");
});

test("the command line invites, lists, shows and takes back", async () => {
  const [link] = (await command(reviewer, "invitation", "create", "third", "greeting", "--name", "Carl", "--expires", "2d")).split("\n");
  assert.match(link, /\/invited#berth_/);
  const { items } = JSON.parse(await command(reviewer, "invitation", "ls", "--json"));
  const [{ id, labs }] = items;
  assert.deepEqual(labs.map(({ name }) => name), ["third", "greeting"]);
  assert.match(await command(reviewer, "invitation", "ls"), /Carl +waiting +0 of 2/);
  assert.match(await command(reviewer, "invitation", "show", id), /third +not started/);
  assert.match(await command(reviewer, "invitation", "rm", id), /taken back/);
  await berth.client().refused(401, "unauthenticated", "POST", "/invitation-links/open", { secret: link.split("#")[1] });
});
