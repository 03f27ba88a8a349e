/** How the tests run: unit tests beside the source, contract, vector, reference and end-to-end tests under tests/. */
import { defineConfig } from 'vitest/config';

/** Tests of whole runs: of many simulations, or of the command in a process of its own. What they cover is covered by the others. */
const RUNS = [
  'tests/cluster/{crash-points,determinism,metamorphic,pos-gallery}.test.ts',
  'tests/e2e/{cli-*,node-chaos,real-chaos,run-real,validate}.test.ts',
  'properties/!(scenario-file-*).test.ts',
  'examples/**/*.test.ts',
  'validate/**/*.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'properties/scenario-file-*.test.ts'],
          exclude: RUNS,
        },
      },
      { extends: true, test: { name: 'runs', include: RUNS } },
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A busy machine keeps a process waiting for seconds; what is waited for mostly comes at once.
    expect: { poll: { timeout: 60_000, interval: 10 } },
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // The page runs in a browser: tests/report.
      exclude: ['**/*.test.ts', 'src/report/app/**'],
      reporter: ['json', 'text-summary'],
      // A test that fails is one failure, not that and coverage.
      reportOnFailure: true,
      reportsDirectory: 'coverage/vitest',
    },
  },
});
