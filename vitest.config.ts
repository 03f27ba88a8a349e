/** How the tests run: unit tests beside the source, contract, vector, reference and end-to-end tests under tests/. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'src/**/*.test.ts',
      'tests/**/*.test.ts',
      'properties/**/*.test.ts',
      'examples/**/*.test.ts',
      'validate/**/*.test.ts',
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // The page runs in a browser: tests/report.
      exclude: ['**/*.test.ts', 'src/report/app/**'],
      reporter: ['json', 'text-summary'],
      reportsDirectory: 'coverage/vitest',
    },
  },
});
