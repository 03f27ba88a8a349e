/** `npm run test:queue`: apart from the other tests, since it needs a redis-server. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['tests/queue/**/*.queue.ts'],
    passWithNoTests: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
