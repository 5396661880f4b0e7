// SPDX-License-Identifier: Apache-2.0
import type { components } from '../generated/api';

export type ProblemKind = components['schemas']['Problem']['kind'];

/** A request that failed: `message` is a sentence for people, `kind` is for decisions. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly field: string | undefined;

  constructor(kind: ProblemKind, detail: string, field?: string) {
    super(detail);
    this.name = 'Problem';
    this.kind = kind;
    this.field = field;
  }
}

const kindOfStatus: Record<number, ProblemKind> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  413: 'too_large',
  429: 'exhausted',
  503: 'unavailable',
  504: 'timed_out',
};

/** From the body of a failed answer; a proxy in front of Berth may send anything. */
export function problemFrom(status: number, body: unknown): Problem {
  if (body !== null && typeof body === 'object') {
    const { detail, kind, field } = body as Record<string, unknown>;
    if (typeof detail === 'string' && detail !== '') {
      return new Problem(
        typeof kind === 'string' ? (kind as ProblemKind) : (kindOfStatus[status] ?? 'internal'),
        detail,
        typeof field === 'string' ? field : undefined,
      );
    }
  }
  if (status === 502 || status === 503 || status === 504) {
    return new Problem('unavailable', 'Berth does not answer right now. Try again in a moment.');
  }
  return new Problem(kindOfStatus[status] ?? 'internal', `Berth answered with status ${status} and no explanation.`);
}

export function problemFromText(status: number, text: string): Problem {
  try {
    return problemFrom(status, JSON.parse(text));
  } catch {
    return problemFrom(status, null);
  }
}

/** Whatever was thrown, as a problem. fetch() throws a TypeError when there is no connection. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TypeError) {
    return new Problem('unavailable', 'Berth cannot be reached. Check your connection, then try again.');
  }
  return new Problem('internal', thrown instanceof Error ? thrown.message : String(thrown));
}
