import { describe, expect, it } from 'vitest';
import vectors from '../../../../tests/vectors/cometbft-time.json' with { type: 'json' };
import reference from '../../../../validate/reference/bft.json' with { type: 'json' };
import { unixMs } from '../../../env/units.ts';
import { testKey } from '../../execution/test-chain.ts';
import { amount, height } from '../../types/units.ts';
import { bftTime, weightedMedian } from './bft-time.ts';
import { createValidatorSet } from './proposer-priority.ts';
import { NO_SIGNATURE, testBlock } from './test-chain.ts';
import { placeOf } from './validator-set.ts';

describe('BFT time', () => {
  it.each(vectors.medians)('is the weighted median $median of CometBFT, TestWeightedMedian', (vector) => {
    const times = vector.times.map(([timestampMs = 0, power = 0]) => ({ timestampMs, power: BigInt(power) }));
    expect(weightedMedian(times)).toBe(vector.median);
  });

  it('is that of the votes which the commit holds, spec/consensus/bft-time.md', () => {
    const { powers, precommitTimes, commitHolds, weightedMedian: median } = reference.bftTime;
    const names = ['p1', 'p2', 'p3', 'p4'] as const;
    const set = createValidatorSet(
      names.map((name, index) => ({ key: testKey(index), power: amount(BigInt(powers[name])) })),
    );
    const votes = names
      .map((name, index) => ({ name, validator: placeOf(set, testKey(index)) ?? -1 }))
      .filter(({ name }) => commitHolds.includes(name))
      .map(({ name, validator }) => ({
        validator,
        timestampMs: unixMs(precommitTimes[name]),
        signature: NO_SIGNATURE,
      }))
      .sort((a, b) => a.validator - b.validator);
    expect(bftTime({ height: height(1), round: 0, block: testBlock('11'), votes }, set)).toBe(median);
  });

  it('takes the first time at which half of the power is used up', () => {
    const times = [
      { timestampMs: 10, power: 50n },
      { timestampMs: 20, power: 50n },
    ];
    expect(weightedMedian(times)).toBe(10);
    expect(weightedMedian([{ timestampMs: 10, power: 49n }, ...times.slice(1)])).toBe(10);
    expect(weightedMedian([{ timestampMs: 10, power: 48n }, ...times.slice(1)])).toBe(20);
    expect(() => weightedMedian([])).toThrow('at least one time');
  });
});
