// SPDX-License-Identifier: Apache-2.0
// Lints the REST contract: Redocly's rules, and what every operation and object of ours owes its users.
//   node contract/lint.mjs [CONTRACT]
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { parse } from "yaml";

const path = process.argv[2] ?? fileURLToPath(new URL("../../api/openapi.yaml", import.meta.url));
const text = readFileSync(path, "utf8");

const config = await createConfig({
  extends: ["recommended-strict"],
  rules: {
    "operation-4xx-response": "off", // `default` is the problem+json of every operation
    "operation-operationId-unique": "error",
    "operation-parameters-unique": "error",
    "path-parameters-defined": "error",
    "no-unused-components": "error",
    "no-invalid-media-type-examples": "error",
    "no-invalid-schema-examples": "error",
    "tag-description": "error",
    "tags-alphabetical": "off",
  },
});
const faults = (await lintFromString({ source: text, absoluteRef: path, config })).map((problem) => {
  const { line, col } = problem.location[0]?.start ?? {};
  return `${line ?? problem.location[0]?.pointer ?? 1}${col ? `:${col}` : ""}: ${problem.message} [${problem.ruleId}]`;
});

const contract = parse(text);
const methods = ["get", "put", "post", "delete", "patch"];
for (const [route, item] of Object.entries(contract.paths)) {
  for (const method of methods.filter((name) => item[name])) {
    const operation = item[method];
    const where = `${method.toUpperCase()} ${route}`;
    if (!/^[a-z][A-Za-z]*$/.test(operation.operationId ?? "")) faults.push(`${where}: its operationId is not in camelCase`);
    if (operation.tags?.length !== 1) faults.push(`${where}: it needs exactly one tag`);
    const open = operation.security?.length === 0;
    const failure = operation.responses.default?.$ref;
    if (!open && failure !== "#/components/responses/Problem") faults.push(`${where}: its default response is not Problem`);
  }
}

// A client that misspells a field, or a server that grows one, must be noticed by the tests.
function walk(schema, where) {
  if (schema === null || typeof schema !== "object") return;
  if (schema.type === "object" && schema.properties && schema.additionalProperties !== false) {
    faults.push(`${where}: additionalProperties must be false`);
  }
  for (const name of schema.required ?? []) {
    if (schema.properties && !(name in schema.properties)) faults.push(`${where}: requires ${name}, which it does not have`);
  }
  for (const [key, value] of Object.entries(schema)) walk(value, `${where}/${key}`);
}
walk(contract.components.schemas, "components/schemas");

for (const fault of faults) console.error(`${path}:${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
