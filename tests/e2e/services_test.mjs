// SPDX-License-Identifier: Apache-2.0
// What an administrator sees of services and pools, in Chromium, on a whole real Berth.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Berth } from "../integration/berth.mjs";
import { Browser, accessibilityFaults } from "./browser.mjs";

const echo = { name: "echo", image: "busybox", command: ["nc", "-lk", "-p", "1337", "-e", "cat"], port: 1337, least_ready: 2, most_ready: 8, max_instances: 10 };

let berth;
let browser;
before(async () => {
  berth = await Berth.start({ services: [echo], pools: [{ image: "no-such-image", plan: "small", least: 1, most: 2 }], limits: { most_active: 6 } });
  browser = await Browser.start(berth);
});
after(async () => {
  await browser?.stop();
  await berth?.stop();
});

// A connection that has come all the way: what it says comes back.
async function visit() {
  const { port } = (await berth.admin.ok("GET", "/services")).items.find(({ name }) => name === "echo");
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.write("hello\n");
  const [said] = await once(socket, "data");
  assert.equal(said.toString(), "hello\n");
  return { socket, closed: once(socket, "close") };
}

const card = (page) => page.getByRole("article", { name: "echo" });
const shows = (page, name, value) => card(page).locator("dl > div").filter({ hasText: new RegExp(`^${name}\\s*${value}$`) }).waitFor();

test("a service is shown as it is now, and a reset ends its connections", async () => {
  const page = await browser.signedIn();
  await page.getByRole("link", { name: "Services" }).click();
  await page.getByRole("heading", { name: "Services", level: 1 }).waitFor();
  const { port } = (await berth.admin.ok("GET", "/services")).items[0];
  await card(page).getByText(`nc 127.0.0.1 ${port}`, { exact: true }).waitFor();
  await card(page).getByText(/an instance for each connection/).waitFor();
  await shows(page, "Live connections", 0);
  const visitors = [await visit(), await visit()];
  await shows(page, "Live connections", 2);
  await shows(page, "Visits", 2);
  await card(page).getByText("2 of 10").waitFor();

  await card(page).getByRole("button", { name: "Reset echo" }).click();
  const dialog = page.getByRole("dialog", { name: "Reset echo?" });
  await dialog.getByText("All 2 of its instances end and 2 connections with them. Whoever connects next gets a fresh one.").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.equal(visitors[0].socket.closed, false);

  // The keyboard alone: the dialog gives the focus back to the button.
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Reset echo");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Reset", exact: true }).focus();
  await page.keyboard.press("Enter");
  await Promise.all(visitors.map(({ closed }) => closed));
  await dialog.waitFor({ state: "hidden" });
  await shows(page, "Live connections", 0);
  await card(page).getByText("0 of 10").waitFor();

  const another = await visit();
  await shows(page, "Visits", 3);
  another.socket.destroy();
  await shows(page, "Live connections", 0);
  await page.context().close();
});

test("what the configuration has is marked so; what was made by API can be removed here", async () => {
  await berth.admin.ok("POST", "/services", { ...echo, name: "made", listen: "127.0.0.1:0", plan: "small", least_ready: 0 });
  const page = await browser.signedIn();
  await page.goto(`${berth.url}/services`);
  await card(page).getByText(/from the configuration/).waitFor();
  assert.equal(await card(page).getByRole("button", { name: "Remove echo" }).count(), 0);
  const made = page.getByRole("article", { name: "made" });
  await made.getByText(/made by API/).waitFor();
  await made.getByRole("button", { name: "Remove made" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove made?" });
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await made.waitFor({ state: "detached" });
  await card(page).waitFor();
  assert.equal((await berth.admin.ok("GET", "/services")).items.length, 1);
  await page.context().close();
});

test("the pools are gauges, with the words of the last failure", async () => {
  const page = await browser.signedIn();
  await page.goto(`${berth.url}/services`);
  const meter = page.getByRole("meter", { name: "Ready instances of busybox on small" });
  await page.waitForFunction((element) => Number(element.getAttribute("aria-valuenow")) >= 2, await meter.elementHandle());
  const failing = page.getByRole("listitem").filter({ hasText: "no-such-image on small" });
  await failing.getByText(/^The last one could not be made: .*no-such-image/).waitFor();
  await page.context().close();
});

test("however much changes, it asks at most once a second", async () => {
  const page = await browser.signedIn();
  await page.goto(`${berth.url}/services`);
  await card(page).waitFor();
  // Own instances tell by events that they come and go: six changes in one go.
  await Promise.all([1, 2, 3].map(async () => berth.admin.ok("DELETE", `/instances/${(await berth.running()).id}`)));
  await page.waitForFunction(() => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/services")).length >= 3);
  const asked = await page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/services")).map(({ startTime }) => startTime));
  const pauses = asked.slice(2).map((at, index) => at - asked[index + 1]);
  assert.ok(pauses.every((pause) => pause > 900), `pauses of ${pauses} ms`);
  await page.context().close();
});

test("whoever waits in the queue is told its place", async () => {
  const running = await Promise.all(Array.from({ length: 6 }, () => berth.running({ lifetime: 600 })));
  const waiting = await berth.admin.ok("POST", "/instances", { image: "busybox", name: "waits" });
  assert.equal(waiting.state, "queued");
  const page = await browser.signedIn();
  const words = /1st in the queue, (less than a minute|about (a minute|\d+ minutes|an hour))$/;
  await page.getByRole("listitem").filter({ hasText: "waits" }).getByText(words).waitFor();
  await page.goto(`${berth.url}/instances/${waiting.id}`);
  await page.getByRole("heading", { name: words }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  for (const { id } of [...running, waiting]) await berth.admin.ok("DELETE", `/instances/${id}`);
  await page.context().close();
});

for (const look of [{ dark: false, width: 1280 }, { dark: true, width: 1280 }, { dark: false, width: 380 }]) {
  test(`the page is accessible and fits (${look.dark ? "dark" : "light"}, ${look.width} px)`, async () => {
    const page = await browser.signedIn(look);
    await page.goto(`${berth.url}/services`);
    await card(page).waitFor();
    await page.getByRole("meter").first().waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
    if (process.env.BERTH_PICTURES) {
      await page.screenshot({ path: `${process.env.BERTH_PICTURES}/services-${look.dark ? "dark" : "light"}-${look.width}.png`, fullPage: true });
    }
    await page.context().close();
  });
}

test("only administrators are shown the page", async () => {
  const page = await browser.visitor();
  await page.goto(berth.url);
  await page.getByRole("button", { name: "Try as a guest" }).click();
  await page.getByRole("heading", { name: /^Instances/ }).first().waitFor();
  assert.equal(await page.getByRole("link", { name: "Services" }).count(), 0);
  await page.goto(`${berth.url}/services`);
  await page.getByText(/Your account may not do this/).waitFor();
  await page.context().close();
});

test("the browser had nothing to complain about", () => {
  // Whoever is not signed in is told so.
  browser.assertQuiet(/status of 401/);
});
