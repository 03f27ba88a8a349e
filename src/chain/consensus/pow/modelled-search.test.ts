import { describe, expect, it } from 'vitest';
import { TIMER_DELAY_MAX_MS } from '../../../env/clock.ts';
import { sha256 } from '../../crypto/sha256.ts';
import { TestClock, testRandom } from '../test-host.ts';
import { createModelledSearch } from './modelled-search.ts';
import { meetsTarget, workHash } from './search.ts';
import { scaledTarget, TARGET_MAX } from './target.ts';

const HEADER = new Uint8Array(300).fill(7);

function setup(hashRate: number, seed = 99) {
  const clock = new TestClock(0);
  const search = createModelledSearch({ clock, random: testRandom(seed), crypto: { sha256 } }, hashRate);
  return { clock, search };
}

/** A target of `work` hashes, checked at 16. */
function job(work: bigint) {
  const target = (TARGET_MAX + 1n) / work - 1n;
  return { target, checkTarget: scaledTarget(target, work / 16n), headerBytes: () => HEADER };
}

describe('the modelled search', () => {
  it('takes work / hashRate on average, to 1 % over 100,000 draws', () => {
    const { clock, search } = setup(1_000);
    const { target } = job(10_000_000n);
    let total = 0;
    let asked = 0;
    const headerBytes = () => {
      total += clock.nowMs;
      asked++;
      return undefined;
    };
    for (let i = 0; i < 100_000; i++) {
      clock.nowMs = 0;
      search({ target, checkTarget: TARGET_MAX, headerBytes }, () => {});
      clock.advance(1_000_000_000);
    }
    expect(asked).toBe(100_000);
    expect(Math.abs(total / 100_000 / 10_000_000 - 1)).toBeLessThan(0.01);
  });

  it('finds a real nonce for the scaled target at that time', () => {
    const { clock, search } = setup(1_000_000);
    const scaled = job(1n << 30n);
    const found: Uint8Array[] = [];
    search(scaled, (seal) => found.push(seal));
    clock.advance(1);
    expect(found).toEqual([]);
    clock.advance(60_000_000);
    expect(found).toHaveLength(1);
    const hash = workHash(HEADER, found[0] ?? new Uint8Array(0), sha256);
    expect(meetsTarget(hash, scaled.checkTarget)).toBe(true);
  });

  it('draws without regard to powScale', () => {
    const times = [1n, 1n << 20n].map((powScale) => {
      const { clock, search } = setup(1_000_000, 5);
      const { target } = job(1n << 24n);
      let at = 0;
      const headerBytes = () => {
        at = clock.nowMs;
        return undefined;
      };
      search({ target, checkTarget: scaledTarget(target, powScale), headerBytes }, () => {});
      clock.advance(1_000_000);
      return at;
    });
    expect(times[0]).toBeGreaterThan(0);
    expect(times[1]).toBe(times[0]);
  });

  it('builds when its time is up, not before', () => {
    const { clock, search } = setup(1_000);
    let built = 0;
    const headerBytes = () => {
      built++;
      return HEADER;
    };
    search({ ...job(1_000_000n), headerBytes }, () => {});
    expect(built).toBe(0);
    clock.advance(100_000_000);
    expect(built).toBe(1);
  });

  it('is over when cancelled, also twice and too late', () => {
    const { clock, search } = setup(1_000);
    let found = 0;
    const cancel = search(job(1_000_000n), () => found++);
    cancel();
    cancel();
    expect(clock.pending).toEqual([]);
    const late = search(job(1_000_000n), () => found++);
    clock.advance(100_000_000);
    late();
    expect(found).toBe(1);
  });

  it('waits longer than one timer can', () => {
    const { clock, search } = setup(1, 3);
    const found: number[] = [];
    search(job(1n << 33n), () => found.push(clock.nowMs));
    let rounds = 0;
    while (found.length === 0 && rounds++ < 100_000) clock.advance(TIMER_DELAY_MAX_MS);
    expect(found[0]).toBeGreaterThan(TIMER_DELAY_MAX_MS);
  });

  it('goes on in another handler when the tries of one find nothing', () => {
    const clock = new TestClock(0);
    const checkTarget = TARGET_MAX >> 17n;
    const found: number[] = [];
    let hashes = 0;
    const counting = () => new Uint8Array(32).fill(++hashes > 65_540 ? 0 : 255);
    const counted = createModelledSearch(
      { clock, random: testRandom(4), crypto: { sha256: counting } },
      1_000_000,
    );
    counted({ target: TARGET_MAX >> 1n, checkTarget, headerBytes: () => HEADER }, () => found.push(hashes));
    clock.advance(1_000);
    expect(found).toEqual([65_541]);
  });

  it('never finds anything without hash power', () => {
    const { clock, search } = setup(0);
    search(job(1n), () => expect.fail('found'))();
    expect(clock.pending).toEqual([]);
  });
});
