// SPDX-License-Identifier: Apache-2.0
// A whole real Berth for a test program: warden, berthd and agent of BERTH_PROGRAMS on a data folder, names, addresses
// and user ids of its own. stop() ends all of it and fails if anything is left on the host.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "./client.mjs";

export const checkout = fileURLToPath(new URL("../..", import.meta.url));
export const programs = process.env.BERTH_PROGRAMS ?? join(checkout, "build/release/bin");
export const consoleFolder = process.env.BERTH_CONSOLE ?? join(checkout, "web/dist");

export const output = (program, ...words) => execFileSync(program, words, { encoding: "utf8", maxBuffer: 1 << 28 });

// Small machines that start and end fast.
const basis = {
  memory: "64MiB",
  disk: "16MiB",
  disk_kind: "memory",
  processes: 64,
  open_files: 256,
  egress: "none",
  lifetime: "1h",
  longest_lifetime: "2h",
  grace: "1m",
  most_per_account: 50,
  guests: false,
};
export const defaultPlans = [
  { name: "small", ...basis, guests: true },
  { name: "disk", ...basis, disk: "32MiB", disk_kind: "disk" },
  { name: "network", ...basis, egress: "dns_icmp" },
  { name: "strict", ...basis, no_new_privileges: true },
];

function configuration({ plans = defaultPlans, images = [], limits = {}, registries = [], ssh = {}, pools = [], services = [], extra = "" }) {
  const toml = (values) => Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  return [
    ...toml({ built_in_images: ["busybox", ...images], insecure_registries: registries }),
    "[limits]\n",
    ...toml({ most_active: 20, ...limits }),
    "[ssh]\n",
    ...toml(ssh),
    ...plans.flatMap((plan) => ["[[plan]]\n", ...toml(plan)]),
    ...pools.flatMap((pool) => ["[[pool]]\n", ...toml(pool)]),
    ...services.flatMap((service) => ["[[service]]\n", ...toml({ listen: "127.0.0.1:0", plan: "small", ...service })]),
    extra,
  ].join("");
}

// A started program: `ready` is the line that says so, `ended` its exit status and signal, said() all its output so far.
export function startProgram(file, words) {
  const child = spawn("setpriv", ["--pdeathsig", "TERM", file, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "NOTIFY_SOCKET")),
  });
  const lines = [];
  const ended = new Promise((resolve) => child.on("close", (status, signal) => resolve({ status, signal, said: lines.join("\n") })));
  const ready = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        if (/(^|: )ready /.test(line)) resolve(line);
      });
    }
    ended.then(() => reject(new Error(`${file} ended: ${lines.slice(-5).join("\n")}`)));
  });
  ready.catch(() => {});
  return { pid: child.pid, child, ready, ended, said: () => lines.join("\n") };
}

async function end(program, signal = "SIGTERM") {
  if (!program) return;
  program.child.kill(signal);
  const timer = setTimeout(() => program.child.kill("SIGKILL"), 30_000);
  await program.ended;
  clearTimeout(timer);
}

export class Berth {
  // Of {plans, images, limits, registries, ssh, pools, services, extra (TOML), files (of the configuration's folder), secrets (files that only berthd can read), wardenOptions, berthdOptions}. The built-in image is waited for unless waitForImage is false.
  static async start(options = {}) {
    const berth = new Berth(options);
    try {
      await berth.startWarden();
      await berth.startBerthd();
      if (options.waitForImage ?? true) await berth.imageReady("busybox");
    } catch (fault) {
      await berth.stop().catch(() => {});
      throw fault;
    }
    return berth;
  }

  constructor(options = {}) {
    assert.equal(process.getuid(), 0, "these tests make namespaces and mounts: run them as root");
    try {
      execFileSync("getent", ["passwd", "berth"]);
    } catch {
      const words = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", "berth"];
      execFileSync("useradd", words);
    }
    this.options = options;
    // Nothing is shared with another copy, however many test programs run.
    this.number = randomBytes(4).readUInt32LE();
    this.name = `t${this.number.toString(16).padStart(8, "0").slice(0, 6)}`;
    this.place = mkdtempSync(join(tmpdir(), `berth-${this.name}-`));
    this.runDir = `/run/berth-${this.name}`;
    this.dataDir = join(this.place, "data");
    chmodSync(this.place, 0o755);
    for (const [folder, mode] of [["", 0o755], ["log", 0o750], ["server", 0o700]]) mkdirSync(join(this.dataDir, folder), { mode });
    execFileSync("chown", ["berth:berth", join(this.dataDir, "server")]);
    // The user berth may not be able to read the checkout.
    for (const program of ["berthd", "berth-warden", "berth-agent", "berth"]) {
      cpSync(join(programs, program), join(this.place, "bin", program));
    }
    cpSync(consoleFolder, join(this.place, "console"), { recursive: true });
    cpSync(join(checkout, "images"), join(this.place, "images"), { recursive: true });
    this.config = join(this.place, "berthd.toml");
    writeFileSync(this.config, configuration(options));
    for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(this.place, name), text);
    for (const [name, text] of Object.entries(options.secrets ?? {})) {
      writeFileSync(join(this.place, name), text, { mode: 0o640 });
      execFileSync("chown", ["root:berth", join(this.place, name)]);
    }
    this.listen = "127.0.0.1:0";
    // A test program that is told to end takes its Berth with it.
    this.interrupted = () => {
      for (const program of [this.berthd, this.warden]) program?.child.kill("SIGKILL");
      maybe(() => {
        this.cleanup();
        for (const folder of [this.runDir, this.place]) rmSync(folder, { recursive: true, force: true });
      });
      process.exit(1);
    };
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, this.interrupted);
  }

  program(name) {
    return join(this.place, "bin", name);
  }

  wardenWords() {
    return ["--data-dir", this.dataDir, "--run-dir", this.runDir, "--name", this.name];
  }

  async startWarden() {
    const network = `100.${65 + (this.number % 63)}.0.0/16`;
    const firstUid = String(0x70000000 + 0x800000 * (this.number % 31));
    this.warden = startProgram(this.program("berth-warden"), [
      ...this.wardenWords(),
      ...["--client-user", "berth", "--agent", this.program("berth-agent"), "--recipes", join(this.place, "images")],
      ...["--network", network, "--first-uid", firstUid, ...(this.options.wardenOptions ?? [])],
    ]);
    await this.warden.ready;
  }

  asBerth(...words) {
    return ["setpriv", ["--reuid", "berth", "--regid", "berth", "--init-groups", "--no-new-privs", ...words]];
  }

  // On the port it had before, when it is started again.
  async startBerthd() {
    const [file, words] = this.asBerth(
      ...["--pdeathsig", "TERM", this.program("berthd"), "--config", this.config, "--data-dir", this.dataDir],
      ...["--warden-socket", join(this.runDir, "warden.sock"), "--console", join(this.place, "console")],
      ...["--listen", this.listen, ...(this.options.berthdOptions ?? [])],
    );
    this.berthd = startProgram(file, words);
    this.url = (await this.berthd.ready).replace(/^.*ready /, "");
    this.listen = new URL(this.url).host;
    this.adminToken = readFileSync(join(this.dataDir, "server/admin-token"), "utf8").trim();
    this.admin = this.client({ token: this.adminToken });
  }

  client(identity = {}) {
    return new Client(this.url, identity);
  }

  async kill(name) {
    this[name].child.kill("SIGKILL");
    await this[name].ended;
  }

  async imageReady(name) {
    for await (const { data } of this.admin.events({ after: 0 })) {
      if (data.image !== name) continue;
      assert.notEqual(data.type, "image_failed", data.detail);
      if (data.type === "image_ready") return;
    }
    assert.fail(`the events ended before image ${name} was ready`);
  }

  // An account of its own: a member, signed in with an API token.
  async member(name) {
    const { url, account } = await this.admin.ok("POST", "/accounts", { name });
    const code = url.split("#code=")[1];
    const { token } = await this.client().ok("POST", "/login", { code, kind: "api_token" });
    return Object.assign(this.client({ token }), { account });
  }

  async running(body = {}, client = this.admin) {
    const instance = await client.ok("POST", "/instances?wait=60", { image: "busybox", ...body });
    assert.equal(instance.state, "running", instance.reason ?? "");
    return instance;
  }

  // The host's process ids of the instance, its PID 1 first.
  processes(instance) {
    const found = [];
    for (const number of hostProcesses()) {
      const cgroup = maybe(() => readFileSync(`/proc/${number}/cgroup`, "utf8"));
      if (!cgroup.includes(`/${this.name}/`) || !cgroup.includes(instance.id)) continue;
      const inner = maybe(() => readFileSync(`/proc/${number}/status`, "utf8")).match(/^NSpid:\s+\d+\s+(\d+)$/m)?.[1];
      if (inner) found.push({ pid: Number(number), inner: Number(inner) });
    }
    return found.sort((one, other) => one.inner - other.inner).map(({ pid }) => pid);
  }

  traces() {
    const found = [];
    const look = (what, text) => {
      for (const line of text.split("\n")) {
        if (line.includes(this.name)) found.push(`${what}: ${line}`);
      }
    };
    // Others' cgroups come and go while find walks.
    look("cgroup", output("sh", "-c", `find /sys/fs/cgroup -type d -name '${this.name}*' 2>/dev/null || true`));
    look("link", output("ip", "-o", "link"));
    look("firewall", output("nft", "list", "tables"));
    look("mount", readFileSync("/proc/self/mountinfo", "utf8"));
    look("loop device", output("losetup", "--list", "--output", "NAME,BACK-FILE"));
    look("run folder", readdirSync("/run").join("\n"));
    for (const number of hostProcesses()) {
      if (Number(number) === process.pid) continue;
      look(`process ${number}`, maybe(() => readFileSync(`/proc/${number}/cmdline`, "utf8")).replaceAll("\0", " "));
      for (const kind of ["net", "mnt", "pid", "user"]) {
        const namespace = maybe(() => readlinkSync(`/proc/${number}/ns/${kind}`));
        // The kernel gives a freed namespace's number to the next one: a process that came later is none of ours.
        if (this.namespaces?.has(namespace) && this.living.has(number)) found.push(`namespace: ${namespace} of process ${number}`);
      }
    }
    return found;
  }

  rememberNamespaces() {
    this.namespaces = new Set();
    this.living = new Set(hostProcesses());
    for (const number of hostProcesses()) {
      if (!maybe(() => readFileSync(`/proc/${number}/cgroup`, "utf8")).includes(`/${this.name}/`)) continue;
      for (const kind of ["net", "mnt", "pid", "user"]) {
        const namespace = maybe(() => readlinkSync(`/proc/${number}/ns/${kind}`));
        if (namespace && namespace !== readlinkSync(`/proc/self/ns/${kind}`)) this.namespaces.add(namespace);
      }
    }
  }

  cleanup() {
    execFileSync(this.program("berth-warden"), ["cleanup", ...this.wardenWords()], { stdio: ["ignore", "pipe", "pipe"] });
  }

  async stop() {
    this.rememberNamespaces();
    await end(this.berthd);
    await end(this.warden);
    try {
      this.cleanup();
    } finally {
      rmSync(this.runDir, { recursive: true, force: true });
      // What the programs said, for who looks for a fault.
      if (process.env.BERTH_KEEP) {
        const logs = [this.berthd, this.warden].map((program) => program?.said() ?? "");
        writeFileSync(process.env.BERTH_KEEP, logs.join("\n--- warden\n"));
      }
    }
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, this.interrupted);
    assert.deepEqual(this.traces(), []);
    rmSync(this.place, { recursive: true, force: true });
  }
}

// Those that run: one that has ended and waits to be reaped by the host's PID 1 holds nothing.
export const hostProcesses = () =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name) && !/^State:\s+[ZX]/m.test(maybe(() => readFileSync(`/proc/${name}/status`, "utf8"))));

export function maybe(read) {
  try {
    return read();
  } catch {
    return "";
  }
}

// Asks again until `read` gives something true: for what says no word when it happens, such as a process that ends.
export async function eventually(what, read, limit = 60_000) {
  const deadline = Date.now() + limit;
  for (;;) {
    const value = await read();
    if (value) return value;
    if (Date.now() > deadline) assert.fail(`${what} did not happen within ${limit / 1000} seconds`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
