// SPDX-License-Identifier: Apache-2.0
// What a lease is compared with: `docker run` of the same files. The dockerd is the bench's own, touches nothing of another one, and
// leaves nothing behind.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// A client of another make may come first in PATH.
const client = ["/usr/bin/docker", "docker"].find((file) => spawnSync(file, ["--version"]).status === 0);

export const dockerIsThere = () => client !== undefined && spawnSync("dockerd", ["--version"]).status === 0;

// What dockerd makes wherever its own folders are.
const fixed = ["/etc/docker", "/run/docker", "/var/lib/docker"];

function removeCgroups(parent) {
  const remove = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) remove(join(folder, entry.name));
    rmdirSync(folder);
  };
  for (const root of ["", ...readdirSync("/sys/fs/cgroup")]) {
    const folder = join("/sys/fs/cgroup", root, parent);
    if (existsSync(folder)) remove(folder);
  }
}

// Milliseconds of each of `count` runs, without a network: that is docker at its fastest.
export async function dockerRuns(count) {
  const place = mkdtempSync(join(tmpdir(), "berth-docker-"));
  const made = fixed.filter((folder) => !existsSync(folder));
  const parent = `berth-docker-${process.pid}`;
  const host = ["--host", `unix://${join(place, "socket")}`];
  const folders = [["data-root", "data"], ["exec-root", "exec"], ["pidfile", "pid"]].map(([option, name]) => `--${option}=${join(place, name)}`);
  const apart = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--ip-forward=false", `--cgroup-parent=/${parent}`];
  const daemon = spawn("dockerd", [...host, ...folders, ...apart], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  daemon.stderr.on("data", (bytes) => (said = (said + bytes).slice(-4000)));
  const ended = once(daemon, "exit");
  const docker = (...words) => execFileSync(client, [...host, ...words], { stdio: ["inherit", "ignore", "inherit"] });
  try {
    for (const limit = performance.now() + 60_000; spawnSync(client, [...host, "info"]).status !== 0; await pause(100)) {
      if (daemon.exitCode !== null || performance.now() > limit) throw new Error(`dockerd did not start: ${said}`);
    }
    execFileSync("sh", ["-c", `tar -C ${process.env.BERTH_DATA_DIR}/images/busybox/rootfs -c . | ${client} ${host.join(" ")} import - berth-bench >/dev/null`]);
    return Array.from({ length: count }, () => {
      const begin = performance.now();
      docker("run", "--rm", "--network", "none", "berth-bench", "true");
      return performance.now() - begin;
    });
  } finally {
    daemon.kill("SIGTERM");
    const timer = setTimeout(() => daemon.kill("SIGKILL"), 30_000);
    await ended;
    clearTimeout(timer);
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").map((line) => line.split(" ")[4] ?? "");
    for (const mount of mounts.filter((path) => path.startsWith(`${place}/`)).reverse()) spawnSync("umount", ["--lazy", mount]);
    for (const folder of [place, ...made]) rmSync(folder, { recursive: true, force: true });
    removeCgroups(parent);
  }
}
