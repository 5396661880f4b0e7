// SPDX-License-Identifier: Apache-2.0
// TLS at one address for many services: the name chooses, bytes and ends go both ways, and who is silent or babbles harms nobody.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectPlainly } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { Berth, eventually } from "./berth.mjs";
import { certificateFor } from "./certificates.mjs";

const token = "t".repeat(128);
const frame = (identifier) => Buffer.concat([Buffer.from(token), Buffer.from([identifier >> 8, identifier & 255])]);

const one = certificateFor("echo.example.org", "named.example.org", "made.example.org");
const two = certificateFor("*.example.net");
const renewed = certificateFor("echo.example.org", "named.example.org", "made.example.org");
const nc = (...command) => ["nc", "-lk", "-p", "1337", "-e", ...command];
const service = (name, options = {}) => ({ name, image: "busybox", port: 1337, command: nc("cat"), least_ready: 1, most_ready: 4, ...options });
const pair = (name) => `[[tls.certificate]]\ncertificate = "${name}.pem"\nkey = "${name}.key"\n`;
const tls = `[tls]\nlisten = "127.0.0.1:0"\nhandshake_limit = "2s"\n${pair("one")}${pair("two")}`;

let berth;
let port;
before(async () => {
  berth = await Berth.start({
    files: { tokens: `${token}\n`, "one.pem": one.certificate, "two.pem": two.certificate },
    secrets: { "one.key": one.key, "two.key": two.key },
    services: [
      service("echo", { tls_names: ["echo.example.org"] }),
      service("hello", { listen: "", command: nc("echo", "hello"), tls_names: ["hello.example.net", "hi.example.net"] }),
      service("named", { mode: "token", tokens_file: "tokens", greeting_limit: "1s", command: nc("hostname"), tls_names: ["named.example.org"] }),
      service("loud", { command: nc("sh", "-c", "read line; yes | head -c 5000000"), tls_names: ["loud.example.net"] }),
      service("barred", { deny: ["127.0.0.1"], tls_names: ["barred.example.net"] }),
    ],
    extra: tls,
  });
  await eventually("the port", () => (port = Number(/TLS on port (\d+)/.exec(berth.berthd.said())?.[1])));
});
after(() => berth?.stop());

const statusOf = async (name) => (await berth.admin.ok("GET", "/services")).items.find((item) => item.name === name);
const instancesOf = async (name) => {
  const { items } = await berth.admin.ok("GET", "/instances?everyone=true&limit=100");
  return items.filter((item) => item.account === `service.${name}`);
};

// A connection that collects what it is sent. `closed` resolves to "end", or to the code of the error.
async function visit(name, options = {}) {
  const ca = [one, two, renewed].map(({ certificate }) => certificate);
  const socket = connect({ port, host: "127.0.0.1", servername: name, ca, allowHalfOpen: true, ...options });
  const visitor = { socket, pieces: [], arrived: () => {} };
  visitor.bytes = () => Buffer.concat(visitor.pieces);
  visitor.closed = new Promise((resolve) => {
    socket.on("error", (fault) => resolve(fault.code));
    socket.on("end", () => resolve("end"));
  });
  socket.on("data", (bytes) => {
    visitor.pieces.push(bytes);
    visitor.arrived();
  });
  visitor.says = async (wanted) => {
    while (!visitor.bytes().includes(wanted)) {
      const end = await Promise.race([new Promise((resolve) => (visitor.arrived = resolve)), visitor.closed]);
      if (end !== undefined && !visitor.bytes().includes(wanted)) assert.fail(`${end} before '${wanted}'`);
    }
  };
  visitor.leave = async () => {
    if (socket.closed) return;
    socket.destroy();
    await once(socket, "close");
  };
  await once(socket, "secureConnect");
  return visitor;
}

async function answer(name, first, options) {
  const visitor = await visit(name, options);
  if (first) visitor.socket.write(first);
  assert.equal(await visitor.closed, "end");
  await visitor.leave();
  return visitor.bytes().toString();
}

// A connection without TLS: what it is sent until it is closed.
async function plainly(bytes) {
  const socket = connectPlainly({ port, host: "127.0.0.1" });
  const pieces = [];
  socket.on("data", (piece) => pieces.push(piece)).on("error", () => {});
  if (bytes) socket.write(bytes);
  await once(socket, "close");
  return Buffer.concat(pieces);
}

test("the name chooses the service and its certificate, in TLS 1.3 and 1.2", async () => {
  assert.equal(await answer("hello.example.net"), "hello\n");
  assert.equal(await answer("HI.example.net", undefined, { maxVersion: "TLSv1.2" }), "hello\n");
  const echo = await visit("echo.example.org");
  assert.equal(echo.socket.getProtocol(), "TLSv1.3");
  assert.match(echo.socket.getPeerCertificate().subjectaltname, /echo\.example\.org/);
  echo.socket.write("echo\n");
  await echo.says("echo\n");
  await echo.leave();
  await eventually("the end of its machine", async () => (await instancesOf("echo")).length === 0);
  await assert.rejects(visit("echo.example.org", { maxVersion: "TLSv1.1", minVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }));
});

test("megabytes come back as they went, and then the end", async () => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"]) {
    const bytes = randomBytes(5_000_000);
    const echo = await visit("echo.example.org", { maxVersion });
    echo.socket.end(bytes);
    assert.equal(await echo.closed, "end");
    const hash = (data) => createHash("sha256").update(data).digest("hex");
    assert.equal(hash(echo.bytes()), hash(bytes));
    await echo.leave();
  }
});

test("a client that does not read holds the bytes back, and gets all of them when it does", async () => {
  const loud = await visit("loud.example.net");
  loud.socket.pause();
  loud.socket.write("go\n");
  const other = await visit("echo.example.org");
  other.socket.write("not held up\n");
  await other.says("not held up\n");
  await other.leave();
  loud.socket.resume();
  await eventually("all bytes", () => loud.bytes().length === 5_000_000);
  assert.equal(await loud.closed, "end");
  await loud.leave();
});

test("a session is taken up again by its own name, and by no other", async () => {
  const first = await visit("hello.example.net", { maxVersion: "TLSv1.2" });
  assert.equal(await first.closed, "end");
  const session = first.socket.getSession();
  await first.leave();
  const again = await visit("hello.example.net", { maxVersion: "TLSv1.2", session });
  assert.ok(again.socket.isSessionReused());
  await again.leave();
  const other = await visit("echo.example.org", { maxVersion: "TLSv1.2", session });
  assert.ok(!other.socket.isSessionReused());
  other.socket.write("echo\n");
  await other.says("echo\n");
  await other.leave();
});

test("a name of a service made by API is served when it is made, and no more when it is removed", async () => {
  const made = { name: "made", tls_names: ["made.example.org"], image: "busybox", port: 1337, command: nc("echo", "made"), plan: "small" };
  await assert.rejects(visit("made.example.org"), { code: "ERR_SSL_TLSV1_UNRECOGNIZED_NAME" });
  await berth.admin.ok("POST", "/services", made);
  assert.equal(await answer("made.example.org"), "made\n");
  const problem = await berth.admin.refused(400, "invalid_argument", "POST", "/services", { ...made, name: "again", tls_names: ["made.example.org", "made.example.com", "echo.example.org"] });
  assert.match(problem.detail, /'made' has it already.*no \[\[tls\.certificate\]\] is for it.*'echo' has it already/);
  await berth.admin.ok("DELETE", "/services/made");
  const late = await visit("made.example.org");
  await late.closed;
  assert.equal(late.bytes().length, 0);
});

test("an unknown name and none are refused, and told nothing more", async () => {
  for (const servername of ["other.example.net", "example.org", ""]) {
    await assert.rejects(visit(servername), { code: "ERR_SSL_TLSV1_UNRECOGNIZED_NAME" });
  }
});

test("bytes that are no TLS are closed without an answer in clear", async () => {
  for (const bytes of ["GET / HTTP/1.1\r\n\r\n", randomBytes(4096), Buffer.from("160301ffff0100", "hex")]) {
    assert.ok((await plainly(bytes)).length <= 7, "an alert at most");
  }
});

test("a silent client is closed at the deadline", async () => {
  const begin = performance.now();
  assert.equal((await plainly()).length, 0);
  const seconds = (performance.now() - begin) / 1000;
  assert.ok(seconds > 1.5 && seconds < 10, `${seconds} s`);
});

test("a token leads to the same machine through TLS, a wrong one to a close", async () => {
  const machine = await answer("named.example.org", frame(1));
  assert.match(machine, /^busybox-/);
  assert.equal(await answer("named.example.org", frame(1)), machine);
  assert.notEqual(await answer("named.example.org", frame(2)), machine);
  assert.equal(await answer("named.example.org", "x".repeat(130)), "");
  assert.equal(await answer("named.example.org"), "");
  assert.equal((await statusOf("named")).wrong_tokens, 2);
});

test("the lists know the client's own address", async () => {
  assert.equal(await answer("barred.example.net"), "");
  assert.equal((await statusOf("barred")).denied, 1);
});

test("a client that breaks off takes its machine with it", async () => {
  const echo = await visit("echo.example.org");
  echo.socket.write("here\n");
  await echo.says("here\n");
  assert.equal((await instancesOf("echo")).length, 1);
  const raw = connectPlainly({ port, host: "127.0.0.1" });
  const over = connect({ socket: raw, servername: "echo.example.org", ca: one.certificate });
  over.on("error", () => {});
  over.write("there\n");
  await once(over, "data");
  raw.resetAndDestroy();
  await eventually("the end of the machine", async () => (await instancesOf("echo")).length === 1);
  await echo.leave();
  await eventually("the end of the other", async () => (await instancesOf("echo")).length === 0);
});

test("a thousand unfinished handshakes do not stop a good one", async () => {
  const hello = Buffer.from("1603010200010001fc0303", "hex");
  const sockets = Array.from({ length: 1000 }, (_, number) => {
    const socket = connectPlainly({ port, host: "127.0.0.1" }).on("error", () => {});
    if (number % 2) socket.write(hello);
    return socket;
  });
  for (let round = 0; round < 5; ++round) assert.equal(await answer("hello.example.net"), "hello\n");
  await Promise.all(sockets.map((socket) => socket.closed || once(socket.resume(), "close")));
});

test("a renewed certificate is taken while people are connected, and one half written is not", async () => {
  const replace = (name, text, owner) => {
    const file = join(berth.place, name);
    writeFileSync(`${file}.new`, text, { mode: 0o640 });
    execFileSync("chown", [owner, `${file}.new`]);
    renameSync(`${file}.new`, file);
  };
  const complaints = () => berth.berthd.said().match(/TLS goes on with the certificate it has/g)?.length ?? 0;
  const shown = async () => {
    const visitor = await visit("echo.example.org");
    const { fingerprint256 } = visitor.socket.getPeerCertificate();
    await visitor.leave();
    return fingerprint256;
  };
  const held = await visit("echo.example.org");
  const old = held.socket.getPeerCertificate().fingerprint256;
  replace("one.pem", renewed.certificate, "berth:berth");
  await eventually("the complaint", complaints);
  assert.equal(await shown(), old);
  replace("one.key", renewed.key, "root:berth");
  await eventually("the renewal", async () => (await shown()) !== old);
  held.socket.write("still here\n");
  await held.says("still here\n");
  await held.leave();
  assert.equal(complaints(), 1);
});

test("faults of the configuration are told before the start", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-tls-"));
  const write = (name, text, mode) => writeFileSync(join(folder, name), text, { mode });
  write("one.pem", one.certificate);
  write("one.key", one.key, 0o640);
  write("two.key", two.key, 0o600);
  write("open.key", one.key, 0o644);
  const check = (certificate, key, names, listen = "127.0.0.1:0") => {
    const services = names.map(
      (name, number) => `[[service]]\nname = "s${number}"\nimage = "busybox"\nport = 1\nplan = "small"\ncommand = ["cat"]\ntls_names = ["${name}"]\n`,
    );
    const text = `[tls]\nlisten = "${listen}"\n[[tls.certificate]]\ncertificate = "${certificate}"\nkey = "${key}"\n${services.join("")}`;
    write("berthd.toml", text);
    try {
      execFileSync(berth.program("berthd"), ["--check", "--config", join(folder, "berthd.toml")], { stdio: "pipe" });
      return "";
    } catch (fault) {
      return fault.stderr.toString();
    }
  };
  assert.equal(check("one.pem", "one.key", ["echo.example.org"]), "");
  assert.match(check("none.pem", "one.key", ["echo.example.org"]), /none\.pem cannot be read/);
  assert.match(check("one.pem", "none.key", ["echo.example.org"]), /none\.key cannot be read/);
  assert.match(check("one.pem", "two.key", ["echo.example.org"]), /two\.key is no key .* or not that of/);
  assert.match(check("one.key", "one.key", ["echo.example.org"]), /is no certificate/);
  assert.match(check("one.pem", "open.key", ["echo.example.org"]), /open to every user/);
  assert.match(check("one.pem", "one.key", ["other.example.org"]), /no \[\[tls\.certificate\]\] is for the name/);
  assert.match(check("one.pem", "one.key", ["echo.example.org", "echo.example.org"]), /both have 'echo\.example\.org'/);
  assert.match(check("one.pem", "one.key", ["*.example.org"]), /no host name/);
  assert.match(check("one.pem", "one.key", ["echo.example.org"], ""), /\[tls\] has no listen/);
  rmSync(folder, { recursive: true });
});
