import { describe, expect, it } from 'vitest';
import { createHost, open, toyConfig, toyGenesis, toyRules } from '../../../tests/support/ledger-world.ts';
import { sha256 } from '../crypto/sha256.ts';
import { hash, height, weight } from '../types/units.ts';
import {
  checkManifest,
  chunkRange,
  decodeManifest,
  encodeManifest,
  type Manifest,
  type ManifestContext,
  manifestOf,
  snapshotId,
} from './manifest.ts';

const { ledger } = open(createHost(), toyConfig());
const { header } = ledger.head();
const context: ManifestContext<unknown> = {
  genesisId: ledger.genesisId,
  genesis: toyGenesis(),
  schedule: [],
  protocolMax: 1,
  rules: toyRules({ kind: 'depth', depth: 6 }) as ManifestContext<unknown>['rules'],
};
/** The history below block 1 is genesis alone: its only peak, which is what the header states. */
const [peak] = ledger.candidate(ledger.genesisId) === undefined ? [] : [hash(sha256Leaf(ledger.genesisId))];

function sha256Leaf(id: string): string {
  return Buffer.from(sha256(Buffer.concat([Buffer.of(0), Buffer.from(id, 'hex')]))).toString('hex');
}

const sound = manifestOf({
  genesisId: ledger.genesisId,
  header: { ...header, height: height(1), parent: ledger.genesisId, historyRoot: hash(peak ?? '') },
  certificate: '',
  weight: weight('0000000000000001'),
  peaks: [hash(peak ?? '')],
  view: '00010002',
  leafCount: 7,
  ends: [hash('1'.repeat(64)), hash('2'.repeat(64))],
});

describe('a manifest', () => {
  it('comes back from its bytes, and has an id that covers each of them', () => {
    const bytes = encodeManifest(sound);
    expect(decodeManifest(bytes)).toEqual(sound);
    const ids = new Set([snapshotId(bytes, sha256)]);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (bytes[at] as number) ^ 1;
      ids.add(snapshotId(changed, sha256));
    }
    expect(ids.size).toBe(bytes.length + 1);
  });

  it('gives each chunk the range between two ends, the first and the last none', () => {
    const [a, b] = sound.ends;
    expect([0, 1, 2].map((index) => chunkRange(sound, index))).toEqual([
      { after: undefined, upTo: a },
      { after: a, upTo: b },
      { after: b, upTo: undefined },
    ]);
  });

  it('is refused with another layout, ends that do not grow, or bytes left over', () => {
    const bytes = encodeManifest(sound);
    const other = bytes.slice();
    other[1] = 2;
    const swapped = Buffer.from(
      Buffer.from(bytes).toString('hex').replace(sound.ends.join(''), sound.ends.toReversed().join('')),
      'hex',
    );
    for (const wrong of [other, swapped, Uint8Array.of(...bytes, 0), bytes.subarray(1)])
      expect(decodeManifest(new Uint8Array(wrong))).toMatchObject({ code: 'MANIFEST_MALFORMED' });
  });

  it('is held against chain, version, history and engine', () => {
    expect(checkManifest(sound, context)).toMatchObject({ before: { count: 1, peaks: sound.peaks } });
    const cases: readonly (readonly [Partial<Manifest>, string])[] = [
      [{ genesisId: header.parent }, 'OTHER_CHAIN'],
      [{ header }, 'OF_GENESIS'],
      [{ header: { ...sound.header, version: 2 } }, 'UPGRADE_REQUIRED'],
      [{ peaks: [hash('3'.repeat(64))] }, 'HISTORY_MISMATCH'],
      [{ peaks: [] }, 'HISTORY_MISMATCH'],
      [{ view: '00' }, 'BAD_VIEW'],
    ];
    for (const [change, code] of cases)
      expect(checkManifest({ ...sound, ...change }, context)).toMatchObject({ code });
    const schedule = [{ height: height(1), version: 2 }];
    expect(checkManifest(sound, { ...context, schedule, protocolMax: 2 })).toMatchObject({
      code: 'WRONG_VERSION',
    });
    const loose = { ...context.rules, encodeView: () => Uint8Array.of(9) };
    expect(checkManifest(sound, { ...context, rules: loose })).toMatchObject({ code: 'BAD_VIEW' });
  });
});
