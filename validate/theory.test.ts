import { describe, expect, it } from 'vitest';
import reference from './reference/proof-of-work.json' with { type: 'json' };
import {
  eyalSirer,
  giveUpDepth,
  nakamotoPoisson,
  orphanLaw,
  orphansOfArrivals,
  rosenfeld,
} from './theory.ts';

/** The rules of the harness, followed exactly: one private block, `n` confirmations, a longer chain, `depth` behind. */
function ruledSuccess(q: number, n: number, depth: number): number {
  const races = new Map<string, { confirmed: number; hidden: number; probability: number }>();
  let won = 0;
  const reach = (confirmed: number, hidden: number, probability: number): void => {
    if (confirmed >= n && hidden > confirmed) won += probability;
    else if (confirmed - hidden < depth) {
      const key = `${confirmed} ${hidden}`;
      const known = races.get(key);
      races.set(key, { confirmed, hidden, probability: probability + (known?.probability ?? 0) });
    }
  };
  reach(0, 1, 1);
  // A Map visits what is added while it is walked; blocks come one at a time, so all ways to a race are in before it.
  for (const { confirmed, hidden, probability } of races.values()) {
    if (probability < 1e-15) continue;
    reach(confirmed, hidden + 1, probability * q);
    reach(confirmed + 1, hidden, probability * (1 - q));
  }
  return won;
}

describe('the theory of double spends', () => {
  it.each([0.1, 0.2, 0.3])('is what the rules of the harness give, giving up included, for q = %d', (q) => {
    for (let n = 1; n <= 6; n++) {
      const success = rosenfeld(q, n);
      const ruled = ruledSuccess(q, n, giveUpDepth(q, success));
      expect(ruled).toBeLessThan(success);
      expect(ruled / success).toBeGreaterThan(0.999);
    }
  });

  it.each(Object.entries(reference.doubleSpend.success))('is that of Rosenfeld for q = %s', (q, values) => {
    for (const [i, value] of values.entries()) expect(rosenfeld(Number(q), i + 1)).toBeCloseTo(value, 10);
  });

  it("gives Nakamoto's approximation, which is less than half of the truth at q = 0.1, n = 6", () => {
    const { q, n, value } = reference.doubleSpend.poisson;
    expect(nakamotoPoisson(q, n)).toBeCloseTo(value, 7);
    expect(nakamotoPoisson(0.3, 5)).toBeCloseTo(0.1773523, 7);
    expect(nakamotoPoisson(q, n)).toBeLessThan(rosenfeld(q, n) / 2);
  });

  it('gives up where less than a thousandth is lost', () => {
    const depth = giveUpDepth(0.1, rosenfeld(0.1, 6));
    expect(depth).toBe(7);
    expect((0.1 / 0.9) ** depth).toBeLessThan(1e-3 * rosenfeld(0.1, 6));
    expect((0.1 / 0.9) ** (depth - 1)).toBeGreaterThan(1e-3 * rosenfeld(0.1, 6));
  });
});

describe('the theory of selfish mining', () => {
  it.each(reference.selfishMining.revenue)(
    'is that of Eyal and Sirer for alpha $alpha, gamma $gamma',
    (point) => {
      expect(eyalSirer(point.alpha, point.gamma)).toBeCloseTo(point.value, 5);
    },
  );

  it('pays from their threshold on: 1/3 without an advantage in the race, 1/4 with half of it', () => {
    expect(eyalSirer(1 / 3, 0)).toBeCloseTo(1 / 3, 12);
    expect(eyalSirer(0.25, 0.5)).toBeCloseTo(0.25, 12);
  });
});

describe('the law of stale blocks', () => {
  it('is x / (1 + x)', () => {
    expect(orphanLaw(2_811, 12_000)).toBeCloseTo(0.1898, 4);
  });

  it('is what arrivals give that are all at once, and less is stale where they are spread', () => {
    const atOnce = orphansOfArrivals((t) => (t < 2_811 ? 0 : 1), 5_000, 12_000);
    expect(atOnce).toBeCloseTo(orphanLaw(2_811, 12_000), 4);
    // Exponential: E = ∫ exp(-(t - m (1 - exp(-t / m))) / I), by hand for m = I: e (1 - 1/e).
    const spread = orphansOfArrivals((t) => 1 - Math.exp(-t / 12_000), 400_000, 12_000);
    expect(spread).toBeCloseTo(1 - 1 / (Math.E - 1), 4);
  });
});
