// SPDX-License-Identifier: Apache-2.0
// One instance, every door: started over SSH, seen and typed into in the page, filled by the page, read over SFTP and by
// the command, with one clock and one event log for all of them.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Berth, eventually } from "../integration/berth.mjs";
import { Browser, terminalHas, terminalText, type } from "./browser.mjs";

const place = mkdtempSync(join(tmpdir(), "berth-doors-"));
const started = [];
let berth;
let browser;
let door;
let page;
let instance;
before(async () => {
  berth = await Berth.start({ berthdOptions: ["--ssh-listen", "127.0.0.1:0"] });
  browser = await Browser.start(berth);
  door = await berth.admin.ok("GET", "/ssh");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(place, "key")]);
  await berth.admin.ok("POST", "/ssh-keys", { key: readFileSync(join(place, "key.pub"), "utf8") });
});
after(async () => {
  for (const child of started) child.kill("SIGKILL");
  await browser?.stop();
  try {
    await berth?.stop();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

const options = [
  ...["-F", "none", "-i", join(place, "key"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"],
  ...["-o", "StrictHostKeyChecking=accept-new", "-o", `UserKnownHostsFile=${join(place, "known")}`],
];

// A shell by SSH on a terminal. said() is what its client prints.
function shell(user) {
  const child = spawn("ssh", ["-tt", ...options, "-p", String(door.port), `${user}@127.0.0.1`], { env: { PATH: process.env.PATH, TERM: "xterm" } });
  started.push(child);
  let text = "";
  child.stdout.on("data", (bytes) => (text += bytes.toString("latin1")));
  child.stdin.on("error", () => {});
  const ended = new Promise((resolve) => child.on("close", (status) => resolve(status)));
  return { say: (line) => child.stdin.write(`${line}\n`), said: () => text, ended };
}

const command = async (...words) => (await promisify(execFile)(berth.program("berth"), words, { env: { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken } })).stdout;

let first;

test("SSH starts an instance, and the page shows it and that shell", async () => {
  first = shell("busybox");
  await eventually("a greeting and a prompt", () => /is your new machine, for .*#/s.test(first.said()));
  const [, id] = /come back with: ssh -p \d+ (\S+)@127\.0\.0\.1/.exec(first.said());
  instance = await berth.admin.ok("GET", `/instances/${id}`);
  first.say("kept=by-ssh-$((40+2)); echo $kept");
  await eventually("the answer", () => first.said().includes("by-ssh-42"));
  page = await browser.signedIn();
  await page.getByRole("link", { name: instance.name }).click();
  await terminalHas(page, "by-ssh-42");
  assert.equal(await page.getByRole("tab").count(), 1);
  const { items } = await berth.admin.ok("GET", `/instances/${id}/sessions`);
  assert.deepEqual(items.map(({ kind, running, viewers }) => ({ kind, running, viewers })), [{ kind: "terminal", running: true, viewers: 2 }]);
});

test("what is typed in the page appears at the SSH client, and the other way round", async () => {
  await type(page, "echo page-$kept");
  await eventually("what the page typed", () => first.said().includes("page-by-ssh-42"));
  first.say("echo ssh-$((6*7))");
  await terminalHas(page, "ssh-42");
  assert.match(await terminalText(page), /page-by-ssh-42/);
});

test("a file dropped in the page is there over SFTP and for the command", async () => {
  const bytes = "dropped in the page\n";
  const dropped = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "dropped.txt", { type: "text/plain" }));
    return data;
  }, bytes);
  for (const event of ["dragenter", "dragover", "drop"]) await page.dispatchEvent("main", event, { dataTransfer: dropped });
  await page.getByRole("list", { name: "Files copied in" }).getByText("dropped.txt").waitFor();
  await eventually("the file", async () => (await command("exec", instance.id, "--", "sh", "-c", "cat /root/dropped.txt 2>/dev/null || true")) === bytes);
  const sftp = spawn("sftp", [...options, "-q", "-P", String(door.port), "-b", "-", `${instance.id}@127.0.0.1`], { stdio: ["pipe", "ignore", "inherit"] });
  started.push(sftp);
  sftp.stdin.end(`get /root/dropped.txt ${join(place, "got")}\n`);
  assert.equal(await new Promise((resolve) => sftp.on("close", resolve)), 0);
  assert.equal(readFileSync(join(place, "got"), "utf8"), bytes);
  first.say("cat /root/dropped.txt");
  await eventually("the file in the shell", () => first.said().includes("dropped in the page"));
});

test("Extend in the page changes the time that SSH tells", async () => {
  const minutes = async () => {
    const next = shell(instance.id);
    await eventually("a greeting", () => /\[berth\] \S+ has (.*) left; come back/.test(next.said()));
    const [, left] = /has (.*) left/.exec(next.said());
    next.say("exit");
    await next.ended;
    const number = Number.parseInt(left, 10);
    return /hour/.test(left) ? number * 60 : number;
  };
  const earlier = await minutes();
  assert.ok(earlier <= 60, `${earlier} minutes`);
  await page.getByRole("region", { name: "Lease" }).getByRole("button", { name: /^Extend/ }).click();
  await page.getByRole("timer", { name: "Time left" }).filter({ hasText: /^(1:5\d|2:00):\d\d/ }).waitFor();
  const later = await minutes();
  assert.ok(later > 110 && later <= 120, `${later} minutes`);
});

test("the end in the page is the end at the SSH client, and one event log tells all of it", async () => {
  await page.getByRole("button", { name: "Destroy" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: /Destroy/ }).click();
  await first.ended;
  assert.match(first.said(), /this machine is gone/);
  await berth.admin.happened(instance, "instance_gone");
  const { items } = await berth.admin.ok("GET", `/events?instance=${instance.id}&limit=100`);
  const types = items.map((event) => event.type);
  const story = ["instance_created", "session_opened", "instance_extended", "instance_gone"];
  assert.deepEqual([...new Set(types)].filter((name) => story.includes(name)), story);
  assert.equal(items.find((event) => event.type === "session_opened").detail, "a terminal was opened");
});

test("the browser had nothing to complain about", () => {
  browser.assertQuiet(/WebSocket connection|status of (401|404|409)/);
});
