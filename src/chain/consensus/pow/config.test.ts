import { describe, expect, it } from 'vitest';
import { amount, hash, height, SUPPLY_MAX } from '../../types/units.ts';
import { decodePowConfig, encodePowConfig, ISSUANCE_STEPS_MAX, type PowConfig, rewardAt } from './config.ts';

const CONFIG: PowConfig = {
  difficulty: { kind: 'asert', intervalMs: 10_000, halfLifeMs: 3_600_000 },
  initialTarget: hash(`00ff${'ff'.repeat(30)}`),
  powLimit: hash(`0fff${'ff'.repeat(30)}`),
  powScale: amount(4n),
  finalityDepth: 6,
  issuance: [
    { height: height(1), reward: amount(50n) },
    { height: height(100), reward: amount(25n) },
  ],
};

describe('the configuration of a proof-of-work chain', () => {
  it('comes back from its text', () => {
    expect(decodePowConfig(encodePowConfig(CONFIG))).toEqual(CONFIG);
    const constant: PowConfig = { ...CONFIG, difficulty: { kind: 'constant' }, issuance: [] };
    expect(decodePowConfig(encodePowConfig(constant))).toEqual(constant);
  });

  it('has a bounded schedule', () => {
    const issuance = Array.from({ length: ISSUANCE_STEPS_MAX }, (_, i) => ({
      height: height(i + 1),
      reward: amount(1n),
    }));
    expect(decodePowConfig(encodePowConfig({ ...CONFIG, issuance }))).toEqual({ ...CONFIG, issuance });
    const more = [...issuance, { height: height(1_000), reward: amount(1n) }];
    expect(() => encodePowConfig({ ...CONFIG, issuance: more })).toThrowError(/within its limit/);
  });

  it('has one text only', () => {
    const text = encodePowConfig(CONFIG);
    expect(decodePowConfig(`${text}00`)).toMatchObject({
      field: 'engineConfig',
      expected: expect.stringContaining('left over'),
    });
    expect(decodePowConfig(text.slice(2))).toMatchObject({ field: 'engineConfig' });
    expect(decodePowConfig('zz')).toMatchObject({
      field: 'engineConfig',
      expected: 'lower-case hexadecimal',
    });
  });

  it.each<[string, string, Partial<PowConfig>]>([
    ['a limit of zero', 'powLimit', { powLimit: hash('00'.repeat(32)) }],
    ['a target of zero', 'initialTarget', { initialTarget: hash('00'.repeat(32)) }],
    ['a target above the limit', 'initialTarget', { initialTarget: hash('ff'.repeat(32)) }],
    ['a scale of zero', 'powScale', { powScale: amount(0n) }],
    ['finality at the head', 'finalityDepth', { finalityDepth: 0 }],
    ['no interval', 'difficulty.intervalMs', { difficulty: { kind: 'asert', intervalMs: 0, halfLifeMs: 1 } }],
    [
      'no half-life',
      'difficulty.halfLifeMs',
      { difficulty: { kind: 'asert', intervalMs: 1, halfLifeMs: 0 } },
    ],
    [
      'a half-life without end',
      'difficulty.halfLifeMs',
      { difficulty: { kind: 'asert', intervalMs: 1, halfLifeMs: 2 ** 50 } },
    ],
    ['a reward for genesis', 'issuance[0].height', { issuance: [{ height: height(0), reward: amount(1n) }] }],
    [
      'steps out of order',
      'issuance[1].height',
      { issuance: [5, 5].map((at) => ({ height: height(at), reward: amount(1n) })) },
    ],
    [
      'more than any supply',
      'issuance[0].reward',
      { issuance: [{ height: height(1), reward: amount(SUPPLY_MAX + 1n) }] },
    ],
  ])('with %s is refused by name', (_name, field, overrides) => {
    expect(decodePowConfig(encodePowConfig({ ...CONFIG, ...overrides }))).toMatchObject({
      code: 'BAD_CONFIG',
      field,
    });
  });
});

describe('issuance', () => {
  it('changes at the height of each step', () => {
    const at = (value: number) => rewardAt(CONFIG.issuance, height(value));
    expect([at(0), at(1), at(99), at(100), at(1_000_000)]).toEqual([0n, 50n, 50n, 25n, 25n]);
    expect(rewardAt([], height(5))).toBe(0n);
  });
});
