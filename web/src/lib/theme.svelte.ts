// SPDX-License-Identifier: Apache-2.0
import { recall, remember } from './remembered';

export type Theme = 'light' | 'dark';

const system = window.matchMedia('(prefers-color-scheme: dark)');

class ThemeChoice {
  private chosen = $state<Theme | null>(null);
  private systemDark = $state(system.matches);
  current: Theme = $derived(this.chosen ?? (this.systemDark ? 'dark' : 'light'));

  constructor() {
    const kept = recall('theme');
    if (kept === 'light' || kept === 'dark') this.chosen = kept;
    system.addEventListener('change', () => {
      this.systemDark = system.matches;
    });
    this.show();
  }

  toggle(): void {
    const next: Theme = this.current === 'dark' ? 'light' : 'dark';
    this.chosen = next === (this.systemDark ? 'dark' : 'light') ? null : next;
    remember('theme', this.chosen);
    this.show();
  }

  private show(): void {
    if (this.chosen === null) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.chosen;
  }
}

export const theme = new ThemeChoice();
