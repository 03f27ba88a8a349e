/** How the pages of reports are tested in a real browser: apart from `npm test`, since they need one. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/report/*.chromium.ts'],
    passWithNoTests: false,
    testTimeout: 120_000,
    // Runs are simulated, recorded and written before the first test.
    hookTimeout: 900_000,
    maxWorkers: 1,
  },
});
