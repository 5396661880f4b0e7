// SPDX-License-Identifier: Apache-2.0
// An xterm.js terminal joined to a session's stream. Lives as long as its tab; dispose() detaches, the session lives on.

import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';
import { address, api, type ViewerRole } from '../lib/api';
import { copyText } from '../lib/clipboard';
import { bytes } from '../lib/format';
import { asProblem } from '../lib/problem';
import { SessionStream, type Socket, type StreamState, type Viewers } from '../lib/session-stream';
import { isTerminalReply } from '../lib/terminal-replies';
import { palette } from './palette';
import { allowStrictStyles } from './strict-styles';

export interface ScreenOptions {
  instance: string;
  session: string;
  label: string;
  reattached: boolean;
  role: ViewerRole;
  onState(state: StreamState): void;
  onViewers(viewers: Viewers): void;
  onTitle(title: string): void;
  /** Something typed or pasted was too much to wait for the program, or came after its end. */
  onRefused(): void;
  /** The key that leaves the terminal was pressed. */
  onLeave(): void;
}

// Old output is over when nothing came for so long, or more than can be kept came.
const replayPause = 250;
const replayBytes = 512 * 1024;

/** Whether there is WebGL in hardware: in software, page elements are faster. */
function hasGraphics(): boolean {
  const context = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (context === null) return false;
  const names = context.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(renderer);
}

export class Screen {
  private readonly terminal: Terminal;
  private readonly fitting = new FitAddon();
  private readonly stream: SessionStream;
  private readonly options: ScreenOptions;
  private role: ViewerRole;
  private readonly observer: ResizeObserver;
  private readonly host: HTMLElement;
  private webgl: WebglAddon | null = null;
  private replaying: boolean;
  private replayTimer: number | undefined;
  private replayed = 0;

  constructor(host: HTMLElement, options: ScreenOptions) {
    allowStrictStyles();
    this.host = host;
    this.options = options;
    this.role = options.role;
    this.replaying = options.reattached;
    this.terminal = new Terminal({
      theme: palette,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--mono'),
      fontSize: window.matchMedia('(max-width: 640px)').matches ? 12 : 14,
      lineHeight: 1.15,
      scrollback: 10_000,
      minimumContrastRatio: 4.5,
      cursorBlink: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
      allowProposedApi: false,
      macOptionIsMeta: true,
    });
    this.terminal.loadAddon(this.fitting);
    this.terminal.loadAddon(new WebLinksAddon((_event, uri) => window.open(uri, '_blank', 'noopener,noreferrer')));
    this.terminal.open(host);
    this.terminal.textarea?.setAttribute('aria-label', options.label);
    this.terminal.attachCustomKeyEventHandler((event) => this.onKey(event));
    this.terminal.onTitleChange((title) => options.onTitle(title));

    this.stream = new SessionStream({
      connect: (offset) =>
        new WebSocket(address.stream(options.instance, options.session, offset, this.role), 'berth.v1') as unknown as Socket,
      stillThere: () => this.stillThere(),
      onOutput: (output, taken) => this.onOutput(output, taken),
      onGap: (missing) => this.onGap(missing),
      onState: (state) => options.onState(state),
      onViewers: (viewers) => options.onViewers(viewers),
    });
    this.terminal.onData((data) => {
      if (!(this.replaying && isTerminalReply(data)) && !this.stream.send(data)) options.onRefused();
    });
    this.terminal.onBinary((data) => this.stream.send(Uint8Array.from(data, (character) => character.charCodeAt(0))));
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(host);
    this.fit();
    this.stream.start();
  }

  focus(): void {
    this.terminal.focus();
  }

  takeRole(role: ViewerRole): void {
    this.role = role;
    this.stream.takeRole(role);
  }

  retryNow(): void {
    this.stream.retryNow();
  }

  /** Readable: text is in the page for screen readers. Else the graphics processor draws, where there is one. */
  setReadable(readable: boolean, active: boolean): void {
    this.terminal.options.screenReaderMode = readable;
    if (readable || !active) {
      this.webgl?.dispose();
      this.webgl = null;
    } else if (this.webgl === null) {
      this.drawWithGraphics();
    }
  }

  dispose(): void {
    this.stream.stop();
    this.observer.disconnect();
    window.clearTimeout(this.replayTimer);
    this.terminal.dispose();
  }

  private drawWithGraphics(): void {
    if (!hasGraphics()) return;
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => {
        webgl.dispose();
        if (this.webgl === webgl) this.webgl = null;
      });
      this.terminal.loadAddon(webgl);
      this.webgl = webgl;
    } catch {
      // No WebGL here: xterm.js goes on with page elements.
    }
  }

  private fit(): void {
    // A hidden tab has no size; it is fitted when it is shown.
    if (this.host.clientWidth === 0 || this.host.clientHeight === 0) return;
    this.fitting.fit();
    this.stream.resize(this.terminal.cols, this.terminal.rows);
  }

  private onOutput(output: Uint8Array, taken: () => void): void {
    this.replayed += output.length;
    this.terminal.write(output, () => {
      taken();
      this.followReplay();
    });
  }

  private followReplay(): void {
    if (!this.replaying) return;
    window.clearTimeout(this.replayTimer);
    if (this.replayed > replayBytes) this.replaying = false;
    else this.replayTimer = window.setTimeout(() => (this.replaying = false), replayPause);
  }

  private onGap(missing: number): void {
    // After a reload the beginning of a long session is simply further back than what is kept.
    if (this.replayed === 0) return;
    this.terminal.write(`\r\n\x1b[7m ${bytes(missing)} of output are no longer kept \x1b[0m\r\n`);
  }

  private async stillThere(): Promise<boolean> {
    try {
      const sessions = await api.sessions(this.options.instance);
      return sessions.some((session) => session.id === this.options.session);
    } catch (thrown) {
      const { kind } = asProblem(thrown);
      if (kind === 'not_found' || kind === 'conflict') return false;
      throw thrown;
    }
  }

  private onKey(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return true;
    if (event.code === 'KeyX') {
      event.preventDefault();
      if (event.type === 'keydown') this.options.onLeave();
      return false;
    }
    if (event.code === 'KeyC' && this.terminal.hasSelection()) {
      event.preventDefault();
      if (event.type === 'keydown') void copyText(this.terminal.getSelection()).then(() => this.terminal.focus());
      return false;
    }
    // Ctrl+Shift+V: left to the browser, which pastes.
    return event.code !== 'KeyV';
  }
}
