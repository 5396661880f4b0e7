// SPDX-License-Identifier: Apache-2.0
import { api, type BerthEvent, type Session } from '../api';
import { asProblem, type Problem } from '../problem';
import { recall, remember } from '../remembered';
import { SerialFetcher } from '../serial';

export interface Tab {
  id: string;
  number: number;
  /** What the program calls itself. */
  title: string | null;
  running: boolean;
  /** Whether it was here before this page: then its old output comes first. */
  reattached: boolean;
}

/** The terminals of one instance, in step with its sessions. */
export class Terminals {
  tabs = $state<Tab[]>([]);
  active = $state<string | null>(null);
  loaded = $state(false);
  opening = $state(false);
  problem = $state.raw<Problem | null>(null);
  private readonly instance: string;
  private readonly opened = new Set<string>();
  private highest = 0;
  private order: string[];
  private readonly fetcher = new SerialFetcher(() => this.fetch());

  constructor(instance: string) {
    this.instance = instance;
    this.order = recall(`tabs.${instance}`, 'tab')?.split(' ') ?? [];
  }

  load(): Promise<void> {
    return this.fetcher.request('sessions');
  }

  onEvent(event: BerthEvent): void {
    if (event.instance !== this.instance) return;
    if (event.type === 'session_opened' || event.type === 'session_closed') void this.load();
  }

  async open(columns: number, rows: number): Promise<void> {
    this.opening = true;
    try {
      const session = await api.openSession(this.instance, { kind: 'terminal', columns, rows });
      this.opened.add(session.id);
      this.show(session);
      this.active = session.id;
      this.problem = null;
    } catch (thrown) {
      const known = this.tabs.length;
      const problem = asProblem(thrown);
      // Without an answer it may be there all the same.
      if (problem.kind === 'unavailable') await this.load();
      if (this.tabs.length === known) this.problem = problem;
    } finally {
      this.opening = false;
    }
  }

  async close(id: string): Promise<void> {
    try {
      await api.closeSession(this.instance, id);
      this.problem = null;
      this.remove(id);
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.kind === 'not_found') this.remove(id);
      else this.problem = problem;
    }
  }

  ended(id: string): void {
    const tab = this.tabs.find((one) => one.id === id);
    if (tab) tab.running = false;
  }

  name(id: string, title: string): void {
    const tab = this.tabs.find((one) => one.id === id);
    if (tab) tab.title = title.trim() === '' ? null : title.slice(0, 80);
  }

  private async fetch(): Promise<void> {
    try {
      const sessions = (await api.sessions(this.instance))
        .filter((session) => session.kind === 'terminal')
        .sort((a, b) => this.place(a.id) - this.place(b.id));
      const ids = new Set(sessions.map((session) => session.id));
      for (const tab of [...this.tabs]) if (!ids.has(tab.id)) this.remove(tab.id);
      for (const session of sessions) this.show(session);
      this.problem = null;
      this.loaded = true;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  private show(session: Session): void {
    const known = this.tabs.find((tab) => tab.id === session.id);
    if (known) {
      known.running = session.running;
      return;
    }
    this.highest += 1;
    this.tabs.push({
      id: session.id,
      number: this.highest,
      title: null,
      running: session.running,
      reattached: !this.opened.has(session.id) && !this.opening,
    });
    this.active ??= session.id;
    this.keepOrder();
  }

  /** The server promises no order; those of this browser tab keep theirs over a reload. */
  private place(id: string): number {
    const place = this.order.indexOf(id);
    return place < 0 ? this.order.length : place;
  }

  private keepOrder(): void {
    this.order = this.tabs.map((tab) => tab.id);
    remember(`tabs.${this.instance}`, this.order.length === 0 ? null : this.order.join(' '), 'tab');
  }

  private remove(id: string): void {
    const index = this.tabs.findIndex((tab) => tab.id === id);
    if (index < 0) return;
    this.tabs.splice(index, 1);
    this.keepOrder();
    if (this.active === id) this.active = (this.tabs[index] ?? this.tabs[index - 1])?.id ?? null;
  }
}
