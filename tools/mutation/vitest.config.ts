/** The fast tests of consensus, which `npm run mutation` runs once for each mutant that they reach. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['src/chain/consensus/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
