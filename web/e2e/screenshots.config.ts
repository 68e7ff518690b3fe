import { defineConfig } from 'vitest/config';

/** No test: it makes the pictures of the documentation. */
export default defineConfig({
  test: { include: ['e2e/screenshots.ts'], root: '.', testTimeout: 240_000, hookTimeout: 60_000 },
});
