// SPDX-License-Identifier: Apache-2.0
// A competition as participants and the public meet it, in Chromium, on a whole real Berth.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Berth, eventually } from "../integration/berth.mjs";
import { Browser, accessibilityFaults } from "./browser.mjs";

const lab = {
  manifest: { title: "The greeting", image: "busybox", plan: "small", minutes: 10 },
  files: { "task.md": "Say hello.", setup: "#!/bin/sh\n:\n", check: "#!/bin/sh\necho OK\n", solution: "#!/bin/sh\n:\n" },
};
const hostile = `<img src=x onerror="globalThis.hacked=1">`;

let berth;
let browser;
let ann;
before(async () => {
  berth = await Berth.start();
  browser = await Browser.start(berth);
  ann = await berth.member("ann");
  await berth.admin.ok("PUT", "/labs/greeting", lab);
  await eventually("the lab is prepared", async () => (await berth.admin.ok("GET", "/labs/greeting")).lab.state === "draft");
  await berth.admin.ok("POST", "/labs/greeting/actions", { action: "publish", version: 1 });
  await berth.admin.ok("PUT", "/competitions/cup", {
    title: `The cup ${hostile}`,
    text: `Be **quick**. ${hostile}`,
    labs: ["greeting"],
    team_size: 2,
    public_board: true,
    windows: [{ begin: new Date(Date.now() - 60_000).toISOString(), end: new Date(Date.now() + 3_600_000).toISOString() }],
  });
});
after(async () => {
  await browser?.stop();
  await berth?.stop();
});

test("a team is founded, its lab is solved, and the public board shows it by itself", async () => {
  const page = await browser.visitor();
  await page.goto(await browser.link(ann.account.id));
  await page.getByRole("heading", { name: /^Instances/ }).first().waitFor();
  await page.goto(`${berth.url}/labs`);
  await page.getByRole("link", { name: "Competitions" }).click();
  await page.getByRole("link", { name: /^The cup/ }).click();
  await page.getByLabel("Name of a new team").fill(`Reds ${hostile}`);
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByText("Team code").first().waitFor();
  await page.getByRole("timer", { name: "Time left" }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  const viewer = await browser.visitor();
  await viewer.goto(`${berth.url}/boards/cup`);
  await viewer.getByRole("row", { name: /Reds .* 0 / }).waitFor();
  const attempt = await ann.ok("POST", "/labs/greeting/attempts?wait=30");
  assert.equal((await ann.ok("POST", `/attempts/${attempt.id}/checks`)).verdict, "solved");
  await viewer.getByRole("row", { name: /Reds .* 1 / }).waitFor();
  await page.getByText(/^Solved after/).waitFor();
  assert.deepEqual(await accessibilityFaults(viewer), []);
  for (const each of [page, viewer]) assert.equal(await each.evaluate(() => globalThis.hacked), undefined);
});
