import { describe, expect, it } from 'vitest';
import { type Address, address } from '../../env/units.ts';
import { TestClock, testRandom } from '../consensus/test-host.ts';
import type { PeerId } from '../types/units.ts';
import { AddressBook } from './address-book.ts';
import { Dialer } from './dialer.ts';

const HEARD = address('heard:1');
const PEER = 'aa' as PeerId;
/** A feeler starts within this time: one and a half intervals. */
const FEELER_MS = 180_000;

/** A dialer that wants no peers, so that only feelers dial. */
function feeling(outboundTarget = 0) {
  const clock = new TestClock(0);
  const random = testRandom(7);
  const book = new AddressBook(random, 16);
  const dialed: Address[] = [];
  const up = new Set<PeerId>();
  const dialer = new Dialer(
    { listen: address('self:1'), staticPeers: undefined, outboundTarget, feelers: true },
    { clock, random, dial: (to) => dialed.push(to), isPeerUp: (peer) => up.has(peer), onStarved: () => {} },
    book,
  );
  return { clock, book, dialer, dialed, up };
}

describe('a feeler', () => {
  it('dials an address that was heard of, and moves it to the proven ones', () => {
    const { clock, book, dialer, dialed } = feeling();
    book.add(HEARD, 'somebody');
    dialer.start();
    clock.advance(FEELER_MS);
    expect(dialed).toEqual([HEARD]);
    expect(dialer.isFeeler(HEARD)).toBe(true);
    dialer.onIdentity(HEARD, PEER);
    dialer.onEnded(HEARD, 0);
    expect(dialer.isFeeler(HEARD)).toBe(false);
    const later = clock.monotonicMs() + 60_000;
    expect(book.pickFresh(later, () => true)).toBeUndefined();
    expect(book.pick(later, () => true)).toBe(HEARD);
  });

  it('whose dial fails leaves the address among those that were only heard of', () => {
    const { clock, book, dialer, dialed } = feeling();
    book.add(HEARD, 'somebody');
    dialer.start();
    clock.advance(FEELER_MS);
    dialer.onDialFailed(HEARD, 'refused');
    expect(dialed).toEqual([HEARD]);
    expect(book.pickFresh(clock.monotonicMs() + 60_000, () => true)).toBe(HEARD);
  });

  it('takes no place of an outbound peer, and knocks at nobody who is a peer already', () => {
    const { clock, book, dialer, dialed, up } = feeling(1);
    book.add(HEARD, 'somebody');
    dialer.start();
    expect(dialed).toEqual([HEARD]);
    dialer.onIdentity(HEARD, PEER);
    up.add(PEER);
    const other = address('other:1');
    book.add(other, 'somebody');
    clock.advance(FEELER_MS);
    expect(dialed).toEqual([HEARD, other]);
    dialer.onEnded(HEARD, 0);
    expect(dialer.busyCount).toBe(1);
    book.add(address('third:1'), 'somebody');
    dialer.plan();
    expect(dialed.at(-1)).toBe(address('third:1'));
  });

  it('stops with the node', () => {
    const { clock, book, dialer, dialed } = feeling();
    book.add(HEARD, 'somebody');
    dialer.start();
    dialer.stop();
    clock.advance(10 * FEELER_MS);
    expect(dialed).toEqual([]);
  });
});
