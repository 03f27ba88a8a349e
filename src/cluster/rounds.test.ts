import { describe, expect, it } from 'vitest';
import { height } from '../chain/types/units.ts';
import { clusterOf } from './cluster-builder.ts';
import { promisedRounds, Rounds } from './rounds.ts';
import type { ScenarioFile } from './scenario/schema.ts';

function promised(chain: NonNullable<ScenarioFile['chain']>, network: ScenarioFile['network'] = {}) {
  return promisedRounds(
    clusterOf(4)
      .chain(chain)
      .network({ topology: 'mesh', ...network })
      .build(),
  );
}

function engine(what: string, at: number, round: number) {
  return { kind: 'Engine', engine: 'any', what, height: height(at), round } as const;
}

describe('rounds that are promised', () => {
  it('begin with the first whose time-outs outlast two delays and a repair each way', () => {
    // 2 × (50 ms + 500 ms) = 1,100 ms; the shortest time-out is 500 ms and grows by 500 ms.
    expect(promised({ engine: 'pos' })).toEqual({ firstLong: 2, validators: 4 });
    expect(promised({ engine: 'pos', rounds: { prevote: '2s', precommit: '2s', propose: '2s' } })).toEqual({
      firstLong: 0,
      validators: 4,
    });
    expect(promised({ engine: 'pos' }, { latency: { uniform: '10ms..1s' } })?.firstLong).toBe(5);
  });

  it('count every link on the way between the hosts that are furthest apart', () => {
    const latency = { fixed: '500ms' };
    expect(promised({ engine: 'pos' }, { latency })?.firstLong).toBe(3);
    expect(promised({ engine: 'pos' }, { latency, topology: 'line' })?.firstLong).toBe(7);
  });

  it('are of engines with rounds alone', () => {
    expect(promised({ engine: 'poa' })).toBeUndefined();
  });
});

describe('rounds that were taken', () => {
  it('are counted from the newest round at the last fault, and from 0 at later heights', () => {
    const rounds = new Rounds();
    rounds.onEvent(0, engine('decided', 4, 9));
    rounds.onEvent(0, engine('round', 5, 6));
    rounds.onEvent(1, engine('round', 5, 4));
    rounds.beginQuiet(4);
    rounds.onEvent(1, engine('decided', 4, 9));
    expect(rounds.slowest).toBeUndefined();
    rounds.onEvent(1, engine('decided', 5, 8));
    expect(rounds.slowest).toEqual({ height: 5, round: 8, taken: 2 });
    rounds.onEvent(0, engine('decided', 6, 1));
    expect(rounds.slowest?.height).toBe(5);
    rounds.onEvent(0, engine('decided', 7, 3));
    expect(rounds.slowest).toEqual({ height: 7, round: 3, taken: 3 });
  });

  it('are none where a round of before the last fault decides', () => {
    const rounds = new Rounds();
    rounds.onEvent(0, engine('round', 1, 6));
    rounds.beginQuiet(0);
    rounds.onEvent(0, engine('decided', 1, 5));
    expect(rounds.slowest).toEqual({ height: 1, round: 5, taken: 0 });
  });
});
