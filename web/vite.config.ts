/// <reference types="vitest/config" />
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { compress } from './build/compress.ts';

/** A running server, for `npm run dev`: its address, and its token where one is to be added. */
const server = process.env['TIDEGATE_SERVER'] ?? 'http://127.0.0.1:7420';
const token = process.env['TIDEGATE_TOKEN'];
const proxied = {
  target: server,
  headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
};

export default defineConfig({
  plugins: [svelte(), compress()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/v1': proxied, '/apis': proxied, '/api': proxied } },
  test: { include: ['src/**/*.test.ts'] },
});
