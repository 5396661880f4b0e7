// SPDX-License-Identifier: Apache-2.0
// A client of the REST contract that fails the test when an answer is not what api/openapi.yaml says: status, content
// type, and every field of the body.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

export const contract = parse(readFileSync(new URL("../../api/openapi.yaml", import.meta.url), "utf8"));

const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(contract, "contract");

const pointer = (...parts) => parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
const validators = new Map();
export function conform(where, value, ...path) {
  const key = pointer(...path);
  if (!validators.has(key)) validators.set(key, ajv.compile({ $ref: `contract#${encodeURI(key)}` }));
  const validate = validators.get(key);
  assert.ok(validate(value), `${where}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

const routes = Object.keys(contract.paths).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
}));

export const limit = 120_000;

// One request on a connection of its own; resolves with the answer's head, its body still to be read.
export function exchange(url, { method = "GET", path, headers = {}, body, signal }) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, method, path, headers, agent: false, signal }, resolve);
    outgoing.on("error", reject); // after the answer: the server need not read all of a refused body
    outgoing.setTimeout(limit, () => outgoing.destroy(new Error(`${method} ${path}: no byte for ${limit / 1000} seconds`)));
    if (body?.pipe) body.pipe(outgoing);
    else outgoing.end(body);
  });
}

export async function bytesOf(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

// What a failure must look like, wherever it comes from.
export function checkProblem(where, answer) {
  assert.equal(answer.type, "application/problem+json", `${where}: ${answer.body}`);
  conform(where, answer.body, "components", "schemas", "Problem");
  assert.equal(answer.body.status, answer.status, where);
  assert.match(answer.body.detail, /\S/, where);
}

function check(where, method, path, answer) {
  const route = routes.find(({ pattern }) => pattern.test(path.split("?")[0]));
  const operation = contract.paths[route?.template]?.[method.toLowerCase()];
  const described = operation?.responses[answer.status];
  if (!described) {
    assert.ok(answer.status >= 400, `${where}: the contract has no ${answer.status}`);
    return checkProblem(where, answer);
  }
  const content = described.content;
  if (!content) return assert.equal(answer.bytes?.length ?? 0, 0, `${where}: a ${answer.status} has no body`);
  assert.ok(answer.type in content, `${where}: the contract has no ${answer.type}`);
  if (answer.type !== "application/json") return;
  conform(where, answer.body, "paths", route.template, method.toLowerCase(), "responses", String(answer.status), "content", answer.type, "schema");
}

export class Client {
  constructor(url, { token, cookie, origin } = {}) {
    this.url = url;
    this.token = token;
    this.headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(cookie && { cookie: `berth=${cookie}` }),
      ...(origin && { origin }),
    };
  }

  head(method, path, { headers, body, type, signal } = {}) {
    return exchange(this.url, {
      method,
      path: `/api/v1${path}`,
      headers: { ...this.headers, ...(type && { "content-type": type }), ...headers },
      body,
      signal,
    });
  }

  // The whole answer, checked. `body` is bytes, a stream (both with options.type) or what becomes JSON.
  async api(method, path, body, { headers, type, signal } = {}) {
    const raw = typeof body === "string" || Buffer.isBuffer(body) || body?.pipe;
    const response = await this.head(method, path, {
      headers,
      signal,
      body: raw || body === undefined ? body : JSON.stringify(body),
      type: type ?? (body === undefined ? undefined : raw ? "application/octet-stream" : "application/json"),
    });
    const bytes = await bytesOf(response);
    const answer = {
      status: response.statusCode,
      type: response.headers["content-type"]?.split(";")[0],
      headers: response.headers,
      bytes,
    };
    answer.body = /json$/.test(answer.type ?? "") ? JSON.parse(bytes.toString()) : bytes;
    check(`${method} ${path} → ${answer.status}`, method, path, answer);
    return answer;
  }

  async ok(method, path, body, options) {
    const answer = await this.api(method, path, body, options);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body.detail}`);
    return answer.body;
  }

  // Asserts that it is refused so, and gives the problem.
  async refused(status, kind, method, path, body, options) {
    const answer = await this.api(method, path, body, options);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.body.detail ?? ""}`);
    assert.equal(answer.body.kind, kind, answer.body.detail);
    return answer.body;
  }

  // The lines of a command's output, each checked, as they come.
  async *execLines(instance, request, { signal } = {}) {
    const path = `/instances/${instance.id}/exec`;
    const response = await this.head("POST", path, { body: JSON.stringify(request), type: "application/json", signal });
    const type = response.headers["content-type"]?.split(";")[0];
    if (response.statusCode !== 200) {
      const body = JSON.parse((await bytesOf(response)).toString());
      checkProblem(path, { status: response.statusCode, type, body });
      throw Object.assign(new Error(body.detail), { problem: body });
    }
    assert.equal(type, "application/x-ndjson");
    let text = "";
    for await (const piece of response.setEncoding("utf8")) {
      const lines = (text + piece).split("\n");
      text = lines.pop();
      for (const line of lines) {
        const value = JSON.parse(line);
        conform(`a line of ${path}`, value, "components", "schemas", "ExecLine");
        yield value;
      }
    }
    assert.equal(text, "", "the last line ends with a newline");
  }

  // A command to its end: {code, signal, stdout, stderr} or {error, …}.
  async exec(instance, command, options = {}) {
    const request = { command: typeof command === "string" ? ["sh", "-c", command] : command, ...options };
    const result = { stdout: "", stderr: "" };
    let last;
    for await (const line of this.execLines(instance, request)) {
      assert.equal(last?.exit ?? last?.error, undefined, "nothing comes behind the end");
      for (const name of ["stdout", "stderr"]) {
        if (line[name]) result[name] += Buffer.from(line[name], "base64").toString("latin1");
      }
      last = line;
    }
    assert.ok(last?.exit ?? last?.error, "the last line is the end");
    return { ...result, ...last.exit, error: last.error };
  }

  // Standard output of a command that must succeed.
  async shell(instance, command, options) {
    const { code, stdout, stderr, error } = await this.exec(instance, command, options);
    assert.equal(code, 0, `${command}: ${stderr}${stdout}${error?.detail ?? ""}`);
    return stdout;
  }

  // Server-sent events {id, event, data}, each checked, until the caller breaks off.
  async *events({ after, lastEventId, instance } = {}) {
    const parameters = new URLSearchParams({ ...(after !== undefined && { after }), ...(instance && { instance }) });
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error("the awaited event did not come")), limit);
    try {
      const response = await this.head("GET", `/events?${parameters}`, {
        headers: { accept: "text/event-stream", ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
        signal: controller.signal,
      });
      assert.equal(response.statusCode, 200);
      assert.equal(response.headers["content-type"].split(";")[0], "text/event-stream");
      let text = "";
      for await (const piece of response.setEncoding("utf8")) {
        const blocks = (text + piece).split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split("\n").filter((line) => !line.startsWith(":")).map((line) => line.split(/: ?(.*)/s)));
          if (fields.data === undefined) continue;
          const data = JSON.parse(fields.data);
          const progress = fields.event === "image_progress";
          conform("an event", data, "components", "schemas", progress ? "Image" : "Event");
          if (progress) assert.equal(fields.id, undefined);
          else assert.deepEqual([fields.id, fields.event], [String(data.sequence), data.type]);
          yield { id: fields.id, event: fields.event, data };
        }
      }
    } finally {
      clearTimeout(timer);
      controller.abort();
    }
  }

  // Waits for the first event of that type of the instance, from its beginning on.
  async happened(instance, type, after = 0) {
    for await (const { data } of this.events({ after, instance: instance.id })) {
      if (data.type === type) return data;
    }
    return assert.fail(`the events ended without ${type}`);
  }
}
