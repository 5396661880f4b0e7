// SPDX-License-Identifier: Apache-2.0

const pauses = [150, 600];

const repeatable = (request: Request) =>
  request.method === 'GET' || request.method === 'DELETE' || request.headers.has('Idempotency-Key');

/**
 * fetch() that asks again, where that is harmless, when the connection broke. Chromium breaks every connection when a
 * network interface comes or goes, and on the machine that runs Berth each instance is one.
 */
export async function steadyFetch(
  request: Request,
  fetchOnce: (request: Request) => Promise<Response> = fetch,
  pause: (milliseconds: number) => Promise<void> = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
): Promise<Response> {
  for (const milliseconds of repeatable(request) ? pauses : []) {
    try {
      return await fetchOnce(request.clone());
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
      await pause(milliseconds);
    }
  }
  return fetchOnce(request);
}
