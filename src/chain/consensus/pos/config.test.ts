import { describe, expect, it } from 'vitest';
import { amount } from '../../types/units.ts';
import { VALIDATORS_MAX } from './commit.ts';
import { checkPosConfig, decodePosConfig, encodePosConfig, type PosConfig } from './config.ts';

const CONFIG: PosConfig = {
  proposeMs: 1,
  proposeDeltaMs: 1,
  prevoteMs: 1,
  prevoteDeltaMs: 1,
  precommitMs: 1,
  precommitDeltaMs: 1,
  commitMs: 1,
  stakeMin: amount(1n),
  validatorsMax: VALIDATORS_MAX,
  unbondingBlocks: 2,
  unbondingMs: 2,
  evidenceBlocks: 1,
  evidenceMs: 1,
  slashPermille: 1_000,
  safeHeights: 1,
};

describe('the configuration of a chain with stake', () => {
  it('is taken at every bound, and read back', () => {
    expect(checkPosConfig(CONFIG)).toBeUndefined();
    expect(decodePosConfig(encodePosConfig(CONFIG))).toEqual(CONFIG);
  });

  it.each<[keyof PosConfig, Partial<PosConfig>, string]>([
    ...(
      [
        'proposeMs',
        'proposeDeltaMs',
        'prevoteMs',
        'prevoteDeltaMs',
        'precommitMs',
        'precommitDeltaMs',
        'commitMs',
        'validatorsMax',
        'slashPermille',
        'safeHeights',
      ] as const
    ).map((field): [keyof PosConfig, Partial<PosConfig>, string] => [field, { [field]: 0 }, 'at least 1']),
    ['stakeMin', { stakeMin: amount(0n) }, 'at least 1'],
    ['validatorsMax', { validatorsMax: VALIDATORS_MAX + 1 }, `at most ${VALIDATORS_MAX}`],
    ['slashPermille', { slashPermille: 1_001 }, 'at most 1000'],
    ['evidenceBlocks', { evidenceBlocks: 2 }, 'less than unbondingBlocks'],
    ['evidenceMs', { evidenceMs: 2 }, 'less than unbondingMs'],
  ])('is refused for its %s: %o', (field, change, expected) => {
    const refused = { code: 'BAD_CONFIG', field, expected };
    expect(checkPosConfig({ ...CONFIG, ...change })).toMatchObject(refused);
    expect(decodePosConfig(encodePosConfig({ ...CONFIG, ...change }))).toMatchObject(refused);
  });
});
