// SPDX-License-Identifier: Apache-2.0
// Webhooks whose certificates a private authority signed: with its ca_file they are believed, and nobody else is told a thing.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Berth } from "./berth.mjs";
import { certificateBy, newAuthority } from "./certificates.mjs";

const ours = newAuthority("Our own authority");
const receivers = [];

// Answers both kinds of webhooks. `asked` counts what it was asked, `greeted` the clients that took its certificate.
async function receiver(authority, address = "127.0.0.1") {
  const { key, certificate } = certificateBy(authority, address);
  const made = { asked: 0, greeted: 0 };
  made.server = createServer({ key, cert: certificate }, async (request, response) => {
    for await (const piece of request) void piece;
    made.asked++;
    response.end(JSON.stringify({ holder: "alice" }));
  });
  made.server.on("secureConnection", (socket) => socket.once("data", () => made.greeted++)).on("tlsClientError", () => {});
  made.server.listen(0, "127.0.0.1");
  await once(made.server, "listening");
  made.url = `https://127.0.0.1:${made.server.address().port}/hook`;
  receivers.push(made);
  return made;
}

const setting = '[webhooks]\nca_file = "ca.pem"\n';
const command = ["nc", "-lk", "-p", "1337", "-e", "hostname"];
const service = (name, { url }) => ({ name, image: "busybox", port: 1337, command, mode: "token", tokens_from: "webhook", tokens_webhook: url, tokens_webhook_secret_file: "secret", token_length: 5, least_ready: 0, most_ready: 1 });

let berth;
let trusted;
let foreign;
let misnamed;
before(async () => {
  [trusted, foreign, misnamed] = [await receiver(ours), await receiver(newAuthority("Our own authority")), await receiver(ours, "127.0.0.2")];
  berth = await Berth.start({
    files: { "ca.pem": ours.certificate, secret: "s3cret\n" },
    services: [service("trusted", trusted), service("foreign", foreign)],
    extra: setting,
  });
});
after(async () => {
  await berth?.stop();
  for (const { server } of receivers) {
    server.closeAllConnections();
    server.close();
  }
});

// What comes of a message to the receiver.
async function messageTo({ url }) {
  const { webhook } = await berth.admin.ok("POST", "/webhooks", { url, types: ["webhook_test"] });
  const outcome = await berth.admin.ok("POST", `/webhooks/${webhook.id}/test`);
  await berth.admin.ok("DELETE", `/webhooks/${webhook.id}`);
  return outcome;
}

// What a client of the service hears until the close.
async function answer(name) {
  const { port } = (await berth.admin.ok("GET", "/services")).items.find((item) => item.name === name);
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  socket.on("data", (bytes) => (text += bytes)).on("error", () => {});
  socket.write("token\0\0");
  await new Promise((resolve) => socket.on("close", resolve));
  return text;
}

test("a message is delivered to who has a certificate of the authority", async () => {
  const { delivered, status, fault } = await messageTo(trusted);
  assert.deepEqual({ delivered, status, fault }, { delivered: true, status: 200, fault: null });
  assert.equal(trusted.asked, 1);
});

test("who has one of another authority, or for another name, is told nothing, and we are told why", async () => {
  for (const [other, reason] of [
    [foreign, /^its certificate is not trusted: .*certificate/],
    [misnamed, /^its certificate is not trusted: .*127\.0\.0\.1/],
  ]) {
    const { delivered, status, fault } = await messageTo(other);
    assert.deepEqual({ delivered, status }, { delivered: false, status: null });
    assert.match(fault, reason);
    assert.deepEqual([other.asked, other.greeted], [0, 0]);
  }
});

test("a token is shown to who has a certificate of the authority, and to nobody else", async () => {
  assert.match(await answer("trusted"), /^busybox-/);
  assert.equal(await answer("foreign"), "");
  assert.match(berth.berthd.said(), /service foreign: the webhook of its tokens does not answer as it should: its certificate is not trusted/);
  assert.deepEqual([foreign.asked, foreign.greeted], [0, 0]);
});

test("without the setting the authority is not trusted", async () => {
  await berth.kill("berthd");
  writeFileSync(berth.config, readFileSync(berth.config, "utf8").replace(setting, ""));
  await berth.startBerthd();
  const { asked, greeted } = trusted;
  assert.match((await messageTo(trusted)).fault, /^its certificate is not trusted: /);
  assert.equal(await answer("trusted"), "");
  assert.deepEqual([trusted.asked, trusted.greeted], [asked, greeted]);
});
