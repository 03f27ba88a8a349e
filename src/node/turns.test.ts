import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../env/assert.ts';
import { ms } from '../env/units.ts';
import { createSystemClock } from './system-clock.ts';
import { createTurns } from './turns.ts';

describe('turns', () => {
  it('end the boot with what a handler threw, once, and call nothing after it', () => {
    const ends: unknown[] = [];
    const turns = createTurns((error) => ends.push(error));
    const planted = new Error('planted');
    let calls = 0;
    turns.enter(() => {
      throw planted;
    });
    turns.enter(() => calls++);
    expect([ends, calls, turns.isOver]).toEqual([[planted], 0, true]);
  });

  it('hold a handler inside another to be a bug', () => {
    const ends: unknown[] = [];
    const turns = createTurns((error) => ends.push(error));
    turns.enter(() => turns.enter(() => {}));
    expect(ends).toEqual([expect.any(AssertionError)]);
  });

  it('show one instant as long as a handler runs', () => {
    const turns = createTurns(() => {});
    turns.enter(() => {
      const before = turns.now();
      for (const until = performance.now() + 5; performance.now() < until; );
      expect(turns.now()).toBe(before);
    });
  });
});

describe('the system clock', () => {
  it('lets other events come between timers that set each other', async () => {
    const turns = createTurns(() => {});
    const clock = createSystemClock(turns);
    let rounds = 0;
    const again = (): void => {
      rounds++;
      clock.setTimer('again', ms(0), again);
    };
    turns.enter(again);
    await sleep(20);
    clock.stop();
    const stopped = rounds;
    expect(stopped).toBeGreaterThan(1);
    await sleep(5);
    expect(rounds).toBe(stopped);
  });

  it('keeps nothing of a timer that was cancelled', () => {
    const turns = createTurns(() => {});
    const clock = createSystemClock(turns);
    const timers = Array.from({ length: 50 }, (_, i) =>
      clock.setTimer('long', ms(1_000 * (i % 7)), () => {}),
    );
    expect(clock.pending).toBe(50);
    for (const timer of timers) timer.cancel();
    for (const timer of timers) timer.cancel();
    expect(clock.pending).toBe(0);
    clock.stop();
  });
});
