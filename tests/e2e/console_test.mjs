// SPDX-License-Identifier: Apache-2.0
// The console as a visitor meets it, in Chromium, on a whole real Berth.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Berth } from "../integration/berth.mjs";
import { Browser, accessibilityFaults, openInstance, terminalHas, terminalText, type } from "./browser.mjs";

let berth;
let browser;
before(async () => {
  berth = await Berth.start();
  browser = await Browser.start(berth);
});
after(async () => {
  await browser?.stop();
  await berth?.stop();
});

test("a newcomer signs in by link, presses Start and works as root", async () => {
  const page = await browser.signedIn();
  assert.equal(new URL(page.url()).hash, "");
  await page.getByRole("button", { name: "Start busybox" }).click();
  await page.waitForURL(/\/instances\//);
  await terminalHas(page, "#");
  await type(page, "id -u; echo whoami-$(hostname)");
  await terminalHas(page, "whoami-busybox");
  const [instance] = (await berth.admin.ok("GET", "/instances")).items;
  await page.getByRole("button", { name: "Destroy" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: /Destroy/ }).click();
  await page.getByText("Gone").first().waitFor();
  assert.equal((await berth.admin.ok("GET", `/instances/${instance.id}`)).state, "gone");
  await page.context().close();
});

test("a reload finds the same shell with what was on the screen", async () => {
  const instance = await berth.running();
  const page = await browser.signedIn();
  await openInstance(page, berth, instance);
  await type(page, "kept=value-$((40 + 2)); echo before-reload-$kept");
  await terminalHas(page, "before-reload-value-42");
  await page.reload();
  await terminalHas(page, "before-reload-value-42");
  await type(page, "echo after-$kept");
  await terminalHas(page, "after-value-42");
  await page.context().close();
});

test("a killed server loses nothing of a terminal's output", async () => {
  const instance = await berth.running();
  const page = await browser.signedIn();
  await openInstance(page, berth, instance);
  // Counts until told to stop, so that it surely crosses the kill.
  await type(page, "n=0; while [ ! -e /tmp/stop ]; do n=$((n+1)); echo line-$n; usleep 2000; done; echo all-$n-done");
  await terminalHas(page, "line-2");
  await berth.kill("berthd");
  await berth.startBerthd();
  await berth.admin.shell(instance, "touch /tmp/stop");
  await page.waitForFunction(() => /all-\d+-done/.test(document.querySelector(".xterm-rows")?.innerText ?? ""));
  const last = Number((await terminalText(page)).match(/all-(\d+)-done/)[1]);
  const [session] = (await berth.admin.ok("GET", `/instances/${instance.id}/sessions`)).items;
  assert.equal(session.viewers, 1);
  const screen = [...(await terminalText(page)).replaceAll("\u00a0", " ").matchAll(/^line-(\d+)\s*$/gm)].map((match) => Number(match[1]));
  assert.ok(screen.length > 3);
  assert.deepEqual(screen, Array.from({ length: screen.length }, (_, index) => screen[0] + index));
  assert.equal(screen.at(-1), last);
  await page.context().close();
});

test("who leaves before the terminals are there gets none", async () => {
  const instance = await berth.running();
  const page = await browser.signedIn();
  const sessions = `**/instances/${instance.id}/sessions*`;
  let asked;
  const held = new Promise((resolve) => (asked = resolve));
  await page.route(sessions, asked);
  await page.goto(`${berth.url}/instances/${instance.id}`);
  const request = await held;
  await page.getByRole("link", { name: "Tokens" }).first().click();
  await page.getByRole("button", { name: "Create token" }).waitFor();
  const answered = page.waitForResponse(sessions);
  await request.continue();
  await (await answered).finished();
  await page.reload(); // what the answer set off has been done by then
  await page.getByRole("button", { name: "Create token" }).waitFor();
  assert.deepEqual((await berth.admin.ok("GET", `/instances/${instance.id}/sessions`)).items, []);
  await page.context().close();
});

test("terminals know their size, and there can be several", async () => {
  const instance = await berth.running();
  const page = await browser.signedIn();
  await openInstance(page, berth, instance);
  await type(page, "echo size-$(stty size | tr ' ' x)");
  await terminalHas(page, "size-");
  await page.waitForFunction(() => /size-\d+x\d+/.test(document.querySelector(".xterm-rows").innerText));
  const wide = Number((await terminalText(page)).match(/size-\d+x(\d+)/)[1]);
  await page.setViewportSize({ width: 700, height: 800 });
  await type(page, "clear; i=0; while [ $(stty size | cut -d' ' -f2) = " + wide + " ] && [ $i -lt 500 ]; do i=$((i+1)); usleep 10000; done; echo narrow-$(stty size | tr ' ' x)");
  await page.waitForFunction(() => /narrow-\d+x\d+/.test(document.querySelector(".xterm-rows").innerText));
  assert.ok(Number((await terminalText(page)).match(/narrow-\d+x(\d+)/)[1]) < wide);
  await page.getByRole("button", { name: "New terminal" }).click();
  await page.getByRole("tab").nth(1).waitFor();
  assert.equal((await berth.admin.ok("GET", `/instances/${instance.id}/sessions`)).items.length, 2);
  await page.context().close();
});

test("the lease is extended, files go in and out", async () => {
  const instance = await berth.running({ lifetime: 600 });
  const page = await browser.signedIn();
  await openInstance(page, berth, instance);
  await page.getByRole("region", { name: "Lease" }).getByRole("button", { name: /^Extend/ }).click();
  await page.getByRole("timer", { name: "Time left" }).filter({ hasText: /^1:\d\d:\d\d/ }).waitFor();
  const files = page.getByRole("region", { name: "Files" });
  await files.getByLabel("Choose files to copy in").setInputFiles({ name: "hello.txt", mimeType: "text/plain", buffer: Buffer.from("from the page\n") });
  await files.getByRole("list", { name: "Files copied in" }).getByText("hello.txt").waitFor();
  await page.waitForFunction(() => !document.querySelector('[role="progressbar"][aria-label^="Copying"]'));
  await type(page, "cat hello.txt");
  await terminalHas(page, "from the page");
  await files.getByLabel("Download the file or folder").fill("/root/hello.txt");
  const download = page.waitForEvent("download");
  await files.getByRole("button", { name: "Download" }).click();
  assert.equal(readFileSync(await (await download).path(), "utf8"), "from the page\n");
  await page.context().close();
});

test("the list is live without polling", async () => {
  const page = await browser.signedIn();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const instance = await berth.running({ name: "appears-by-itself" });
  const entry = page.getByRole("link", { name: "appears-by-itself" });
  await entry.waitFor();
  await berth.admin.ok("POST", `/instances/${instance.id}/actions`, { action: "stop" });
  await page.locator("li, tr").filter({ has: entry }).getByText("Stopped").waitFor();
  await berth.admin.call?.("DELETE", `/instances/${instance.id}`);
  assert.ok(asked.length < 15, `it asked ${asked.length} times: ${asked}`);
  await page.context().close();
});

test("a guest tries it without an account", async () => {
  const page = await browser.visitor();
  await page.goto(berth.url);
  await page.getByRole("button", { name: "Try as a guest" }).click();
  await page.getByRole("button", { name: "Start busybox" }).click();
  await terminalHas(page, "#");
  assert.equal(await page.getByRole("link", { name: "Accounts" }).count(), 0);
  await page.context().close();
});

test("a token is shown once and can be revoked", async () => {
  const page = await browser.signedIn();
  await page.goto(`${berth.url}/tokens`);
  await page.getByRole("textbox", { name: "Name" }).fill("from-the-page");
  await page.getByRole("button", { name: "Create token" }).click();
  const secret = await page.getByRole("textbox", { name: "Secret of from-the-page" }).inputValue();
  assert.equal((await berth.client({ token: secret }).ok("GET", "/account")).role, "admin");
  await page.reload();
  await page.getByRole("button", { name: "Revoke from-the-page" }).waitFor();
  assert.equal(await page.getByText(secret).count(), 0);
  await page.context().close();
});

const pages = ["/", "/images", "/events", "/tokens", "/accounts", "/services", "/api-docs", "/nowhere"];

for (const look of [{ dark: false, width: 1280 }, { dark: true, width: 1280 }, { dark: false, width: 380 }]) {
  test(`every page is accessible and fits (${look.dark ? "dark" : "light"}, ${look.width} px)`, async () => {
    const [instance] = (await berth.admin.ok("GET", "/instances")).items.filter(({ state }) => state === "running");
    const page = await browser.signedIn(look);
    const faults = [];
    for (const path of [...pages, `/instances/${instance.id}`]) {
      await page.goto(berth.url + path);
      await page.getByRole("heading").first().waitFor();
      if (path.startsWith("/instances/")) await terminalHas(page, "#");
      for (const fault of await accessibilityFaults(page)) faults.push(`${path}: ${fault}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) faults.push(`${path}: ${overflow} px too wide`);
    }
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}

test("the keyboard alone is enough", async () => {
  const instance = await berth.running();
  const page = await browser.signedIn();
  await openInstance(page, berth, instance);
  await page.locator(".xterm-helper-textarea").first().focus();
  await page.keyboard.type("echo typed\n");
  await terminalHas(page, "typed");
  await page.keyboard.press("Control+Shift+X");
  assert.equal(await page.evaluate(() => document.activeElement.classList.contains("xterm-helper-textarea")), false);
  await page.context().close();
});

test("the browser had nothing to complain about", () => {
  // A page that was open while the server was killed sees its connections refused; unknown pages are asked for on purpose.
  browser.assertQuiet(/ERR_CONNECTION_REFUSED|WebSocket connection|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|status of (401|404|409)/);
});
