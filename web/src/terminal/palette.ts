// SPDX-License-Identifier: Apache-2.0
import type { ITheme } from '@xterm/xterm';

// Dark in both themes: the colours programs choose are made for it.
export const palette: ITheme = {
  background: '#07141c',
  foreground: '#dbe7ea',
  cursor: '#ffc857',
  cursorAccent: '#07141c',
  selectionBackground: '#2b5566',
  selectionInactiveBackground: '#20404d',
  scrollbarSliderBackground: '#7da2b033',
  scrollbarSliderHoverBackground: '#7da2b066',
  scrollbarSliderActiveBackground: '#7da2b088',
  black: '#16303b',
  red: '#ff7b72',
  green: '#7ee0a1',
  yellow: '#ffd479',
  blue: '#79b8ff',
  magenta: '#d8a6ff',
  cyan: '#6fdbe6',
  white: '#c9d7db',
  brightBlack: '#7f98a3',
  brightRed: '#ffa39c',
  brightGreen: '#a6efbf',
  brightYellow: '#ffe3a3',
  brightBlue: '#a8d0ff',
  brightMagenta: '#e7c8ff',
  brightCyan: '#a3ecf3',
  brightWhite: '#ffffff',
};
