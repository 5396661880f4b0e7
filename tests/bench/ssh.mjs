// SPDX-License-Identifier: Apache-2.0
// `ssh host true` through the SSH door, against the same with a local sshd of Debian's on a free port. tools/bench starts
// the Berth and names it in BERTH_URL and BERTH_TOKEN.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { performance } from "node:perf_hooks";

const rounds = Number(process.env.BERTH_ROUNDS ?? 40);
const api = async (method, path, body) => {
  const headers = { authorization: `Bearer ${process.env.BERTH_TOKEN}`, ...(body && { "content-type": "application/json" }) };
  const answer = await fetch(`${process.env.BERTH_URL}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${text}`);
  return text ? JSON.parse(text) : undefined;
};

const folder = mkdtempSync("/tmp/berth-bench-ssh-");
const separation = "/run/sshd"; // sshd will not start without it
const madeSeparation = !existsSync(separation);

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(port) {
  for (let left = 500; left > 0; --left) {
    const there = await new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.once("data", () => (socket.destroy(), resolve(true))).once("error", () => resolve(false));
    });
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("sshd does not answer");
}

async function startSshd() {
  if (madeSeparation) mkdirSync(separation, { mode: 0o755 });
  const port = await freePort();
  const settings = [
    `Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${folder}/host`, `AuthorizedKeysFile ${folder}/id.pub`, "PidFile none",
    "StrictModes no", "UsePAM no", "PermitRootLogin yes", "PasswordAuthentication no", "UseDNS no",
  ];
  writeFileSync(`${folder}/sshd_config`, settings.join("\n") + "\n");
  const sshd = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", `${folder}/sshd_config`], { stdio: "ignore" });
  await answers(port);
  return { sshd, port };
}

function once(user, port) {
  const words = [
    ...["-F", "none", "-i", `${folder}/id`, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"],
    ...["-o", "StrictHostKeyChecking=accept-new", "-o", `UserKnownHostsFile=${folder}/known`, "-p", String(port)],
  ];
  const begin = performance.now();
  const { status, stderr } = spawnSync("ssh", [...words, `${user}@127.0.0.1`, "true"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`ssh ${user}: ${status} ${stderr}`);
  return performance.now() - begin;
}

const median = (values) => [...values].sort((one, other) => one - other)[values.length >> 1];

for (const name of ["id", "host"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${name}`]);
const key = await api("POST", "/ssh-keys", { key: readFileSync(`${folder}/id.pub`, "utf8"), name: "bench" });
const { port } = await api("GET", "/ssh");
const instance = await api("POST", "/instances?wait=30", { image: "busybox" });
const { sshd, port: theirPort } = await startSshd();
try {
  const [ours, theirs] = [[], []];
  once(instance.id, port);
  once("root", theirPort);
  for (let round = 0; round < rounds; ++round) {
    ours.push(once(instance.id, port));
    theirs.push(once("root", theirPort));
  }
  const ratio = median(ours) / median(theirs);
  const numbers = `${ratio.toFixed(2)} (${median(ours).toFixed(1)} / ${median(theirs).toFixed(1)} ms)`;
  const verdict = ratio <= 1.5 ? "held" : "NOT HELD";
  console.log(`${"ssh host true / the same against a local sshd".padEnd(58)} ${numbers.padStart(28)}   promise ${"<= 1.5".padEnd(10)} ${verdict}`);
} finally {
  sshd.kill("SIGTERM");
  await api("DELETE", `/instances/${instance.id}`);
  await api("DELETE", `/ssh-keys/${key.id}`);
  rmSync(folder, { recursive: true });
  if (madeSeparation) rmdirSync(separation);
}
