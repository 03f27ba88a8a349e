import { describe, expect, it } from 'vitest';
import { type SipKey, sipHash24 } from './siphash.ts';

const KEY: SipKey = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c];
const hash = (length: number): string => {
  const { low, high } = sipHash24(
    KEY,
    Uint8Array.from({ length }, (_, i) => i),
  );
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
};

describe('SipHash-2-4, appendix A of the paper', () => {
  it('gives a129ca6149be45e5 for the bytes 0 to 14 under the key 0 to 15', () => {
    expect(hash(15)).toBe('a129ca6149be45e5');
  });

  it('gives the reference vectors for 0, 1 and 8 bytes', () => {
    expect([hash(0), hash(1), hash(8)]).toEqual(['726fdb47dd0e0e31', '74f839c593dc67fd', '93f5f5799a932462']);
  });
});
