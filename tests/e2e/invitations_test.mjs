// SPDX-License-Identifier: Apache-2.0
// An interview as its reviewer and its candidate meet it, in Chromium, on a whole real Berth.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Berth, eventually } from "../integration/berth.mjs";
import { Browser, accessibilityFaults, terminalHas, type } from "./browser.mjs";

const lab = (title) => ({
  manifest: { title, summary: "A file is in the way.", image: "busybox", plan: "small", minutes: 20, hints: ["Remove it."] },
  files: {
    "task.md": "Remove `/etc/broken`.\n",
    setup: "#!/bin/sh\ntouch /etc/broken\n",
    check: "#!/bin/sh\n[ -e /machine/etc/broken ] && echo 'NO it is there' || echo OK\n",
  },
});

let berth;
let browser;
before(async () => {
  berth = await Berth.start({ limits: { most_active: 6 } });
  browser = await Browser.start(berth);
  for (const [name, title] of [["first", "The first"], ["second", "The second"]]) {
    await berth.admin.ok("PUT", `/labs/${name}`, lab(title));
    await eventually(`${name} is prepared`, async () => (await berth.admin.ok("GET", `/labs/${name}`)).lab.state === "draft");
    await berth.admin.ok("POST", `/labs/${name}/actions`, { action: "publish", version: 1 });
  }
});
after(async () => {
  await browser?.stop();
  await berth?.stop();
});

test("a reviewer invites, a candidate begins and works, and the reviewer watches and replays", async () => {
  const reviewer = await browser.signedIn();
  await reviewer.goto(`${berth.url}/invitations`);
  await reviewer.getByLabel("Their name, or a note").fill("Cora");
  await reviewer.getByLabel("The first").check();
  await reviewer.getByRole("button", { name: "Make the link" }).click();
  const link = (await reviewer.getByLabel("Invitation of Cora").inputValue()).replace(/^.*(\/invited#)/, `${berth.url}$1`);
  assert.deepEqual(await accessibilityFaults(reviewer), []);

  const candidate = await browser.visitor();
  await candidate.goto(link);
  await candidate.getByRole("heading", { name: "Welcome, Cora" }).waitFor();
  await candidate.getByText("What your terminals show is recorded").waitFor();
  assert.deepEqual(await accessibilityFaults(candidate), []);
  await candidate.getByRole("button", { name: "Begin" }).click();
  await candidate.getByRole("link", { name: "The first" }).waitFor();
  assert.equal(await candidate.getByText("The second").count(), 0);
  await candidate.goto(`${berth.url}/labs/first`);
  await candidate.getByRole("button", { name: /^Start/ }).click();
  await candidate.waitForURL(/\/attempts\//);
  await terminalHas(candidate, "#");

  await reviewer.getByRole("link", { name: "Cora" }).click();
  await reviewer.getByText("Under way").waitFor();
  await reviewer.getByRole("button", { name: "Watch" }).click();
  await candidate.getByText("admin watches").waitFor();
  await type(candidate, "rm /etc/broken; echo seen-$((40 + 2))");
  await terminalHas(reviewer, "seen-42");
  assert.equal(await reviewer.getByRole("button", { name: "Take over" }).count(), 0);
  assert.deepEqual(await accessibilityFaults(reviewer), []);
  await candidate.getByRole("button", { name: "Check" }).click();
  await candidate.locator('[data-verdict="solved"]').waitFor();
  await reviewer.getByText(/^Solved in/).waitFor();
  await reviewer.getByRole("link", { name: /^Replay/ }).click();
  await reviewer.waitForURL(/\/recordings\//);

  const late = await browser.visitor();
  await late.goto(link);
  await late.getByText("Opened.").waitFor();
  assert.equal(await late.getByRole("button", { name: "Begin" }).count(), 0);
  browser.assertQuiet(/401/); // nobody is signed in at first
});
