import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkLaw, lawParameters, lawSettings } from './check-law.ts';

const smallNumbers = fc.property(fc.nat({ max: 1_000 }), (n) => n < 100);

function thrownBy(run: () => void): string {
  try {
    run();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}

describe('A law', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('that is broken prints the smallest case, and the line that repeats it', () => {
    const text = thrownBy(() => checkLaw(smallNumbers, { numRuns: 200 }));
    expect(text).toContain('Counterexample: [100]');
    const [, seed, path] = /^ {2}AUREON_SEED=(\d+) AUREON_PATH=([\d:]+) npm test -- (.*)$/m.exec(text) ?? [];
    vi.stubEnv('AUREON_SEED', seed);
    vi.stubEnv('AUREON_PATH', path);
    const again = thrownBy(() => checkLaw(smallNumbers, { numRuns: 200 }));
    expect(again).toContain('Property failed after 1 tests');
    expect(again).toContain('Counterexample: [100]');
  });

  it('names its test as vitest finds it, and no other', () => {
    const text = thrownBy(() => checkLaw(smallNumbers, { numRuns: 200 }));
    const [, file = '', name = ''] = / npm test -- (\S+) -t "(.*)"$/m.exec(text) ?? [];
    const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
    const { stdout } = spawnSync(process.execPath, [vitest, 'list', file, '-t', name], { encoding: 'utf8' });
    expect(stdout.trim().split('\n')).toEqual([
      '[runs] properties/check-law.test.ts > A law > names its test as vitest finds it, and no other',
    ]);
  });

  it('is checked on other cases with AUREON_SEED, on more of them with AUREON_TIMES', () => {
    const runs = { numRuns: 30 };
    expect(lawParameters(runs, lawSettings({}))).toEqual({ seed: 2026, numRuns: 30 });
    expect(lawParameters(runs, lawSettings({ AUREON_SEED: '-7', AUREON_TIMES: '10' }))).toEqual({
      seed: -7,
      numRuns: 300,
    });
  });

  it.each([
    { AUREON_SEED: '1.5' },
    { AUREON_SEED: 'x' },
    { AUREON_TIMES: '0' },
    { AUREON_PATH: '1:2' },
    { AUREON_SEED: '1', AUREON_PATH: 'first' },
  ])('refuses %j', (environment) => {
    expect(() => lawSettings(environment)).toThrow(TypeError);
  });
});
