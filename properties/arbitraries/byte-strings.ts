/** Arbitrary changes of byte strings that were valid: bits, bytes, lengths, pieces left out, doubled and moved. */
import fc from 'fast-check';

/** One change; what it is applied to wraps its places around. */
export type ByteChange =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly byte: number }
  /** A big-endian integer of that width, wherever one may stand, becomes so much more or less. */
  | { readonly kind: 'count'; readonly at: number; readonly width: number; readonly by: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'append'; readonly bytes: readonly number[] }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: readonly number[] }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'double'; readonly at: number; readonly length: number }
  | { readonly kind: 'swap'; readonly at: number; readonly length: number };

const at = fc.nat({ max: 5_000 });
const length = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom(32, 33, 64, 75));
const bytes = fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 4 });

/** Any one change. */
export const byteChanges: fc.Arbitrary<ByteChange> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat({ max: 7 }) }),
  fc.record({
    kind: fc.constant('set' as const),
    at,
    byte: fc.constantFrom(0, 1, 2, 0x20, 0x30, 0x7f, 0x80, 0xff),
  }),
  fc.record({
    kind: fc.constant('count' as const),
    at,
    width: fc.constantFrom(1, 2, 4),
    by: fc.constantFrom(-2, -1, 1, 2, 256),
  }),
  fc.record({ kind: fc.constant('cut' as const), at }),
  fc.record({ kind: fc.constant('append' as const), bytes }),
  fc.record({ kind: fc.constant('insert' as const), at, bytes }),
  fc.record({ kind: fc.constant('remove' as const), at, length }),
  fc.record({ kind: fc.constant('double' as const), at, length }),
  fc.record({ kind: fc.constant('swap' as const), at, length }),
);

/** The changed bytes, in an array of their own. */
export function applyChange(from: Uint8Array, change: ByteChange): Uint8Array {
  const size = from.length;
  if (change.kind === 'append') return Uint8Array.of(...from, ...change.bytes);
  const place = size === 0 ? 0 : change.at % size;
  const [before, after] = [from.subarray(0, place), from.subarray(place)];
  const changed = from.slice();
  switch (change.kind) {
    case 'flip':
      changed[place] = (changed[place] ?? 0) ^ (1 << change.bit);
      return changed;
    case 'set':
      changed[place] = change.byte;
      return changed;
    case 'count':
      return counted(changed, place, change.width, change.by);
    case 'cut':
      return from.slice(0, place);
    case 'insert':
      return Uint8Array.of(...before, ...change.bytes, ...after);
    case 'remove':
      return Uint8Array.of(...before, ...after.subarray(change.length));
    case 'double':
      return Uint8Array.of(...before, ...after.subarray(0, change.length), ...after);
    case 'swap': {
      const [one, other] = [
        after.subarray(0, change.length),
        after.subarray(change.length, 2 * change.length),
      ];
      return Uint8Array.of(...before, ...other, ...one, ...after.subarray(2 * change.length));
    }
  }
}

function counted(changed: Uint8Array, place: number, width: number, by: number): Uint8Array {
  let value = by;
  for (let i = Math.min(place + width, changed.length) - 1; i >= place; i--) {
    value += changed[i] ?? 0;
    changed[i] = value & 0xff;
    value >>= 8;
  }
  return changed;
}
