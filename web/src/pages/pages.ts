// SPDX-License-Identifier: Apache-2.0
import type { Component } from 'svelte';
import { recall, remember } from '../lib/remembered';
import type { Route } from '../lib/router.svelte';

type Page = Component<{ id?: string; shared?: boolean }>;

// Each page is a file of its own in dist: the terminal and the charts are only loaded where they are.
const loaders: Record<Exclude<Route['name'], 'login'>, () => Promise<{ default: unknown }>> = {
  home: () => import('./Home.svelte'),
  instance: () => import('./Instance.svelte'),
  labs: () => import('./Labs.svelte'),
  lab: () => import('./Lab.svelte'),
  attempts: () => import('./Attempts.svelte'),
  attempt: () => import('./Attempt.svelte'),
  competitions: () => import('./Competitions.svelte'),
  competition: () => import('./Competition.svelte'),
  board: () => import('./Board.svelte'),
  events: () => import('./Events.svelte'),
  tokens: () => import('./Tokens.svelte'),
  accounts: () => import('./Accounts.svelte'),
  services: () => import('./Services.svelte'),
  webhooks: () => import('./Webhooks.svelte'),
  images: () => import('./Images.svelte'),
  recordings: () => import('./Recordings.svelte'),
  recording: () => import('./Recording.svelte'),
  shared: () => import('./Recording.svelte'),
  invitations: () => import('./Invitations.svelte'),
  invitation: () => import('./Invitation.svelte'),
  invited: () => import('./Invited.svelte'),
  'api-docs': () => import('./ApiDocs.svelte'),
  unknown: () => import('./Unknown.svelte'),
};

export async function pageOf(name: Exclude<Route['name'], 'login'>): Promise<Page> {
  try {
    const page = (await loaders[name]()).default as Page;
    remember('reloaded', null, 'tab');
    return page;
  } catch (thrown) {
    // A browser does not fetch a module again that failed once, and an updated Berth has other files: both are cured by
    // loading the whole page anew. Once; then the page says so.
    if (recall('reloaded', 'tab') === null) {
      remember('reloaded', '1', 'tab');
      location.reload();
    }
    throw thrown;
  }
}

/** Fetches a page that is likely next. */
export function prepare(name: Exclude<Route['name'], 'login'>): void {
  void loaders[name]().catch(() => {});
}
