// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { steadyFetch } from './steady-fetch';

const url = 'http://berth.example/api/v1/instances';

/** Answers the request after so many broken connections; also tells the bodies that arrived. */
async function ask(request: Request, broken: number, fault: Error = new TypeError('Failed to fetch')) {
  const bodies: string[] = [];
  let outcome: string;
  try {
    const response = await steadyFetch(
      request,
      async (sent) => {
        bodies.push(await sent.text());
        if (bodies.length <= broken) throw fault;
        return new Response('answer');
      },
      () => Promise.resolve(),
    );
    outcome = await response.text();
  } catch (thrown) {
    outcome = (thrown as Error).name;
  }
  return { outcome, bodies };
}

it('what changes nothing is asked again after a broken connection, but not for ever', async () => {
  expect(await ask(new Request(url), 2)).toEqual({ outcome: 'answer', bodies: ['', '', ''] });
  expect(await ask(new Request(url), 3)).toEqual({ outcome: 'TypeError', bodies: ['', '', ''] });
});

it('what has a key against repetition is asked again, with its body', async () => {
  const request = new Request(url, { method: 'POST', body: '{"image":"debian"}', headers: { 'Idempotency-Key': 'k' } });
  expect(await ask(request, 1)).toEqual({ outcome: 'answer', bodies: ['{"image":"debian"}', '{"image":"debian"}'] });
});

it('what might be done twice is asked once', async () => {
  expect((await ask(new Request(url, { method: 'POST', body: '{}' }), 1)).bodies).toHaveLength(1);
});

it('a request that was called off is not repeated', async () => {
  expect((await ask(new Request(url), 1, new DOMException('', 'AbortError'))).bodies).toHaveLength(1);
});
