/** `npm run test:prometheus`: apart from the other tests, since it needs Prometheus. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['tests/prometheus/**/*.prometheus.ts'],
    passWithNoTests: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
