import { describe, expect, it } from 'vitest';
import { TestClock, testRandom } from '../consensus/test-host.ts';
import type { MissingBlock } from '../ledger/ledger.ts';
import { blockHash, height } from '../types/units.ts';
import { PAUSE_MAX_MS, PAUSE_MIN_MS, Patience, pauseMs, ROUNDS_MAX } from './patience.ts';

const body = (at: number): MissingBlock => ({
  id: blockHash(at.toString(16).padStart(64, '0')),
  height: height(at),
});

/** A sync in which nobody ever gives anything: each time it may ask again, a round is over. */
function waiting(wanted: MissingBlock[]) {
  const clock = new TestClock(0);
  const aside: MissingBlock[] = [];
  const rounds: number[] = [];
  const probed: number[] = [];
  const patience: Patience = new Patience({
    clock,
    random: testRandom(3),
    ledger: {
      wantedBodies: (limit) => wanted.slice(0, limit),
      asideBodies: () => aside,
      setAside: (id) => {
        aside.push(...wanted.filter((block) => block.id === id));
        wanted.splice(0, wanted.length);
      },
    },
    forgive: () => {
      const probes = patience.probes();
      if (probes.length > 0) probed.push(clock.nowMs);
      if (probes.length === 0 && wanted.length === 0) return;
      if (probes.length === 0) rounds.push(clock.nowMs);
      patience.onNobodyLeft();
    },
    onSetAside: () => {},
  });
  return { clock, aside, rounds, probed, patience, wanted };
}

describe('pauses', () => {
  it('double up to the longest, and are spread over 50 to 150 %', () => {
    for (const [pauses, mean] of [
      [0, PAUSE_MIN_MS],
      [1, 2 * PAUSE_MIN_MS],
      [3, 8 * PAUSE_MIN_MS],
      [4, PAUSE_MAX_MS],
      [99, PAUSE_MAX_MS],
    ] as const) {
      const random = testRandom(5);
      const drawn = Array.from({ length: 200 }, () => pauseMs(pauses, random));
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(mean / 2);
      expect(Math.max(...drawn)).toBeLessThanOrEqual((3 * mean) / 2);
      expect(new Set(drawn).size).toBeGreaterThan(100);
    }
  });
});

describe('a branch whose lowest body nobody gives', () => {
  it('is set aside after some rounds, and asked for again at growing, bounded intervals', () => {
    const { clock, aside, rounds, probed, patience } = waiting([body(7), body(8)]);
    patience.onNobodyLeft();
    clock.advance(3 * PAUSE_MIN_MS * ROUNDS_MAX);
    expect(aside).toEqual([body(7)]);
    expect(rounds.length).toBeLessThanOrEqual(ROUNDS_MAX);
    clock.advance(3_600_000);
    const gaps = probed.slice(1).map((at, i) => at - (probed[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual((3 * PAUSE_MAX_MS) / 2);
    // An hour holds so many of the longest pauses, give or take what chance does.
    expect(probed.length).toBeGreaterThan(30);
    expect(probed.length).toBeLessThan(80);
  });

  it('is not set aside while another body is the lowest each time', () => {
    const { clock, aside, patience, wanted } = waiting([body(1)]);
    patience.onNobodyLeft();
    for (let at = 2; at < 50; at++) {
      wanted.splice(0, 1, body(at));
      clock.advance(100_000);
      if (aside.length > 0) break;
      patience.onProgress();
    }
    expect(aside.length).toBeLessThanOrEqual(1);
  });

  it('is not waited for after the node stopped', () => {
    const { clock, rounds, patience } = waiting([body(7)]);
    patience.onNobodyLeft();
    patience.stop();
    clock.advance(3_600_000);
    expect(rounds).toEqual([]);
  });
});
