/** Texts of keys: bytes and back, and the pool that hosts share. */
import { describe, expect, it } from 'vitest';
import { ascii, del, put } from '../../../tests/contract/disk-words.ts';
import type { WriteOp } from '../../env/storage.ts';
import { createKeyPool, keyToText, textToKey } from './key-text.ts';

const batch = (names: readonly string[]): WriteOp[] => names.map((name) => put(name, '1'));
const NINE = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];

describe('texts of keys', () => {
  it('give every byte back', () => {
    const key = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(textToKey(keyToText(key))).toEqual(key);
  });
});

describe('the pool of keys', () => {
  it('gives the texts of a batch in its order, short or long, put or deleted', () => {
    const pool = createKeyPool();
    expect(pool.textsOf([put('a', '1'), del('b')])).toEqual(['a', 'b']);
    expect(pool.textsOf([...batch(NINE), del('b')])).toEqual([...NINE, 'b']);
  });

  it('makes the texts of the same operations once', () => {
    const pool = createKeyPool();
    const ops = batch(NINE);
    expect(pool.textsOf(ops)).toBe(pool.textsOf(ops));
  });

  it('does not mistake an array for what it held before', () => {
    const pool = createKeyPool();
    const ops = batch(NINE);
    pool.textsOf(ops);
    ops[4] = { kind: 'put', key: ascii('z'), value: ascii('2') };
    expect(pool.textsOf(ops)).toEqual(['a', 'b', 'c', 'd', 'z', 'f', 'g', 'h', 'i']);
    ops.push(del('y'));
    expect(pool.textsOf(ops)).toHaveLength(10);
  });
});
