// SPDX-License-Identifier: Apache-2.0
import createClient from 'openapi-fetch';
import type { components, paths } from '../generated/api';
import { asProblem, problemFrom, problemFromText } from './problem';
import { steadyFetch } from './steady-fetch';

type Schemas = components['schemas'];
export type Account = Schemas['Account'];
export type Scope = Schemas['Scope'];
export type Plan = Schemas['Plan'];
export type Image = Schemas['Image'];
export type Instance = Schemas['Instance'];
export type InstanceState = Schemas['InstanceState'];
export type InstanceAction = Schemas['InstanceAction']['action'];
export type Session = Schemas['Session'];
export type Usage = Schemas['Usage'];
export type Port = Schemas['PortList']['items'][number];
export type BerthEvent = Schemas['Event'];
export type EventPage = Schemas['EventPage'];
export type EventType = BerthEvent['type'];
export type Token = Schemas['Token'];
export type CreateToken = Schemas['CreateToken'];
export type LoginLink = Schemas['LoginLink'];
export type Health = Schemas['Health'];
export type Service = Schemas['Service'];
export type Pool = Schemas['Pool'];
export type Ssh = Schemas['Ssh'];
export type SshKey = Schemas['SshKey'];
export type Recording = Schemas['Recording'];
export type RecordingPage = Schemas['RecordingPage'];

export type ViewerRole = 'view' | 'interact' | 'take_over';
export type LabSummary = Schemas['LabSummary'];
export type Lab = Schemas['Lab'];
export type LabState = Schemas['LabState'];
export type LabDifficulty = Schemas['LabDifficulty'];
export type LabAction = Schemas['LabAction']['action'];
export type Attempt = Schemas['Attempt'];
export type AttemptState = Schemas['AttemptState'];
export type Competition = Schemas['Competition'];
export type CompetitionSummary = Schemas['CompetitionSummary'];
export type CompetitionWindow = Schemas['CompetitionWindow'];
export type Board = Schemas['Board'];
export type Check = Schemas['Check'];
export type Invitation = Schemas['Invitation'];
export type IssuedInvitation = Schemas['IssuedInvitation'];
export type InvitationLink = Schemas['InvitationLink'];
export type Webhook = Schemas['Webhook'];
export type IssuedWebhook = Schemas['IssuedWebhook'];
export type WebhookTest = Schemas['WebhookTest'];

export const base = '/api/v1';

const client = createClient<paths>({
  baseUrl: base,
  headers: { Accept: 'application/json' },
  fetch: (request) => steadyFetch(request),
});

let onUnauthenticated: () => void = () => {};
/** Called whenever an answer says that nobody is signed in. */
export function whenUnauthenticated(callback: () => void): void {
  onUnauthenticated = callback;
}

let skew = 0;
/** The server's time: leases end by its clock, which may not be this computer's. */
export function serverNow(): number {
  return Date.now() + skew;
}

client.use({
  onResponse({ response }) {
    const date = Date.parse(response.headers.get('date') ?? '');
    // The header has whole seconds; a smaller difference is no difference.
    if (!Number.isNaN(date)) skew = Math.abs(date - Date.now()) > 2500 ? date - Date.now() : 0;
    if (response.status === 401) onUnauthenticated();
  },
});

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** The data of an answer; throws Problem. */
async function data<T>(answer: Answer<T>): Promise<T> {
  const { data, error, response } = await answer.catch((thrown: unknown) => {
    throw asProblem(thrown);
  });
  if (!response.ok) throw problemFrom(response.status, error);
  return data as T;
}

const instancePath = (instance: string) => ({ path: { instance } });
const labPath = (lab: string) => ({ path: { lab } });
const attemptPath = (attempt: string) => ({ path: { attempt } });
const webhookPath = (webhook: string) => ({ path: { webhook } });
const versionQuery = (version: number | null) => ({ query: version === null ? {} : { version } });

/** Every page of a list, up to a limit that keeps the browser well. */
async function all<T>(
  page: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const next = await page(cursor);
    items.push(...next.items);
    cursor = next.next_cursor ?? undefined;
  } while (cursor !== undefined && items.length < 5000);
  return items;
}
const paging = (cursor: string | undefined) => ({ limit: 200, ...(cursor === undefined ? {} : { cursor }) });

export const api = {
  health: () => fetch(`${base}/healthz`).then((response) => response.json() as Promise<Health>),
  contract: () => data(client.GET('/openapi.json')),

  login: (code: string) => data(client.POST('/login', { body: { code, kind: 'browser' } })),
  logout: () => data(client.POST('/logout')),
  becomeGuest: () => data(client.POST('/guests')),
  account: () => data(client.GET('/account')),
  accounts: () => all((cursor) => data(client.GET('/accounts', { params: { query: paging(cursor) } }))),
  createAccount: (body: Schemas['CreateAccount']) => data(client.POST('/accounts', { body })),
  createLoginLink: (account: string) =>
    data(client.POST('/accounts/{account}/login-links', { params: { path: { account } } })),

  tokens: () => all((cursor) => data(client.GET('/tokens', { params: { query: paging(cursor) } }))),
  createToken: (body: Schemas['CreateToken']) => data(client.POST('/tokens', { body })),
  removeToken: (token: string) => data(client.DELETE('/tokens/{token}', { params: { path: { token } } })),

  ssh: () => data(client.GET('/ssh')),
  sshKeys: () => all((cursor) => data(client.GET('/ssh-keys', { params: { query: paging(cursor) } }))),
  addSshKey: (body: Schemas['AddSshKey']) => data(client.POST('/ssh-keys', { body })),
  removeSshKey: (key: string) => data(client.DELETE('/ssh-keys/{key}', { params: { path: { key } } })),

  services: () => data(client.GET('/services')).then((list) => list.items),
  removeService: (service: string) => data(client.DELETE('/services/{service}', { params: { path: { service } } })),
  resetService: (service: string) => data(client.POST('/services/{service}/reset', { params: { path: { service } } })),
  webhooks: () => data(client.GET('/webhooks')).then((list) => list.items),
  createWebhook: (body: Schemas['CreateWebhook']) => data(client.POST('/webhooks', { body })),
  enableWebhook: (id: string, enabled: boolean) => data(client.PATCH('/webhooks/{webhook}', { params: webhookPath(id), body: { enabled } })),
  removeWebhook: (id: string) => data(client.DELETE('/webhooks/{webhook}', { params: webhookPath(id) })),
  testWebhook: (id: string) => data(client.POST('/webhooks/{webhook}/test', { params: webhookPath(id) })),
  rotateWebhook: (id: string) => data(client.POST('/webhooks/{webhook}/rotate', { params: webhookPath(id) })),
  pools: () => data(client.GET('/pools')).then((list) => list.items),

  plans: () => data(client.GET('/plans')).then((list) => list.items),
  images: () => data(client.GET('/images')).then((list) => list.items),
  image: (image: string) => data(client.GET('/images/{image}', { params: { path: { image } } })),
  pullImage: (body: Schemas['PullImage']) => data(client.POST('/images', { body })),
  removeImage: (image: string) => data(client.DELETE('/images/{image}', { params: { path: { image } } })),

  instances: (which: { all: boolean; everyone: boolean }) =>
    all((cursor) => data(client.GET('/instances', { params: { query: { ...paging(cursor), ...which } } }))),
  instance: (id: string) => data(client.GET('/instances/{instance}', { params: instancePath(id) })),
  createInstance: (body: Schemas['CreateInstance'], key: string) =>
    data(client.POST('/instances', { params: { header: { 'Idempotency-Key': key } }, body })),
  renameInstance: (id: string, name: string) =>
    data(client.PATCH('/instances/{instance}', { params: instancePath(id), body: { name } })),
  destroyInstance: (id: string) => data(client.DELETE('/instances/{instance}', { params: instancePath(id) })),
  act: (id: string, body: Schemas['InstanceAction']) =>
    data(client.POST('/instances/{instance}/actions', { params: instancePath(id), body })),
  ports: (id: string) =>
    data(client.GET('/instances/{instance}/ports', { params: instancePath(id) })).then((list) => list.items),

  sessions: (id: string) =>
    data(client.GET('/instances/{instance}/sessions', { params: instancePath(id) })).then((list) => list.items),
  openSession: (id: string, body: Schemas['OpenSession']) =>
    data(client.POST('/instances/{instance}/sessions', { params: instancePath(id), body })),
  closeSession: (instance: string, session: string) =>
    data(client.DELETE('/instances/{instance}/sessions/{session}', { params: { path: { instance, session } } })),

  recordings: (query: { q?: string; instance?: string; everyone?: boolean; cursor?: string }): Promise<RecordingPage> =>
    data(client.GET('/recordings', { params: { query: { limit: 50, ...query } } })),
  recording: (recording: string) => data(client.GET('/recordings/{recording}', { params: { path: { recording } } })),
  sharedRecording: (secret: string) =>
    data(client.GET('/shared-recordings/{secret}', { params: { path: { secret } } })),
  removeRecording: (recording: string) =>
    data(client.DELETE('/recordings/{recording}', { params: { path: { recording } } })),
  shareRecording: (recording: string) =>
    data(client.POST('/recordings/{recording}/share', { params: { path: { recording } } })),
  unshareRecording: (recording: string) =>
    data(client.DELETE('/recordings/{recording}/share', { params: { path: { recording } } })),
  labs: () => all((cursor) => data(client.GET('/labs', { params: { query: paging(cursor) } }))),
  lab: (lab: string, version: number | null = null) =>
    data(client.GET('/labs/{lab}', { params: { ...labPath(lab), ...versionQuery(version) } })),
  actOnLab: (lab: string, body: Schemas['LabAction']) =>
    data(client.POST('/labs/{lab}/actions', { params: labPath(lab), body })),
  startAttempt: (lab: string, version: number | null) =>
    data(client.POST('/labs/{lab}/attempts', { params: { ...labPath(lab), ...versionQuery(version) } })),

  attempts: () => all((cursor) => data(client.GET('/attempts', { params: { query: paging(cursor) } }))),
  attempt: (id: string) => data(client.GET('/attempts/{attempt}', { params: attemptPath(id) })),
  endAttempt: (id: string) => data(client.DELETE('/attempts/{attempt}', { params: attemptPath(id) })),
  stopAttempt: (id: string) => data(client.POST('/attempts/{attempt}/stop', { params: attemptPath(id) })),
  resumeAttempt: (id: string) => data(client.POST('/attempts/{attempt}/resume', { params: attemptPath(id) })),
  checks: (id: string) =>
    data(client.GET('/attempts/{attempt}/checks', { params: attemptPath(id) })).then((list) => list.items),
  check: (id: string) => data(client.POST('/attempts/{attempt}/checks', { params: attemptPath(id) })),
  takeHint: (id: string) => data(client.POST('/attempts/{attempt}/hints', { params: attemptPath(id) })),

  competitions: () => data(client.GET('/competitions')).then((list) => list.items),
  competition: (competition: string) =>
    data(client.GET('/competitions/{competition}', { params: { path: { competition } } })),
  joinCompetition: (competition: string, body: Schemas['JoinCompetition']) =>
    data(client.POST('/competitions/{competition}/join', { params: { path: { competition } }, body })),
  // The browser keeps the last answer and asks with its tag whether it is still good.
  board: (competition: string) =>
    data(client.GET('/competitions/{competition}/board', { params: { path: { competition } } })),
  invitations: (cursor: string | null = null) =>
    data(client.GET('/invitations', { params: { query: { limit: 50, ...(cursor === null ? {} : { cursor }) } } })),
  createInvitation: (body: Schemas['CreateInvitation']) => data(client.POST('/invitations', { body })),
  invitation: (invitation: string) => data(client.GET('/invitations/{invitation}', { params: { path: { invitation } } })),
  revokeInvitation: (invitation: string) =>
    data(client.DELETE('/invitations/{invitation}', { params: { path: { invitation } } })),
  lookAtInvitation: (secret: string) => data(client.POST('/invitation-links/look', { body: { secret } })),
  openInvitation: (secret: string) => data(client.POST('/invitation-links/open', { body: { secret, kind: 'browser' } })),

  events: (after: number, instance?: string): Promise<EventPage> =>
    data(
      client.GET('/events', {
        params: { query: { after, limit: 200, ...(instance === undefined ? {} : { instance }) } },
      }),
      // The same address also gives a stream; asked for JSON it gives a page.
    ) as Promise<EventPage>,
};

/** Whether a download would work, without the download: the answer's head is enough. Throws Problem. */
export async function tryDownload(url: string): Promise<void> {
  const stop = new AbortController();
  try {
    const response = await steadyFetch(new Request(url, { signal: stop.signal }));
    if (!response.ok) throw problemFromText(response.status, await response.text());
  } catch (thrown) {
    throw asProblem(thrown);
  } finally {
    stop.abort();
  }
}

/** The text behind an address of ours. Throws Problem. */
export async function textOf(url: string): Promise<string> {
  try {
    const response = await steadyFetch(new Request(url));
    const text = await response.text();
    if (!response.ok) throw problemFromText(response.status, text);
    return text;
  } catch (thrown) {
    throw asProblem(thrown);
  }
}

export const address = {
  files: (instance: string, path: string, form: 'raw' | 'tar') =>
    `${base}/instances/${encodeURIComponent(instance)}/files?path=${encodeURIComponent(path)}&form=${form}`,
  export: (instance: string) => `${base}/instances/${encodeURIComponent(instance)}/export`,
  usage: (instance: string) => `${base}/instances/${encodeURIComponent(instance)}/usage`,
  image: (name: string, form: 'tar' | 'oci') => `${base}/images/${encodeURIComponent(name)}?form=${form}`,
  events: (after: string | null, instance: string | null = null) => {
    const query = new URLSearchParams();
    if (after !== null) query.set('after', after);
    if (instance !== null) query.set('instance', instance);
    return `${base}/events?${query}`;
  },
  cast: (recording: string) => `${base}/recordings/${encodeURIComponent(recording)}/cast`,
  sharedCast: (secret: string) => `${base}/shared-recordings/${encodeURIComponent(secret)}/cast`,
  stream: (instance: string, session: string, offset: number, role: ViewerRole = 'interact') => {
    const url = new URL(
      `${base}/instances/${encodeURIComponent(instance)}/sessions/${encodeURIComponent(session)}/stream?offset=${offset}&role=${role}`,
      location.href,
    );
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return url.href;
  },
};

/** Not crypto.randomUUID: a page served by plain http to another machine does not have it. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
