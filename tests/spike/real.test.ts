/** Loopback TCP, a real database, the system's clock and crypto keep the same contracts as the simulator. */
import { describe, expect, it } from 'vitest';
import { bootContract } from '../contract/boot-contract.ts';
import { clockContract } from '../contract/clock-contract.ts';
import { cryptoContract } from '../contract/crypto-contract.ts';
import { networkContract } from '../contract/network-contract.ts';
import { randomContract } from '../contract/random-contract.ts';
import { storageContract } from '../contract/storage-contract.ts';
import { createLineReader } from './line-reader.ts';
import { createRealWorld } from './real-world.ts';

describe('the real world', () => {
  bootContract(createRealWorld);
  clockContract(createRealWorld);
  storageContract(createRealWorld);
  networkContract(createRealWorld);
  randomContract(createRealWorld);
  cryptoContract(createRealWorld);
});

describe('the reader of lines', () => {
  function read(max: number, ...chunks: readonly string[]): readonly string[] {
    const lines: string[] = [];
    const reader = createLineReader(max, (line) => lines.push(new TextDecoder().decode(line)));
    for (const chunk of chunks) reader(new TextEncoder().encode(chunk));
    return lines;
  }

  it('finds the same lines however the stream is cut', () => {
    const stream = 'one\n\ntwo\nthree\nrest';
    for (let at = 0; at <= stream.length; at++) {
      expect(read(9, stream.slice(0, at), stream.slice(at))).toEqual(['one', '', 'two', 'three']);
    }
    expect(read(9, ...stream.split(''))).toEqual(['one', '', 'two', 'three']);
  });

  it('gives up a line past the limit, keeps no more than that of it, and goes on with the next', () => {
    expect(read(3, 'abc\n', 'abcd\n', 'abcdefgh', 'ijkl', 'mn\n', 'xyz\n')).toEqual([
      'abc',
      'abcd',
      'abcd',
      'xyz',
    ]);
  });
});
