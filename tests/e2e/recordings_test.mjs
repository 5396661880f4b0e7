// SPDX-License-Identifier: Apache-2.0
// Recordings in the console: the notice, list, search, player, link and removal; and who watches a terminal. What
// terminals show is hostile text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Berth, defaultPlans, eventually } from "../integration/berth.mjs";
import { accessibilityFaults, Browser, openInstance, terminalHas, type } from "./browser.mjs";

let berth;
let browser;
const shots = process.env.BERTH_SCREENSHOTS;
const shot = (page, name) => (shots ? page.screenshot({ path: `${shots}/${name}.png`, fullPage: true }) : undefined);

before(async () => {
  berth = await Berth.start({ plans: [...defaultPlans, { ...defaultPlans[0], name: "seen", recording: "private" }] });
  browser = await Browser.start(berth);
});
after(async () => {
  await browser?.stop();
  await berth?.stop();
});

// What would run, if any of it became markup.
const attack = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>";
const assertUnhurt = async (page) => {
  assert.equal(await page.evaluate(() => window.hit), undefined);
  assert.equal(await page.locator("img[src=x]").count(), 0);
};

test("a person is told, plays, searches, shares and removes what a terminal showed", async () => {
  const instance = await berth.running({ plan: "seen" });
  const page = await browser.signedIn();
  await openInstance(page, berth, instance);
  await page.getByRole("note").getByText("What these terminals show is recorded").waitFor();
  await shot(page, "recorded-terminal");
  await type(page, `printf '\\033]0;${attack.replaceAll("'", "")}\\007'; echo '${attack} needle'`);
  await terminalHas(page, "needle");
  await type(page, "exit");
  await eventually("the end of the recording", async () => (await berth.admin.ok("GET", "/recordings")).items[0]?.ended_at);

  await page.getByRole("link", { name: "Recordings" }).first().click();
  await page.getByRole("searchbox").fill("needl");
  await page.getByRole("button", { name: "Search" }).click();
  const title = page.getByRole("link", { name: /: shell$/ });
  await title.waitFor();
  await shot(page, "recordings");
  assert.deepEqual(await accessibilityFaults(page), []);
  await title.click();

  await page.locator(".ap-player").waitFor();
  await page.getByLabel("Search in what it shows").fill("NEEDLE");
  const line = page.getByRole("button", { name: /needle/ }).first();
  await line.click();
  await page.getByLabel("Speed").selectOption("8");
  await page.locator(".ap-player").waitFor();
  await shot(page, "player");
  await assertUnhurt(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
  assert.match(readFileSync(await download.path(), "utf8"), /^\{"version":2,/);

  await page.getByRole("button", { name: "Share by link" }).click();
  const link = new URL(await page.getByLabel("Link").inputValue());
  const visitor = await browser.visitor({ width: 480 });
  await visitor.goto(berth.url + link.pathname);
  await visitor.locator(".ap-player").waitFor();
  assert.equal(await visitor.getByRole("button", { name: "Remove" }).count(), 0);
  await shot(visitor, "shared");
  await assertUnhurt(visitor);
  await page.getByRole("button", { name: "Revoke the link" }).click();
  await page.getByRole("button", { name: "Share by link" }).waitFor();
  await visitor.reload();
  await visitor.getByText("there is no such recording").waitFor();

  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("Nothing is recorded yet.").waitFor();
  browser.assertQuiet(/404|401/);
});

test("a learner sees who watches, and gives the terminal away only while somebody has taken over", async () => {
  const learner = await berth.member("learner");
  const instance = await berth.running({}, learner);
  const own = await browser.visitor();
  await own.goto(await browser.link(learner.account.id));
  await own.getByRole("heading", { name: /^Instances/ }).first().waitFor();
  await openInstance(own, berth, instance);
  const guide = await browser.signedIn();
  await openInstance(guide, berth, instance);
  await own.getByText("admin watches", { exact: true }).waitFor();
  await guide.getByText("What you type here is not taken").waitFor();
  await shot(own, "watched");
  await guide.getByRole("button", { name: "Take over" }).click();
  await own.getByText("admin has taken over", { exact: false }).first().waitFor();
  await type(own, "echo not-$((1 + 1))");
  await type(guide, "echo taken-$((1 + 1))");
  await terminalHas(own, "taken-2");
  await guide.getByRole("button", { name: "Only watch" }).click();
  await own.getByText("admin watches", { exact: true }).waitFor();
  await type(own, "echo mine-$((1 + 1))");
  await terminalHas(guide, "mine-2");
  assert.equal((await own.locator(".xterm-rows").first().innerText()).includes("not-2"), false);
  assert.deepEqual(await accessibilityFaults(own), []);
  browser.assertQuiet(/404|401/);
});
