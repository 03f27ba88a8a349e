import { describe, expect, it } from 'vitest';
import { createStream } from '../../sim/seeds.ts';
import { createPct, pctBound } from './pct.ts';
import { createRandomWalk } from './random-walk.ts';
import type { Strategy } from './strategy.ts';
import { type Histories, playModel } from './test-model.ts';

const HOSTS = 4;
/** Six messages on each of three connections to host 0: 18 steps on three chains. */
const PER_LINK = 6;
const START = Array.from({ length: PER_LINK }, (_, i) =>
  [1, 2, 3].map((from) => ({ from, to: 0, name: `m${i}` })),
).flat();
const STEPS = START.length;
const CHAINS = 3;

/** How often `isBug` holds in so many runs. */
function found(
  runs: number,
  isBug: (got: readonly string[]) => boolean,
  create: (run: number) => Strategy,
): number {
  let times = 0;
  for (let run = 0; run < runs; run++) {
    const histories: Histories | undefined = playModel(HOSTS, START, () => [], create(run));
    if (histories?.[0] !== undefined && isBug(histories[0])) times++;
  }
  return times;
}

const pct = (depth: number) => (run: number) =>
  createPct({ depth, steps: STEPS, stream: createStream('pct', `${depth}/${run}`) });
const walk = (run: number) => createRandomWalk(createStream('walk', String(run)));

const before = (got: readonly string[], a: string, b: string): boolean => got.indexOf(a) < got.indexOf(b);

describe('PCT', () => {
  // Three standard deviations of a count of runs at the bound are far below a tenth of it.
  const RUNS = 6_000;

  it('finds a bug of depth 1, everything of one connection before anything of another, as often as its theorem says', () => {
    const times = found(RUNS, (got) => before(got, '3:m5', '1:m0') && before(got, '3:m5', '2:m0'), pct(1));
    expect(times / RUNS).toBeGreaterThan(0.9 * pctBound(CHAINS, STEPS, 1));
  });

  it('finds a bug of depth 2, which wants the order of two connections turned round in the middle', () => {
    const isBug = (got: readonly string[]): boolean =>
      before(got, '1:m3', '2:m0') && before(got, '2:m5', '1:m4');
    const times = found(RUNS, isBug, pct(2));
    expect(times / RUNS).toBeGreaterThan(pctBound(CHAINS, STEPS, 2));
    expect(times).toBeGreaterThan(3 * found(RUNS, isBug, walk));
  });

  it('finds no bug of depth 2 while it looks for depth 1', () => {
    const isBug = (got: readonly string[]): boolean =>
      before(got, '1:m3', '2:m0') && before(got, '2:m5', '1:m4');
    expect(found(2_000, isBug, pct(1))).toBe(0);
  });

  it('is a function of its stream', () => {
    const orders = new Set<string>();
    for (let i = 0; i < 3; i++) orders.add(JSON.stringify(playModel(HOSTS, START, () => [], pct(3)(7))));
    expect(orders.size).toBe(1);
  });

  it('promises 1 / (n k^(d-1))', () => {
    expect(pctBound(4, 10, 1)).toBe(1 / 4);
    expect(pctBound(4, 10, 3)).toBe(1 / 4 / 10 / 10);
  });
});
