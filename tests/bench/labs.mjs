// SPDX-License-Identifier: Apache-2.0
// The start of a lab whose machine is ready, and what a check costs beside its script run on the host. tools/bench starts the
// Berth and names it in BERTH_URL and BERTH_TOKEN.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const rounds = Number(process.env.BERTH_ROUNDS ?? 100);
const agent = new Agent({ keepAlive: true });
const api = (method, path, body) =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${process.env.BERTH_TOKEN}`, ...(body && { "content-type": "application/json" }) };
    const call = request(`${process.env.BERTH_URL}/api/v1${path}`, { method, headers, agent }, async (answer) => {
      let text = "";
      for await (const piece of answer.setEncoding("utf8")) text += piece;
      if (answer.statusCode >= 300) return reject(new Error(`${method} ${path}: ${text}`));
      resolve(text ? JSON.parse(text) : undefined);
    });
    call.on("error", reject).end(body && JSON.stringify(body));
  });
const until = async (what) => {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
};
const quantile = (values, part) => [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) * part)];
const timed = async (into, work) => {
  const begin = performance.now();
  const result = await work();
  into.push(performance.now() - begin);
  return result;
};
const show = (values) => `${quantile(values, 0.5).toFixed(2)} ms (p99 ${quantile(values, 0.99).toFixed(1)})`;

const script = "#!/bin/sh\ntrue\necho NO not yet\n";
const folder = mkdtempSync(join(tmpdir(), "berth-bench-labs-"));
writeFileSync(join(folder, "check"), script, { mode: 0o755 });
const name = "bench";
const manifest = { title: "Bench", image: "busybox", minutes: 60 };
const { lab } = await api("PUT", `/labs/${name}`, { manifest, files: { "task.md": "Nothing.", check: script } });
await until(async () => (await api("GET", `/labs/${name}?version=${lab.version}`)).lab.state === "draft");
await api("POST", `/labs/${name}/actions`, { action: "publish", version: lab.version });

// Nothing is being made beside what is measured.
const filled = () =>
  until(async () => (await api("GET", "/pools")).items.some((pool) => pool.image === `lab-${name}-${lab.version}` && pool.ready > 0 && pool.making === 0));

const [starts, checks, direct] = [[], [], []];
for (let round = 0; round < rounds; ++round) {
  await filled();
  const attempt = await timed(starts, () => api("POST", `/labs/${name}/attempts`));
  if (attempt.state !== "running") throw new Error(`the attempt is ${attempt.state}`);
  await filled();
  await timed(checks, () => api("POST", `/attempts/${attempt.id}/checks`));
  await timed(direct, async () => spawnSync(join(folder, "check")));
  await api("DELETE", `/attempts/${attempt.id}`);
  await new Promise((resolve) => setTimeout(resolve, 150)); // its machine is taken down
}
await api("POST", `/labs/${name}/actions`, { action: "retire", version: lab.version });
rmSync(folder, { recursive: true });
agent.destroy();
console.log(`start of a lab from its pool to running: ${show(starts)} of ${rounds} (promise: 5 ms median)`);
console.log(`a check by REST: ${show(checks)}; its script on the host: ${show(direct)}; over it: ${(quantile(checks, 0.5) - quantile(direct, 0.5)).toFixed(2)} ms (promise: 5 ms)`);
