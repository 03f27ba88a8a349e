import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AsertInput, asertTarget } from './asert.ts';
import { TARGET_MAX } from './target.ts';

/** Bitcoin Cash: powLimit, 600 s blocks, half-life of two days. */
const POW_LIMIT = (1n << 224n) - 1n;
const DAY = 144n;
const HALF_LIFE = 172_800n;

function bch(anchorTarget: bigint, timeDelta: bigint, heightDelta: bigint): bigint {
  return asertTarget({
    anchorTarget,
    powLimit: POW_LIMIT,
    idealTime: 600n,
    halfLife: HALF_LIFE,
    timeDelta,
    heightDelta,
  });
}

/** nBits: a byte of size, 23 bits of mantissa. */
function fromBits(bits: number): bigint {
  const size = bits >>> 24;
  const word = BigInt(bits & 0x7fffff);
  return size <= 3 ? word >> BigInt(8 * (3 - size)) : word << BigInt(8 * (size - 3));
}

function toBits(target: bigint): number {
  let size = Math.ceil(target.toString(2).length / 8);
  let word = Number(size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3)));
  if ((word & 0x800000) !== 0) {
    word >>= 8;
    size++;
  }
  return ((size << 24) | word) >>> 0;
}

describe('aserti3-2d', () => {
  // Bitcoin Cash Node, src/test/pow_tests.cpp, calculate_asert_test: reference target, time delta without the parent's
  // 600 s, height delta, expected target.
  it.each([
    [POW_LIMIT, 0n, 2n * DAY, POW_LIMIT >> 1n],
    [POW_LIMIT, 0n, 4n * DAY, POW_LIMIT >> 2n],
    [POW_LIMIT >> 1n, 0n, 2n * DAY, POW_LIMIT >> 2n],
    [POW_LIMIT >> 2n, 0n, 2n * DAY, POW_LIMIT >> 3n],
    [POW_LIMIT >> 3n, 0n, 2n * DAY, POW_LIMIT >> 4n],
    [POW_LIMIT, 0n, 2n * (256n - 34n) * DAY, 3n],
    [POW_LIMIT, 0n, 2n * (256n - 34n) * DAY + 119n, 3n],
    [POW_LIMIT, 0n, 2n * (256n - 34n) * DAY + 120n, 2n],
    [POW_LIMIT, 0n, 2n * (256n - 33n) * DAY - 1n, 2n],
    [POW_LIMIT, 0n, 2n * (256n - 33n) * DAY, 1n],
    [POW_LIMIT, 0n, 2n * (256n - 32n) * DAY, 1n],
    [1n, 0n, 2n * (256n - 32n) * DAY, 1n],
    [POW_LIMIT, 2n * (512n - 32n) * DAY, 0n, POW_LIMIT],
    [1n, (512n - 64n) * DAY * 600n, 0n, POW_LIMIT],
    [POW_LIMIT, 300n, 1n, 0xffb1ffffffffffffffffffffffffffffffffffffffffffffffffffffn],
    [0x8000000000000000000fffffffffffffffffffffffffffffffffffn, 600n * 2n * 33n * DAY, 0n, POW_LIMIT],
    [1n, 600n * 2n * 256n * DAY, 0n, POW_LIMIT],
    [1n, 600n * 2n * 224n * DAY - 1n, 0n, 0xffff8n << 204n],
  ])('calculate_asert_test: %x after %d s and %d blocks', (reference, time, height, expected) => {
    expect(bch(reference, 600n + time, height)).toBe(expected);
  });

  // Bitcoin Cash Node, ASERT test vectors run05, run06 and run09: anchor nBits, then time since the anchor's parent,
  // height since the anchor, nBits of the next block.
  it.each([
    ['run05', 0x1d00ffff, 0, 1, 0x1d00fec5],
    ['run05', 0x1d00ffff, 0, 289, 0x1c7f62c0],
    ['run06', 0x1802aee8, 1200, 1, 0x1802aee8],
    ['run06', 0x1802aee8, 1310, 2, 0x1802ad91],
    ['run06', 0x1802aee8, 1327, 3, 0x1802abf8],
    ['run06', 0x1802aee8, 1739, 4, 0x1802ab73],
    ['run06', 0x1802aee8, 2219, 5, 0x1802ab20],
    ['run06', 0x1802aee8, 2604, 6, 0x1802aa89],
    ['run06', 0x1802aee8, 2746, 7, 0x1802a94b],
    ['run06', 0x1802aee8, 7099, 8, 0x1802b39c],
    ['run06', 0x1802aee8, 7099, 9, 0x1802b1f2],
    ['run06', 0x1802aee8, 7657, 10, 0x1802b1d4],
    ['run06', 0x1802aee8, 8626, 11, 0x1802b2db],
    ['run09', 0x1802aee8, 900, 1, 0x1802ae16],
    ['run09', 0x1802aee8, 1200, 2, 0x1802ad44],
    ['run09', 0x1802aee8, 2100, 5, 0x1802aacd],
    ['run09', 0x1802aee8, 3600, 10, 0x1802a6b7],
  ])('%s: %x, %d s, %d blocks', (_run, anchor, time, height, expected) => {
    expect(toBits(bch(fromBits(anchor), BigInt(time), BigInt(height)))).toBe(expected);
  });

  it('asert_difficulty_test: differs from 2^x by -0.01013168981059 % to +0.01166792656486 %', () => {
    const bits = toBits(POW_LIMIT >> 3n);
    let low = 0;
    let high = 0;
    // Second by second from 630 s before schedule to 30 s past two half-lives behind it, as the published test walks.
    for (let late = -629; late <= 345_630; late++) {
      const target = fromBits(toBits(bch(fromBits(bits), BigInt(late) + 600n, 0n)));
      const error = Number(target) / Number(fromBits(bits)) / 2 ** (late / 172_800) - 1;
      low = Math.min(low, error);
      high = Math.max(high, error);
    }
    expect(low).toBeCloseTo(-0.0001013168981059, 12);
    expect(high).toBeCloseTo(0.0001166792656486, 12);
  });
});

describe('the target', () => {
  const input = fc.record({
    anchorTarget: fc.bigInt(1n, TARGET_MAX),
    powLimit: fc.constant(TARGET_MAX),
    idealTime: fc.bigInt(1n, 31_536_000_000n),
    halfLife: fc.bigInt(1n, 3_153_600_000_000n),
    timeDelta: fc.bigInt(-(2n ** 53n), 2n ** 53n),
    heightDelta: fc.bigInt(0n, 2n ** 53n),
  });

  it('is from 1 to powLimit, whatever the chain claims', () => {
    fc.assert(
      fc.property(input, fc.bigInt(1n, TARGET_MAX), (values, powLimit) => {
        const target = asertTarget({ ...values, powLimit });
        expect(target >= 1n && target <= powLimit).toBe(true);
      }),
    );
  });

  it('never falls when time passes, and never rises with height', () => {
    fc.assert(
      fc.property(input, fc.bigInt(0n, 2n ** 40n), (values: AsertInput, more) => {
        const target = asertTarget(values);
        const later = asertTarget({ ...values, timeDelta: values.timeDelta + more });
        const higher = asertTarget({ ...values, heightDelta: values.heightDelta + more });
        expect(later >= target && higher <= target).toBe(true);
      }),
    );
  });

  it('doubles exactly after one half-life more, and halves after one less', () => {
    const times = fc.bigInt(-1_000_000n, 1_000_000n);
    fc.assert(
      fc.property(times, fc.bigInt(2n ** 100n, 2n ** 120n), (time, anchorTarget) => {
        const at = (timeDelta: bigint) => bch(anchorTarget, timeDelta, 0n);
        // Rounding towards zero is the same within one side of the schedule, and differs across it.
        const from = time < 600n ? time - HALF_LIFE : time;
        expect(at(from + HALF_LIFE) >> 1n).toBe(at(from));
      }),
    );
  });

  it("is the anchor's on schedule", () => {
    fc.assert(
      fc.property(input, (values) => {
        const timeDelta = values.idealTime * (values.heightDelta + 1n);
        expect(asertTarget({ ...values, timeDelta })).toBe(values.anchorTarget);
      }),
    );
  });
});
