// SPDX-License-Identifier: Apache-2.0
// Chromium on a Berth of its own. Everything the browser complains about is collected; a test program ends by asserting
// that there was nothing.
import axe from "axe-core";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export class Browser {
  static async start(berth) {
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: flags.split(" ") });
    return new Browser(berth, browser);
  }

  constructor(berth, browser) {
    this.berth = berth;
    this.browser = browser;
    this.complaints = [];
  }

  // A fresh visitor. Requests that are expected to fail are told by `expected`, part of their console message.
  async visitor({ width = 1280, height = 800, dark = false } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => this.complaints.push(`error: ${error.message}`));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    return page;
  }

  // The address of a fresh one-time login link.
  async link(account = "admin") {
    return (await this.berth.admin.ok("POST", `/accounts/${account}/login-links`)).url.replace(/^.*(\/login#)/, `${this.berth.url}$1`);
  }

  async signedIn(options) {
    const page = await this.visitor(options);
    await page.goto(await this.link());
    await page.getByRole("heading", { name: /^Instances/ }).first().waitFor();
    return page;
  }

  // Expected complaints are taken off the list; all others fail.
  assertQuiet(...expected) {
    assert.deepEqual(this.complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint))), []);
  }

  async stop() {
    await this.browser.close();
  }
}

export async function openInstance(page, berth, instance) {
  await page.goto(`${berth.url}/instances/${instance.id}`);
  await terminalHas(page, "#");
}

// The text of the terminal on top, read from xterm's accessible rows or its buffer.
export const terminalText = (page) => page.locator(".xterm").first().evaluate((element) => element.querySelector(".xterm-rows")?.innerText ?? "");

export async function terminalHas(page, text) {
  await page.waitForFunction((wanted) => document.querySelector(".xterm-rows")?.innerText.replaceAll("\u00a0", " ").includes(wanted), text);
}

export async function type(page, line) {
  await page.locator(".xterm-helper-textarea").first().focus();
  await page.keyboard.type(`${line}\n`);
}

// With a strict policy axe must be part of the page's own world.
export async function accessibilityFaults(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}
