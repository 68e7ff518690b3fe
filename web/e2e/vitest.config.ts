import { defineConfig } from 'vitest/config';

/** The whole in a real browser: one after the other, for they share a server and a machine with two cores. */
export default defineConfig({
  test: {
    include: ['e2e/*.spec.ts'], root: '.', testTimeout: 90_000, hookTimeout: 90_000, fileParallelism: false,
    sequence: { concurrent: false },
  },
});
