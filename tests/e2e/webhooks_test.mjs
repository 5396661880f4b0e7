// SPDX-License-Identifier: Apache-2.0
// What an administrator does with webhooks, in Chromium, on a whole real Berth and a receiver.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Berth } from "../integration/berth.mjs";
import { Browser, accessibilityFaults } from "./browser.mjs";

const receiver = { status: 204, bodies: [] };
let berth;
let browser;
before(async () => {
  receiver.server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    if (receiver.status === 204) receiver.bodies.push(JSON.parse(body));
    response.writeHead(receiver.status).end();
  });
  receiver.server.listen(0, "127.0.0.1");
  await once(receiver.server, "listening");
  receiver.url = `http://127.0.0.1:${receiver.server.address().port}/hook`;
  berth = await Berth.start({ waitForImage: false });
  browser = await Browser.start(berth);
});
after(async () => {
  await browser?.stop();
  await berth?.stop();
  receiver.server.closeAllConnections();
  receiver.server.close();
});

const card = (page) => page.getByRole("article", { name: receiver.url });
const shows = (page, name, value) => card(page).locator("dl > div").filter({ hasText: new RegExp(`^${name}\\s*${value}$`) }).waitFor();
const screenshot = (page, name) => process.env.BERTH_SCREENSHOTS && page.screenshot({ path: `${process.env.BERTH_SCREENSHOTS}/${name}.png`, fullPage: true });

test("a webhook is made, shows its secret once, is tested, fails, recovers and is removed", async () => {
  const page = await browser.signedIn();
  await page.getByRole("link", { name: "Events" }).click();
  await page.getByRole("link", { name: "Webhooks" }).click();
  await page.getByText("There is no webhook yet.").waitFor();
  await page.getByLabel("Address").fill("http://elsewhere.example/");
  await page.getByRole("button", { name: "Make the webhook" }).click();
  await page.getByText(/must begin with https/).waitFor();
  await page.getByLabel("Address").fill(receiver.url);
  await page.getByLabel("Tokens").check();
  await page.getByLabel("Attempts").check();
  await page.getByRole("button", { name: "Make the webhook" }).click();
  const secret = page.getByLabel(`Secret of ${receiver.url}`);
  assert.match(await secret.inputValue(), /^whsec_/);
  await card(page).getByText(/^Tokens, Attempts · made/).waitFor();
  await card(page).getByText("Enabled", { exact: true }).waitFor();

  await card(page).getByRole("button", { name: "Send a test" }).click();
  await card(page).getByText(/^It answered 204 after \d+ ms\.$/).waitFor();
  assert.equal(receiver.bodies[0].type, "webhook_test");
  await berth.admin.ok("POST", "/tokens", { name: "first", scopes: ["instances_read"] });
  await shows(page, "Delivered", 1);

  receiver.status = 500;
  await berth.admin.ok("POST", "/tokens", { name: "second", scopes: ["instances_read"] });
  await card(page).getByText("Failing", { exact: true }).waitFor();
  await card(page).getByText(/It answered 500\./).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await screenshot(page, "webhooks");
  receiver.status = 204;
  await card(page).getByRole("button", { name: "Send a test" }).click();
  await shows(page, "Delivered", 2);
  await card(page).getByText("Enabled", { exact: true }).waitFor();

  await page.reload();
  await shows(page, "Delivered", 2);
  assert.equal(await secret.count(), 0);
  await card(page).getByRole("button", { name: "New secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Make a new secret" }).click();
  assert.match(await secret.inputValue(), /^whsec_/);
  await card(page).getByRole("button", { name: "Disable" }).click();
  await card(page).getByText("Nothing is sent: An administrator disabled it. Enabled, it goes on where it stopped.").waitFor();
  await card(page).getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("There is no webhook yet.").waitFor();
  await page.context().close();
});

test("the page is accessible, small and dark, and tells a member that it is not theirs", async () => {
  await berth.admin.ok("POST", "/webhooks", { url: `https://receiver.example/${"long-".repeat(30)}` });
  const page = await browser.signedIn({ width: 360, height: 740, dark: true });
  await page.goto(`${berth.url}/webhooks`);
  await page.getByRole("article").waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
  await screenshot(page, "webhooks-small");
  await page.context().close();

  const account = (await berth.admin.ok("POST", "/accounts", { name: "member" })).account.id;
  const other = await browser.visitor();
  await other.goto(await browser.link(account));
  await other.getByRole("heading", { name: /^Instances/ }).first().waitFor();
  await other.getByRole("link", { name: "Events" }).click();
  await other.getByRole("heading", { name: "Events" }).waitFor();
  assert.equal(await other.getByRole("link", { name: "Webhooks" }).count(), 0);
  await other.goto(`${berth.url}/webhooks`);
  await other.getByText(/Your account may not do this/).waitFor();
  await other.context().close();
  browser.assertQuiet(/400 \(Bad Request\)/);
});
