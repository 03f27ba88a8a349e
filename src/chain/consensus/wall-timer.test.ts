import { describe, expect, it } from 'vitest';
import { TIMER_DELAY_MAX_MS } from '../../env/clock.ts';
import { unixMs } from '../../env/units.ts';
import { TestClock } from './test-host.ts';
import { WallTimer } from './wall-timer.ts';

const START_MS = 1_000_000;

function timer() {
  const clock = new TestClock(START_MS);
  const fired: number[] = [];
  const wall = new WallTimer(clock, 'test');
  return { clock, fired, wall, run: () => fired.push(clock.nowMs) };
}

describe('a wall timer', () => {
  it('fires once, when the wall clock shows the time', () => {
    const { clock, fired, wall, run } = timer();
    wall.wait(START_MS + 500, run);
    clock.advance(499);
    expect(fired).toEqual([]);
    clock.advance(5_000);
    expect(fired).toEqual([500]);
  });

  it('fires as a later event for a time that has passed', () => {
    const { clock, fired, wall, run } = timer();
    wall.wait(3, run);
    expect(fired).toEqual([]);
    clock.advance(0);
    expect(fired).toEqual([0]);
  });

  it('waits on where the wall clock went back meanwhile', () => {
    const { clock, fired, run } = timer();
    let backMs = 0;
    const stepping = Object.assign(Object.create(clock), {
      wallMs: () => unixMs(START_MS + clock.nowMs - backMs),
      setTimer: clock.setTimer.bind(clock),
    }) as TestClock;
    new WallTimer(stepping, 'test').wait(START_MS + 1_000, run);
    backMs = 300;
    clock.advance(10_000);
    expect(fired).toEqual([1_300]);
  });

  it('waits longer than one timer can', () => {
    const { clock, fired, wall, run } = timer();
    wall.wait(START_MS + TIMER_DELAY_MAX_MS + 7, run);
    clock.advance(TIMER_DELAY_MAX_MS);
    expect(fired).toEqual([]);
    clock.advance(7);
    expect(fired).toEqual([TIMER_DELAY_MAX_MS + 7]);
  });

  it('waits for one time only, and for none when cancelled', () => {
    const { clock, fired, wall, run } = timer();
    wall.wait(START_MS + 100, run);
    wall.wait(START_MS + 200, run);
    clock.advance(1_000);
    expect(fired).toEqual([200]);
    wall.wait(START_MS + 2_000, run);
    wall.cancel();
    clock.advance(5_000);
    expect(fired).toEqual([200]);
    expect(clock.pending).toEqual([]);
  });
});
