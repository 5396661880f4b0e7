// SPDX-License-Identifier: Apache-2.0
// TLS behind a proxy that tells the client's address before it: that address counts, and who tells none gets nowhere.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlainly } from "node:net";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { Berth, eventually } from "./berth.mjs";
import { certificateFor } from "./certificates.mjs";

const one = certificateFor("*.example.org");
const nc = ["nc", "-lk", "-p", "1337", "-e", "cat"];
const service = (name, options = {}) => ({ name, listen: "", tls_names: [`${name}.example.org`], image: "busybox", port: 1337, command: nc, least_ready: 1, most_ready: 2, ...options });
const pair = `[[tls.certificate]]\ncertificate = "one.pem"\nkey = "one.key"\n`;

let berth;
let port;
before(async () => {
  berth = await Berth.start({
    files: { "one.pem": one.certificate },
    secrets: { "one.key": one.key },
    services: [service("allowed", { allow: ["192.0.2.0/24", "2001:db8::/32"] }), service("capped", { most_per_address: 1 }), service("worked", { proof_of_work: 8 })],
    extra: `[tls]\nlisten = "127.0.0.1:0"\nproxy_protocol = true\nhandshake_limit = "2s"\n${pair}`,
  });
  await eventually("the port", () => (port = Number(/TLS on port (\d+)/.exec(berth.berthd.said())?.[1])));
});
after(() => berth?.stop());

const statusOf = async (name) => (await berth.admin.ok("GET", "/services")).items.find((item) => item.name === name);

const hello = Buffer.from("1603010200010001fc0303", "hex"); // its beginning
const text = (address) => `PROXY ${address.includes(":") ? "TCP6" : "TCP4"} ${address} 127.0.0.1 1 2\r\n`;
function binary(address, command = 0x21) {
  const addresses = Buffer.from([...address.split(".").map(Number), 127, 0, 0, 1, 0, 1, 0, 2]);
  return Buffer.concat([Buffer.from("\r\n\r\n\0\r\nQUIT\n"), Buffer.from([command, 0x11, 0, addresses.length]), addresses]);
}

// A connection that begins with the header. What it is sent is collected.
async function visit(name, header) {
  const raw = connectPlainly({ port, host: "127.0.0.1" });
  raw.write(header);
  const socket = connect({ socket: raw, servername: `${name}.example.org`, ca: one.certificate });
  const visitor = { text: "", closed: new Promise((resolve) => socket.on("close", resolve)) };
  socket.on("data", (bytes) => (visitor.text += bytes)).on("error", () => {});
  visitor.saysOrEnds = (wanted) => eventually(`'${wanted}', or an end`, () => visitor.text.includes(wanted) || socket.closed);
  visitor.write = (bytes) => socket.write(bytes);
  visitor.leave = async () => {
    socket.destroy();
    await visitor.closed;
  };
  await once(socket, "secureConnect");
  return visitor;
}

async function isLetIn(name, header) {
  const visitor = await visit(name, header);
  visitor.write("echo\n");
  await visitor.saysOrEnds("echo\n");
  await visitor.leave();
  return visitor.text === "echo\n";
}

// A reset is an end as well.
const closeOf = (socket) => new Promise((resolve) => socket.on("error", () => {}).on("close", resolve));

// What a connection without TLS hears until it is closed, and after how many seconds that is. Of `more` it says some every now and then.
async function plainly(bytes, more) {
  const begin = performance.now();
  const socket = connectPlainly({ port, host: "127.0.0.1" });
  let heard = 0;
  socket.on("data", (piece) => (heard += piece.length));
  if (bytes) socket.write(bytes);
  const drip = more && setInterval(() => socket.write(more), 100);
  await closeOf(socket);
  clearInterval(drip);
  return { heard, seconds: (performance.now() - begin) / 1000 };
}

test("the lists know the address that either version of the header tells", async () => {
  for (const header of [text("192.0.2.7"), binary("192.0.2.7"), text("2001:db8::7")]) assert.ok(await isLetIn("allowed", header));
  const refused = [text("198.51.100.7"), binary("198.51.100.7"), text("2001:db9::7"), "PROXY UNKNOWN\r\n", binary("192.0.2.7", 0x20)];
  for (const header of refused) assert.ok(!(await isLetIn("allowed", header)));
  assert.equal((await statusOf("allowed")).denied, refused.length);
});

test("the cap of an address is that of who is behind the proxy", async () => {
  const first = await visit("capped", text("192.0.2.7"));
  first.write("first\n");
  await first.saysOrEnds("first\n");
  assert.ok(!(await isLetIn("capped", binary("192.0.2.7"))));
  assert.ok(await isLetIn("capped", text("192.0.2.8")));
  assert.equal((await statusOf("capped")).too_many, 1);
  assert.equal(first.text, "first\n");
  await first.leave();
});

test("work grows for who comes often, and for nobody else behind the proxy", async () => {
  const bits = async (address) => {
    const visitor = await visit("worked", text(address));
    await visitor.saysOrEnds("\n");
    await visitor.leave();
    return Number(visitor.text.trim().split(" ").at(-1));
  };
  for (let count = 0; count < 8; ++count) await bits("192.0.2.7");
  assert.ok((await bits("192.0.2.7")) > 8);
  assert.equal(await bits("192.0.2.8"), 8);
});

test("a connection that does not begin with a header is closed without a word", async () => {
  for (const bytes of [hello, "GET / HTTP/1.1\r\n\r\n", `PROXY TCP4 ${"1".repeat(200)}`, "PROXY TCP4 nowhere 127.0.0.1 1 2\r\n", binary("192.0.2.7", 0x31)]) {
    const { heard, seconds } = await plainly(bytes);
    assert.equal(heard, 0);
    assert.ok(seconds < 1.5, `${seconds} s`);
  }
});

test("who is silent, slow or stops in the middle is closed at the deadline of the handshake", async () => {
  const long = Buffer.concat([binary("192.0.2.7").subarray(0, 14), Buffer.from([255, 255])]);
  const all = await Promise.all([
    plainly(),
    plainly("PROXY TCP4 192.0"),
    plainly("PROXY ", "1"),
    plainly(binary("192.0.2.7").subarray(0, 20)),
    plainly(long, Buffer.alloc(1000)),
    plainly(text("192.0.2.7")),
    plainly(Buffer.concat([binary("192.0.2.7"), hello]), "\0"),
  ]);
  for (const [number, { heard, seconds }] of all.entries()) {
    assert.ok(heard <= 7, "an alert at most");
    assert.ok(seconds > 1.5 && seconds < 4, `${number}: ${seconds} s`);
  }
});

test("a thousand who owe a header do not stop one who tells it", async () => {
  const closed = Array.from({ length: 1000 }, (_, number) => {
    const socket = connectPlainly({ port, host: "127.0.0.1" });
    if (number % 2) socket.write("PROXY TCP4 192.0.2.7");
    return closeOf(socket.resume());
  });
  for (let round = 0; round < 3; ++round) assert.ok(await isLetIn("allowed", text("192.0.2.9")));
  await Promise.all(closed);
});
