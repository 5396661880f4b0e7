// SPDX-License-Identifier: Apache-2.0
import type { Component } from 'svelte';
import type { Route } from '../lib/router.svelte';

type Page = Component<{ id?: string }>;

// Each page is a file of its own in dist: the terminal and the charts are only loaded where they are.
const loaders: Record<Exclude<Route['name'], 'login'>, () => Promise<{ default: unknown }>> = {
  home: () => import('./Home.svelte'),
  instance: () => import('./Instance.svelte'),
  events: () => import('./Events.svelte'),
  tokens: () => import('./Tokens.svelte'),
  accounts: () => import('./Accounts.svelte'),
  images: () => import('./Images.svelte'),
  'api-docs': () => import('./ApiDocs.svelte'),
  unknown: () => import('./Unknown.svelte'),
};

export async function pageOf(name: Exclude<Route['name'], 'login'>): Promise<Page> {
  return (await loaders[name]()).default as Page;
}
