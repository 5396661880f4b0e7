// SPDX-License-Identifier: Apache-2.0
// A competition by API and command line: joined, solved on real machines, kept through a killed berthd, shown and told.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Berth, eventually, programs } from "./berth.mjs";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "berth-competitions-"));
const lab = {
  manifest: { title: "The greeting", image: "busybox", plan: "small", minutes: 10, hints: ["echo"], recording: "public" },
  files: {
    "task.md": "Make `/greeting` say hello.\n",
    setup: "#!/bin/sh\n:\n",
    check: '#!/bin/sh\n[ "$(cat /machine/greeting)" = hello ] && echo OK || echo NO\n',
    solution: "#!/bin/sh\necho hello >/greeting\n",
  },
};
const time = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();

let berth;
let admin;
let ann;
let bob;
const command = (token, ...words) =>
  run(join(programs, "berth"), words, { env: { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: token }, timeout: 120_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (fault) => ({ code: fault.code, stdout: fault.stdout, stderr: fault.stderr }),
  );

async function publish(name) {
  await admin.ok("PUT", `/labs/${name}`, lab);
  await eventually(`${name} is prepared`, async () => (await admin.ok("GET", `/labs/${name}`)).lab.state === "draft");
  await admin.ok("POST", `/labs/${name}/actions`, { action: "publish", version: 1 });
}

async function solve(who, name) {
  const attempt = await who.ok("POST", `/labs/${name}/attempts?wait=30`);
  await who.shell({ id: attempt.machines[0].instance }, ["sh", "-c", "echo hello >/greeting"]);
  assert.equal((await who.ok("POST", `/attempts/${attempt.id}/checks`)).verdict, "solved");
  return attempt;
}

const ranks = (board) => board.standings.map((each) => [each.rank, each.name, each.solved]);

before(async () => {
  berth = await Berth.start({ limits: { most_active: 12 } });
  admin = berth.client({ token: berth.adminToken });
  ann = await berth.member("ann");
  bob = await berth.member("bob");
  await publish("one");
  await publish("two");
});
after(async () => {
  await berth?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("an administrator makes it from a file, and its labs stay hidden until it begins", async () => {
  const file = join(folder, "cup.toml");
  const toml = (begin) => `name = "cup"\ntitle = "The cup"\nlabs = ["one", "two"]\nteam_size = 2\npublic_board = true\nhidden = true\nhints = false
[[windows]]\nbegin = "${begin}"\nend = "${time(60)}"\n`;
  writeFileSync(file, toml(time(30)));
  assert.equal((await command(ann.token, "competition", "create", file)).code, 1);
  const made = await command(berth.adminToken, "competition", "create", file);
  assert.equal(made.code, 0, made.stderr);
  assert.deepEqual((await ann.ok("GET", "/labs")).items, []);
  assert.equal((await ann.api("POST", "/labs/one/attempts")).status, 404);
  assert.deepEqual((await ann.ok("GET", "/competitions/cup")).labs, []);
  const reds = await command(ann.token, "--json", "competition", "join", "cup", "--name", "=Reds");
  assert.equal(reds.code, 0, reds.stderr);
  const { code } = JSON.parse(reds.stdout).mine;
  assert.deepEqual((await bob.ok("POST", "/competitions/cup/join", { code })).mine.members, ["ann", "bob"]);
  assert.equal((await bob.api("POST", "/competitions/cup/join", { code })).status, 409);
  writeFileSync(file, toml(time(0)));
  assert.equal((await command(berth.adminToken, "competition", "create", file)).code, 0);
  assert.equal((await ann.ok("GET", "/labs")).items.length, 2);
});

test("what is solved counts once for the team, and its recordings are embargoed", async () => {
  const attempt = await solve(ann, "one");
  assert.equal((await ann.api("POST", `/attempts/${attempt.id}/hints`)).status, 403);
  await ann.ok("POST", `/instances/${attempt.machines[0].instance}/sessions`, { columns: 80, rows: 24 });
  const [recording] = (await ann.ok("GET", "/recordings")).items;
  const { windows } = await ann.ok("GET", "/competitions/cup");
  assert.deepEqual(recording.policy, { kind: "embargoed", until: windows[0].end });
  assert.equal((await berth.client().api("GET", `/recordings/${recording.id}`)).status, 404);
  await solve(bob, "one");
  const board = await berth.client().ok("GET", "/competitions/cup/board");
  assert.deepEqual(ranks(board), [[1, "=Reds", 1]]);
  assert.deepEqual(Object.keys(board.standings[0].labs), ["one"]);
});

test("a board is asked for again and again without a body, until something changes", async () => {
  const viewer = berth.client();
  const first = await viewer.api("GET", "/competitions/cup/board");
  const again = () => viewer.api("GET", "/competitions/cup/board", undefined, { headers: { "if-none-match": first.headers.etag } });
  assert.equal((await again()).status, 304);
  await solve(bob, "two");
  const changed = await again();
  assert.equal(changed.status, 200);
  assert.deepEqual(ranks(changed.body), [[1, "=Reds", 2]]);
});

test("a killed berthd loses nothing and counts nothing twice", async () => {
  const before = await berth.client().ok("GET", "/competitions/cup/board");
  await berth.kill("berthd");
  await berth.startBerthd();
  assert.deepEqual(await berth.client().ok("GET", "/competitions/cup/board"), before);
  const shown = await command(ann.token, "competition", "board", "cup");
  assert.match(shown.stdout, /1 +=Reds +- +2 /);
});

test("a check that was asked for in the last second counts, though berthd was killed before it was judged", async () => {
  const check = '#!/bin/sh\nwhile [ ! -e /machine/judge ]; do sleep 0.1; done\n[ "$(cat /machine/greeting)" = hello ] && echo OK || echo NO\n';
  await admin.ok("PUT", "/labs/slow", { manifest: { ...lab.manifest, check: { seconds: 60 } }, files: { ...lab.files, check } });
  await eventually("it is prepared", async () => (await admin.ok("GET", "/labs/slow")).lab.state === "draft");
  await admin.ok("POST", "/labs/slow/actions", { action: "publish", version: 1 });
  await admin.ok("PUT", "/competitions/sprint", { title: "Sprint", labs: ["slow"], windows: [{ begin: time(-1), end: time(60) }] });
  await bob.ok("POST", "/competitions/sprint/join", {});
  const { id, machines } = await bob.ok("POST", "/labs/slow/attempts?wait=30");
  await bob.shell({ id: machines[0].instance }, ["sh", "-c", "echo hello >/greeting"]);
  const ask = () => bob.api("POST", `/attempts/${id}/checks`).then(({ status }) => status, () => "cut off");
  const asked = [ask(), ask()];
  assert.equal(await Promise.race(asked), 409); // the other one is under way
  await bob.ok("POST", `/attempts/${id}/hints`); // stored after it
  await berth.kill("berthd");
  assert.deepEqual((await Promise.all(asked)).sort(), [409, "cut off"]);
  await berth.startBerthd();
  admin = berth.client({ token: berth.adminToken });
  bob = berth.client({ token: bob.token });
  await admin.ok("POST", "/competitions/sprint/end");
  assert.deepEqual(ranks(await admin.ok("GET", "/competitions/sprint/board")), [[1, "bob", 0]]);
  await bob.shell({ id: machines[0].instance }, ["touch", "/judge"]);
  await eventually("it is judged", async () => (await bob.ok("GET", `/attempts/${id}`)).state === "solved");
  assert.deepEqual(ranks(await admin.ok("GET", "/competitions/sprint/board")), [[1, "bob", 1]]);
  assert.equal((await bob.ok("GET", `/attempts/${id}/checks`)).items.length, 1);
  assert.equal(await ask(), 409); // it is solved
});

test("the results are told as JSON and CSV, to administrators only", async () => {
  admin = berth.client({ token: berth.adminToken });
  const [result] = (await admin.ok("GET", "/competitions/cup/export")).items;
  assert.deepEqual([result.members, result.standing.solved], [["ann", "bob"], 2]);
  const csv = await command(berth.adminToken, "competition", "export", "cup", "--csv");
  assert.match(csv.stdout, /^rank,name,region,members,solved,seconds,one,two\r\n1,'=Reds,,ann; bob,2,\d+,\d+,\d+\r\n$/);
  assert.equal((await command(ann.token, "competition", "export", "cup")).code, 1);
});

test("a board that is not public is for those who are signed in", async () => {
  await admin.ok("PUT", "/competitions/quiet", { title: "Quiet", labs: ["one"], windows: [{ begin: time(-1), end: time(60) }] });
  assert.equal((await berth.client().api("GET", "/competitions/quiet/board")).status, 401);
  assert.equal((await berth.client().api("GET", "/competitions/none/board")).status, 401);
  assert.deepEqual((await admin.ok("GET", "/competitions/quiet/board")).standings, []);
  const ended = await command(berth.adminToken, "--json", "competition", "end", "quiet");
  assert.ok(Date.parse(JSON.parse(ended.stdout).windows[0].end) <= Date.now());
  const late = await command(berth.adminToken, "competition", "join", "quiet");
  assert.equal(late.code, 1);
  assert.match(late.stderr, /it is over/);
});
