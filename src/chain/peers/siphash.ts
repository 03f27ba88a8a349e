/** SipHash-2-4: a short keyed hash (J.-P. Aumasson, D. J. Bernstein, 2012), in 32-bit halves. */

/** A 128-bit key as four little-endian words, and a 64-bit value as two: low, high. */
export type SipKey = readonly [number, number, number, number];

/** A 64-bit value: unsigned halves. */
export interface Halves {
  readonly low: number;
  readonly high: number;
}

/** The four words of the state, low and high halves alternating: v0, v1, v2, v3. */
function sipRound(v: Int32Array): void {
  addRotateXor(v, 0, 2, 13);
  swapHalves(v, 0);
  addRotateXor(v, 4, 6, 16);
  addRotateXor(v, 0, 6, 21);
  addRotateXor(v, 4, 2, 17);
  swapHalves(v, 4);
}

/** a += b; b = rotl(b, bits) ^ a. */
function addRotateXor(v: Int32Array, a: number, b: number, bits: number): void {
  const bLow = v[b] as number;
  const bHigh = v[b + 1] as number;
  const low = ((v[a] as number) >>> 0) + (bLow >>> 0);
  const high = ((v[a + 1] as number) + bHigh + (low > 0xffff_ffff ? 1 : 0)) | 0;
  const rotatedLow = (bLow << bits) | (bHigh >>> (32 - bits));
  const rotatedHigh = (bHigh << bits) | (bLow >>> (32 - bits));
  v[a] = low | 0;
  v[a + 1] = high;
  v[b] = rotatedLow ^ (low | 0);
  v[b + 1] = rotatedHigh ^ high;
}

/** rotl by 32. */
function swapHalves(v: Int32Array, at: number): void {
  const low = v[at] as number;
  v[at] = v[at + 1] as number;
  v[at + 1] = low;
}

function absorb(v: Int32Array, low: number, high: number): void {
  v[6] = (v[6] as number) ^ low;
  v[7] = (v[7] as number) ^ high;
  sipRound(v);
  sipRound(v);
  v[0] = (v[0] as number) ^ low;
  v[1] = (v[1] as number) ^ high;
}

/** The hash of any bytes. */
export function sipHash24(key: SipKey, bytes: Uint8Array): Halves {
  const [k0, k1, k2, k3] = key;
  const v = Int32Array.of(
    k0 ^ 0x70736575,
    k1 ^ 0x736f6d65,
    k2 ^ 0x6e646f6d,
    k3 ^ 0x646f7261,
    k0 ^ 0x6e657261,
    k1 ^ 0x6c796765,
    k2 ^ 0x79746573,
    k3 ^ 0x74656462,
  );
  const whole = bytes.length & ~7;
  for (let i = 0; i < whole; i += 8) absorb(v, word(bytes, i), word(bytes, i + 4));
  const tail = new Uint8Array(8);
  tail.set(bytes.subarray(whole));
  tail[7] = bytes.length;
  absorb(v, word(tail, 0), word(tail, 4));
  v[4] = (v[4] as number) ^ 0xff;
  for (let i = 0; i < 4; i++) sipRound(v);
  const low = (v[0] as number) ^ (v[2] as number) ^ (v[4] as number) ^ (v[6] as number);
  const high = (v[1] as number) ^ (v[3] as number) ^ (v[5] as number) ^ (v[7] as number);
  return { low: low >>> 0, high: high >>> 0 };
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
