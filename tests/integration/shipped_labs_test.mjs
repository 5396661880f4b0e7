// SPDX-License-Identifier: Apache-2.0
// The labs that come with Berth: each is proven by the command line, and no forgery that root in its machine tries is believed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Berth, checkout, programs } from "./berth.mjs";

const run = promisify(execFile);
const labs = readdirSync(join(checkout, "labs")).sort();
const forgeriesOf = (name) => {
  const folder = join(checkout, "tests/security/lab_forgeries", name);
  return existsSync(folder) ? readdirSync(folder).sort().map((file) => join(folder, file)) : [];
};

const plan = { name: "lab", memory: "512MiB", disk: "256MiB", disk_kind: "memory", processes: 256, open_files: 1024, egress: "none", lifetime: "1h", longest_lifetime: "4h", grace: "1m", most_per_account: 50, guests: false };

let berth;
before(async () => {
  const plans = [plan, { ...plan, name: "standard", disk_kind: "disk" }]; // the second for labs that are kept
  berth = await Berth.start({ images: ["lab"], plans, extra: "[labs]\nleast_ready = 0\nmost_ready = 0\n" });
  await berth.imageReady("lab");
});
after(() => berth?.stop());

const command = (...words) =>
  run(join(programs, "berth"), words, { env: { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken }, timeout: 240_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (fault) => ({ code: fault.code, stdout: fault.stdout, stderr: fault.stderr }),
  );

// The script goes in by standard input and begins when the machine has started all that is broken in it.
const tried = [
  "cat >/root/forgery; chmod 755 /root/forgery",
  "grep -q 'sleep infinity' /etc/berth/start 2>/dev/null && while ! pgrep -fx 'sleep infinity'; do sleep 0.1; done",
  "/root/forgery </dev/null >/root/said 2>&1",
].join("\n");

// Tries it as one learner, as root, in the machine that the check is about.
async function forge(learner, lab, file) {
  const attempt = await learner.ok("POST", `/labs/${lab}/attempts?wait=60`);
  try {
    await learner.exec({ id: attempt.machines[0].instance }, ["/bin/sh", "-c", tried], { user: "0", input: readFileSync(file, "utf8"), time_limit: 60 }).catch(() => {});
    // Of a guided lab a forgery may do some steps honestly: it is believed when all of them are done.
    for (;;) {
      const answer = await learner.api("POST", `/attempts/${attempt.id}/checks`);
      if (answer.status === 409) return "over"; // it ended its own machine
      if (answer.body.verdict !== "solved") return answer.body.verdict;
      if ((await learner.ok("GET", `/attempts/${attempt.id}`)).state === "solved") return "solved";
    }
  } finally {
    await learner.ok("DELETE", `/attempts/${attempt.id}`);
  }
}

describe("every lab that comes with Berth", { concurrency: 4 }, () => {
  for (const lab of labs) {
    it(`${lab} is not solved when fresh, is by its solution, and by no forgery`, async () => {
      const folder = join(checkout, "labs", lab);
      const proven = await command("lab", "test", folder);
      assert.equal(proven.code, 0, proven.stderr + proven.stdout);
      assert.equal(proven.stderr, "");
      const published = await command("lab", "publish", folder);
      assert.equal(published.code, 0, published.stderr);
      const learner = await berth.member(`cheat-at-${lab}`);
      for (const file of [...forgeriesOf("common"), ...forgeriesOf(lab)]) {
        assert.notEqual(await forge(learner, lab, file), "solved", file);
      }
    });
  }
});
