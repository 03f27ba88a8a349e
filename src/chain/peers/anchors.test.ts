import { describe, expect, it } from 'vitest';
import { createHost } from '../../../tests/support/ledger-world.ts';
import { address } from '../../env/units.ts';
import { PREFIX } from '../blockstore/records.ts';
import { ANCHORS_MAX, loadAnchors, saveAnchors } from './anchors.ts';

const FOUND = Array.from({ length: ANCHORS_MAX + 2 }, (_, i) => address(`[2001:db8::${i}]:30303`));

describe('anchors', () => {
  it('are none on an empty disk', () => {
    const { storage, crypto } = createHost();
    expect(loadAnchors(storage, crypto)).toEqual([]);
  });

  it('come back as they were saved, the newest list alone, and no more than there may be', () => {
    const { storage, crypto } = createHost();
    saveAnchors(storage, crypto, [address('old:1')]);
    saveAnchors(storage, crypto, FOUND);
    expect(loadAnchors(storage, crypto)).toEqual(FOUND.slice(0, ANCHORS_MAX));
    saveAnchors(storage, crypto, []);
    expect(loadAnchors(storage, crypto)).toEqual([]);
  });

  it('are none when one bit rots: a node then finds peers as if it were new', () => {
    for (let bit = 0; bit < 400; bit += 7) {
      const { storage, crypto, disk } = createHost();
      saveAnchors(storage, crypto, FOUND);
      const [key = ''] = disk.keysOf(PREFIX.peers);
      disk.rot(key, bit);
      expect(loadAnchors(storage, crypto)).toEqual([]);
    }
  });
});
