import { describe, expect, it } from 'vitest';
import type { Missing, RunResult } from './result.ts';
import { createScenarioRun } from './run.ts';
import type { ScenarioFile } from './scenario/schema.ts';

function played(overrides: Partial<ScenarioFile>): RunResult {
  const file: ScenarioFile = {
    name: 'short',
    shows: 'A scenario that demands more than happens.',
    duration: '120s',
    nodes: 3,
    signatures: 'modelled',
    chain: { blockInterval: '4s', finalityDepth: 6 },
    expect: 'pass',
    ...overrides,
  };
  const run = createScenarioRun(file, { seed: '1' });
  while (run.step(100_000));
  return run.result();
}

/** What is missing, by its name. */
function missing(overrides: Partial<ScenarioFile>): ReadonlyMap<string, Missing> {
  const { verdict } = played(overrides);
  expect(verdict.kind).toBe('tooLittle');
  return new Map(verdict.kind === 'tooLittle' ? verdict.missing.map((item) => [item.what, item]) : []);
}

describe('too little', () => {
  it('is told for every count, with a reason and a change.', () => {
    const counts = {
      blocks: 1_000,
      reorgs: 1_000,
      reorgDepth: 1_000,
      synced: 1_000,
      transactions: 1_000,
      rejected: 1_000,
      corruptionsDetected: 1_000,
      repairs: 1_000,
      restarts: 1_000,
      halted: 1_000,
      compact: 10_000,
    };
    const items = missing({ atLeast: counts });
    expect([...items.keys()]).toEqual(Object.keys(counts));
    for (const { why, change } of items.values()) {
      expect(why.length).toBeGreaterThan(10);
      expect(change.length).toBeGreaterThan(10);
    }
    expect(items.get('blocks')?.why).toBe('120s at a block every 4s are about 30 blocks');
    expect(items.get('transactions')?.why).toBe('load is empty: nobody sends any');
  });

  it('is told for deviations: who was to make them, and how many came.', () => {
    const silent = { hosts: [{ hosts: [2], hashShare: 0, byzantine: ['silent' as const] }] };
    const items = missing({ ...silent, atLeast: { byzantine: { silent: 1_000_000 } } });
    expect([...items.keys()]).toEqual(['byzantine.silent']);
    expect(items.get('byzantine.silent')?.why).toMatch(/^n2 deviated \d+ times$/);
    expect(played({ ...silent, atLeast: { byzantine: { silent: 1 } } }).verdict).toEqual({ kind: 'passed' });
  });

  it('names a host that was down, since when, and until when.', () => {
    const crash = { kind: 'crash' as const, hosts: [1], how: 'kill' as const };
    const result = played({
      faults: [
        { ...crash, at: '10s', down: '20s' },
        { ...crash, at: '15s', down: '1s' },
        { ...crash, at: '16s', down: '1s' },
      ],
      atLeast: { faults: { crash: 3 } },
    });
    const why = 'n1 was down until 30s, since crash at 10s';
    expect(result.idleFaults).toEqual([
      { id: 'crash/1/0', kind: 'crash', atUs: 15_000_000, why },
      { id: 'crash/2/0', kind: 'crash', atUs: 16_000_000, why },
    ]);
    expect(result.verdict).toMatchObject({
      kind: 'tooLittle',
      missing: [{ wanted: 3, got: 1, why: `this seed plans 3; 2 had no effect: ${why} (2 times)` }],
    });
  });

  it.each<readonly [string, NonNullable<ScenarioFile['faults']>[number], string]>([
    [
      'an empty disk',
      { kind: 'bitRot', at: '0s', hosts: [1], records: 1 },
      'there was nothing on the disk yet',
    ],
    [
      'an effect that no handler has',
      { kind: 'crash', at: '9s', hosts: [1], how: 'kill', down: '1s', effect: 900 },
      'no handler of these hosts came to effect 900 from then on',
    ],
    ['a clock that jumps by nothing', { kind: 'clockStep', at: '9s', hosts: [1], by: '0s' }, 'by nothing'],
    [
      'a host that has not joined',
      { kind: 'pause', at: '9s', for: '1s', hosts: [2] },
      'n2 joins at 20s only',
    ],
    [
      'a loss that hits no message',
      { kind: 'loss', at: '9s', for: '1s', link: { from: [0], to: [1] }, percent: 0 },
      'no message on these links was hit',
    ],
  ])('tells of %s why a fault had no effect.', (_, fault, why) => {
    const items = missing({
      hosts: [{ hosts: [2], joins: '20s' }],
      faults: [fault],
      atLeast: { faults: { [fault.kind]: 1 } },
    });
    expect(items.get(`faults.${fault.kind}`)).toMatchObject({ wanted: 1, got: 0 });
    expect(items.get(`faults.${fault.kind}`)?.why).toContain(why);
  });

  it('tells of a fault whose time never came.', () => {
    const result = played({
      stopAtHeight: 2,
      faults: [{ kind: 'pause', at: '50s', for: '1s', hosts: [1] }],
      atLeast: { faults: { pause: 1 } },
    });
    expect(result.idleFaults[0]?.why).toMatch(/^the run ended at [\d.]+s, before its time$/);
  });

  it('counts a loss or a corruption once it hit a message.', () => {
    const links = { at: '5s', for: '20s', link: { from: 'all', to: 'all' } } as const;
    const { verdict, faults } = played({
      faults: [
        { kind: 'loss', ...links, percent: 50 },
        { kind: 'corruption', ...links, percent: 50 },
      ],
      load: [{ kind: 'transfers', perSecond: 5 }],
      atLeast: { faults: { loss: 1, corruption: 1 } },
    });
    expect(faults.map(({ kind, effective }) => [kind, effective])).toEqual([
      ['loss', 1],
      ['corruption', 1],
    ]);
    expect(verdict).toEqual({ kind: 'passed' });
  });
});
