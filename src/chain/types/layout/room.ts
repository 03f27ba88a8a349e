/** Room for encoded values: short ones are pieces of a larger array, since an array of its own was measured to cost 0.85 µs. */

/** Arrays up to here stand in the engine's own heap, and cost a thirtieth of that; a view moves one out, at 0.35 µs. */
export const IN_HEAP_MAX_BYTES = 64;
/** Longer values are few. */
const SHARED_MAX_BYTES = 1_024;
/** A slab lives as long as any piece of it: so short that a leaf which is never written again holds little. */
const SLAB_BYTES = 4_096;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** That many zeros, which are the caller's alone. */
export function roomFor(length: number): Uint8Array {
  if (length <= IN_HEAP_MAX_BYTES || length > SHARED_MAX_BYTES) return new Uint8Array(length);
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const room = slab.subarray(used, used + length);
  used += length;
  return room;
}
