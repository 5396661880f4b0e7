// SPDX-License-Identifier: Apache-2.0
// Labs as learners and authors meet them, in Chromium, on a whole real Berth.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Berth, eventually } from "../integration/berth.mjs";
import { Browser, accessibilityFaults, terminalHas, type } from "./browser.mjs";

// What a hostile author would write; none of it may become part of a page.
const hostile = (where) => `<img src=x onerror="globalThis.hacked='${where}'"><script>globalThis.hacked='${where}'</script>`;

const check = `#!/bin/sh
if [ -e /machine/root/confuse ]; then echo HUH; exit 3; fi
if [ -e /machine/etc/broken ]; then echo 'NO /etc/broken is still there ${hostile("reason").replaceAll("'", '"')}'; exit; fi
echo 'OK it is mended'
`;
const tiny = {
  manifest: {
    title: "The tiny lab",
    summary: "A file is in the way.",
    image: "busybox",
    plan: "small",
    minutes: 20,
    tags: ["files", "first"],
    difficulty: "easy",
    hints: ["Look into `/etc`.", `Remove it. ${hostile("hint")}`],
    check: { mode: "outside", seconds: 10, reveal: true },
  },
  files: {
    "task.md": "# What is wrong\n\nThe file `/etc/broken` is **in the way**.\n\n1. Find it\n2. Remove it\n\nSee [more](https://example.org/).\n",
    setup: "#!/bin/sh\necho in-the-way > /etc/broken\n",
    check,
    solution: "#!/bin/sh\nrm /etc/broken\n",
  },
};
const evil = {
  manifest: { ...tiny.manifest, title: `Evil ${hostile("title")}`, summary: hostile("summary"), tags: ["hostile"], difficulty: "hard" },
  files: { ...tiny.files, "task.md": `# Evil ${hostile("heading")}\n\n${hostile("task")}\n\n[link](javascript:globalThis.hacked=1) <a href="javascript:1">x</a>\n\n- ${hostile("item")}\n` },
};
const guided = {
  manifest: { ...tiny.manifest, title: "Two steps", summary: "One after the other.", tags: ["guided"], hints: [], steps: ["Make a", "Make b"] },
  files: {
    "task.md": "Do as you are told.",
    setup: "#!/bin/sh\n:\n",
    "step-1.md": "Type `touch /root/a`.",
    "step-2.md": "Type `touch /root/b`.",
    "check-1": "#!/bin/sh\n[ -e /machine/root/a ] && echo OK || echo NO\n",
    "check-2": "#!/bin/sh\n[ -e /machine/root/b ] && echo OK || echo NO\n",
    solution: "#!/bin/sh\ntouch /root/a /root/b\n",
  },
};
const short = { ...tiny, manifest: { ...tiny.manifest, title: "One minute", summary: "Soon over.", minutes: 1, tags: ["short"], difficulty: "medium", hints: [] } };

const two = {
  manifest: { ...tiny.manifest, title: "Two machines", summary: "Each with a tab.", tags: ["network"], hints: [], machines: [{ name: "web" }, { name: "db" }], check: { machine: "db" } },
  files: {
    "task.md": "Make `/root/done` on **db**.",
    "setup.web": "#!/bin/sh\n:\n",
    "setup.db": "#!/bin/sh\n:\n",
    check: "#!/bin/sh\n[ -e /machine/root/done ] && echo OK || echo NO\n",
    "solution.db": "#!/bin/sh\ntouch /root/done\n",
  },
};

let berth;
let browser;
let learner;
before(async () => {
  // Nothing is kept ready, so that a full host makes people wait.
  berth = await Berth.start({ limits: { most_active: 6 }, extra: "[labs]\nleast_ready = 0\nmost_ready = 0\n" });
  browser = await Browser.start(berth);
  learner = await berth.member("learner");
});
after(async () => {
  await browser?.stop();
  await berth?.stop();
});

async function upload(name, lab) {
  const { lab: { version } } = await berth.admin.ok("PUT", `/labs/${name}`, lab);
  await eventually(`${name} is prepared`, async () => {
    const shown = await berth.admin.ok("GET", `/labs/${name}?version=${version}`);
    assert.notEqual(shown.lab.state, "failed", shown.reason);
    return shown.lab.state !== "preparing";
  });
  return version;
}

async function publish(name, lab) {
  const version = await upload(name, lab);
  await berth.admin.ok("POST", `/labs/${name}/actions`, { action: "publish", version });
}

// A page of the learner's.
async function asLearner(options) {
  const page = await browser.visitor(options);
  await page.goto(await browser.link(learner.account.id));
  await page.getByRole("heading", { name: /^Instances/ }).first().waitFor();
  return page;
}

async function started(page, name) {
  await page.goto(`${berth.url}/labs/${name}`);
  await page.getByRole("button", { name: /^Start/ }).click();
  await page.waitForURL(/\/attempts\//);
  await terminalHas(page, "#");
}

const verdict = (page, kind) => page.locator(`[data-verdict="${kind}"]`).waitFor();
const confirm = (page, name) => page.getByRole("dialog").getByRole("button", { name }).click();

async function leave(page) {
  await page.getByRole("button", { name: /^(Give up|Leave)$/ }).click();
  await confirm(page, /^(Give up|Leave)$/);
  await page.getByRole("region", { name: "The end" }).waitFor();
}

test("an empty catalogue says how labs come in to who may bring them, and to whom to turn to others", async () => {
  const admin = await browser.signedIn();
  await admin.goto(`${berth.url}/labs`);
  await admin.getByText("berth lab publish DIR").first().waitFor();
  await admin.context().close();
  const page = await asLearner();
  await page.goto(`${berth.url}/labs`);
  await page.getByText("There is no lab yet").waitFor();
  assert.equal(await page.getByText("berth lab publish").count(), 0);
  await page.context().close();
});

test("an author sees a version being prepared, tries it, publishes it and retires it", async () => {
  const page = await browser.signedIn();
  const version = await upload("tiny", tiny);
  await page.goto(`${berth.url}/labs/tiny`);
  await page.getByRole("button", { name: `Try version ${version}` }).waitFor();
  const next = (await berth.admin.ok("PUT", "/labs/tiny", tiny)).lab.version;
  // The page is told when it is ready.
  await page.getByRole("button", { name: `Publish version ${next}` }).click();
  await page.getByRole("button", { name: "Start", exact: true }).waitFor();
  assert.equal((await learner.ok("GET", "/labs/tiny")).lab.version, next);
  await page.getByRole("button", { name: `Retire version ${next}` }).click();
  await confirm(page, "Retire");
  await page.getByText("taken out of the catalogue").waitFor();
  await learner.refused(404, "not_found", "GET", "/labs/tiny");
  await page.getByRole("button", { name: `Show version ${version}` }).click();
  await page.getByRole("button", { name: `Publish version ${version}` }).click();
  await page.getByRole("button", { name: "Start", exact: true }).waitFor();
  await page.context().close();
});

test("why a version could not be prepared is shown to its author alone", async () => {
  const { lab } = await berth.admin.ok("PUT", "/labs/bad", { ...tiny, files: { ...tiny.files, setup: "#!/bin/sh\necho no-luck >&2; exit 7\n" } });
  const page = await browser.signedIn();
  await page.goto(`${berth.url}/labs/bad`);
  await page.getByRole("alert").filter({ hasText: `Version ${lab.version} could not be prepared` }).waitFor();
  await page.context().close();
  await learner.refused(404, "not_found", "GET", "/labs/bad");
});

test("a learner finds a lab, is told not yet, our fault and solved, and the time taken", async () => {
  await publish("guided", guided);
  await publish("evil", evil);
  const page = await asLearner();
  await page.goto(`${berth.url}/labs`);
  const labs = page.getByRole("list", { name: "Labs" }).getByRole("article");
  await labs.nth(2).waitFor();
  await page.getByRole("searchbox", { name: "Search labs" }).fill("tiny WAY");
  await page.getByText("1 of 3 labs").waitFor();
  await page.getByRole("button", { name: "Show all labs" }).click();
  await page.getByRole("button", { name: "Hard" }).click();
  await page.getByText("1 of 3 labs").waitFor();
  await page.reload();
  await page.getByText("1 of 3 labs").waitFor();
  await page.getByRole("button", { name: "Show all labs" }).click();
  await page.getByRole("group", { name: "Tags" }).getByRole("button", { name: /^first/ }).click();
  await page.getByRole("link", { name: "The tiny lab" }).click();
  await page.getByRole("region", { name: "Task" }).getByText("/etc/broken").waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await terminalHas(page, "#");
  await page.getByRole("timer", { name: "Time left" }).filter({ hasText: /^(20:00|19:\d\d)/ }).waitFor();

  await page.getByRole("button", { name: "Check" }).click();
  await verdict(page, "not_yet");
  await page.getByRole("status").getByText("/etc/broken is still there").waitFor();
  await type(page, "touch /root/confuse; echo sure-$((1 + 1))");
  await terminalHas(page, "sure-2");
  await page.getByRole("button", { name: "Check" }).click();
  await verdict(page, "fault");
  await page.getByText("It does not count against you").waitFor();
  assert.equal(await page.locator("[data-verdict]").getByText(/wrong/i).count(), 0);
  await type(page, "rm /root/confuse /etc/broken; echo gone-$((2 + 2))");
  await terminalHas(page, "gone-4");
  await page.getByRole("button", { name: "Check" }).click();
  await verdict(page, "solved");
  await page.getByText(/^Solved in \d/).first().waitFor();
  assert.equal(await page.getByRole("region", { name: "Checks" }).getByRole("listitem").count(), 3);

  await page.goto(`${berth.url}/labs`);
  await page.getByRole("article", { name: "The tiny lab" }).getByText(/^Solved in/).waitFor();
  await page.getByRole("link", { name: "Under way: go on with The tiny lab" }).click();
  await leave(page);
  await page.goto(`${berth.url}/attempts`);
  await page.getByRole("row").filter({ hasText: "The tiny lab" }).getByText("Solved").waitFor();
  await page.context().close();
});

test("hints come one by one, after saying that they are recorded, and stay over a reload like the shell", async () => {
  const page = await asLearner();
  await started(page, "tiny");
  await type(page, "kept=value-$((40 + 2)); echo before-$kept");
  await terminalHas(page, "before-value-42");
  await page.getByRole("button", { name: "Show a hint" }).click();
  await page.getByRole("dialog").getByText("is recorded").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.equal(await page.getByRole("region", { name: "Hints" }).count(), 0);
  for (const name of ["Show a hint", "Show the next hint"]) {
    await page.getByRole("button", { name }).click();
    await confirm(page, "Take the hint");
  }
  await page.getByText("2 of 2 hints taken").waitFor();
  await page.reload();
  await terminalHas(page, "before-value-42");
  assert.equal(await page.getByRole("region", { name: "Hints" }).getByRole("listitem").count(), 2);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  await leave(page);
  await page.getByRole("button", { name: "Start it again" }).click();
  await terminalHas(page, "#");
  await page.getByRole("button", { name: "Show a hint" }).waitFor();
  await leave(page);
  await page.context().close();
});

test("steps of a guided lab are done in their order", async () => {
  const page = await asLearner();
  await started(page, "guided");
  const steps = page.getByRole("region", { name: "Steps" });
  await steps.getByText("touch /root/a").waitFor();
  await type(page, "touch /root/a; echo made-$((1 + 1))");
  await terminalHas(page, "made-2");
  await page.getByRole("button", { name: "Check step 1" }).click();
  await verdict(page, "step");
  await steps.getByText("touch /root/b").waitFor();
  await steps.getByText("1 of 2 done").waitFor();
  await page.getByRole("button", { name: "Check step 2" }).click();
  await verdict(page, "not_yet");
  await type(page, "touch /root/b; echo made-$((2 + 2))");
  await terminalHas(page, "made-4");
  await page.getByRole("button", { name: "Check step 2" }).click();
  await verdict(page, "solved");
  await leave(page);
  await page.context().close();
});

test("each machine of a lab has its tab, and is found there again after a reload", async () => {
  await publish("two", two);
  const page = await asLearner();
  await started(page, "two");
  const db = page.getByRole("tabpanel", { name: "db" });
  const says = (text) => db.locator(".xterm-rows").filter({ hasText: text }).waitFor();
  await page.getByRole("tab", { name: "web" }).press("ArrowRight");
  await says("root@db");
  await db.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type("touch /root/done; echo made-$((1 + 1))\n");
  await says("made-2");
  await page.reload();
  await says("made-2");
  await page.getByRole("button", { name: "Check" }).click();
  await verdict(page, "solved");
  await leave(page);
  await page.context().close();
});

test("an administrator may look at an attempt of somebody else and end it, but not check it", async () => {
  const attempt = await learner.ok("POST", "/labs/tiny/attempts?wait=30");
  const page = await browser.signedIn();
  await page.goto(`${berth.url}/attempts/${attempt.id}`);
  await page.getByText(attempt.account).waitFor();
  await page.getByRole("button", { name: "End it" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Check" }).count(), 0);
  assert.equal(await page.getByRole("button", { name: "Show a hint" }).count(), 0);
  await page.getByRole("button", { name: "End it" }).click();
  await confirm(page, "End it");
  await page.getByRole("region", { name: "The end" }).waitFor();
  await page.context().close();
  assert.equal((await learner.ok("GET", `/attempts/${attempt.id}`)).state, "given_up");
});

test("text of authors and programs never becomes part of the page", async () => {
  const page = await asLearner();
  await page.goto(`${berth.url}/labs`);
  await page.getByRole("list", { name: "Labs" }).waitFor();
  await started(page, "evil");
  await page.getByRole("button", { name: "Check" }).click();
  await verdict(page, "not_yet");
  await type(page, `printf '\\033]0;<img src=x onerror=globalThis.hacked=7>\\007'`);
  await page.getByRole("tab", { name: "<img src=x" }).waitFor();
  for (const name of ["Show a hint", "Show the next hint"]) {
    await page.getByRole("button", { name }).click();
    await confirm(page, "Take the hint");
  }
  await page.getByText("2 of 2 hints taken").waitFor();
  const found = await page.evaluate(() => ({
    hacked: globalThis.hacked,
    elements: document.querySelectorAll("main img, main script, main b, [onerror]").length,
    links: [...document.querySelectorAll("main a")].filter((link) => link.protocol === "javascript:").length,
    heading: document.querySelector("h1").textContent.trim(),
  }));
  assert.deepEqual({ ...found, heading: undefined }, { hacked: undefined, elements: 0, links: 0, heading: undefined });
  assert.ok(found.heading.includes("<script>"), found.heading);
  await leave(page);
  for (const path of ["/labs", "/labs/evil", "/attempts", "/events"]) {
    await page.goto(berth.url + path);
    await page.getByText("Evil <img").or(page.getByText("lab evil")).first().waitFor();
    assert.equal(await page.evaluate(() => globalThis.hacked ?? document.querySelectorAll("main img, main script").length), 0, path);
  }
  await page.context().close();
});

test("who waits for a place sees which one, and gets a terminal when there is room", async () => {
  const page = await asLearner();
  const fillers = [];
  do {
    fillers.push(await berth.admin.ok("POST", "/instances?wait=2", { image: "busybox" }));
  } while (fillers.at(-1).state === "running");
  await page.goto(`${berth.url}/labs/tiny`);
  await page.getByRole("button", { name: /^Start/ }).click();
  await page.getByRole("region", { name: "How far it is" }).getByRole("heading", { name: /in the queue/ }).waitFor();
  for (const { id } of fillers) await berth.admin.ok("DELETE", `/instances/${id}`);
  await terminalHas(page, "#");
  await leave(page);
  await page.context().close();
});

test("the end is warned of in the page, in the terminal and to screen readers", async () => {
  const page = await browser.visitor();
  await page.clock.install();
  await page.goto(await browser.link(learner.account.id));
  await page.getByRole("heading", { name: /^Instances/ }).first().waitFor();
  await started(page, "tiny");
  for (const [minutes, words] of [["15:30", "5 minutes left"], ["03:45", "1 minute left"]]) {
    await page.clock.fastForward(minutes);
    await page.getByRole("status").getByText(words).waitFor({ state: "attached" });
    await page.getByRole("region", { name: "Terminals" }).getByText(words).waitFor();
    await page.getByRole("region", { name: "Task" }).getByText(words).waitFor();
  }
  await page.context().close();
  const [attempt] = (await learner.ok("GET", "/attempts?limit=1")).items;
  await learner.ok("DELETE", `/attempts/${attempt.id}`);
});

test("the width of the task is moved by keys, and the terminal takes the rest", async () => {
  const page = await asLearner();
  await started(page, "tiny");
  const task = page.getByRole("region", { name: "Task" });
  const before = (await task.boundingBox()).width;
  await page.getByRole("separator", { name: "Width of the task" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.ok((await task.boundingBox()).width > before);
  await page.context().close();
});

for (const look of [{ dark: false, width: 1280 }, { dark: true, width: 1280 }, { dark: false, width: 380 }]) {
  test(`pages of labs are accessible and fit (${look.dark ? "dark" : "light"}, ${look.width} px)`, async () => {
    const attempt = await berth.admin.ok("POST", "/labs/tiny/attempts?wait=30");
    assert.equal(attempt.state, "running");
    if (attempt.hints.length === 0) await berth.admin.ok("POST", `/attempts/${attempt.id}/hints`);
    await berth.admin.ok("POST", `/attempts/${attempt.id}/checks`);
    const page = await browser.signedIn(look);
    const faults = [];
    const gather = async (what) => {
      for (const fault of await accessibilityFaults(page)) faults.push(`${what}: ${fault}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) faults.push(`${what}: ${overflow} px too wide`);
      if (process.env.BERTH_PICTURES) await page.screenshot({ path: `${process.env.BERTH_PICTURES}/${what.replaceAll(/\W+/g, "-")}-${look.dark ? "dark" : look.width}.png` });
    };
    for (const path of ["/labs", "/labs/tiny", "/labs/guided", "/labs/bad", "/attempts", `/attempts/${attempt.id}`]) {
      await page.goto(berth.url + path);
      await page.getByRole("heading").first().waitFor();
      if (path.startsWith("/attempts/")) await terminalHas(page, "#");
      await gather(path);
    }
    if (look.width < 900) {
      await page.getByRole("tab", { name: "Task" }).click();
      await page.getByText("in the way").waitFor();
      await gather("the task");
    }
    await page.getByRole("button", { name: /hint$/ }).click();
    await gather("the question");
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}

test("at the end of the time the page says so and offers another start", async () => {
  await publish("short", short);
  const page = await asLearner();
  await started(page, "short");
  await page.getByRole("heading", { name: "The time is over" }).waitFor({ timeout: 90_000 });
  await page.getByRole("button", { name: "Start it again" }).waitFor();
  await page.context().close();
});

test("the browser had nothing to complain about", () => {
  browser.assertQuiet();
});
