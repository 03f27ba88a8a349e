import { describe, expect, it } from 'vitest';
import { SAMPLE_GENESIS } from '../../../tests/vectors/samples.ts';
import { checkForkId, forkIdOf } from './fork-id.ts';
import type { UpgradeSchedule } from './genesis.ts';
import { validateSchedule, versionAt } from './genesis-codec.ts';
import { blockHash, height } from './units.ts';

/** The chain of EIP-2124 §Test Cases: the mainnet of Ethereum up to Petersburg. */
const MAINNET = blockHash('d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3');
const FORKS: UpgradeSchedule = [1_150_000, 1_920_000, 2_463_000, 2_675_000, 4_370_000, 7_280_000].map(
  (at, i) => ({
    height: height(at),
    version: i + 2,
  }),
);

describe('EIP-2124 fork ids', () => {
  it('have the hashes of the test cases, at each fork and just before it', () => {
    const cases: readonly (readonly [number, string, number])[] = [
      [0, 'fc64ec04', 1_150_000],
      [1_149_999, 'fc64ec04', 1_150_000],
      [1_150_000, '97c2c34c', 1_920_000],
      [1_919_999, '97c2c34c', 1_920_000],
      [1_920_000, '91d1f948', 2_463_000],
      [2_462_999, '91d1f948', 2_463_000],
      [2_463_000, '7a64da13', 2_675_000],
      [2_674_999, '7a64da13', 2_675_000],
      [2_675_000, '3edd5b10', 4_370_000],
      [4_369_999, '3edd5b10', 4_370_000],
      [4_370_000, 'a00bc324', 7_280_000],
      [7_279_999, 'a00bc324', 7_280_000],
      [7_280_000, '668db0af', 0],
      [7_987_396, '668db0af', 0],
    ];
    for (const [head, forkHash, forkNext] of cases) {
      expect(forkIdOf(MAINNET, FORKS, height(head))).toEqual({ forkHash, forkNext });
    }
  });

  it('are judged as the test cases of the validation rules say', () => {
    const later = Number.MAX_SAFE_INTEGER;
    const cases: readonly (readonly [number, string, number, ReturnType<typeof checkForkId>])[] = [
      [7_987_396, '668db0af', 0, 'ok'],
      [7_987_396, '668db0af', later, 'ok'],
      [7_279_999, 'a00bc324', 0, 'ok'],
      [7_279_999, 'a00bc324', 7_280_000, 'ok'],
      [7_279_999, 'a00bc324', later, 'ok'],
      [7_987_396, 'a00bc324', 7_280_000, 'ok'],
      [7_987_396, '3edd5b10', 4_370_000, 'ok'],
      [7_279_999, '668db0af', 0, 'ok'],
      [4_369_999, 'a00bc324', 0, 'ok'],
      [7_987_396, 'a00bc324', 0, 'INCOMPATIBLE'],
      [7_987_396, '5cddc0e1', 0, 'UPGRADE_REQUIRED'],
      [7_279_999, '5cddc0e1', 0, 'UPGRADE_REQUIRED'],
      [7_987_396, 'afec6b27', 0, 'UPGRADE_REQUIRED'],
      [88_888_888, '668db0af', 88_888_888, 'UPGRADE_REQUIRED'],
      [7_279_999, 'a00bc324', 7_279_999, 'UPGRADE_REQUIRED'],
    ];
    for (const [head, forkHash, forkNext, verdict] of cases) {
      const remote = { forkHash, forkNext: height(forkNext) };
      expect(checkForkId(MAINNET, FORKS, height(head), remote), `${head} ${forkHash}`).toBe(verdict);
    }
  });
});

describe('the version at a height', () => {
  const schedule = [
    { height: height(50), version: 2 },
    { height: height(70), version: 5 },
  ];

  it('is that of the last step at or below it', () => {
    const at = [0, 49, 50, 69, 70, 1_000_000].map((h) => versionAt(SAMPLE_GENESIS, schedule, height(h)));
    expect(at).toEqual([1, 1, 2, 2, 5, 5]);
    expect(versionAt(SAMPLE_GENESIS, [], height(9))).toBe(1);
  });

  it('needs heights and versions that grow', () => {
    expect(validateSchedule(SAMPLE_GENESIS, schedule)).toBeUndefined();
    const field = (steps: UpgradeSchedule) => validateSchedule(SAMPLE_GENESIS, steps)?.field;
    expect(field([{ height: height(0), version: 2 }])).toBe('schedule[0].height');
    expect(field([{ height: height(5), version: 1 }])).toBe('schedule[0].version');
    expect(field([...schedule, { height: height(70), version: 6 }])).toBe('schedule[2].height');
    expect(field([...schedule, { height: height(71), version: 5 }])).toBe('schedule[2].version');
    expect(field([{ height: height(5), version: 65_536 }])).toBe('schedule[0].version');
  });
});
