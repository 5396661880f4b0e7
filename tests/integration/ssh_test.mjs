// SPDX-License-Identifier: Apache-2.0
// The SSH door with the stock client of OpenSSH.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Berth, eventually } from "./berth.mjs";
import { Attachment } from "./terminal.mjs";

const place = mkdtempSync(join(tmpdir(), "berth-ssh-"));
let berth;
let door;
let member;
before(async () => {
  berth = await Berth.start({ berthdOptions: ["--ssh-listen", "127.0.0.1:0"] });
  door = await berth.admin.ok("GET", "/ssh");
  member = await berth.member("mara");
  await addKey(berth.admin, "admin");
  await addKey(member, "mara");
});
after(async () => {
  try {
    await berth?.stop();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

function makeKey(name, ...type) {
  execFileSync("ssh-keygen", ["-q", ...(type.length ? type : ["-t", "ed25519"]), "-N", "", "-C", `${name}@desk`, "-f", join(place, name)]);
  return readFileSync(join(place, `${name}.pub`), "utf8");
}
const addKey = (client, name, ...type) => client.ok("POST", "/ssh-keys", { key: makeKey(name, ...type) });

const clientOptions = (key) => [
  ...["-F", "none", "-i", join(place, key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
  ...["-o", "StrictHostKeyChecking=accept-new", "-o", `UserKnownHostsFile=${join(place, "known")}`, "-o", "LogLevel=ERROR"],
];

function start(program, words, environment = {}) {
  const child = spawn(program, words, { env: { PATH: process.env.PATH, HOME: place, TERM: "vt100", LANG: "C.UTF-8", ...environment } });
  const [out, err] = [[], []];
  child.stdout.on("data", (bytes) => out.push(bytes));
  child.stderr.on("data", (bytes) => err.push(bytes));
  child.stdin.on("error", () => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const ended = new Promise((resolve) =>
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, out: Buffer.concat(out), err: Buffer.concat(err).toString() });
    }),
  );
  return { child, ended, said: () => Buffer.concat(out).toString("latin1") };
}

const sshWords = (key, user, ...words) => [...clientOptions(key), "-p", String(door.port), ...words.slice(0, -1), `${user}@127.0.0.1`, ...words.slice(-1)].filter((word) => word !== "");

// {status, out, err} of `ssh [options…] user@host command`; an empty command is a shell.
function ssh(key, user, words, input = "") {
  const { child, ended } = start("ssh", sshWords(key, user, ...words));
  child.stdin.end(input);
  return ended;
}

const sessions = async (instance, client = berth.admin) => (await client.ok("GET", `/instances/${instance.id}/sessions`)).items;

test("the host key is made once, is its owner's alone, and is the one the API tells of", async () => {
  const file = join(berth.dataDir, "server/ssh-host-key");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(execFileSync("ssh-keygen", ["-lf", file]).toString().includes(door.fingerprint));
  const scanned = execFileSync("sh", ["-c", `ssh-keyscan -p ${door.port} 127.0.0.1 2>/dev/null | ssh-keygen -lf -`]).toString();
  assert.ok(scanned.includes(door.fingerprint), scanned);
  assert.equal(scanned.trim().split("\n").length, 1);
});

test("keys are added, listed with their fingerprint, refused with a reason, and removed", async () => {
  const pub = makeKey("extra", "-t", "ecdsa");
  const added = await member.ok("POST", "/ssh-keys", { key: pub, name: "spare" });
  assert.equal(added.name, "spare");
  assert.ok(execFileSync("ssh-keygen", ["-lf", join(place, "extra.pub")]).toString().includes(added.fingerprint));
  const { items } = await member.ok("GET", "/ssh-keys");
  assert.deepEqual(items.map(({ name }) => name).sort(), ["mara@desk", "spare"]);
  await member.refused(409, "conflict", "POST", "/ssh-keys", { key: pub });
  await berth.admin.refused(409, "conflict", "POST", "/ssh-keys", { key: pub });
  await member.refused(400, "invalid_argument", "POST", "/ssh-keys", { key: readFileSync(join(place, "extra"), "utf8") });
  await member.refused(400, "invalid_argument", "POST", "/ssh-keys", { key: makeKey("weak", "-t", "rsa", "-b", "1024") });
  assert.ok(!(await member.ok("GET", "/tokens")).items.some(({ id }) => id === added.id));
  await member.refused(404, "not_found", "DELETE", `/tokens/${added.id}`);
  const other = await berth.member("otto");
  await other.refused(404, "not_found", "DELETE", `/ssh-keys/${added.id}`);
  await member.ok("DELETE", `/ssh-keys/${added.id}`);
  assert.equal((await member.ok("GET", "/ssh-keys")).items.length, 1);
});

test("the command adds, lists and removes keys", async () => {
  makeKey("typed", "-t", "rsa", "-b", "2048");
  const environment = { ...process.env, BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken, HOME: place };
  const run = (...words) => execFileSync(berth.program("berth"), words, { env: environment, encoding: "utf8" });
  const id = run("key", "add", join(place, "typed.pub"), "--name", "typed in").split(" ")[0];
  assert.match(run("key", "ls"), new RegExp(`${id} +typed in +SHA256:`));
  assert.equal((await ssh("typed", (await berth.running()).id, ["true"])).status, 0);
  run("key", "rm", id);
  assert.doesNotMatch(run("key", "ls"), /typed in/);
});

test("IMAGE@host is a new machine that lives on; ID@host and NAME@host come back to it", async () => {
  const first = await ssh("mara", "busybox", ["hostname; touch /tmp/been-here"]);
  assert.equal(first.status, 0, first.err);
  const [, id] = /come back with: ssh -p \d+ (\S+)@127\.0\.0\.1/.exec(first.err) ?? [];
  const instance = await member.ok("GET", `/instances/${id}`);
  assert.equal(first.out.toString().trim(), instance.name);
  const again = await ssh("mara", id, ["ls /tmp/been-here"]);
  assert.deepEqual([again.status, again.out.toString(), again.err], [0, "/tmp/been-here\n", ""]);
  await member.ok("PATCH", `/instances/${id}`, { name: "busybox" });
  const named = await ssh("mara", "busybox", ["ls /tmp/been-here"]);
  assert.deepEqual([named.status, named.err], [0, ""]); // their own machine goes before the image
  await member.ok("POST", `/instances/${id}/actions`, { action: "stop" });
  assert.equal((await ssh("mara", id, ["true"])).status, 0); // and is started for them
});

test("PLAN+IMAGE@host chooses the plan", async () => {
  const { status, err } = await ssh("mara", "strict+busybox", ["true"]);
  assert.equal(status, 0, err);
  const [, id] = /(\S+)@127\.0\.0\.1/.exec(err);
  assert.equal((await member.ok("GET", `/instances/${id}`)).plan, "strict");
  const refused = await ssh("mara", "nosuch+busybox", ["true"]);
  assert.deepEqual([refused.status, refused.err.trim()], [255, "berth: there is no plan 'nosuch' that you may use"]);
});

test("a command has its exit status, its own standard error, its environment and its signal", async () => {
  const { id } = await berth.running();
  const { status, out, err } = await ssh("admin", id, ["-o", "SendEnv=LANG", "echo out $LANG; echo err >&2; exit 42"]);
  assert.deepEqual([status, out.toString(), err], [42, "out C.UTF-8\n", "err\n"]);
  assert.equal((await ssh("admin", id, ["kill -TERM $$"])).status, 255); // as ssh tells of a signal
});

test("a mebibyte passes whole each way, with an end of file", async () => {
  const { id } = await berth.running();
  const bytes = randomBytes(1 << 20);
  const sum = createHash("sha256").update(bytes).digest("hex");
  assert.equal((await ssh("admin", id, ["sha256sum"], bytes)).out.toString().slice(0, 64), sum);
  for (const rekey of ["default", "64K"]) { // new keys on the way, too
    const { out, err } = await ssh("admin", id, ["-o", `RekeyLimit=${rekey}`, "cat"], bytes);
    assert.ok(out.equals(bytes), err);
  }
});

test("a slow reader holds the program back, and a slow program the sender", async () => {
  const instance = await berth.running();
  const reader = start("ssh", sshWords("admin", instance.id, "yes | while read x; do echo $x; done | tee /tmp/made | cat; true"));
  reader.child.stdout.pause();
  const size = async () => Number((await ssh("admin", instance.id, ["wc -c < /tmp/made"])).out);
  let before = 0;
  await eventually("the program stands still", async () => {
    const now = await size();
    const still = now > 0 && now === before;
    before = now;
    return still;
  });
  assert.ok(before < 8 << 20, `${before} bytes are under way`);
  reader.child.kill("SIGKILL");
  const writer = start("ssh", sshWords("admin", instance.id, "exec sleep 1000"));
  for (let count = 0; count < 32; ++count) writer.child.stdin.write(Buffer.alloc(1 << 20));
  before = -1;
  await eventually("the sender stands still", async () => {
    await ssh("admin", instance.id, ["true"]); // others go on
    const now = writer.child.stdin.writableLength;
    const still = now < 32 << 20 && now === before;
    before = now;
    return still;
  });
  assert.ok(before > 16 << 20, `only ${before} bytes of 32 MiB are held back`);
  writer.child.kill("SIGKILL");
  await eventually("the command ends with its client", async () => {
    const { out } = await ssh("admin", instance.id, ["ps | grep -c '[s]leep 1000'"]);
    return out.toString().trim() === "0";
  });
});

test("a shell has a terminal with a size, a greeting, and is a session that everybody sees", async () => {
  const instance = await berth.running();
  const { child, ended, said } = start("ssh", ["-tt", ...sshWords("admin", instance.id, "")]);
  await eventually("a prompt", () => said().includes("#"));
  assert.match(said(), /\[berth\] \S+ has 60 minutes left; come back with: ssh -p \d+ \S+@127\.0\.0\.1/);
  child.stdin.write("stty size; echo $TERM; echo a-$((40+2))\n");
  await eventually("the answer", () => said().includes("a-42"));
  assert.match(said(), /vt100/);
  const [session] = await sessions(instance);
  assert.deepEqual([session.kind, session.running, session.viewers], ["terminal", true, 1]);
  // The page looks at the same terminal, and types into it.
  const page = await Attachment.open(berth.admin, instance, session, { offset: 0 });
  page.send("echo from-the-page-$((1+1))\n");
  await eventually("what the page typed", () => said().includes("from-the-page-2"));
  page.send("exit 9\n");
  assert.equal((await ended).status, 9);
  await page.close();
  assert.deepEqual(await sessions(instance), []);
});

test("a dropped connection leaves the shell, and attach comes back to it", async () => {
  const instance = await berth.running();
  const first = start("ssh", ["-tt", ...sshWords("admin", instance.id, "")]);
  await eventually("a prompt", () => first.said().includes("#"));
  first.child.stdin.write("keep=treasure-$((10+1)); echo set\n");
  await eventually("the variable", () => first.said().includes("\r\nset"));
  first.child.kill("SIGKILL");
  await first.ended;
  await eventually("nobody looks", async () => (await sessions(instance))[0]?.viewers === 0);
  const [session] = await sessions(instance);
  const hint = await ssh("admin", instance.id, ["-tt", ""], "exit\n");
  assert.match(hint.out.toString(), new RegExp(`terminal ${session.id} was left open: ssh -t .* attach ${session.id}`));
  for (const words of [["-tt", "attach"], ["-tt", `attach ${session.id}`], ["-tt", "-o", "SetEnv=BERTH_ATTACH=", ""]]) {
    const again = start("ssh", sshWords("admin", instance.id, ...words));
    again.child.stdin.write("echo have-$keep\n");
    await eventually("the same shell", () => again.said().includes("have-treasure-11"));
    again.child.kill("SIGKILL");
    await again.ended;
    await eventually("nobody looks", async () => (await sessions(instance))[0].viewers === 0);
  }
  const none = await ssh("admin", instance.id, ["-tt", "attach 00000000"]);
  assert.equal(none.status, 255);
  assert.match(none.out.toString(), /there is no such terminal/);
});

test("berth attach comes back to a terminal that SSH has left, and leaves it as it was", async () => {
  const instance = await berth.running();
  const first = start("ssh", ["-tt", ...sshWords("admin", instance.id, "")]);
  await eventually("a prompt", () => first.said().includes("#"));
  first.child.stdin.write("keep=treasure-$((20+2)); echo set\n");
  await eventually("the variable", () => first.said().includes("\r\nset"));
  first.child.kill("SIGKILL");
  await first.ended;
  await eventually("nobody looks", async () => (await sessions(instance))[0]?.viewers === 0);
  const [session] = await sessions(instance);
  const environment = { BERTH_URL: berth.url, BERTH_TOKEN: berth.adminToken };
  // On a terminal of its own, as somebody types it.
  const attach = (...words) => start("script", ["-qefc", [berth.program("berth"), "attach", ...words].join(" "), "/dev/null"], environment);
  for (const words of [[instance.name], [instance.id, session.id]]) {
    const again = attach(...words);
    await eventually("the screen", () => again.said().includes("set"));
    again.child.stdin.write("echo have-$keep\r");
    await eventually("the same shell", () => again.said().includes("have-treasure-22"));
    again.child.stdin.write("\r~.");
    const { status, out } = await again.ended;
    assert.match(out.toString(), new RegExp(`detached; the session goes on, and .*${session.id}`));
    assert.equal(status, 0);
    await eventually("nobody looks", async () => (await sessions(instance))[0].viewers === 0);
  }
  const last = attach(instance.id);
  await eventually("the screen", () => last.said().includes("have-treasure-22"));
  last.child.stdin.write("exit 7\r");
  assert.equal((await last.ended).status, 7);
  const none = await attach(instance.id).ended;
  assert.equal(none.status, 1);
  assert.match(none.out.toString(), /no terminal was left open; open one with: berth sh/);
});

test("removing a key ends what it opened, and the terminal goes on", async () => {
  const { id } = await addKey(berth.admin, "withdrawn");
  const instance = await berth.running();
  const client = start("ssh", ["-tt", ...sshWords("withdrawn", instance.id, "")]);
  await eventually("a prompt", () => client.said().includes("#"));
  const other = start("ssh", ["-tt", ...sshWords("admin", instance.id, "")]);
  await eventually("a prompt", () => other.said().includes("#"));
  await berth.admin.ok("DELETE", `/ssh-keys/${id}`);
  assert.equal((await client.ended).status, 255);
  await eventually("one viewer", async () => (await sessions(instance)).map(({ viewers }) => viewers).sort().join() === "0,1");
  other.child.stdin.write("exit 3\n");
  assert.equal((await other.ended).status, 3);
});

test("rsync carries a folder both ways, and what changed alone", async () => {
  const instance = await berth.running();
  // The machine gets the host's own program, with what it is linked with.
  const libraries = execFileSync("ldd", ["/usr/bin/rsync"], { encoding: "utf8" }).match(/\/\S+/g);
  const program = execFileSync("tar", ["-chP", "--transform", "s,^/,,", "/usr/bin/rsync", ...libraries], { maxBuffer: 64 << 20 });
  await berth.admin.ok("PUT", `/instances/${instance.id}/files?path=/&form=tar`, program);
  const [folder, back] = ["synchronized", "brought-back"].map((name) => join(place, name));
  mkdirSync(join(folder, "below"), { recursive: true });
  const bytes = randomBytes(3 << 20);
  writeFileSync(join(folder, "below/large"), bytes);
  writeFileSync(join(folder, "small"), "first\n", { mode: 0o600 });
  const shell = ["ssh", ...clientOptions("admin"), "-p", String(door.port)].join(" ");
  const sync = async (...words) => {
    const { status, out, err } = await start("rsync", ["-a", "--delete", "--stats", "-e", shell, ...words]).ended;
    assert.equal(status, 0, err);
    return Number(/Number of regular files transferred: (\d+)/.exec(out.toString())[1]);
  };
  const remote = `${instance.id}@127.0.0.1:/root/folder/`;
  assert.equal(await sync(`${folder}/`, remote), 2);
  writeFileSync(join(folder, "small"), "second\n");
  assert.equal(await sync(`${folder}/`, remote), 1);
  rmSync(join(folder, "small"));
  assert.equal(await sync(`${folder}/`, remote), 0);
  assert.equal(await sync(remote, `${back}/`), 1);
  assert.ok(readFileSync(join(back, "below/large")).equals(bytes));
  assert.deepEqual(readdirSync(back), ["below"]);
});

test("the door listens on IPv6, too", async () => {
  const six = await Berth.start({ berthdOptions: ["--ssh-listen", "[::1]:0"], waitForImage: false });
  try {
    const { port, fingerprint } = await six.admin.ok("GET", "/ssh");
    const scanned = execFileSync("sh", ["-c", `ssh-keyscan -p ${port} ::1 2>/dev/null | ssh-keygen -lf -`]).toString();
    assert.ok(scanned.includes(fingerprint), scanned);
  } finally {
    await six.stop();
  }
});

test("an unknown key is a guest with machines of its own", async () => {
  makeKey("stranger");
  const first = await ssh("stranger", "busybox", ["true"]);
  assert.equal(first.status, 0, first.err);
  const [, id] = /(\S+)@127\.0\.0\.1/.exec(first.err);
  assert.equal((await ssh("stranger", id, ["true"])).status, 0);
  const { items } = await berth.admin.ok("GET", "/accounts");
  assert.equal(items.filter(({ role }) => role === "guest").length, 1);
});

test("a key of another account learns nothing of my machine", async () => {
  const mine = await berth.running();
  const theirs = await ssh("mara", mine.id, ["true"]);
  const nothing = await ssh("mara", "aaaaaaaaaaaa", ["true"]);
  assert.deepEqual([theirs.status, nothing.status], [255, 255]);
  assert.equal(theirs.err.replaceAll(mine.id, "X"), nothing.err.replaceAll("aaaaaaaaaaaa", "X"));
});

// A connection through `ssh -L` to `target`: what comes back for `message`, or "" when it is closed.
async function through(key, instance, target, message) {
  const free = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => free.once("listening", resolve));
  const { port } = free.address();
  await new Promise((resolve) => free.close(resolve));
  const { child, ended } = start("ssh", sshWords(key, instance.id, "-N", "-o", "ExitOnForwardFailure=yes", "-L", `127.0.0.1:${port}:${target}`, ""));
  const socket = await eventually("the forwarded port", () =>
    new Promise((resolve) => {
      const attempt = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      attempt.once("connect", () => resolve(attempt)).once("error", () => resolve(null));
    }),
  );
  const pieces = [];
  socket.on("data", (bytes) => pieces.push(bytes));
  socket.end(message);
  await new Promise((resolve) => socket.once("close", resolve).once("error", resolve));
  child.kill("SIGTERM");
  await ended;
  return Buffer.concat(pieces);
}

test("-L reaches the machine's own ports, half-closed and whole, and nothing else", async () => {
  const instance = await berth.running();
  const listener = start("ssh", sshWords("admin", instance.id, "while true; do nc -l -p 7000 -e cat; done"));
  await eventually("a listener", async () => (await berth.admin.ok("GET", `/instances/${instance.id}/ports`)).items.some(({ port }) => port === 7000));
  const bytes = randomBytes(300_000);
  for (const host of ["localhost", "127.0.0.1", instance.name]) {
    assert.ok((await through("admin", instance, `${host}:7000`, bytes)).equals(bytes), host);
  }
  const { port } = new URL(berth.url);
  for (const target of ["192.0.2.1:80", "localhost:1", `127.0.0.2:${port}`]) {
    assert.equal((await through("admin", instance, target, "GET / HTTP/1.0\r\n\r\n")).length, 0, target);
  }
  // "localhost" is the machine's: the server's own port is not there.
  assert.equal((await through("admin", instance, `localhost:${port}`, "GET / HTTP/1.0\r\n\r\n")).length, 0);
  listener.child.kill("SIGKILL");
});

test("scp and sftp carry files both ways, and a file put there by the API is there", async () => {
  const instance = await berth.running();
  const bytes = randomBytes(1 << 20);
  writeFileSync(join(place, "from"), bytes);
  const words = [...clientOptions("admin"), "-P", String(door.port)];
  const remote = (path) => `${instance.id}@127.0.0.1:${path}`;
  const up = await start("scp", [...words, "-p", join(place, "from"), remote("/tmp/there")]).ended;
  assert.equal(up.status, 0, up.err);
  const down = await start("scp", [...words, remote("/tmp/there"), join(place, "back")]).ended;
  assert.equal(down.status, 0, down.err);
  assert.ok(readFileSync(join(place, "back")).equals(bytes));

  await berth.admin.ok("PUT", `/instances/${instance.id}/files?path=/tmp/dropped&form=raw`, "by the page");
  const sftp = start("sftp", [...words, "-b", "-", remote("")]);
  sftp.child.stdin.end(`get /tmp/dropped ${join(place, "dropped")}\nmkdir /tmp/made\nput ${join(place, "from")} /tmp/made/put\nls -l /tmp/made\n`);
  const { status, out, err } = await sftp.ended;
  assert.equal(status, 0, err);
  assert.match(out.toString(), /1048576 .* \/tmp\/made\/put/);
  assert.equal(readFileSync(join(place, "dropped"), "utf8"), "by the page");
  const missing = await start("scp", [...words, remote("/tmp/nothing"), join(place, "nothing")]).ended;
  assert.notEqual(missing.status, 0);
  assert.match(missing.err, /No such file/);
});

test("forwarding back, of an agent or of a display is refused and the rest goes on", async () => {
  const { id } = await berth.running();
  const back = await ssh("admin", id, ["-o", "ExitOnForwardFailure=yes", "-R", "7001:localhost:22", "true"]);
  assert.equal(back.status, 255);
  const rest = await ssh("admin", id, ["-A", "-R", "7001:localhost:22", "echo fine $SSH_AUTH_SOCK"]);
  assert.equal(rest.out.toString(), "fine\n", rest.err);
});

test("many channels share a connection", async () => {
  const { id } = await berth.running();
  const control = join(place, "control");
  const master = start("ssh", sshWords("admin", id, "-M", "-S", control, "-N", ""));
  await eventually("the master", () => execFileSync("sh", ["-c", `ssh -S ${control} -O check x 2>&1 || true`]).includes("running"));
  const answers = await Promise.all(Array.from({ length: 8 }, (_, number) => ssh("admin", id, ["-S", control, `echo ${number}; exit ${number}`])));
  assert.deepEqual(answers.map(({ status }) => status), [0, 1, 2, 3, 4, 5, 6, 7]);
  master.child.kill("SIGTERM");
  await master.ended;
});

// Connections that say `greeting` and then nothing; those that were let in.
async function strangers(count, port, greeting) {
  const sockets = await Promise.all(
    Array.from({ length: count }, () =>
      new Promise((resolve) => {
        const socket = connect({ port, host: "127.0.0.1" });
        socket.on("error", () => {});
        socket.once("close", () => resolve({ socket, heard: false }));
        socket.once("data", () => resolve({ socket, heard: true }));
        if (greeting) socket.write(greeting);
      }),
    ),
  );
  return sockets.filter(({ heard }) => heard).map(({ socket }) => socket);
}

test("a flood of silent or babbling strangers is bounded and holds up nobody; then the address has to wait", async () => {
  const limits = { most_strangers_per_address: 5, most_failures_per_minute: 9, guests: false };
  const strict = await Berth.start({ ssh: { listen: "127.0.0.1:0", ...limits } });
  try {
    const { port } = await strict.admin.ok("GET", "/ssh");
    makeKey("strict");
    await strict.admin.ok("POST", "/ssh-keys", { key: readFileSync(join(place, "strict.pub"), "utf8") });
    const instance = await strict.running();
    const words = (key, command) => [...clientOptions(key), "-p", String(port), `${instance.id}@127.0.0.1`, command];
    const shell = start("ssh", ["-tt", ...words("strict", "cat")]);
    shell.child.stdin.write("ping\n");
    await eventually("an echo", () => shell.said().includes("ping"));

    makeKey("unknown");
    const unknown = await start("ssh", words("unknown", "true")).ended;
    assert.equal(unknown.status, 255);
    assert.match(unknown.err, /Permission denied \(publickey\)/);

    const silent = await strangers(20, port);
    assert.equal(silent.length, 5); // the others were closed before a byte was said
    shell.child.stdin.write("pong\n");
    await eventually("an echo under the flood", () => shell.said().includes("pong"));
    for (const socket of silent) socket.destroy();
    await eventually("a place", async () => {
      const heard = await strangers(1, port, "SSH-2.0-noise\r\n" + "x".repeat(100_000));
      return heard.length === 1;
    });
    // Enough have failed now: the address is shut out, who is in stays in.
    await eventually("the address waits", async () => (await strangers(1, port)).map((socket) => socket.destroy()).length === 0);
    assert.equal((await start("ssh", words("strict", "true")).ended).status, 255);
    shell.child.stdin.write("still\n");
    await eventually("an echo after all", () => shell.said().includes("still"));
    shell.child.kill("SIGKILL");
  } finally {
    await strict.stop();
  }
});

test("who does not sign in within the limit is hung up on", async () => {
  const [socket] = await strangers(1, door.port, "SSH-2.0-slow\r\n");
  const begin = Date.now();
  await new Promise((resolve) => socket.once("close", resolve));
  assert.ok(Date.now() - begin < 40_000);
});

test("on a full host a terminal is told its place in the queue, and starts when there is room", async () => {
  const full = await Berth.start({ ssh: { listen: "127.0.0.1:0" }, limits: { most_active: 1 } });
  try {
    const { port } = await full.admin.ok("GET", "/ssh");
    makeKey("patient");
    await full.admin.ok("POST", "/ssh-keys", { key: readFileSync(join(place, "patient.pub"), "utf8") });
    const first = await full.running();
    const waiting = start("ssh", ["-tt", ...clientOptions("patient"), "-p", String(port), "busybox@127.0.0.1"]);
    await eventually("its place", () => waiting.said().includes("the host is full; you are number 1 in the queue"));
    await full.admin.ok("DELETE", `/instances/${first.id}`);
    await eventually("a greeting", () => waiting.said().includes("is your new machine"));
    waiting.child.stdin.write("exit 4\n");
    assert.equal((await waiting.ended).status, 4);
  } finally {
    await full.stop();
  }
});

test("the end of the lease is told before it comes, and ends the shell with a word", async () => {
  const instance = await berth.running({ lifetime: 63 });
  const { ended, said } = start("ssh", ["-tt", ...sshWords("admin", instance.id, "")]);
  await eventually("the warning", () => /this machine ends in \d+ seconds; more time: berth extend/.test(said()));
  await berth.admin.ok("DELETE", `/instances/${instance.id}`);
  assert.equal((await ended).status, 255);
  assert.match(said(), /this machine is gone/);
});
