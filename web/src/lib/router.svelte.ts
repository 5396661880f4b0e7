// SPDX-License-Identifier: Apache-2.0

export type Route =
  | { name: 'home' | 'login' | 'events' | 'tokens' | 'accounts' | 'images' | 'services' | 'recordings' | 'api-docs' | 'unknown' }
  | { name: 'instance' | 'recording' | 'shared'; id: string };

export function routeOf(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return { name: 'home' };
  const single = ({ instances: 'instance', recordings: 'recording', shared: 'shared' } as Record<string, 'instance' | 'recording' | 'shared' | undefined>)[parts[0]!];
  if (parts.length === 2 && single !== undefined) {
    try {
      return { name: single, id: decodeURIComponent(parts[1]!) };
    } catch {
      return { name: 'unknown' };
    }
  }
  const [only] = parts;
  if (parts.length === 1) {
    if (only === 'instances') return { name: 'home' };
    if (only === 'login' || only === 'events' || only === 'tokens' || only === 'accounts' || only === 'images' || only === 'services' || only === 'recordings' || only === 'api-docs') {
      return { name: only };
    }
  }
  return { name: 'unknown' };
}

class Router {
  path = $state(location.pathname);
  route: Route = $derived(routeOf(this.path));

  constructor() {
    window.addEventListener('popstate', () => {
      this.path = location.pathname;
    });
    document.addEventListener('click', (event) => this.onClick(event));
  }

  go(path: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    const moved = this.path !== location.pathname;
    this.path = location.pathname;
    if (moved) window.scrollTo(0, 0);
  }

  private onClick(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/')) return;
    if (link.pathname === location.pathname && link.hash !== '') return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();

export const recordingPath = (id: string) => `/recordings/${encodeURIComponent(id)}`;
export const instancePath = (id: string) => `/instances/${encodeURIComponent(id)}`;
