// SPDX-License-Identifier: Apache-2.0

export type Route =
  | { name: Plain | 'home' | 'unknown' }
  | { name: (typeof oneOf)[keyof typeof oneOf]; id: string };

const plain = ['login', 'labs', 'attempts', 'competitions', 'events', 'tokens', 'accounts', 'images', 'services', 'webhooks', 'recordings', 'invitations', 'invited', 'api-docs'] as const;
type Plain = (typeof plain)[number];
const oneOf = { instances: 'instance', labs: 'lab', attempts: 'attempt', competitions: 'competition', boards: 'board', recordings: 'recording', shared: 'shared', invitations: 'invitation' } as const;

export function routeOf(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return { name: 'home' };
  const [first, second, ...others] = parts;
  if (second === undefined) {
    if (first === 'instances') return { name: 'home' };
    const name = plain.find((one) => one === first);
    return { name: name ?? 'unknown' };
  }
  if (others.length > 0 || !Object.hasOwn(oneOf, first!)) return { name: 'unknown' };
  try {
    return { name: oneOf[first as keyof typeof oneOf], id: decodeURIComponent(second) };
  } catch {
    return { name: 'unknown' };
  }
}

export const instancePath = (id: string) => `/instances/${encodeURIComponent(id)}`;
export const labPath = (name: string) => `/labs/${encodeURIComponent(name)}`;
export const attemptPath = (id: string) => `/attempts/${encodeURIComponent(id)}`;
export const competitionPath = (name: string) => `/competitions/${encodeURIComponent(name)}`;
export const boardPath = (name: string) => `/boards/${encodeURIComponent(name)}`;
export const recordingPath = (id: string) => `/recordings/${encodeURIComponent(id)}`;
export const invitationPath = (id: string) => `/invitations/${encodeURIComponent(id)}`;
