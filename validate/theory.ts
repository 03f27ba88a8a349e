/** Closed forms that experiments are compared with: double spends, selfish mining, stale blocks. */
import { assert } from '../src/env/assert.ts';

/** C(n, k) for small n, exact below 2^53. */
function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return Math.round(value);
}

function assertMinority(q: number): void {
  assert(q > 0 && q < 0.5, 'the attacker has less than half of the hash rate');
}

/** Success of a double spend after n confirmations: M. Rosenfeld, Analysis of hashrate-based double-spending, 2014. */
export function rosenfeld(q: number, n: number): number {
  assertMinority(q);
  const p = 1 - q;
  let sum = 0;
  for (let m = 0; m <= n; m++) sum += binomial(m + n - 1, m) * (p ** n * q ** m - p ** m * q ** n);
  return 1 - sum;
}

/** What S. Nakamoto's paper of 2008 gives for it (section 11): a Poisson approximation, and too low. */
export function nakamotoPoisson(q: number, z: number): number {
  assertMinority(q);
  const p = 1 - q;
  const lambda = (z * q) / p;
  let sum = 0;
  let poisson = Math.exp(-lambda);
  for (let k = 0; k <= z; k++) {
    if (k > 0) poisson *= lambda / k;
    sum += poisson * (1 - (q / p) ** (z - k));
  }
  return 1 - sum;
}

/** How far behind an attacker gives up so that what he gives away is below a thousandth of `success`. */
export function giveUpDepth(q: number, success: number): number {
  assertMinority(q);
  let depth = 1;
  while ((q / (1 - q)) ** depth >= 1e-3 * success) depth++;
  return depth;
}

/** Share of the main chain of a selfish miner: I. Eyal, E. G. Sirer, Majority is not enough, 2013, equation (8). */
export function eyalSirer(alpha: number, gamma: number): number {
  assertMinority(alpha);
  assert(gamma >= 0 && gamma <= 1, 'gamma is a share');
  const a = alpha;
  const gain = a * (1 - a) * (1 - a) * (4 * a + gamma * (1 - 2 * a)) - a * a * a;
  return gain / (1 - a * (1 + (2 - a) * a));
}

/**
 * Share of blocks that become stale where `shareWithin(t)` of the hash rate has a block t ms after it was found: the next height comes
 * at the rate of those who have this one, so that it takes E = ∫ exp(-∫ F / interval) on average, of which a block that is
 * not stale takes the interval. With one arrival for all, x / (1 + x). Blocks of one height help each other, which is left out.
 * @param endMs by then everybody has it.
 */
export function orphansOfArrivals(
  shareWithin: (ms: number) => number,
  endMs: number,
  intervalMs: number,
): number {
  let had = 0;
  let expected = 0;
  for (let t = 0; t < endMs; t++) {
    expected += Math.exp(-had / intervalMs);
    had += shareWithin(t);
  }
  expected += intervalMs * Math.exp(-had / intervalMs);
  return 1 - intervalMs / expected;
}

/** Share of blocks that become stale when a block arrives after `arrival` on average: both in one unit of time. */
export function orphanLaw(arrival: number, interval: number): number {
  const x = arrival / interval;
  return x / (1 + x);
}
