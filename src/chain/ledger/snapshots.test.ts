import { describe, expect, it } from 'vitest';
import {
  build,
  certificateOf,
  createHost,
  type Host,
  MemoryDisk,
  open,
  SharedMemo,
  type ToyView,
  toyConfig,
  toyRules,
  transfer,
} from '../../../tests/support/ledger-world.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { META, metaKey, PREFIX, placeOfSnapshotKey, snapshotKey } from '../blockstore/records.ts';
import { sha256 } from '../crypto/sha256.ts';
import { verifyChunk } from '../snapshot/chunk.ts';
import { chunkCount, chunkRange, decodeManifest, encodeManifest, snapshotId } from '../snapshot/manifest.ts';
import { MANIFEST_ITEM } from '../snapshot/snapshot-store.ts';
import type { Block } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import { type BlockHash, type Hash, hash, height } from '../types/units.ts';
import type { Ledger, LedgerConfig } from './ledger.ts';
import { openLedger } from './open-ledger.ts';

const CONFIG = toyConfig({ snapshotInterval: 8, snapshotChunkBytes: 250, undoDepth: 10 });

/** Blocks with a transfer each, so that the state moves; all timers run. */
function grow(host: Host, ledger: Ledger<ToyView>, count: number, salt = 0): Block[] {
  const blocks: Block[] = [];
  for (let i = 0; i < count; i++) {
    const head = ledger.head();
    const sender = head.header.height % 2;
    const nonce = ledger.account(senderOf(ledger, sender), false).account.nonce;
    const transactions = [transfer(ledger.genesisId, sender, nonce, 2)];
    const block = build(ledger, head.id, { salt, transactions });
    expect(ledger.importBlock(block, '').kind).toBe('imported');
    blocks.push(block);
    host.advance(1);
  }
  return blocks;
}

function senderOf(ledger: Ledger<ToyView>, index: number) {
  const { action } = transfer(ledger.genesisId, 0, 0, index);
  if (action.kind !== 'transfer') throw new Error('a transfer transfers');
  return action.to;
}

/** A ledger with that many blocks, and the snapshots that it made. */
function grown(count: number, config: LedgerConfig<ToyView> = CONFIG, disk = new MemoryDisk()) {
  const host = createHost(disk);
  const { ledger } = open(host, config);
  const blocks = grow(host, ledger, count);
  return { host, ledger, blocks };
}

/** Everything of that snapshot as peers are sent it. */
function itemsOf(ledger: Ledger<ToyView>, id: Hash): readonly Uint8Array[] {
  const items: Uint8Array[] = [];
  for (
    let next = ledger.snapshotItem(id, 0);
    next !== undefined;
    next = ledger.snapshotItem(id, items.length)
  )
    items.push(next);
  return items;
}

function only<T>(list: readonly T[]): T {
  expect(list).toHaveLength(1);
  return list[0] as T;
}

/** A disk that received all items and the marker, as the node leaves it. */
function received(items: readonly Uint8Array[], config = CONFIG): MemoryDisk {
  const host = createHost(new MemoryDisk());
  const manifest = items[0] as Uint8Array;
  const trusted = snapshotId(manifest, sha256);
  const { ledger } = open(host, { ...config, trustedSnapshot: trusted });
  const stored = ledger.snapshots.putManifest(manifest);
  if (stored === undefined) throw new Error('the manifest decodes');
  for (const [i, bytes] of items.slice(1).entries()) ledger.snapshots.putChunk(stored.height, i, bytes);
  ledger.snapshots.markInstall(stored);
  return host.disk;
}

describe('snapshots', () => {
  it('are made when the base is one past the interval, and verify chunk by chunk', () => {
    const { host, ledger } = grown(8 + 1 + CONFIG.baseDepth);
    const made = only(host.of('SnapshotMade'));
    expect(made).toMatchObject({ height: 8, block: ledger.idAt(only([made]).height) });
    const items = itemsOf(ledger, made.id);
    const manifest = decodeManifest(items[0] as Uint8Array);
    if ('code' in manifest) throw new Error(manifest.code);
    expect(snapshotId(items[0] as Uint8Array, sha256)).toBe(made.id);
    expect(items).toHaveLength(chunkCount(manifest) + 1);
    expect(chunkCount(manifest)).toBeGreaterThan(2);
    let leaves = 0;
    for (const [i, bytes] of items.slice(1).entries()) {
      const found = verifyChunk(manifest.header.stateRoot, chunkRange(manifest, i), bytes, sha256);
      expect(found).not.toHaveProperty('code');
      if (!('code' in found)) leaves += found.length;
    }
    expect(leaves).toBe(manifest.leafCount);
  });

  it('are the same bytes on every node, whenever it was started and however its flushes came', () => {
    const one = grown(40);
    const other = createHost();
    const { ledger } = open(other, { ...CONFIG, baseDepth: 6 });
    for (const [i, block] of one.blocks.entries()) {
      ledger.importBlock(block, '');
      if (i % 3 === 0) other.advance(1);
    }
    other.advance(10);
    const made = one.host.of('SnapshotMade').map(({ id }) => id);
    expect(made).toHaveLength(4);
    const late = other.of('SnapshotMade').map(({ id }) => id);
    expect(late.length).toBeGreaterThan(1);
    expect(made).toEqual(expect.arrayContaining(late));
    const newest = late.at(-1) as Hash;
    expect(itemsOf(ledger, newest)).toEqual(itemsOf(one.ledger, newest));
  });

  it('stay as they are while the base moves on; of older ones the two newest are kept', () => {
    const { host, ledger } = grown(16);
    const { id } = only(host.of('SnapshotMade'));
    const before = itemsOf(ledger, id);
    grow(host, ledger, 7);
    expect(itemsOf(ledger, id)).toEqual(before);
    grow(host, ledger, 20);
    expect(itemsOf(ledger, id)).toEqual([]);
    expect(ledger.snapshots.stored.map(({ height }) => height)).toEqual([24, 32]);
    expect(host.disk.keysOf(PREFIX.snapshot).filter((key) => key.startsWith('79000000000008'))).toEqual([]);
  });

  it('go when a reorganisation replaces their block, and are made of the new one', () => {
    const { host, ledger, blocks } = grown(16);
    const old = only(host.of('SnapshotMade'));
    const fork = blockId((blocks[6] as Block).header);
    let parent = fork;
    for (let i = 0; i < 14; i++) {
      const block = build(ledger, parent, { salt: 7, difficulty: 2 });
      expect(ledger.importBlock(block, '').kind).toBe('imported');
      parent = blockId(block.header);
      host.advance(1);
    }
    expect(host.of('Reorganised').some(({ depth }) => depth > CONFIG.baseDepth)).toBe(true);
    expect(ledger.snapshotItem(old.id, 0)).toBeUndefined();
    const made = host.of('SnapshotMade').filter(({ height }) => height === old.height);
    expect(made).toHaveLength(2);
    expect(made[1]?.block).toBe(ledger.idAt(old.height));
    expect(itemsOf(ledger, made[1]?.id as Hash).length).toBeGreaterThan(2);
  });

  it('are given up when their block leaves the chain while they are made, and when the node stops', () => {
    const host = createHost();
    const { ledger } = open(host, CONFIG);
    let parent = ledger.genesisId;
    const blocks: Block[] = [];
    for (let i = 0; i < 13; i++) {
      const block = build(ledger, parent, { salt: 1 });
      ledger.importBlock(block, '');
      blocks.push(block);
      parent = blockId(block.header);
    }
    // The base is at 9: the first chunk of height 8 is due, and then another branch wins from height 7 on.
    expect(ledger.base().height).toBe(9);
    parent = blockId((blocks[6] as Block).header);
    const branch = Array.from({ length: 2 }, (_, i) => {
      const block = build(ledger, parent, { salt: 9, difficulty: 5 + i });
      expect(ledger.importBlock(block, '').kind).toBe('imported');
      parent = blockId(block.header);
      return block;
    });
    expect(ledger.head().id).toBe(blockId((branch[1] as Block).header));
    host.advance(5);
    expect(host.of('SnapshotMade')).toEqual([]);
    expect(host.disk.keysOf(PREFIX.snapshot)).toEqual([]);
    const stopped = createHost();
    const other = open(stopped, CONFIG).ledger;
    for (const block of blocks) other.importBlock(block, '');
    other.stop();
    stopped.advance(5);
    expect(stopped.of('SnapshotMade')).toEqual([]);
  });

  it('that a crash cut short are made again at the next start, the same', () => {
    const whole = grown(16);
    const { id } = only(whole.host.of('SnapshotMade'));
    const count = whole.host.disk.batches.length;
    for (let prefix = count - 12; prefix <= count; prefix++) {
      const host = createHost(whole.host.disk.prefix(prefix));
      const { ledger } = open(host, CONFIG);
      host.advance(5);
      if (ledger.base().height <= 8) continue;
      expect(host.of('CorruptionDetected')).toEqual([]);
      expect(ledger.snapshots.stored.map((snapshot) => snapshot.id)).toEqual([id]);
      expect(itemsOf(ledger, id)).toEqual(itemsOf(whole.ledger, id));
    }
  });

  it('are cut once for all hosts that share, to the same bytes', () => {
    const memo = new SharedMemo();
    const hosts = [createHost(new MemoryDisk(), memo), createHost(new MemoryDisk(), memo)];
    const ledgers = hosts.map((host) => open(host, CONFIG).ledger);
    const plain = grown(16);
    for (const block of plain.blocks) {
      for (const [i, ledger] of ledgers.entries()) {
        ledger.importBlock(block, '');
        hosts[i]?.advance(1);
      }
    }
    const ids = hosts.map((host) => only(host.of('SnapshotMade')).id);
    expect(new Set([...ids, only(plain.host.of('SnapshotMade')).id]).size).toBe(1);
  });

  it('are not served once a record of them has rotted', () => {
    const { host, ledger } = grown(16);
    const { id, height } = only(host.of('SnapshotMade'));
    host.disk.rot(bytesToHex(snapshotKey(height, 2)), 77);
    expect(ledger.snapshotItem(id, 2)).toBeUndefined();
    expect(host.of('CorruptionDetected').map(({ record }) => record)).toEqual(['snapshot']);
    expect(host.of('CorruptionRepaired')).toHaveLength(1);
    host.disk.rot(bytesToHex(snapshotKey(height, MANIFEST_ITEM)), 100);
    const again = createHost(host.disk);
    const reopened = open(again, CONFIG).ledger;
    expect(again.of('CorruptionDetected').map(({ record }) => record)).toEqual(['snapshot']);
    again.advance(5);
    // The journal still reaches it: it is made anew.
    expect(itemsOf(reopened, id).length).toBeGreaterThan(2);
  });

  it('are made of chains whose finality is absolute, which keep no older state', () => {
    const rules = toyRules({ kind: 'absolute', depth: 0 });
    const host = createHost();
    const { ledger } = open(host, { ...CONFIG, rules });
    for (let i = 0; i < 20; i++) {
      const block = build(ledger, ledger.head().id);
      expect(ledger.importBlock(block, certificateOf(block)).kind).toBe('imported');
      host.advance(1);
    }
    expect(host.of('SnapshotMade').map(({ height }) => height)).toEqual([8, 16]);
  });
});

describe('a ledger that begins with a snapshot', () => {
  const source = grown(30);
  const made = source.host.of('SnapshotMade').find(({ height }) => height === 8);
  const old = grown(16);
  const first = only(old.host.of('SnapshotMade'));
  const items = itemsOf(old.ledger, first.id);
  const later = source.blocks.slice(8);

  function started(config = CONFIG, disk = received(items)) {
    const host = createHost(disk);
    const { ledger } = open(host, { ...config, trustedSnapshot: first.id });
    return { host, ledger };
  }

  it('has the head, the state and the base of its block', () => {
    expect(made?.id).toBe(first.id);
    const { host, ledger } = started();
    expect(only(host.of('SnapshotInstalled'))).toMatchObject({ id: first.id, height: 8 });
    expect(ledger.head()).toEqual(old.ledger.candidate(first.block));
    expect(ledger.origin()).toEqual({ id: first.block, height: 8 });
    expect(ledger.state(first.block)?.root).toBe(old.ledger.headerAt(first.height)?.stateRoot);
    expect(ledger.view(first.block)).toEqual(old.ledger.view(first.block));
    expect(host.of('CorruptionDetected')).toEqual([]);
  });

  it('validates and produces the blocks that follow as one that has them all', () => {
    const { host, ledger } = started();
    for (const block of later) {
      const { id } = ledger.head();
      const mine = build(ledger, id, { transactions: block.transactions });
      expect(blockId(mine.header)).toBe(blockId(block.header));
      expect(ledger.importBlock(block, '').kind).toBe('imported');
      host.advance(1);
    }
    expect(ledger.head()).toEqual(source.ledger.head());
    expect(ledger.base()).toEqual(source.ledger.base());
    expect(ledger.finality()).toEqual(source.ledger.finality());
    const snapshots = host.of('SnapshotMade').map(({ id }) => id);
    expect(snapshots.length).toBeGreaterThan(0);
    expect(source.host.of('SnapshotMade').map(({ id }) => id)).toEqual(expect.arrayContaining(snapshots));
    expect(host.of('CorruptionDetected')).toEqual([]);
  });

  it('opens again as it was, from every prefix of its batches', () => {
    const disk = received(items);
    const untouched = disk.batches.length;
    const { host, ledger } = started(CONFIG, disk);
    for (const block of later) {
      ledger.importBlock(block, '');
      host.advance(1);
    }
    for (let prefix = untouched; prefix <= disk.batches.length; prefix++) {
      const again = started(CONFIG, disk.prefix(prefix));
      expect(again.host.of('CorruptionDetected')).toEqual([]);
      expect(again.ledger.origin()).toEqual({ id: first.block, height: 8 });
      for (const block of later) again.ledger.importBlock(block, '');
      expect(again.ledger.head().id).toBe(ledger.head().id);
    }
    expect(disk.batches.length - untouched).toBeGreaterThan(15);
  });

  it('serves the snapshot that it came from, and what follows; of what lies below it says so', () => {
    const { ledger } = started();
    for (const block of later) ledger.importBlock(block, '');
    expect(itemsOf(ledger, first.id)).toEqual(items);
    expect(ledger.headersAfter([ledger.genesisId], 10)).toEqual({ headers: [], isBelow: true });
    const above = ledger.headersAfter([first.block, ledger.genesisId], 3);
    expect([above.headers.map(({ height }) => height), above.isBelow]).toEqual([[9, 10, 11], false]);
    const below = source.ledger.idAt((source.blocks[3] as Block).header.height) as BlockHash;
    expect([ledger.block(below), ledger.header(below), ledger.status(below)]).toEqual([
      undefined,
      undefined,
      'unknown',
    ]);
    expect(ledger.block(first.block)).toBeUndefined();
    expect(ledger.headerAt((source.blocks[3] as Block).header.height)).toBeUndefined();
    expect(ledger.locator().at(-1)).toBe(ledger.genesisId);
    expect(ledger.locator()).toContain(first.block);
  });

  it('finds nothing corrupt in what it never had', () => {
    const { host, ledger } = started({ ...CONFIG, scrubIntervalMs: 10, scrubRecords: 20 });
    for (const block of later) ledger.importBlock(block, '');
    ledger.block(first.block);
    ledger.blockAt(first.height);
    host.advance(1_000);
    expect(ledger.scrub(height(0), 100)).toBe(ledger.base().height + 1);
    expect(host.of('CorruptionDetected')).toEqual([]);
    expect(ledger.missingBodies()).toEqual([]);
  });

  it('follows no branch from below its block, whatever it weighs, and blames nobody', () => {
    const { ledger } = started();
    const other = open(createHost(), CONFIG).ledger;
    const heavy = build(other, other.genesisId, { difficulty: 255, salt: 3 });
    expect(ledger.acceptHeader(heavy.header)).toMatchObject({
      kind: 'rejected',
      why: { code: 'CONFLICTS_WITH_FINAL' },
    });
    expect(ledger.importBlock(heavy, '')).toMatchObject({ kind: 'rejected' });
  });

  it('starts over when its state is lost, and again from the snapshot on its disk', () => {
    const disk = received(items);
    started(CONFIG, disk);
    disk.rot(disk.keysOf(PREFIX.state)[0] as string, 3);
    const host = createHost(disk);
    const { ledger } = open(host, { ...CONFIG, trustedSnapshot: first.id });
    expect(ledger.head().id).toBe(ledger.genesisId);
    expect(ledger.origin()).toBeUndefined();
    const stored = ledger.snapshots.find(first.id);
    if (stored === undefined) throw new Error('the snapshot is kept');
    ledger.snapshots.markInstall(stored);
    expect(started(CONFIG, disk).ledger.head().id).toBe(first.block);
  });

  it('goes back to genesis when a chunk was lost before the install, and keeps the others', () => {
    const disk = received(items);
    disk.rot(bytesToHex(snapshotKey(first.height, 2)), 5);
    const { host, ledger } = started(CONFIG, disk);
    expect(ledger.head().id).toBe(ledger.genesisId);
    expect(host.of('SnapshotInstalled')).toEqual([]);
    expect(ledger.snapshots.has(first.height, 1)).toBe(true);
    expect(ledger.snapshots.has(first.height, 2)).toBe(false);
    expect(disk.get(metaKey(META.install))).toBeUndefined();
    // Everything that was found to be damaged was told, and is gone.
    const told = (kind: 'CorruptionDetected' | 'CorruptionRepaired') =>
      new Set(host.of(kind).map(({ key }) => key));
    expect(told('CorruptionDetected')).toEqual(told('CorruptionRepaired'));
  });

  it('knows where it began although that record is damaged', () => {
    const disk = received(items);
    const { ledger } = started(CONFIG, disk);
    for (const block of later) ledger.importBlock(block, '');
    disk.rot(bytesToHex(metaKey(META.origin)), 11);
    const again = started(CONFIG, disk);
    expect(again.ledger.origin()).toEqual({ id: first.block, height: 8 });
    expect(again.host.of('CorruptionDetected')).toEqual(
      again.host.of('CorruptionRepaired').map((event) => ({ ...event, kind: 'CorruptionDetected' })),
    );
    expect(started(CONFIG, disk).host.of('CorruptionDetected')).toEqual([]);
    // A record of that name where the chain began with genesis is thrown away.
    const whole = grown(20);
    whole.host.disk.write([{ kind: 'put', key: metaKey(META.origin), value: new Uint8Array(20) }]);
    expect(open(createHost(whole.host.disk), CONFIG).ledger.origin()).toBeUndefined();
    expect(whole.host.disk.get(metaKey(META.origin))).toBeUndefined();
  });

  it('does not begin with a marker that is damaged', () => {
    const disk = received(items);
    disk.rot(bytesToHex(metaKey(META.install)), 9);
    const { ledger } = started(CONFIG, disk);
    expect(ledger.head().id).toBe(ledger.genesisId);
    expect(ledger.snapshots.find(first.id)).toBeDefined();
  });

  it('drops snapshots of another chain, and keys that nobody wrote', () => {
    const foreign = grown(16, { ...CONFIG, genesis: { ...CONFIG.genesis, name: 'other' } });
    const own = grown(3);
    const [manifest] = itemsOf(foreign.ledger, only(foreign.host.of('SnapshotMade')).id);
    own.ledger.snapshots.putManifest(manifest as Uint8Array);
    own.host.disk.write([{ kind: 'put', key: Uint8Array.of(PREFIX.snapshot, 1), value: new Uint8Array(9) }]);
    const host = createHost(own.host.disk);
    open(host, CONFIG);
    expect(host.disk.keysOf(PREFIX.snapshot)).toEqual([]);
    expect(placeOfSnapshotKey(Uint8Array.of(PREFIX.snapshot))).toBeUndefined();
  });

  it('leaves the folder of another chain alone, whatever stands in it', () => {
    const foreign = grown(16, { ...CONFIG, genesis: { ...CONFIG.genesis, name: 'other' } });
    foreign.host.disk.write([{ kind: 'delete', key: snapshotKey(8, MANIFEST_ITEM) }]);
    const before = foreign.host.disk.batches.length;
    const opened = openLedger(createHost(foreign.host.disk), CONFIG, {
      onReleased: () => undefined,
      onLost: () => undefined,
      onStorageFault: () => undefined,
    });
    expect(opened).toMatchObject({ code: 'OTHER_CHAIN' });
    expect(foreign.host.disk.batches).toHaveLength(before);
  });

  it('refuses what is no manifest', () => {
    const { ledger } = open(createHost(), CONFIG);
    expect(ledger.snapshots.putManifest(Uint8Array.of(1, 2, 3))).toBeUndefined();
    expect(ledger.snapshotItem(hash('0'.repeat(64)), 0)).toBeUndefined();
    const manifest = decodeManifest(items[0] as Uint8Array);
    if ('code' in manifest) throw new Error(manifest.code);
    expect(encodeManifest(manifest)).toEqual(items[0]);
  });
});
