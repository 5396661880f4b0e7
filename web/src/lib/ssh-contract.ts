// SPDX-License-Identifier: Apache-2.0
// The part of the contract that tells of SSH, for a Berth that may not have that door.

export interface Ssh {
  enabled: boolean;
  /** The host as visitors write it. */
  address: string | null;
  port: number | null;
  /** Of the host key. */
  fingerprint: string | null;
}

export interface SshKey {
  id: string;
  name: string;
  /** As `ssh-keygen -l` prints it. */
  fingerprint: string;
  created_at: string;
  /** A guest's key goes after a day. */
  expires_at: string | null;
}

interface Answers<Content> {
  200: { content: { 'application/json': Content } };
}
interface Query {
  query?: { cursor?: string; limit?: number };
}

export interface SshPaths {
  '/ssh': { get: { responses: Answers<Ssh> } };
  '/ssh-keys': {
    get: { parameters: Query; responses: Answers<{ items: SshKey[]; next_cursor: string | null }> };
    post: {
      requestBody: { content: { 'application/json': { key: string; name?: string } } };
      responses: { 201: { content: { 'application/json': SshKey } } };
    };
  };
  '/ssh-keys/{key}': {
    delete: { parameters: { path: { key: string } }; responses: { 204: { content?: never } } };
  };
}
