import { describe, expect, it } from 'vitest';
import { COALITIONS, runCoalition } from '../../sweeps/coalition-runs.ts';
import { SUITE } from './support.ts';

/** The long form is `npm run coalitions`; its table stands in docs/consensus-pos.md. */
const SEEDS = ['1', '2', '3', '4'];

describe.each(COALITIONS)('a coalition by %s', (kind) => {
  it('of just over a third of the power breaks agreement, and is named by what it signed', () => {
    for (const seed of SEEDS) {
      const { isBroken, isAccounted } = runCoalition(kind, 'over', seed, SUITE);
      expect({ seed, isBroken, isAccounted }).toEqual({ seed, isBroken: true, isAccounted: true });
    }
  });

  it('of just less than a third acts and breaks nothing', () => {
    for (const seed of SEEDS) {
      const outcome = runCoalition(kind, 'f', seed, SUITE);
      expect(outcome).toEqual({ isBroken: false, hasActed: true, isAccounted: false, faults: [] });
    }
  });
});
