import { describe, expect, it } from 'vitest';
import { ForkRace } from './fork-race.ts';
import { SelfishStrategy } from './selfish-strategy.ts';

describe('SM1 (arXiv:1311.0243, algorithm 1)', () => {
  it('keeps a first block, and races when others find one of its height', () => {
    const strategy = new SelfishStrategy();
    expect(strategy.onOwn(1)).toBe('keep');
    expect(strategy.isHiding).toBe(true);
    expect(strategy.onHeard(1)).toBe('race');
    expect([strategy.isHiding, strategy.isRacing]).toEqual([false, true]);
  });

  it('wins a race by a block of its own, which it publishes at once', () => {
    const strategy = new SelfishStrategy();
    strategy.onOwn(1);
    strategy.onHeard(1);
    expect(strategy.onOwn(2)).toBe('publish');
    expect(strategy.isRacing).toBe(false);
  });

  it('ends a race when others find the next block, whatever it stands on', () => {
    const strategy = new SelfishStrategy();
    strategy.onOwn(1);
    strategy.onHeard(1);
    expect(strategy.onHeard(2)).toBe('keep');
    expect([strategy.isHiding, strategy.isRacing]).toEqual([false, false]);
    expect(strategy.onOwn(3)).toBe('keep');
  });

  it('publishes all of a lead of two, and nothing of a greater one', () => {
    const two = new SelfishStrategy();
    two.onOwn(1);
    two.onOwn(2);
    expect(two.onHeard(1)).toBe('publish');
    const three = new SelfishStrategy();
    for (const height of [1, 2, 3]) three.onOwn(height);
    expect(three.onHeard(1)).toBe('keep');
    expect(three.onHeard(1)).toBe('keep');
    expect(three.onHeard(2)).toBe('publish');
  });

  it('does nothing about blocks of others while it hides none', () => {
    expect(new SelfishStrategy().onHeard(5)).toBe('keep');
  });
});

describe('the race of a double spend', () => {
  it('succeeds with enough confirmations and a longer branch', () => {
    const race = new ForkRace({ confirmations: 2, depth: 3 });
    race.onRaced(1, 2);
    expect(race.verdict).toBe('open');
    race.onRaced(2, 2);
    expect(race.verdict).toBe('open');
    race.onRaced(2, 3);
    expect(race.verdict).toBe('succeeded');
    race.onRaced(9, 3);
    expect(race.verdict).toBe('succeeded');
  });

  it('is given up when it is too far behind', () => {
    const race = new ForkRace({ confirmations: 2, depth: 3 });
    race.onRaced(4, 1);
    expect(race.verdict).toBe('gaveUp');
  });
});
