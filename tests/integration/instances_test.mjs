// SPDX-License-Identifier: Apache-2.0
// The life of instances through the REST contract.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Berth, eventually } from "./berth.mjs";

let berth;
before(async () => (berth = await Berth.start({ limits: { most_active: 3, most_queued: 2 } })));
after(() => berth?.stop());

const destroyAll = async (client) => {
  for (const { id } of (await client.ok("GET", "/instances?limit=200")).items) await client.ok("DELETE", `/instances/${id}`);
};

test("one is created, waited for, shown, renamed and destroyed, twice", async () => {
  const { admin } = berth;
  const created = await berth.running({ name: "first", plan: "small" });
  assert.equal(created.name, "first");
  assert.equal(created.queue_position, null);
  assert.ok(Date.parse(created.expires_at) > Date.now());
  assert.deepEqual(await admin.ok("GET", `/instances/${created.id}`), created);
  assert.equal((await admin.shell(created, ["hostname"])).trim(), "first");

  const renamed = await admin.ok("PATCH", `/instances/${created.id}`, { name: "second" });
  assert.equal(renamed.name, "second");
  const fault = await admin.refused(400, "invalid_argument", "PATCH", `/instances/${created.id}`, { name: "Not A Name" });
  assert.equal(fault.field, "name");

  for (let time = 0; time < 2; time++) await admin.ok("DELETE", `/instances/${created.id}`);
  await admin.happened(created, "instance_gone");
  assert.equal((await admin.ok("GET", `/instances/${created.id}`)).state, "gone");
  await eventually("the end of its processes", () => berth.processes(created).length === 0);
  await admin.refused(409, "conflict", "POST", `/instances/${created.id}/actions`, { action: "start" });
});

test("actions do what they say, and a conflict is said", async () => {
  const { admin } = berth;
  const instance = await berth.running({ plan: "disk" });
  const act = (action, more) => admin.ok("POST", `/instances/${instance.id}/actions`, { action, ...more });
  await admin.shell(instance, "echo kept > /root/file; sync");

  assert.equal((await act("pause")).state, "asleep");
  await admin.refused(409, "conflict", "POST", `/instances/${instance.id}/exec`, { command: ["true"] });
  await admin.refused(409, "conflict", "POST", `/instances/${instance.id}/actions`, { action: "pause" });
  assert.equal((await act("resume")).state, "running");
  assert.equal(await admin.shell(instance, "cat /root/file"), "kept\n");

  assert.equal((await act("stop")).state, "stopped");
  assert.deepEqual(berth.processes(instance), []);
  await admin.refused(409, "conflict", "POST", `/instances/${instance.id}/actions`, { action: "resume" });
  assert.equal((await act("start")).state, "running");
  assert.equal(await admin.shell(instance, "cat /root/file"), "kept\n");

  const [before] = berth.processes(instance);
  const restarted = await act("restart");
  assert.equal(restarted.state, "running");
  assert.notEqual(berth.processes(instance)[0], before);
  assert.equal(await admin.shell(instance, "cat /root/file"), "kept\n");
  await destroyAll(admin);
});

test("a lease is extended up to the plan's longest lifetime and no further", async () => {
  const { admin } = berth;
  const instance = await berth.running({ lifetime: 60 });
  const left = (shown) => Date.parse(shown.expires_at) - Date.parse(instance.expires_at);
  const extend = (lifetime) => admin.ok("POST", `/instances/${instance.id}/actions`, { action: "extend", ...(lifetime && { lifetime }) });
  assert.equal(left(await extend(120)), 120_000);
  assert.equal(left(await extend()), 3_720_000);
  const longest = await extend(1_000_000);
  assert.equal(longest.expires_at, longest.longest_until);
  await admin.refused(429, "exhausted", "POST", `/instances/${instance.id}/actions`, { action: "extend" });
  await destroyAll(admin);
});

test("a lease that ends, ends the instance", async () => {
  const { admin } = berth;
  const instance = await admin.ok("POST", "/instances", { image: "busybox", lifetime: 1 });
  await admin.happened(instance, "instance_grace");
  const shown = await admin.ok("GET", `/instances/${instance.id}`);
  assert.equal(shown.state, "grace");
  assert.ok(Date.parse(shown.gone_at) > Date.now());
  await destroyAll(admin);
});

test("what does not fit waits in the queue, in order, and starts when there is room", async () => {
  const { admin } = berth;
  const running = await Promise.all([1, 2, 3].map(() => berth.running()));
  const queued = [];
  for (const position of [1, 2]) {
    const instance = await admin.ok("POST", "/instances", { image: "busybox" });
    assert.equal(instance.state, "queued");
    assert.equal(instance.queue_position, position);
    assert.equal(instance.expires_at, null);
    queued.push(instance);
  }
  await admin.refused(429, "exhausted", "POST", "/instances", { image: "busybox" });
  await admin.refused(409, "conflict", "POST", `/instances/${queued[1].id}/exec`, { command: ["true"] });

  await admin.ok("DELETE", `/instances/${running[0].id}`);
  await admin.happened(queued[0], "instance_running");
  assert.equal((await admin.ok("GET", `/instances/${queued[1].id}`)).queue_position, 1);
  await admin.ok("DELETE", `/instances/${running[1].id}`);
  await admin.happened(queued[1], "instance_running");
  await destroyAll(admin);
});

test("ten requests at once with one Idempotency-Key make one instance", async () => {
  const { admin } = berth;
  const body = { image: "busybox", name: "once" };
  const headers = { "idempotency-key": "the-same" };
  const answers = await Promise.all(Array.from({ length: 10 }, () => admin.ok("POST", "/instances", body, { headers })));
  assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
  assert.equal((await admin.ok("GET", "/instances")).items.length, 1);
  await admin.refused(409, "conflict", "POST", "/instances", { image: "busybox", name: "other" }, { headers });
  await destroyAll(admin);
});

test("the list is read page by page, newest first, each instance once", async () => {
  const member = await berth.member("pages");
  const made = [];
  for (let count = 0; count < 5; count++) {
    made.unshift((await member.ok("POST", "/instances", { image: "busybox" })).id);
  }
  const seen = [];
  let cursor = "";
  for (let page = 0; page < 3; page++) {
    const { items, next_cursor } = await member.ok("GET", `/instances?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    assert.equal(items.length, page < 2 ? 2 : 1);
    assert.equal(next_cursor === null, page === 2);
    seen.push(...items.map(({ id }) => id));
    cursor = next_cursor;
  }
  assert.deepEqual(seen, made);
  await destroyAll(member);
  await Promise.all(made.map((id) => member.happened({ id }, "instance_gone")));
  assert.deepEqual((await member.ok("GET", "/instances")).items, []);
  assert.equal((await member.ok("GET", "/instances?all=true")).items.length, 5);
  for (const wrong of ["limit=0", "limit=201", "limit=x", "cursor=%00", "all=maybe"]) {
    await member.refused(400, "invalid_argument", "GET", `/instances?${wrong}`);
  }
});

test("usage and listening ports are those of the instance", async () => {
  const { admin } = berth;
  const instance = await berth.running();
  await admin.shell(instance, "dd if=/dev/zero of=/root/file bs=1M count=4 2>/dev/null");
  const usage = await admin.ok("GET", `/instances/${instance.id}/usage`);
  assert.equal(usage.memory_limit, 64 << 20);
  assert.equal(usage.disk_limit, 16 << 20);
  assert.ok(usage.disk >= 4 << 20 && usage.disk < 8 << 20, `disk ${usage.disk}`);
  assert.ok(usage.processes >= 1);
  await admin.shell(instance, "nc -l -p 4321 </dev/null >/dev/null 2>&1 & until netstat -lnt | grep -q :4321; do :; done");
  const { items } = await admin.ok("GET", `/instances/${instance.id}/ports`);
  assert.deepEqual(items.map(({ port }) => port), [4321]);
  await destroyAll(admin);
});

test("an unknown image, plan or instance is said", async () => {
  const { admin } = berth;
  assert.equal((await admin.api("POST", "/instances", { image: "nothing" })).status >= 400, true);
  assert.equal((await admin.refused(400, "invalid_argument", "POST", "/instances", { image: "busybox", plan: "nothing" })).field, "plan");
  await admin.refused(400, "invalid_argument", "POST", "/instances", { image: "busybox", lifetime: 1_000_000 });
  await admin.refused(404, "not_found", "GET", "/instances/nothing");
  await admin.refused(404, "not_found", "DELETE", "/instances/nothing");
});
