// SPDX-License-Identifier: Apache-2.0
// Reads the OpenAPI document for the page about it. Only what our contract uses.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  contentEncoding?: string;
}

interface Content {
  [type: string]: { schema?: Schema };
}

export interface Parameter {
  $ref?: string;
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  description?: string;
  schema?: Schema;
}

interface RawResponse {
  $ref?: string;
  description?: string;
  content?: Content;
}

interface RawOperation {
  tags?: string[];
  operationId?: string;
  summary?: string;
  description?: string;
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content?: Content };
  responses?: Record<string, RawResponse>;
}

export interface Contract {
  info: { title: string; version: string; description?: string };
  servers?: { url: string }[];
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, unknown>>;
  components?: { schemas?: Record<string, Schema> } & Record<string, unknown>;
}

export interface Body {
  type: string;
  schema: Schema;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  open: boolean;
  parameters: Parameter[];
  bodies: Body[];
  responses: { status: string; description: string; bodies: Body[] }[];
}

export interface Group {
  name: string;
  description: string;
  operations: Operation[];
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** What a local reference points at. */
export function resolve<T extends { $ref?: string }>(contract: Contract, value: T): T {
  if (value.$ref === undefined) return value;
  let found: unknown = contract;
  for (const part of value.$ref.replace(/^#\//, '').split('/')) {
    found = (found as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return (found ?? {}) as T;
}

export function refName(schema: Schema): string | null {
  return schema.$ref?.split('/').at(-1) ?? null;
}

const bodiesOf = (content: Content | undefined): Body[] =>
  Object.entries(content ?? {}).map(([type, { schema }]) => ({ type, schema: schema ?? {} }));

function operationFrom(contract: Contract, path: string, method: string, shared: Parameter[], raw: RawOperation): Operation {
  return {
    id: raw.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    summary: raw.summary ?? '',
    description: raw.description ?? '',
    open: raw.security !== undefined && raw.security.length === 0,
    parameters: [...shared, ...(raw.parameters ?? [])].map((parameter) => resolve(contract, parameter)),
    bodies: bodiesOf(raw.requestBody?.content),
    responses: Object.entries(raw.responses ?? {}).map(([status, response]) => {
      const { description, content } = resolve(contract, response);
      return { status, description: description ?? '', bodies: bodiesOf(content) };
    }),
  };
}

/** All operations by tag, in the order of the contract. */
export function groupsOf(contract: Contract): Group[] {
  const groups = new Map<string, Group>(
    (contract.tags ?? []).map(({ name, description }) => [name, { name, description: description ?? '', operations: [] }]),
  );
  for (const [path, item] of Object.entries(contract.paths)) {
    const shared = (item.parameters ?? []) as Parameter[];
    for (const method of methods) {
      const raw = item[method] as RawOperation | undefined;
      if (raw === undefined) continue;
      const tag = raw.tags?.[0] ?? 'other';
      if (!groups.has(tag)) groups.set(tag, { name: tag, description: '', operations: [] });
      groups.get(tag)!.operations.push(operationFrom(contract, path, method, shared, raw));
    }
  }
  return [...groups.values()].filter((group) => group.operations.length > 0);
}

/** A schema's limits as short words. */
export function limitsOf(schema: Schema): string[] {
  const words: string[] = [];
  const range = (least: number | undefined, most: number | undefined, unit: string) => {
    if (least !== undefined && most !== undefined) words.push(`${least} to ${most}${unit}`);
    else if (least !== undefined) words.push(`at least ${least}${unit}`);
    else if (most !== undefined) words.push(`at most ${most}${unit}`);
  };
  if (schema.enum) words.push(schema.enum.map(String).join(' | '));
  if (schema.const !== undefined) words.push(`always ${JSON.stringify(schema.const)}`);
  range(schema.minimum, schema.maximum, '');
  range(schema.minLength, schema.maxLength, ' characters');
  range(schema.minItems, schema.maxItems, ' items');
  if (schema.pattern) words.push(`matches ${schema.pattern}`);
  if (schema.contentEncoding) words.push(schema.contentEncoding);
  if (schema.default !== undefined) words.push(`default ${JSON.stringify(schema.default)}`);
  return words;
}

/** An example value, of what is required and little more. */
export function exampleOf(contract: Contract, schema: Schema, name = '', depth = 0): unknown {
  const known = resolve(contract, schema);
  if (known.const !== undefined) return known.const;
  if (known.default !== undefined) return known.default;
  if (known.enum) return known.enum[0];
  const type = Array.isArray(known.type) ? known.type[0] : known.type;
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(known.properties ?? {})
          .filter(([key]) => known.required?.includes(key))
          .map(([key, value]) => [key, exampleOf(contract, value, key, depth + 1)]),
      );
    case 'array':
      if (name === 'command') return ['uname', '-a'];
      return depth > 4 || !known.items ? [] : [exampleOf(contract, known.items, '', depth + 1)];
    case 'integer':
    case 'number':
      return known.minimum ?? 1;
    case 'boolean':
      return true;
    default:
      if (known.format === 'date-time') return '2030-01-01T12:00:00Z';
      return { image: 'debian', name: 'my-name', reference: 'docker://docker.io/library/alpine:3', code: 'CODE', key: 'ssh-ed25519 AAAA…' }[name] ?? 'text';
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** How to call an operation from a shell. */
export function curlExample(contract: Contract, operation: Operation, origin: string): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_whole, name: string) => name.toUpperCase());
  const query = operation.parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map((parameter) => `${parameter.name}=${parameter.name === 'path' ? '/root/file' : exampleOf(contract, parameter.schema ?? {})}`)
    .join('&');
  const url = `${origin}${contract.servers?.[0]?.url ?? ''}${path}${query === '' ? '' : `?${query}`}`;
  if (operation.responses.some((response) => response.status === '101')) {
    return `# A WebSocket, for example with websocat:\nwebsocat --binary --protocol berth.v1 -H "Authorization: Bearer $BERTH_TOKEN" \\\n  ${quoted(url.replace(/^http/, 'ws'))}`;
  }
  const parts = ['curl'];
  if (operation.method !== 'GET') parts.push(`-X ${operation.method}`);
  const lines = [`${parts.join(' ')} ${quoted(url)}`];
  if (!operation.open) lines.push('-H "Authorization: Bearer $BERTH_TOKEN"');
  const json = operation.bodies.find((body) => body.type === 'application/json');
  if (json) {
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(exampleOf(contract, json.schema)))}`);
  } else if (operation.bodies.length > 0) {
    lines.push(`-H 'Content-Type: ${operation.bodies.at(-1)!.type}'`, '--data-binary @FILE');
  }
  const answer = operation.responses.find((response) => response.status.startsWith('2'))?.bodies[0]?.type ?? '';
  if (/tar|zstd|octet/.test(answer)) lines.push(`-o FILE`);
  return lines.join(' \\\n  ');
}
