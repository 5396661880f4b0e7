// SPDX-License-Identifier: Apache-2.0
// Recordings of terminals, by whatever door; live watching.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Berth, defaultPlans, eventually } from "./berth.mjs";
import { Attachment } from "./terminal.mjs";

const place = mkdtempSync(join(tmpdir(), "berth-recordings-"));
let berth;
let admin;
before(async () => {
  const plans = [...defaultPlans, { ...defaultPlans[0], name: "seen", recording: "private" }, { ...defaultPlans[0], name: "shown", recording: "public" }];
  berth = await Berth.start({ plans, berthdOptions: ["--ssh-listen", "127.0.0.1:0"], extra: '[recordings]\nlargest = "128KiB"\n' });
  admin = berth.admin;
});
after(async () => {
  rmSync(place, { recursive: true, force: true });
  await berth?.stop();
});

const recordings = async (query = "", client = admin) => (await client.ok("GET", `/recordings${query}`)).items;
const openTerminal = (instance, client = admin) => client.ok("POST", `/instances/${instance.id}/sessions`, { columns: 90, rows: 25 });
const recordingOf = async (instance) => (await recordings(`?instance=${instance.id}`))[0];
const ended = (instance) => eventually("the end of the recording", async () => {
  const recording = await recordingOf(instance);
  return recording?.ended_at ? recording : undefined;
});

async function castOf(recording, headers = admin.headers) {
  const answer = await fetch(`${admin.url}/api/v1/recordings/${recording.id}/cast`, { headers });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/x-asciicast");
  return answer.text();
}
const eventsOf = (cast) => cast.trimEnd().split("\n").slice(1).map((line) => JSON.parse(line));
const shownBy = (cast) => eventsOf(cast).filter(([, code]) => code === "o").map(([, , text]) => text).join("");

test("a terminal of the page is recorded with its times and sizes, and asciinema plays it", async () => {
  const instance = await berth.running({ plan: "seen" });
  assert.equal(instance.recording, "private");
  const session = await openTerminal(instance);
  const viewer = await Attachment.open(admin, instance, session);
  viewer.control({ type: "resize", columns: 100, rows: 30 });
  viewer.send("printf 'gr\\303'; sleep 0.3; printf '\\266\\303\\237e \\377 needle-%s\\n' $((1 + 1))\n");
  await viewer.says("needle-2\r\n");
  assert.deepEqual((await admin.ok("GET", `/instances/${instance.id}/sessions`)).items[0].viewers, 1);
  await admin.refused(409, "conflict", "DELETE", `/recordings/${(await recordingOf(instance)).id}`);
  viewer.send("exit\n");
  await viewer.until(({ exit }) => exit);
  const recording = await ended(instance);
  assert.equal(recording.truncated, false);
  const cast = await castOf(recording);
  assert.equal(Buffer.byteLength(cast), recording.size);
  const header = JSON.parse(cast.split("\n")[0]);
  assert.deepEqual([header.version, header.width, header.height], [2, 90, 25]);
  assert.ok(shownBy(cast).includes("größe \ufffd needle-2"), shownBy(cast));
  assert.ok(eventsOf(cast).some(([, code, size]) => code === "r" && size === "100x30"));
  const times = eventsOf(cast).map(([time]) => time);
  assert.deepEqual(times, times.toSorted((one, other) => one - other));
  assert.ok(times.at(-1) - times[0] >= 0.3);

  writeFileSync(join(place, "one.cast"), cast);
  // It wants a terminal, which turns a line feed into two characters.
  const words = ["-qec", `asciinema cat ${join(place, "one.cast")}`, "/dev/null"];
  const played = execFileSync("script", words, { env: { ...process.env, HOME: place, LANG: "C.UTF-8" }, stdio: ["ignore", "pipe", "inherit"] });
  assert.equal(played.toString().replaceAll("\r", ""), shownBy(cast).replaceAll("\r", ""));

  assert.equal((await recordings("?q=NEEDLE")).length, 1);
  assert.equal((await recordings("?q=need%20gr%C3%B6")).length, 1);
  assert.equal((await recordings("?q=haystack")).length, 0);
  const files = readdirSync(join(berth.dataDir, "server", "recordings"));
  await eventually("the log's end", () => readdirSync(join(berth.dataDir, "server", "recordings")).length === 1);
  assert.ok(files.includes(`${recording.id}.cast.zst`));
  await admin.ok("DELETE", `/recordings/${recording.id}`);
  assert.deepEqual(readdirSync(join(berth.dataDir, "server", "recordings")), []);
});

test("a terminal by SSH is recorded, and says so", async () => {
  const instance = await berth.running({ plan: "seen" });
  const { port } = await admin.ok("GET", "/ssh");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(place, "key")]);
  await admin.ok("POST", "/ssh-keys", { key: readFileSync(join(place, "key.pub"), "utf8") });
  const options = ["-F", "none", "-i", join(place, "key"), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
  const client = spawn("ssh", [...options, "-tt", "-p", String(port), `${instance.id}@127.0.0.1`], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  client.stdout.on("data", (bytes) => (said += bytes));
  client.stdin.write("echo by-$((40 + 2))-ssh\nexit\n");
  await new Promise((resolve) => client.on("close", resolve));
  assert.match(said, /\[berth\] what this terminal shows is recorded/);
  const recording = await ended(instance);
  assert.ok(shownBy(await castOf(recording)).includes("by-42-ssh"));
});

test("a killed berthd goes on with the recording: nothing that the terminal showed is missing", async () => {
  const instance = await berth.running({ plan: "seen" });
  const session = await openTerminal(instance);
  const first = await Attachment.open(admin, instance, session);
  first.send("stty -echo; number=0; while [ $number -lt 3000 ]; do number=$((number + 1)); echo $number; [ $((number % 100)) = 0 ] && sleep 0.05; done; read word; exit\n");
  await first.says("\n1000\r\n");
  await berth.kill("berthd");
  await first.until(({ fault, closed }) => fault || closed, "the end of the connection");
  await berth.startBerthd();
  const second = await Attachment.open(admin, instance, session, { offset: first.position });
  await second.says("\n3000\r\n");
  second.send("word\n");
  const recording = await ended(instance);
  assert.equal(recording.truncated, false);
  const numbers = shownBy(await castOf(recording)).match(/^\d+$/gm).map(Number);
  assert.deepEqual(numbers, Array.from({ length: 3000 }, (_, number) => number + 1));
});

test("a terminal whose machine ended while berthd was away ends its recording", async () => {
  const instance = await berth.running({ plan: "seen" });
  const session = await openTerminal(instance);
  const viewer = await Attachment.open(admin, instance, session);
  viewer.send("echo last-words\n");
  await viewer.says("last-words\r\n");
  await eventually("what was shown in the recording", async () => (await castOf(await recordingOf(instance))).includes("last-words"));
  await berth.kill("berthd");
  process.kill(berth.processes(instance)[0], "SIGKILL");
  await eventually("the end of the machine", () => berth.processes(instance).length === 0);
  await berth.startBerthd();
  const recording = await ended(instance);
  assert.ok((await castOf(recording)).includes("last-words"));
});

test("a recording that grows too large is cut with a mark, and the terminal goes on", async () => {
  const instance = await berth.running({ plan: "seen" });
  const session = await openTerminal(instance);
  const viewer = await Attachment.open(admin, instance, session);
  viewer.send("seq 1 60000; echo still-$((1 + 1))-here\n");
  await viewer.says("still-2-here");
  const recording = await ended(instance);
  assert.equal(recording.truncated, true);
  const last = eventsOf(await castOf(recording)).slice(-2);
  assert.deepEqual(last.map(([, code]) => code), ["o", "m"]);
  assert.match(last[1][2], /cut here/);
  await viewer.close();
});

test("others see a public recording, and a private one by its link only", async () => {
  const other = await berth.member("other");
  const secret = await berth.running({ plan: "seen" });
  const open = await berth.running({ plan: "shown" });
  for (const instance of [secret, open]) {
    const session = await openTerminal(instance);
    await admin.ok("DELETE", `/instances/${instance.id}/sessions/${session.id}`);
    await ended(instance);
  }
  const [hidden, shown] = [await recordingOf(secret), await recordingOf(open)];
  const nobody = berth.client();
  await nobody.refused(404, "not_found", "GET", `/recordings/${hidden.id}`);
  await other.refused(404, "not_found", "GET", `/recordings/${hidden.id}`);
  await other.refused(404, "not_found", "DELETE", `/recordings/${shown.id}`);
  await other.refused(404, "not_found", "POST", `/recordings/${shown.id}/share`);
  assert.equal((await nobody.ok("GET", `/recordings/${shown.id}`)).mine, false);
  await castOf(shown, {});
  assert.deepEqual(await recordings("", other), []);

  const { url } = await admin.ok("POST", `/recordings/${hidden.id}/share`);
  const key = url.slice(url.lastIndexOf("/") + 1);
  assert.equal((await nobody.ok("GET", `/shared-recordings/${key}`)).id, hidden.id);
  assert.equal((await fetch(`${admin.url}/api/v1/shared-recordings/${key}/cast`)).status, 200);
  assert.equal((await recordingOf(secret)).shared, true);
  await admin.ok("DELETE", `/recordings/${hidden.id}/share`);
  await nobody.refused(404, "not_found", "GET", `/shared-recordings/${key}`);
});

test("watchers are seen, may only look, or take over until they give it back", async () => {
  const learner = await berth.member("learner");
  const instance = await berth.running({}, learner);
  const session = await openTerminal(instance, learner);
  const own = await Attachment.open(learner, instance, session);
  const guide = await Attachment.open(admin, instance, session, { role: "view" });
  await own.until(({ viewers }) => viewers?.length === 2);
  await guide.until(({ mayWrite }) => mayWrite !== undefined);
  assert.deepEqual(own.viewers.map(({ name, role, self }) => [name, role, self]).sort(), [["admin", "view", false], ["learner", "interact", true]]);
  assert.equal(guide.mayWrite, false);
  guide.send("echo from-the-guide\n");
  own.send("echo mine-$((1 + 1))\n");
  await own.says("mine-2");
  assert.ok(!own.text.includes("from-the-guide"));
  guide.control({ type: "role", role: "take_over" });
  await own.until(({ mayWrite }) => mayWrite === false);
  own.send("echo not-taken\n");
  guide.send("echo taken-$((1 + 1))\n");
  await own.says("taken-2");
  assert.ok(!own.text.includes("not-taken"));
  await guide.close();
  await own.until(({ mayWrite, viewers }) => mayWrite && viewers.length === 1);
  own.send("echo again-$((1 + 1))\n");
  await own.says("again-2");
  const { items } = await learner.ok("GET", `/events?instance=${instance.id}`);
  assert.deepEqual(items.filter(({ type }) => type === "session_watched").map(({ detail }) => detail), ["admin watches a session", "admin took over a session"]);
});

test("the command lists, shows, downloads, shares and removes recordings", async () => {
  const instance = await berth.running({ plan: "seen" });
  const session = await openTerminal(instance);
  const viewer = await Attachment.open(admin, instance, session);
  viewer.send("echo by-the-command-$((1 + 1)); exit\n");
  await viewer.until(({ exit }) => exit);
  const recording = await ended(instance);
  const environment = { PATH: process.env.PATH, HOME: place, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken };
  const command = (...words) => execFileSync(berth.program("berth"), words, { encoding: "utf8", env: environment, cwd: place });
  assert.match(command("recording", "ls", "by command"), new RegExp(`^ID .*\n${recording.id} .*shell.*private`));
  assert.equal(JSON.parse(command("--json", "recording", "ls", "--instance", instance.id)).items[0].id, recording.id);
  assert.match(command("recording", "show", recording.id), /title +busybox-\w+: shell/);
  command("recording", "get", recording.id);
  assert.ok(shownBy(readFileSync(join(place, `${recording.id}.cast`), "utf8")).includes("by-the-command-2"));
  assert.match(command("recording", "share", recording.id), /\/shared\/berth_[a-z2-7]{32}\n$/);
  command("recording", "share", "--revoke", recording.id);
  assert.equal(command("recording", "rm", recording.id), `${recording.id} removed\n`);
  assert.match(command("plan", "ls"), /RECORDED/);
});
