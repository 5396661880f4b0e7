// SPDX-License-Identifier: Apache-2.0
// A viewer of a session by WebSocket, as the contract's attachSession describes it.
import assert from "node:assert/strict";
import WebSocket from "ws";
import { limit } from "./client.mjs";

export class Attachment {
  // `acknowledges` false: takes output and never says so.
  static async open(client, instance, session, { offset, role, acknowledges = true } = {}) {
    const url = new URL(`/api/v1/instances/${instance.id}/sessions/${session.id}/stream`, client.url.replace(/^http/, "ws"));
    if (offset !== undefined) url.searchParams.set("offset", offset);
    if (role !== undefined) url.searchParams.set("role", role);
    const socket = new WebSocket(url, "berth.v1", { headers: client.headers, perMessageDeflate: false });
    const attachment = new Attachment(socket, acknowledges);
    await attachment.until(({ start }) => start !== undefined, "attached");
    return attachment;
  }

  constructor(socket, acknowledges) {
    Object.assign(this, { socket, acknowledges, pieces: [], errors: [], position: 0, taken: 0, sent: 0, waiting: new Set() });
    socket.on("message", (data, binary) => {
      if (binary) this.#output(data);
      else this.#control(JSON.parse(data.toString()));
      this.#notify();
    });
    socket.on("error", (fault) => ((this.fault = fault), this.#notify()));
    socket.on("close", (code) => ((this.closed = code), this.#notify()));
  }

  #output(data) {
    assert.ok(data[0] === 1 || data[0] === 2, `stream ${data[0]}`);
    (data[0] === 1 ? this.pieces : this.errors).push(data.subarray(1));
    this.position += data.length - 1;
    if (this.acknowledges) this.control({ type: "ack", offset: this.position });
  }

  #control(message) {
    if (message.type === "attached") {
      this.start ??= message.offset;
      this.position = message.offset;
      this.taken = message.input;
    } else if (message.type === "taken") this.taken = message.input;
    else if (message.type === "viewers") Object.assign(this, { viewers: message.viewers, mayWrite: message.may_write });
    else if (message.type === "exit") this.exit = message;
    else if (message.type === "error") this.problem = message;
    else assert.fail(`the contract has no message ${message.type}`);
  }

  #notify() {
    for (const look of this.waiting) look();
  }

  get text() {
    return Buffer.concat(this.pieces).toString("latin1");
  }

  // Resolves once `condition` of this holds; it is looked at whenever a message comes.
  until(condition, what = condition) {
    return new Promise((resolve, reject) => {
      const done = (finish, value) => {
        clearTimeout(timer);
        this.waiting.delete(look);
        finish(value);
      };
      const look = () => {
        if (condition(this)) return done(resolve, this);
        if (this.fault || this.closed) done(reject, this.fault ?? new Error(`closed with ${this.closed} ${JSON.stringify(this.problem ?? "")} before ${what}`));
      };
      const timer = setTimeout(() => done(reject, new Error(`not within ${limit / 1000} seconds: ${what}; output: ${this.text.slice(-500)}`)), limit);
      this.waiting.add(look);
      look();
    });
  }

  says(text) {
    return this.until((self) => (typeof text === "string" ? self.text.includes(text) : text.test(self.text)), text);
  }

  control(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  send(input) {
    const bytes = Buffer.from(input);
    this.sent += bytes.length;
    this.socket.send(bytes, { binary: true });
  }

  async close() {
    this.socket.close();
    await this.until(({ closed }) => closed !== undefined).catch(() => {});
  }

  // As a browser that drops off the network.
  drop() {
    this.socket.terminate();
  }
}
