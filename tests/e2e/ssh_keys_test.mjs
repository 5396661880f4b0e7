// SPDX-License-Identifier: Apache-2.0
// SSH in the console: keys, the server's own key and the command for an instance; and nothing of it without that door.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Berth, output } from "../integration/berth.mjs";
import { Browser, accessibilityFaults, openInstance } from "./browser.mjs";

const place = mkdtempSync(join(tmpdir(), "berth-keys-"));
let berth;
let browser;
before(async () => {
  berth = await Berth.start({ berthdOptions: ["--ssh-listen", "127.0.0.1:0"] });
  browser = await Browser.start(berth);
});
after(async () => {
  rmSync(place, { recursive: true, force: true });
  await browser?.stop();
  await berth?.stop();
});

function makeKey(name) {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `${name}@desk`, "-f", join(place, name)]);
  const fingerprint = output("ssh-keygen", "-l", "-f", join(place, `${name}.pub`)).split(" ")[1];
  return { line: readFileSync(join(place, `${name}.pub`), "utf8"), secret: readFileSync(join(place, name), "utf8"), fingerprint };
}

test("a key is added by pasting it, opens the door, and is removed", async () => {
  const door = await berth.admin.ok("GET", "/ssh");
  const instance = await berth.running();
  const key = makeKey("mine");
  const page = await browser.signedIn();
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && sent.push(request.postData() ?? ""));
  await page.goto(`${berth.url}/tokens`);
  const section = page.getByRole("region", { name: "SSH keys" });
  await section.getByText(door.fingerprint).waitFor();
  const field = section.getByRole("textbox", { name: "Public key" });
  const alert = section.getByRole("alert");

  await field.fill(key.secret);
  await section.getByRole("button", { name: "Add key" }).click();
  await alert.getByText(/private key.*not sent/).waitFor();
  assert.deepEqual(sent, []);
  await field.fill("ssh-dss AAAAB3NzaC1kc3MAAAAA old");
  await section.getByRole("button", { name: "Add key" }).click();
  await alert.getByText(/ssh-keygen -t ed25519/).waitFor();

  await field.fill(key.line);
  await field.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await section.getByRole("row").filter({ hasText: "mine@desk" }).getByText(key.fingerprint).waitFor();
  await section.getByText("mine@desk was added.").waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);

  await openInstance(page, berth, instance);
  const command = await page.getByRole("region", { name: "SSH" }).locator("code").innerText();
  assert.equal(command, `ssh -p ${door.port} ${instance.id}@${door.address ?? "127.0.0.1"}`);
  const options = ["-F", "none", "-i", join(place, "mine"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new"];
  const words = [...command.split(" ").slice(1), ...options, "-o", `UserKnownHostsFile=${join(place, "known")}`, "-o", "LogLevel=ERROR", "hostname"];
  assert.match(output("ssh", ...words), /^busybox/);
  assert.deepEqual(await accessibilityFaults(page), []);

  await page.goto(`${berth.url}/tokens`);
  await section.getByRole("button", { name: "Remove mine@desk" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await section.getByText("There is no key yet.").waitFor();
  assert.equal((await berth.admin.ok("GET", "/ssh-keys")).items.length, 0);
  await page.context().close();
});

for (const look of [{ dark: false, width: 1280 }, { dark: true, width: 1280 }, { dark: false, width: 380 }]) {
  test(`with a key the pages are accessible and fit (${look.dark ? "dark" : "light"}, ${look.width} px)`, async () => {
    const { line } = makeKey(`look-${look.dark}-${look.width}`);
    const { id } = await berth.admin.ok("POST", "/ssh-keys", { key: line, name: "a key of a name that is somewhat long" });
    const instance = await berth.running();
    const page = await browser.signedIn(look);
    const faults = [];
    for (const [name, path, region] of [["tokens", "/tokens", "SSH keys"], ["instance", `/instances/${instance.id}`, "SSH"]]) {
      await page.goto(berth.url + path);
      await page.getByRole("region", { name: region }).locator("code").first().waitFor();
      faults.push(...(await accessibilityFaults(page)));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) faults.push(`${path}: ${overflow} px too wide`);
      if (process.env.BERTH_PICTURES) {
        await page.screenshot({ path: `${process.env.BERTH_PICTURES}/${name}-${look.dark ? "dark" : "light"}-${look.width}.png`, fullPage: true });
      }
    }
    assert.deepEqual(faults, []);
    await berth.admin.ok("DELETE", `/ssh-keys/${id}`);
    await page.context().close();
  });
}

for (const [what, answer] of [
  ["is switched off", { json: { enabled: false, address: null, port: null, fingerprint: null } }],
  ["is unknown to the server", { status: 404, contentType: "application/problem+json", json: { type: "about:blank", title: "Not Found", status: 404, detail: "there is nothing here", kind: "not_found" } }],
]) {
  test(`where SSH ${what}, nothing is said of it`, async () => {
    const instance = await berth.running();
    const page = await browser.signedIn();
    await page.route("**/api/v1/ssh", (route) => route.fulfill(answer));
    for (const path of ["/tokens", `/instances/${instance.id}`]) {
      const answered = page.waitForResponse("**/api/v1/ssh");
      await page.goto(berth.url + path);
      await answered;
      await page.getByRole("heading", { level: 1 }).waitFor();
      assert.equal(await page.getByRole("region", { name: /SSH/ }).count(), 0);
      assert.equal(await page.getByRole("alert").count(), 0);
    }
    await page.context().close();
  });
}

test("the browser had nothing to complain about", () => {
  // A door that is not there, and a key that is refused.
  browser.assertQuiet(/status of (400|401|404)/);
});
