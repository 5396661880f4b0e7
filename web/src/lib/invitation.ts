// SPDX-License-Identifier: Apache-2.0
// What an invitation is to its reviewer, in words.

import type { Invitation } from './api';

const stateNames: Record<Invitation['state'], string> = {
  waiting: 'Not opened yet',
  opened: 'Opened',
  expired: 'Expired',
  revoked: 'Taken back',
};

export function invitationStateName(state: Invitation['state']): string {
  return stateNames[state];
}

/** Whose it is. */
export function invitationName(invitation: Pick<Invitation, 'name'>): string {
  return invitation.name === '' ? 'Somebody' : invitation.name;
}

/** "1 of 2 solved, 1 under way". */
export function progressWords(invitation: Pick<Invitation, 'labs'>): string {
  const attempts = invitation.labs.flatMap((lab) => (lab.attempt === null ? [] : [lab.attempt]));
  const solved = attempts.filter((attempt) => attempt.solved_at !== null).length;
  const going = attempts.filter((attempt) => attempt.state === 'waiting' || attempt.state === 'running' || (attempt.state === 'stopped' && attempt.solved_at === null)).length;
  return `${solved} of ${invitation.labs.length} solved${going === 0 ? '' : `, ${going} under way`}`;
}

/** What stands behind the # of a link; null when nothing does. */
export function invitationSecret(hash: string): string | null {
  const text = hash.replace(/^#/, '');
  return /^[\w.~-]{1,128}$/.test(text) ? text : null;
}
