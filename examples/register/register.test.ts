import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runRegister } from './simulation.ts';

const CLEAN = { voteBeforeFlush: false };
const BUG = { voteBeforeFlush: true };

/** The first seed that breaks the register; undefined when none of the first `seeds` does. */
function firstViolation(seeds: number, bug: typeof BUG): string | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    const { violation } = runRegister(String(seed), bug);
    if (violation !== undefined) return `${seed}: ${violation}`;
  }
  return undefined;
}

describe('the replicated register', () => {
  it('keeps its promise under crashes between effects, rot and partitions (10,000 seeds: npm run example)', () => {
    expect(firstViolation(1_000, CLEAN)).toBeUndefined();
  });

  it('loses it within 1,000 seeds when a vote leaves before its record is durable', () => {
    expect(firstViolation(1_000, BUG)).toContain('was chosen');
  });

  it('meets every kind of fault: power and kill, rotten records that it notices, values chosen all the same', () => {
    const results = Array.from({ length: 60 }, (_, i) => runRegister(`kinds-${i}`, CLEAN));
    const sum = (of: (result: (typeof results)[number]) => number): number =>
      results.reduce((total, result) => total + of(result), 0);
    expect(sum((result) => result.crashes)).toBeGreaterThan(100);
    expect(sum((result) => result.corruptions)).toBeGreaterThan(5);
    expect(sum((result) => result.chosen)).toBeGreaterThan(1_000);
  });

  it('gives the same run for the same seed', () => {
    expect(runRegister('again', CLEAN)).toEqual(runRegister('again', CLEAN));
    expect(runRegister('again', CLEAN).traceHash).not.toBe(runRegister('other', CLEAN).traceHash);
  });

  it('is small: its program has fewer than 250 lines, and imports env alone', () => {
    const source = readFileSync(new URL('./register.ts', import.meta.url), 'utf8');
    expect(source.trimEnd().split('\n').length).toBeLessThan(250);
    const imports = [...source.matchAll(/from '([^']+)'/g)].map(([, path]) => path ?? '');
    expect(imports.every((path) => path.startsWith('../../src/env/') || path === './records.ts')).toBe(true);
  });
});
