// SPDX-License-Identifier: Apache-2.0
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const berthd = process.env.BERTH_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // The content security policy has neither data: nor inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // xterm.js with its WebGL renderer is one file, loaded on instance pages only.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': { target: berthd, ws: true } } },
});
