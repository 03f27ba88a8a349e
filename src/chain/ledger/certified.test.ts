import { describe, expect, it } from 'vitest';
import {
  build,
  certificateOf,
  createHost,
  type Host,
  NO_HOOKS,
  open,
  type ToyView,
  toyConfig,
  toyRules,
} from '../../../tests/support/ledger-world.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { certificateKey, PREFIX } from '../blockstore/records.ts';
import type { Block } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import { blockHash, height } from '../types/units.ts';
import type { Ledger } from './ledger.ts';

const CONFIG = toyConfig({ rules: toyRules({ kind: 'absolute', depth: 0 }) });

/** Grows by certified blocks, each with its parent's certificate as its last commit. */
function grow(ledger: Ledger<ToyView>, count: number): readonly Block[] {
  return Array.from({ length: count }, () => {
    const head = ledger.head();
    const block = build(ledger, head.id, { lastCommit: ledger.certificate(head.id) });
    expect(ledger.importBlock(block, certificateOf(block)).kind).toBe('imported');
    return block;
  });
}

function keyOf(block: Block): string {
  return bytesToHex(certificateKey(block.header.height, blockId(block.header)));
}

function sizeOf(ledger: Ledger<ToyView>): number | undefined {
  return ledger.bounds().find(({ name }) => name === 'ledger.tree')?.size;
}

const keys = (host: Host, kind: 'CorruptionDetected' | 'CorruptionRepaired') =>
  host.of(kind).map((event) => event.key);

describe('a ledger whose blocks have certificates', () => {
  it('keeps no header before its block, and says which are worth it', () => {
    const { ledger } = open(createHost(), CONFIG);
    const other = open(createHost(), CONFIG).ledger;
    const blocks = grow(other, 5);
    const [first, second] = blocks as [Block, Block];
    expect(ledger.acceptHeader(first.header)).toEqual({ kind: 'needsExecution', parent: ledger.genesisId });
    expect(ledger.acceptHeader(second.header)).toMatchObject({ kind: 'orphan' });
    const wrong = { ...first.header, consensus: 'aaaa' };
    expect(ledger.acceptHeader(wrong)).toMatchObject({ why: { code: 'BAD_CONSENSUS_FIELD' } });
    expect(sizeOf(ledger)).toBe(1);
    expect(ledger.bestHeader().id).toBe(ledger.genesisId);
    expect(ledger.status(blockId(first.header))).toBe('unknown');
    // Deep below the head it is known still, and a rival of it is no orphan.
    expect(other.acceptHeader(first.header)).toMatchObject({ kind: 'known' });
    const rival = build(ledger, ledger.genesisId, { salt: 1 });
    expect(other.acceptHeader(rival.header)).toMatchObject({ why: { code: 'CONFLICTS_WITH_FINAL' } });
  });

  it('keeps the newest two in memory, so that the certificate of the head can be judged', () => {
    const { ledger } = open(createHost(), CONFIG);
    grow(ledger, 9);
    expect(sizeOf(ledger)).toBe(2);
    expect(ledger.view(ledger.head().header.parent)).toBeDefined();
  });

  it('keeps nothing of a block without one, whatever else is wrong with it', () => {
    const { ledger } = open(createHost(), CONFIG);
    const block = build(ledger, ledger.genesisId);
    const uncertified = { kind: 'rejected', why: { code: 'BAD_CERTIFICATE' }, covered: false };
    const why = { code: 'SYSTEM_DATA_INVALID', fact: 'a signature' } as const;
    expect(ledger.importBlock(block, '')).toMatchObject(uncertified);
    expect(ledger.markInvalid(block, '', why)).toMatchObject(uncertified);
    expect(sizeOf(ledger)).toBe(1);
    expect(ledger.markInvalid(block, certificateOf(block), why)).toEqual({
      kind: 'rejected',
      why,
      covered: true,
    });
    expect(ledger.importBlock(block, certificateOf(block))).toMatchObject({
      why: { code: 'INVALID_ANCESTOR' },
    });
  });

  it('stops for a version that it cannot execute when the certificate vouches for it, and only then', () => {
    const { ledger } = open(createHost(), CONFIG);
    const block = build(ledger, ledger.genesisId);
    const newer = { ...block, header: { ...block.header, version: 2 } };
    expect(ledger.acceptHeader(newer.header)).toMatchObject({ kind: 'needsExecution' });
    const uncertified = { why: { code: 'BAD_CERTIFICATE' }, covered: false };
    expect(ledger.importBlock(newer, '')).toMatchObject(uncertified);
    expect(ledger.importBlock(newer, 'cc')).toMatchObject(uncertified);
    expect(ledger.importBlock(newer, certificateOf(newer))).toMatchObject({
      kind: 'halt',
      code: 'UPGRADE_REQUIRED',
    });
  });

  it('misses a stored block above its base whose certificate is gone, and what stands on it waits', () => {
    const host = createHost();
    const { ledger } = open(host, CONFIG);
    const blocks = grow(ledger, 4);
    const [, , third, fourth] = blocks as [Block, Block, Block, Block];
    // The base has not moved over the last two: their blocks are there, each with its certificate.
    const disk = host.disk.prefix(0);
    for (const ops of host.disk.batches) {
      const movesBase = ops.some(({ key }) => key[0] === PREFIX.header && key.includes(3));
      const movesLast = ops.some(({ key }) => key[0] === PREFIX.header && key.includes(4));
      if (!movesBase && !movesLast) disk.write(ops);
    }
    disk.entries.delete(keyOf(third));
    const again = createHost(disk);
    const released: string[] = [];
    const { ledger: reopened } = open(again, CONFIG, {
      ...NO_HOOKS,
      onReleased: (block) => released.push(blockId(block.header)),
    });
    expect(reopened.head().header.height).toBe(2);
    expect(reopened.missingBodies()).toEqual([{ id: blockId(third.header), height: 3 }]);
    expect(keys(again, 'CorruptionDetected')).toEqual([keyOf(third)]);
    expect(reopened.importBlock(third, '')).toMatchObject({ why: { code: 'BAD_CERTIFICATE' } });
    expect(reopened.importBlock(third, certificateOf(third))).toMatchObject({ kind: 'imported' });
    again.advance(1);
    expect(released).toEqual([blockId(fourth.header)]);
    expect(reopened.head().id).toBe(blockId(fourth.header));
    expect(reopened.missingBodies()).toEqual([]);
    expect(keys(again, 'CorruptionRepaired')).toEqual([keyOf(third)]);
  });

  it('takes the certificate of its head from a peer, and no wrong one', () => {
    const host = createHost();
    const { ledger } = open(host, CONFIG);
    const head = grow(ledger, 5).at(-1) as Block;
    host.disk.entries.delete(keyOf(head));
    ledger.scrub(height(0), 100);
    expect(ledger.missingBodies()).toEqual([{ id: blockId(head.header), height: 5 }]);
    for (const certificate of ['', `cc${'0'.repeat(64)}`]) {
      expect(ledger.importBlock(head, certificate)).toMatchObject({
        why: { code: 'BAD_CERTIFICATE' },
        covered: false,
      });
    }
    expect(ledger.importBlock(head, certificateOf(head))).toMatchObject({ kind: 'known', repaired: true });
    expect(ledger.certificate(blockId(head.header))).toBe(certificateOf(head));
    expect(keys(host, 'CorruptionRepaired')).toEqual([keyOf(head)]);
  });

  it('takes the certificate of its head from the next block, where that comes first', () => {
    const host = createHost();
    const { ledger } = open(host, CONFIG);
    const head = grow(ledger, 5).at(-1) as Block;
    const next = build(ledger, ledger.head().id, { lastCommit: certificateOf(head) });
    host.disk.rot(keyOf(head), 90);
    expect(ledger.certificate(blockId(head.header))).toBe('');
    expect(ledger.importBlock(next, certificateOf(next)).kind).toBe('imported');
    expect(ledger.certificate(blockId(head.header))).toBe(certificateOf(head));
    expect(keys(host, 'CorruptionRepaired')).toEqual([keyOf(head)]);
  });

  const orders = [
    [1, 2, 3],
    [3, 2, 1],
  ];
  it.each(orders.flatMap((order) => [1, 8].map((undoDepth) => ({ order, undoDepth }))))(
    'brings back blocks and certificates that are lost together: order $order, journal $undoDepth',
    ({ order, undoDepth }) => {
      const config = { ...CONFIG, undoDepth };
      const host = createHost();
      const { ledger } = open(host, config);
      const blocks = grow(ledger, 6);
      const lost = [1, 2, 3].map((i) => blocks[i] as Block);
      const disk = host.disk.prefix(host.disk.batches.length);
      for (const block of lost) {
        disk.entries.delete(keyOf(block));
        const id = blockId(block.header);
        const stored = disk.keysOf(PREFIX.block).find((key) => key.endsWith(id));
        disk.entries.delete(stored as string);
      }
      const again = createHost(disk);
      const { ledger: reopened } = open(again, config);
      reopened.scrub(height(0), 100);
      expect(reopened.missingBodies()).toHaveLength(3);
      for (const i of order) {
        const block = blocks[i] as Block;
        // Where the journal reaches the parent the certificate is judged; deeper down the next block brings it.
        const certificate = undoDepth === 1 ? '' : certificateOf(block);
        expect(reopened.importBlock(block, certificate)).toMatchObject({ kind: 'known', repaired: true });
      }
      for (const block of lost)
        expect(reopened.certificate(blockId(block.header))).toBe(certificateOf(block));
      expect(keys(again, 'CorruptionRepaired').sort()).toEqual(keys(again, 'CorruptionDetected').sort());
    },
  );

  it('knows no certificate of genesis', () => {
    const host = createHost();
    const { ledger } = open(host, CONFIG);
    expect(ledger.certificate(ledger.genesisId)).toBe('');
    expect(ledger.certificate(blockHash('0'.repeat(64)))).toBe('');
    ledger.scrub(height(0), 10);
    expect(host.of('CorruptionDetected')).toEqual([]);
  });
});
