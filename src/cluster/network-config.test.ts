import { describe, expect, it } from 'vitest';
import { createStream } from '../sim/seeds.ts';
import { CHURN_REPAIR_COUNTS } from './internet-2019.ts';
import { networkConfig } from './network-config.ts';
import { resolveScenario } from './resolve.ts';
import { parseScenario } from './scenario/parse.ts';

function config(compactModel: boolean) {
  const text = `
name: compact
shows: compact blocks of the published message model
nodes: 300
duration: 100s
expect: pass
network: { model: simblock, blockBytes: 535000, compactModel: ${compactModel} }
`;
  const plan = resolveScenario(parseScenario('compact', text, []), '1');
  return networkConfig(plan, createStream('1', 'network'));
}

describe('the compact model of 2019', () => {
  it('has the published moments of what a churning node lacks', () => {
    const shares = CHURN_REPAIR_COUNTS.flatMap((count, i) =>
      Array.from({ length: count }, () => (i + 1) / 100),
    );
    const at = (p: number): number => shares[Math.floor(p * shares.length)] as number;
    expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeCloseTo(0.087, 3);
    expect(at(0.5)).toBe(0.01);
    expect(at(0.9)).toBe(0.28);
    expect(shares.at(-1)).toBe(0.96);
  });

  it('draws users and churning nodes once, by their published shares', () => {
    const { compact } = config(true);
    expect(compact?.users.filter((user) => user).length).toBe(290);
    expect(compact?.classOf.filter((kind) => kind === 1).length).toBe(293);
    expect(compact?.classes.map((kind) => kind.failurePpm)).toEqual([130_000, 270_000]);
    expect(compact?.users.indexOf(false)).not.toBe(290);
  });

  it('is off unless the plan asks for it', () => {
    expect(config(false).compact).toBeUndefined();
  });
});
