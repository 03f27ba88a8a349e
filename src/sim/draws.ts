/** Counter-based randomness: each number is a hash of what it is for, so that no draw shifts another. */
import { mix32 } from './hash.ts';

const { imul } = Math;

/** What a draw is for. 1 to 31 belong to the kernel; the network and the disk use 32 and up. */
export const PURPOSE = {
  program: 1,
  tie: 2,
  clockZero: 3,
  timerJitter: 4,
  fault: 5,
} as const;

/** Two 32-bit words from which all draws of one kind of one run follow. */
export interface RunKey {
  readonly low: number;
  readonly high: number;
}

/**
 * An unsigned 32-bit integer for (run key, purpose, x, y, ordinal), all 32-bit words. No state. For one purpose,
 * different (x, y) never share their 64 bits of inner state: two links do not draw alike.
 */
export function drawWord(key: RunKey, purpose: number, x: number, y: number, ordinal: number): number {
  const a = mix32(key.low ^ imul(purpose, 0x9e3779b1) ^ x);
  const b = mix32((key.high ^ a) + imul(y, 0x85ebca6b));
  return mix32(mix32(b + imul(ordinal, 0xc2b2ae35)) + a);
}

/** floor(count * word / 2^32): uniform over 0 <= x < count for a uniform word. `count` is an integer up to 2^32. */
export function scaleWord(count: number, word: number): number {
  const low = Math.floor((count * (word & 0xffff)) / 65_536);
  return Math.floor((count * (word >>> 16) + low) / 65_536);
}
