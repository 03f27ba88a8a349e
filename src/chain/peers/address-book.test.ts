import { describe, expect, it } from 'vitest';
import type { Random } from '../../env/random.ts';
import { type Address, address } from '../../env/units.ts';
import { ADDRESSES_PER_SOURCE_MAX, AddressBook, REDIAL_MAX_MS, redialDelayMs } from './address-book.ts';

function testRandom(seed = 1): Random {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return {
    below: (n) => Math.floor((next() / 4_294_967_296) * n),
    bytes: (n) => Uint8Array.from({ length: n }, next),
  };
}
const free = (): boolean => true;
const at = (name: string, i: number): Address => address(`${name}-${i}`);

describe('AddressBook', () => {
  it('lets one source fill no more than its share', () => {
    const book = new AddressBook(testRandom(), 1_000);
    for (let i = 0; i < 500; i++) book.add(at('attacker', i), 'attacker');
    expect(book.size).toBe(ADDRESSES_PER_SOURCE_MAX);
    expect(book.add(at('other', 1), 'other')).toBe(true);
  });

  it('never holds more than its maximum, and keeps what was proven while hearsay comes and goes', () => {
    const book = new AddressBook(testRandom(), 40);
    const proven = Array.from({ length: 5 }, (_, i) => at('good', i));
    for (const good of proven) {
      book.add(good, 'friend');
      book.onProven(good);
    }
    for (let source = 0; source < 20; source++) {
      for (let i = 0; i < 50; i++) book.add(at(`s${source}`, i), `s${source}`);
      expect(book.size).toBeLessThanOrEqual(40);
    }
    expect(proven.filter((good) => book.has(good))).toEqual(proven);
  });

  it('does not offer an address before its pause is over, and tells when that is', () => {
    const book = new AddressBook(testRandom(), 10);
    const only = at('only', 1);
    book.add(only, '');
    book.onFailed(only, 1_000);
    expect(book.pick(1_000, free)).toBeUndefined();
    const due = book.nextDueMs(free) ?? 0;
    expect(due).toBeGreaterThan(1_000);
    expect(book.pick(due, free)).toBe(only);
  });

  it('forgets hearsay that never answered, but nothing that its operator configured', () => {
    const book = new AddressBook(testRandom(), 10);
    book.add(at('heard', 1), 'somebody');
    book.add(at('configured', 1), '');
    for (let i = 0; i < 20; i++) {
      book.onFailed(at('heard', 1), i);
      book.onFailed(at('configured', 1), i);
    }
    expect([book.has(at('heard', 1)), book.has(at('configured', 1))]).toEqual([false, true]);
  });

  it('does not let a failure shorten the pause of a ban', () => {
    const book = new AddressBook(testRandom(), 10);
    book.add(at('banned', 1), '');
    book.defer(at('banned', 1), 1_000_000);
    book.onFailed(at('banned', 1), 5);
    expect(book.nextDueMs(free)).toBe(1_000_000);
  });

  it('samples without repetition', () => {
    const book = new AddressBook(testRandom(), 100);
    for (let i = 0; i < 50; i++) book.add(at('a', i), '');
    for (let i = 0; i < 20; i++) book.onProven(at('a', i));
    const sample = book.sample(32);
    expect(new Set(sample).size).toBe(32);
    expect(new AddressBook(testRandom(), 5).sample(3)).toEqual([]);
  });
});

describe('redialDelayMs', () => {
  it('grows with the failures, and never past one and a half times the longest pause', () => {
    const random = testRandom(7);
    for (let failures = 0; failures < 40; failures++) {
      const delay = redialDelayMs(failures, random);
      expect(delay).toBeGreaterThanOrEqual(failures < 6 ? 250 << failures : REDIAL_MAX_MS / 2);
      expect(delay).toBeLessThanOrEqual((REDIAL_MAX_MS * 3) / 2);
    }
  });
});
