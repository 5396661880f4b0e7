// SPDX-License-Identifier: Apache-2.0
// 500 learners press Start within 10 seconds on a host that holds 200; each stays a while and leaves. tools/bench starts the
// Berth (crowd.toml) and names it in BERTH_URL and BERTH_TOKEN.
import { Agent, request } from "node:http";
import { performance } from "node:perf_hooks";

const learners = 500;
const room = 200;
const pressed_within = 10_000;
const stays = 2_000;

const agent = new Agent({ keepAlive: true, maxSockets: 600 });
const api = (token, method, path, body) =>
  new Promise((resolve, reject) => {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { "content-type": "application/json" }) };
    const call = request(`${process.env.BERTH_URL}/api/v1${path}`, { method, headers, agent }, async (answer) => {
      let text = "";
      for await (const piece of answer.setEncoding("utf8")) text += piece;
      if (answer.statusCode >= 300) return reject(new Error(`${method} ${path}: ${text}`));
      resolve(text ? JSON.parse(text) : undefined);
    });
    call.on("error", reject).end(body && JSON.stringify(body));
  });
const admin = (...request) => api(process.env.BERTH_TOKEN, ...request);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const quantile = (values, part) => [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) * part)];

const manifest = { title: "Crowd", image: "busybox", minutes: 60 };
const { lab } = await admin("PUT", "/labs/crowd", { manifest, files: { "task.md": "Nothing.", check: "#!/bin/sh\necho NO\n" } });
while ((await admin("GET", `/labs/crowd?version=${lab.version}`)).lab.state !== "draft") await pause(20);
await admin("POST", "/labs/crowd/actions", { action: "publish", version: lab.version });

const tokens = [];
for (let number = 0; number < learners; ++number) {
  const { url } = await admin("POST", "/accounts", { name: `learner-${number}`, role: "member" });
  const code = url.split("#code=")[1];
  tokens.push((await api(undefined, "POST", "/login", { code, kind: "api_token" })).token);
}

let most_waiting = 0;
let waiting = 0;
const begun = [];
async function learn(token, number) {
  await pause((number * pressed_within) / learners);
  const pressed = performance.now();
  const told = [];
  let attempt = await api(token, "POST", "/labs/crowd/attempts");
  const queued = attempt.state === "waiting";
  most_waiting = Math.max(most_waiting, (waiting += queued));
  while (attempt.state === "waiting") {
    const position = attempt.machines[0]?.queue_position;
    if (position) told.push(position);
    await pause(250);
    attempt = await api(token, "GET", `/attempts/${attempt.id}`);
  }
  waiting -= queued;
  begun.push(number);
  const waited = performance.now() - pressed;
  if (attempt.state !== "running") return { number, lost: `${attempt.state}: ${attempt.reason}` };
  await pause(stays);
  await api(token, "DELETE", `/attempts/${attempt.id}`);
  return { number, waited, told };
}

const results = await Promise.all(tokens.map((token, number) => learn(token, number).catch((fault) => ({ number, lost: fault.message }))));
const lost = results.filter((each) => each.lost);
const kept = results.filter((each) => !each.lost);
const rose = kept.filter(({ told }) => told.some((position, index) => index > 0 && position > told[index - 1]));
const overtaken = begun.map((number, place) => Math.abs(number - place));
agent.destroy();
console.log(`${learners} learners within ${pressed_within / 1000} s on a host that holds ${room}: lost ${lost.length} (promise: 0); at most ${most_waiting} waited, ` +
  `first told number ${Math.max(...kept.map(({ told }) => told[0] ?? 0))} at most`);
console.log(`positions that rose: ${rose.length} (promise: 0); out of the order of arrival by at most ${Math.max(...overtaken)} of ${learners} places, looked at every 250 ms`);
console.log(`wait: median ${(quantile(kept.map(({ waited }) => waited), 0.5) / 1000).toFixed(1)} s, longest ${(Math.max(...kept.map(({ waited }) => waited)) / 1000).toFixed(1)} s`);
for (const { number, lost: why } of lost.slice(0, 5)) console.log(`learner ${number}: ${why}`);
process.exitCode = lost.length > 0 || rose.length > 0 ? 1 : 0;
