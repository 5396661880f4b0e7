// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { publicKeyFault, sshCommand } from './ssh';

const door = { enabled: true, address: 'berth.example', port: 2222, fingerprint: 'SHA256:x' };

it('the command to get into an instance', () => {
  expect(sshCommand(door, 'abc123', 'page.example')).toBe('ssh -p 2222 abc123@berth.example');
  expect(sshCommand({ ...door, address: null }, 'abc123', 'page.example')).toBe('ssh -p 2222 abc123@page.example');
  expect(sshCommand({ ...door, address: '[2001:db8::1]' }, 'abc123', 'page.example')).toBe('ssh -p 2222 abc123@2001:db8::1');
});

it('there is none without an open door', () => {
  expect(sshCommand(null, 'abc123', 'h')).toBeNull();
  expect(sshCommand({ ...door, enabled: false }, 'abc123', 'h')).toBeNull();
  expect(sshCommand({ ...door, port: null }, 'abc123', 'h')).toBeNull();
});

const body = 'AAAAC3NzaC1lZDI1NTE5AAAAIJ0Q3mMXPEWvxbyAvUq1iqtjzTnCZNPwCYbFMCFsl1NL';

it('a line of a .pub file is a public key', () => {
  expect(publicKeyFault(`ssh-ed25519 ${body} me@laptop\n`)).toBeNull();
  expect(publicKeyFault(`  ecdsa-sha2-nistp256 ${body}`)).toBeNull();
  expect(publicKeyFault(`ssh-rsa ${body}==  a comment of words`)).toBeNull();
});

it('what is none is told why', () => {
  expect(publicKeyFault(' \n')).toMatch(/first/);
  expect(publicKeyFault('-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END')).toMatch(/private key.*not sent/);
  expect(publicKeyFault(`ssh-ed25519 ${body}\nssh-ed25519 ${body}`)).toMatch(/single line/);
  expect(publicKeyFault(body)).toMatch(/begins with its type/);
  expect(publicKeyFault('SHA256:abc')).toMatch(/begins with its type/);
  expect(publicKeyFault('ssh-ed25519 AAA…')).toMatch(/not whole/);
  expect(publicKeyFault('ssh-ed25519')).toMatch(/not whole/);
});
