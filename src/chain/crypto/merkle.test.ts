import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import { type BlockHash, bytesToHash, type Hash } from '../types/units.ts';
import { EMPTY_HISTORY, historyAppend, historyProof, historyRoot, verifyHistoryProof } from './history.ts';
import { merkleLeafHash, merkleNodeHash, merkleProof, merkleRoot, verifyMerkleProof } from './merkle.ts';
import { hashTagged, sha256 } from './sha256.ts';
import { TAG } from './tags.ts';

/** The leaves of Certificate Transparency's reference tests, and the root over the first n of them. */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
/** Inclusion proofs of the same tests: 1-based leaf, size, path. */
const PATHS: readonly (readonly [number, number, readonly string[]])[] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [3, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    2,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

const leaves = LEAVES.map((text) => hexToBytes(text) ?? new Uint8Array(0));

/** RFC 6962 §2.1 as it is written: split at the largest power of two below the count. */
function recursiveRoot(list: readonly Uint8Array[]): Uint8Array {
  const [first] = list;
  if (first === undefined) return sha256(new Uint8Array(0));
  if (list.length === 1) return merkleLeafHash(first);
  let split = 1;
  while (split * 2 < list.length) split *= 2;
  return merkleNodeHash(recursiveRoot(list.slice(0, split)), recursiveRoot(list.slice(split))).slice();
}

const lists = fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 40 });

describe('RFC 6962 Merkle lists', () => {
  it('have the roots of the Certificate Transparency vectors', () => {
    for (const [count, root] of ROOTS.entries()) expect(merkleRoot(leaves.slice(0, count))).toBe(root);
  });

  it('have the inclusion proofs of the Certificate Transparency vectors', () => {
    for (const [leaf, size, path] of PATHS) {
      expect(merkleProof(leaves.slice(0, size), leaf - 1)).toEqual(path);
    }
  });

  it('have the root of the recursive definition', () => {
    fc.assert(
      fc.property(lists, (list) => {
        expect(merkleRoot(list)).toBe(bytesToHash(recursiveRoot(list)));
      }),
    );
  });

  it('prove every leaf', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const root = merkleRoot(list);
        for (const [index, leaf] of list.entries()) {
          expect(verifyMerkleProof(root, list.length, index, leaf, merkleProof(list, index))).toBe(true);
        }
      }),
    );
  });

  it('prove no other leaf, index, count, root or path', () => {
    fc.assert(
      fc.property(lists, fc.nat(), fc.nat(), (list, pick, other) => {
        const root = merkleRoot(list);
        const index = pick % list.length;
        const leaf = list[index] as Uint8Array;
        const proof = merkleProof(list, index);
        const check = (r: Hash, n: number, i: number, l: Uint8Array, p: readonly Hash[]) =>
          verifyMerkleProof(r, n, i, l, p);
        expect(check(root, list.length, index, Uint8Array.of(...leaf, 1), proof)).toBe(false);
        expect(check(merkleRoot([...list, leaf]), list.length, index, leaf, proof)).toBe(false);
        expect(check(root, list.length, index, leaf, [...proof, root])).toBe(false);
        if (proof.length > 0) {
          expect(check(root, list.length, index, leaf, proof.slice(1))).toBe(false);
          const at = other % proof.length;
          expect(check(root, list.length, index, leaf, proof.with(at, merkleRoot([leaf])))).toBe(
            proof[at] === merkleRoot([leaf]),
          );
        }
        const elsewhere = other % list.length;
        if (bytesToHex(list[elsewhere] as Uint8Array) !== bytesToHex(leaf)) {
          expect(check(root, list.length, elsewhere, leaf, proof)).toBe(false);
        }
        expect(check(root, index, index, leaf, proof)).toBe(false);
        expect(check(root, list.length, -1, leaf, proof)).toBe(false);
        expect(check(root, list.length, 0.5, leaf, proof)).toBe(false);
      }),
    );
  });
});

describe('the history of block ids', () => {
  const ids = fc
    .array(fc.nat(), { maxLength: 70 })
    .map((list) => list.map((n) => hashTagged(TAG.block, Uint8Array.of(n & 255, n >>> 8)) as BlockHash));

  it('has, after each append, the root of the Merkle list over all ids', () => {
    fc.assert(
      fc.property(ids, (list) => {
        let history = EMPTY_HISTORY;
        for (const [index, id] of list.entries()) {
          history = historyAppend(history, id);
          const all = list.slice(0, index + 1).map((text) => hexToBytes(text) ?? new Uint8Array(0));
          expect(historyRoot(history)).toBe(merkleRoot(all));
          expect(history.count).toBe(index + 1);
        }
        expect(history.peaks.length).toBe(list.length.toString(2).replaceAll('0', '').length);
      }),
    );
  });

  it('proves which block stands at a height, and no other', () => {
    fc.assert(
      fc.property(ids, fc.nat(), (list, pick) => {
        fc.pre(list.length > 0);
        const root = historyRoot(list.reduce((history, id) => historyAppend(history, id), EMPTY_HISTORY));
        const index = pick % list.length;
        const id = list[index] as BlockHash;
        const proof = historyProof(list, index);
        expect(verifyHistoryProof(root, list.length, index, id, proof)).toBe(true);
        expect(
          verifyHistoryProof(root, list.length, index, hashTagged(TAG.genesis) as BlockHash, proof),
        ).toBe(false);
      }),
    );
  });
});
