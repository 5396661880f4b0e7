// SPDX-License-Identifier: Apache-2.0
import type { Ssh } from './api';

/** What to type to get into an instance; null where there is no door for it. */
export function sshCommand(ssh: Ssh | null, instance: string, pageHost: string): string | null {
  if (ssh === null || !ssh.enabled || ssh.port === null) return null;
  const host = (ssh.address ?? pageHost).replace(/^\[(.*)\]$/, '$1');
  return `ssh -p ${ssh.port} ${instance}@${host}`;
}

const types = /^(ssh|ecdsa|sk)-[a-z0-9@.-]+$/;

/** Why a pasted text is no public key, or null. The server has the last word; a private key must not even get there. */
export function publicKeyFault(pasted: string): string | null {
  const text = pasted.trim();
  if (text === '') return 'Paste a public key first.';
  if (/PRIVATE KEY/.test(text)) {
    return 'That is a private key, which nobody else may ever have. It was not sent. Paste the file that ends in .pub instead.';
  }
  if (/\n/.test(text)) return 'Paste one key: a single line. Add others after it.';
  const [type = '', body = ''] = text.split(/\s+/);
  if (!types.test(type)) {
    return 'A public key is a line that begins with its type, such as “ssh-ed25519 AAAA…”. It is in the file that ends in .pub.';
  }
  if (!/^AAAA[A-Za-z0-9+/]+=*$/.test(body)) return 'The part behind the type is not whole. Copy the whole line of the .pub file.';
  return null;
}
