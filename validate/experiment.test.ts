import { describe, expect, it } from 'vitest';
import type { Search } from '../src/chain/node-config.ts';
import { restingSearch } from './experiment.ts';

const HEADER = Uint8Array.of(1);
const SEAL = Uint8Array.of(2);

/** A search whose time is up when the test says so. */
class HandSearch {
  drawn = 0;
  cancelled: number[] = [];
  timeIsUp = (): void => {};
  readonly search: Search = (job, onFound) => {
    const number = ++this.drawn;
    this.timeIsUp = () => {
      if (job.headerBytes() !== undefined) onFound(SEAL);
    };
    return () => this.cancelled.push(number);
  };
}

describe('a miner who rests at times', () => {
  const job = { headerBytes: () => HEADER, target: 1n, checkTarget: 1n };

  it('finds nothing while he rests, is drawn anew, and finds when he works', () => {
    const hand = new HandSearch();
    let isResting = true;
    let found = 0;
    restingSearch(hand.search, () => isResting)(job, () => found++);
    hand.timeIsUp();
    hand.timeIsUp();
    expect([hand.drawn, found]).toEqual([3, 0]);
    isResting = false;
    hand.timeIsUp();
    expect([hand.drawn, found]).toEqual([3, 1]);
  });

  it('is cancelled wherever he is', () => {
    const hand = new HandSearch();
    const cancel = restingSearch(hand.search, () => true)(job, () => {});
    hand.timeIsUp();
    cancel();
    expect(hand.cancelled).toEqual([2]);
  });
});
