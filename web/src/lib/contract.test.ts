// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { curlExample, exampleOf, groupsOf, limitsOf, resolve, type Contract, type Parameter } from './contract';

const contract: Contract = {
  info: { title: 'Berth', version: '1' },
  servers: [{ url: '/api/v1' }],
  tags: [{ name: 'files' }, { name: 'instances', description: 'Machines.' }, { name: 'unused' }],
  paths: {
    '/instances': {
      post: {
        tags: ['instances'],
        operationId: 'createInstance',
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Create' } } } },
        responses: { '201': { description: 'Created.' }, default: { $ref: '#/components/responses/Problem' } },
      },
    },
    '/instances/{instance}/files': {
      parameters: [
        { $ref: '#/components/parameters/instance' },
        { name: 'path', in: 'query', required: true, schema: { type: 'string' } },
      ],
      get: {
        tags: ['files'],
        operationId: 'readFiles',
        security: [],
        responses: { '200': { description: '', content: { 'application/x-tar': {} } } },
      },
    },
  },
  components: {
    parameters: { instance: { name: 'instance', in: 'path', required: true, schema: { type: 'string' } } },
    responses: { Problem: { description: 'It failed.' } },
    schemas: {
      Create: {
        type: 'object',
        required: ['image'],
        properties: { image: { type: 'string' }, name: { type: 'string' } },
      },
    },
  },
};

it('operations are grouped by tag in the order of the contract, with shared parameters and references followed', () => {
  const groups = groupsOf(contract);
  expect(groups.map((group) => group.name)).toEqual(['files', 'instances']);
  const [read] = groups[0]!.operations;
  expect(read!.parameters.map((parameter) => parameter.name)).toEqual(['instance', 'path']);
  expect(read!.open).toBe(true);
  expect(groups[1]!.operations[0]!.responses.at(-1)).toEqual({ status: 'default', description: 'It failed.', bodies: [] });
});

it('an unknown reference is nothing, not a fault', () => {
  expect(resolve(contract, { $ref: '#/components/nowhere/x' } as Parameter)).toEqual({});
});

it('an example has what is required', () => {
  expect(exampleOf(contract, { $ref: '#/components/schemas/Create' })).toEqual({ image: 'debian' });
});

it('each operation has a command to copy', () => {
  const [files, instances] = groupsOf(contract);
  expect(curlExample(contract, instances!.operations[0]!, 'http://b')).toBe(
    `curl -X POST 'http://b/api/v1/instances' \\\n  -H "Authorization: Bearer $BERTH_TOKEN" \\\n  -H 'Content-Type: application/json' \\\n  -d '{"image":"debian"}'`,
  );
  expect(curlExample(contract, files!.operations[0]!, 'http://b')).toBe(
    `curl 'http://b/api/v1/instances/INSTANCE/files?path=/root/file' \\\n  -o FILE`,
  );
});

it('limits are told in words', () => {
  expect(limitsOf({ type: 'integer', minimum: 1, maximum: 200, default: 50 })).toEqual(['1 to 200', 'default 50']);
  expect(limitsOf({ type: 'string', maxLength: 64 })).toEqual(['at most 64 characters']);
});
