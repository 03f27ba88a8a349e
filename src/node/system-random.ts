/** The system's randomness behind env/random.ts: good for keys too, though a program is not told so. */
import { randomBytes, randomInt } from 'node:crypto';
import { assert } from '../env/assert.ts';
import type { Random } from '../env/random.ts';

export const systemRandom: Random = {
  below(n) {
    assert(Number.isInteger(n) && n >= 1 && n <= 4_294_967_296, 'a bound is an integer from 1 to 2^32');
    return n === 1 ? 0 : randomInt(n);
  },
  bytes(n) {
    assert(Number.isInteger(n) && n >= 0 && n <= 65_536, 'up to 65,536 bytes are drawn at once');
    return new Uint8Array(randomBytes(n));
  },
};
