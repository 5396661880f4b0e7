// SPDX-License-Identifier: Apache-2.0
// A resumable lab in Chromium, on a whole real Berth: stop and keep, see until when, resume, and find all as it was.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Berth, eventually } from "../integration/berth.mjs";
import { Browser, accessibilityFaults, terminalHas, type } from "./browser.mjs";

const says = (file) => `#!/bin/sh\n[ -e /machine/root/${file} ] && echo OK || echo NO\n`;
const lab = {
  manifest: { title: "Slow steps", summary: "As slowly as you like.", image: "busybox", plan: "disk", minutes: 5, steps: ["Make a", "Make b"], hints: ["touch"], resumable: true },
  files: {
    "task.md": "Take your time.",
    "step-1.md": "Type `touch /root/a`.",
    "step-2.md": "Type `touch /root/b`.",
    "check-1": says("a"),
    "check-2": says("b"),
  },
};

let berth;
let browser;
let learner;
before(async () => {
  berth = await Berth.start({ limits: { most_active: 6 }, extra: "[labs]\nleast_ready = 0\nmost_ready = 0\n" });
  browser = await Browser.start(berth);
  learner = await berth.member("learner");
  for (const [name, title] of [["slow", "Slow steps"], ["slower", "Slower steps"]]) {
    const { lab: { version } } = await berth.admin.ok("PUT", `/labs/${name}`, { ...lab, manifest: { ...lab.manifest, title } });
    await eventually(`${name} is prepared`, async () => (await berth.admin.ok("GET", `/labs/${name}?version=${version}`)).lab.state === "draft");
    await berth.admin.ok("POST", `/labs/${name}/actions`, { action: "publish", version });
  }
});
after(async () => {
  await browser?.stop();
  await berth?.stop();
});

async function asLearner(options) {
  const page = await browser.visitor(options);
  await page.goto(await browser.link(learner.account.id));
  await page.getByRole("heading", { name: /^Instances/ }).first().waitFor();
  return page;
}

const verdict = (page, kind) => page.locator(`[data-verdict="${kind}"]`).waitFor();
// For who wants to look at the pages.
const picture = (page, name) => (process.env.BERTH_PICTURES ? page.screenshot({ path: `${process.env.BERTH_PICTURES}/${name}.png` }) : undefined);

test("what was done is there again after Stop and keep and Resume", async () => {
  const page = await asLearner();
  await page.goto(`${berth.url}/labs/slow`);
  await page.getByText("When you stop it, for 7 days; at most 30 days in all").waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await terminalHas(page, "#");
  await type(page, "touch /root/a; echo made-$((1 + 1))");
  await terminalHas(page, "made-2");
  await page.getByRole("button", { name: "Check step 1" }).click();
  await verdict(page, "step");
  const attempt = page.url();

  await page.getByRole("button", { name: "Stop and keep" }).click();
  const kept = page.getByRole("region", { name: "Stopped" });
  await kept.getByRole("heading", { name: /^Kept until .*20\d\d/ }).waitFor();
  assert.equal(await page.getByRole("timer", { name: "Time left" }).count(), 0);
  assert.equal(await page.getByRole("button", { name: /^Check/ }).count(), 0);
  assert.deepEqual(await accessibilityFaults(page), []);
  await picture(page, "stopped");

  await page.goto(`${berth.url}/attempts`);
  await page.getByRole("row").filter({ hasText: "Slow steps" }).getByText(/^kept until/).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.goto(`${berth.url}/labs`);
  await page.getByRole("link", { name: "Stopped: resume with Slow steps" }).waitFor();
  await picture(page, "catalogue");
  await page.goto(`${berth.url}/labs/slower`);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("resumable lab 'slow'").waitFor();

  await page.goto(`${berth.url}/labs/slow`);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.waitForURL(attempt);
  await terminalHas(page, "#");
  await page.getByRole("timer", { name: "Time left" }).filter({ hasText: /^(5:00|4:\d\d)/ }).waitFor();
  await page.getByRole("region", { name: "Steps" }).getByText("1 of 2 done").waitFor();
  await type(page, "ls /root/a && touch /root/b; echo made-$((2 + 2))");
  await terminalHas(page, "made-4");
  await page.getByRole("button", { name: "Check step 2" }).click();
  await verdict(page, "solved");

  // A solved one is kept as well, and goes on from its own page.
  await page.getByRole("button", { name: "Stop and keep" }).click();
  await kept.getByRole("button", { name: "Resume" }).click();
  await terminalHas(page, "#");
  await page.getByText(/^Solved in \d/).first().waitFor();
  await page.context().close();
});

test("a notice stands over what will soon be gone", async () => {
  const { items: [attempt] } = await learner.ok("GET", "/attempts");
  await learner.ok("POST", `/attempts/${attempt.id}/stop`);
  const page = await asLearner({ dark: true, width: 390, height: 800 });
  const soon = (given) => ({ ...given, leaving: true, kept_until: new Date(Date.now() + 20 * 3600 * 1000).toISOString() });
  await page.route(/\/api\/v1\/attempts(\?|\/|$)/, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    await route.fulfill({ response, json: body.items ? { ...body, items: body.items.map(soon) } : soon(body) });
  });
  for (const path of ["/attempts", `/attempts/${attempt.id}`]) {
    await page.goto(berth.url + path);
    await page.getByText("What you did in “Slow steps” is kept until").waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await picture(page, `leaving${path.length}`);
  }
  await page.context().close();
});

test("the browser had nothing to complain about", () => {
  browser.assertQuiet(/409/);
});
