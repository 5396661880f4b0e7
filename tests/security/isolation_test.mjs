// SPDX-License-Identifier: Apache-2.0
// What root inside an instance cannot do to the host, to its neighbours and to the service.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { after, before, test } from "node:test";
import { Berth, eventually, output } from "../integration/berth.mjs";

let berth;
let admin;
let one;
let other;
before(async () => {
  berth = await Berth.start();
  admin = berth.admin;
  [one, other] = await Promise.all([berth.running(), berth.running()]);
});
after(() => berth?.stop());

const shell = (command, instance = one) => admin.shell(instance, command);
async function succeeds(command, instance = one) {
  const { code, stderr } = await admin.exec(instance, command);
  assert.ok(code !== 127 && !/not found/.test(stderr), `${command}: a program that is not there shows nothing: ${stderr}`);
  return code === 0;
}
const fails = async (...commands) => {
  const succeeded = [];
  for (const command of commands) if (await succeeds(command)) succeeded.push(command);
  assert.deepEqual(succeeded, []);
};

test("no instance shares a namespace or a user id with the host or another", async () => {
  const [[first], [second]] = [berth.processes(one), berth.processes(other)];
  for (const kind of ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"]) {
    const [host, a, b] = ["self", first, second].map((pid) => readlinkSync(`/proc/${pid}/ns/${kind}`));
    assert.equal(new Set([host, a, b]).size, 3, kind);
  }
  for (const map of ["uid_map", "gid_map"]) {
    const ranges = [first, second].map((pid) => readFileSync(`/proc/${pid}/${map}`, "utf8").trim().split(/\s+/).map(Number));
    for (const [inside, outside, size] of ranges) {
      assert.equal(inside, 0);
      assert.ok(outside >= 65_536, `${outside}`);
      assert.equal(size, 65_536);
    }
    assert.ok(Math.abs(ranges[0][1] - ranges[1][1]) >= 65_536, JSON.stringify(ranges));
  }
  assert.ok(statSync(`/proc/${first}`).uid >= 65_536, "root inside is nobody outside");
});

test("a process has no more capabilities than it needs, behind a system call filter", async () => {
  const status = Object.fromEntries((await shell("cat /proc/self/status")).trim().split("\n").map((line) => line.split(":\t")));
  const allowed = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"];
  const bits = { CHOWN: 0, DAC_OVERRIDE: 1, FOWNER: 3, FSETID: 4, KILL: 5, SETGID: 6, SETUID: 7, SETPCAP: 8, NET_BIND_SERVICE: 10, NET_RAW: 13, SYS_CHROOT: 18, SETFCAP: 31 };
  const mask = allowed.reduce((sum, name) => sum | (1n << BigInt(bits[name])), 0n);
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    assert.equal(BigInt(`0x${status[set]}`) & ~mask, 0n, `${set} ${status[set]}`);
  }
  assert.equal(status.Seccomp, "2");
  assert.equal(status.NoNewPrivs, "0");
  const strict = await berth.running({ plan: "strict" });
  assert.match(await shell("grep NoNewPrivs /proc/self/status", strict), /1/);
  await admin.ok("DELETE", `/instances/${strict.id}`);
});

test("what mounts, makes devices, loads modules, enters namespaces or sets the clock is refused", async () => {
  await fails(
    "mount -t tmpfs none /mnt",
    "mount -t proc none /mnt",
    "mount -o bind / /mnt",
    "mount -o remount,rw /sys",
    "umount /proc",
    "mknod /root/device b 8 0",
    "mknod /root/device c 1 1",
    "unshare -U true",
    "unshare -m true",
    "hostname changed-by-root-inside && test $(hostname) = changed-by-root-inside",
    "swapoff -a && swapon /dev/sda",
    "insmod /root/none.ko",
    "dmesg",
    "reboot -f",
    "renice -n -20 1",
    "ip link add type veth",
  );
  // busybox's date prints the error and ends with 0.
  assert.match((await admin.exec(one, "date -s 2001-01-01")).stderr, /not permitted/);
  assert.deepEqual((await shell("mount")).split("\n").filter((line) => /^\/dev\/(?!pts|shm|mqueue)/.test(line) && !/\.berth|loop/.test(line)), []);
});

test("the kernel's files are masked or read-only", async () => {
  for (const file of ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats"]) {
    assert.equal(await shell(`head -c 100 ${file} 2>/dev/null | wc -c`), "0\n", file);
  }
  assert.equal(await shell("ls /sys/firmware | wc -l"), "0\n");
  const files = [
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/hostname",
    "/proc/sys/vm/drop_caches",
    "/proc/sysrq-trigger",
    "/proc/irq/default_smp_affinity",
    "/proc/1/oom_score_adj_not",
    "/sys/kernel/uevent_helper",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/fs/cgroup/release_agent",
    "/sys/fs/cgroup/memory/release_agent",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/cgroup.procs",
  ];
  await fails(...files.map((file) => `echo 1 > ${file}`));
  await fails("echo -1000 > /proc/self/oom_score_adj");
});

test("devices are the harmless ones, and the host's files are nowhere", async () => {
  const devices = (await shell("find /dev -type c -o -type b")).trim().split("\n").map((path) => path.replace("/dev/", "")).filter((name) => !/^pts\/\d+$/.test(name)).sort();
  assert.deepEqual(devices.filter((name) => !["console", "full", "null", "pts/ptmx", "random", "tty", "urandom", "zero", "ptmx"].includes(name)), []);
  await fails(...[berth.dataDir, berth.runDir, berth.place, `/proc/1/root${berth.place}`].map((path) => `test -e ${path}`));
  assert.equal((await shell("ls /proc | grep -c '^[0-9]'")).trim() < 10, true, "only its own processes");
});

test("PID 1 has no descriptor of the host but its socket", async () => {
  const [first] = berth.processes(one);
  for (const number of readdirSync(`/proc/${first}/fd`)) {
    const target = readlinkSync(`/proc/${first}/fd/${number}`);
    assert.match(target, /^(\/dev\/null|socket:|pipe:|anon_inode:|\/dev\/ptmx|\/dev\/pts\/ptmx|\/proc$|\/$)/, `descriptor ${number}: ${target}`);
  }
});

test("without egress there is lo and nothing else: no host, no neighbour, no abstract socket", async () => {
  assert.equal(await shell("ls /sys/class/net"), "lo\n");
  assert.equal((await shell("ip route")).trim(), "");
  const server = createServer((socket) => socket.end("host")).listen(0, "0.0.0.0");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  const addresses = ["127.0.0.1", ...Object.values(networkInterfaces()).flat().filter(({ family }) => family === "IPv4").map(({ address }) => address)];
  try {
    assert.equal(await new Promise((resolve) => connect(port, "127.0.0.1").on("data", (bytes) => resolve(String(bytes)))), "host", "the test can fail");
    for (const address of new Set(addresses)) {
      assert.equal(await shell(`nc -w 2 ${address} ${port} </dev/null 2>/dev/null || true`), "", address);
    }
  } finally {
    server.close();
  }
  assert.doesNotMatch(await shell("cat /proc/net/unix"), /berth-|warden/);
});

test("with dns_icmp, neither the host nor a neighbour nor the service can be reached", async () => {
  const [a, b] = await Promise.all([berth.running({ plan: "network" }), berth.running({ plan: "network" })]);
  const address = async (instance) => (await shell("ip -4 -o addr show", instance)).match(/inet (100\.\S+?)\//)?.[1];
  const [mine, theirs] = [await address(a), await address(b)];
  assert.ok(mine && theirs && mine !== theirs, `${mine} ${theirs}`);
  await admin.ok("POST", `/instances/${b.id}/sessions`, { kind: "command", command: ["nc", "-ll", "-p", "4000", "-e", "echo", "neighbour"] });
  await eventually("the neighbour's server", async () => (await admin.ok("GET", `/instances/${b.id}/ports`)).items.some(({ port }) => port === 4000));
  assert.equal(await shell("nc -w 2 127.0.0.1 4000 </dev/null", b), "neighbour\n", "the test can fail");
  const server = createServer((socket) => socket.end("host")).listen(0, "0.0.0.0");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    assert.equal(await shell(`nc -w 2 ${theirs} 4000 </dev/null 2>/dev/null || true`, a), "", "a neighbour");
    assert.equal(await succeeds(`ping -c 1 -W 1 ${theirs}`, a), false);
    const gateway = (await shell("ip route", a)).match(/default via (\S+)/)?.[1];
    const hosts = Object.values(networkInterfaces()).flat().filter(({ family, internal }) => family === "IPv4" && !internal).map((found) => found.address);
    const places = [...new Set([gateway, ...hosts].filter(Boolean))].flatMap((host) => [server.address().port, new URL(berth.url).port].map((port) => `${host} ${port}`));
    const heard = await Promise.all(places.map((place) => shell(`nc -w 2 ${place} </dev/null 2>/dev/null || true`, a)));
    assert.deepEqual(heard, places.map(() => ""), places.join());
  } finally {
    server.close();
  }
  await Promise.all([a, b].map(({ id }) => admin.ok("DELETE", `/instances/${id}`)));
});

test("a fork bomb is held by the limit of processes, and neighbours go on", async () => {
  const bomb = await berth.running();
  const session = await admin.ok("POST", `/instances/${bomb.id}/sessions`, { kind: "command", command: ["sh", "-c", "while :; do sleep 1000 & done 2>/dev/null"] });
  await eventually("the limit", async () => (await admin.ok("GET", `/instances/${bomb.id}/usage`)).processes >= 60);
  assert.equal(await shell("echo well", other), "well\n");
  const { processes } = await admin.ok("GET", `/instances/${bomb.id}/usage`);
  assert.ok(processes <= 64, `${processes}`);
  assert.ok(session.id);
  await admin.ok("DELETE", `/instances/${bomb.id}`);
  await eventually("the end of its processes", () => berth.processes(bomb).length === 0);
  assert.equal(await shell("echo well", other), "well\n");
});

test("a memory hog is killed within its own limit and it is said; neighbours go on", async () => {
  const hog = await berth.running();
  const result = await admin.exec(hog, "tail -c 1000m /dev/zero").catch((fault) => fault);
  assert.notEqual(result.code, 0);
  assert.equal(await shell("echo well", other), "well\n");
  const shown = await admin.ok("GET", `/instances/${hog.id}`);
  if (shown.state === "stopped") assert.match(shown.reason, /memory/);
  else {
    assert.equal(result.signal, 9, JSON.stringify(result));
    assert.equal(await shell("echo well", hog), "well\n");
  }
  // /dev/shm and the memory disk count, too: nobody keeps more than the plan says.
  await admin.exec(hog, "cat /dev/zero > /dev/shm/fill").catch(() => {});
  await admin.exec(hog, "cat /dev/zero > /root/fill").catch(() => {});
  const after = await admin.api("GET", `/instances/${hog.id}/usage`);
  if (after.status === 200) assert.ok(after.body.memory <= after.body.memory_limit, JSON.stringify(after.body));
  await admin.ok("DELETE", `/instances/${hog.id}`);
});

test("open files are limited", async () => {
  assert.equal(await shell("ulimit -n; ulimit -Hn"), "256\n256\n");
  assert.equal(await shell("ulimit -c"), "0\n");
});

test("its first process, too, is behind the filter, has no other capabilities and is in its own cgroup", async () => {
  const [first] = berth.processes(one);
  const sets = (status) => status.match(/^(Cap|Seccomp:).*$/gm);
  assert.deepEqual(sets(readFileSync(`/proc/${first}/status`, "utf8")), sets(await shell("cat /proc/self/status")));
  assert.ok(output("cat", `/proc/${first}/cgroup`).includes(one.id));
});
