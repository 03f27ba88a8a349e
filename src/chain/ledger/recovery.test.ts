import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import {
  ADDRESSES,
  build,
  certificateOf,
  createHost,
  type Host,
  type MemoryDisk,
  open,
  type ToyView,
  toyConfig,
  toyRules,
  transfer,
} from '../../../tests/support/ledger-world.ts';
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import { META, metaKey, openRecord, PREFIX, recordKindOf } from '../blockstore/records.ts';
import type { Block } from '../types/block.ts';
import type { RecordKind } from '../types/event.ts';
import { blockId } from '../types/header-codec.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { type BlockHash, height } from '../types/units.ts';
import type { Ledger } from './ledger.ts';

/** A chain of 30 blocks with transactions, forks of every depth, one of them from below the base. */
function history(): { host: Host; ledger: Ledger<ToyView>; blocks: readonly Block[] } {
  const host = createHost();
  const { ledger } = open(host);
  const blocks: Block[] = [];
  const nonceOf = (at: BlockHash): number => nonceAfter(ledger, at);
  const add = (
    parent: BlockHash,
    options: { salt?: number; difficulty?: number; pay?: boolean },
  ): BlockHash => {
    const transactions = options.pay === false ? [] : [transfer(ledger.genesisId, 0, nonceOf(parent), 1)];
    const block = build(ledger, parent, { ...options, transactions });
    expect(ledger.importBlock(block, '').kind).toBe('imported');
    blocks.push(block);
    return blockId(block.header);
  };
  let tip = ledger.genesisId;
  for (let i = 1; i <= 30; i++) {
    const parent = tip;
    tip = add(parent, { pay: i % 3 !== 0 });
    // None beside the tip: which of two equal heads was first is what a lost block forgets.
    if (i % 5 === 0 && i < 30) add(parent, { salt: i });
    if (i === 12) {
      // A heavier branch from six below the head: two below the base.
      tip = add(ledger.idAt(height(6)) as BlockHash, { salt: 77, difficulty: 40 });
      expect(ledger.head().id).toBe(tip);
    }
    if (i === 20) {
      const rival = add(ledger.idAt(height(ledger.head().header.height - 2)) as BlockHash, { salt: 78 });
      tip = add(add(rival, { salt: 78 }), { salt: 78, difficulty: 3 });
      expect(ledger.head().id).toBe(tip);
    }
  }
  return { host, ledger, blocks };
}

function nonceAfter(ledger: Ledger<ToyView>, id: BlockHash): number {
  let nonce = 0;
  for (let at: BlockHash = id; at !== ledger.genesisId; ) {
    const block = ledger.block(at);
    nonce += block?.transactions.length ?? 0;
    at = block?.header.parent as BlockHash;
  }
  return nonce;
}

/** Keys of records that fail their check. */
function rotten(disk: MemoryDisk): readonly string[] {
  return [...disk.entries.values()]
    .filter(({ key, value }) => openRecord(sha256, key, value) === 'corrupt')
    .map(({ key }) => bytesToHex(key));
}

/** What a node shows of its main chain. */
function picture(ledger: Ledger<ToyView>, blocks: readonly Block[]): unknown {
  const at = Array.from({ length: ledger.head().header.height + 1 }, (_, i) => height(i));
  return {
    ids: at.map((h) => ledger.idAt(h)),
    bodies: at.map((h) => ledger.blockAt(h)?.block),
    base: ledger.base(),
    root: ledger.state(ledger.head().id)?.root,
    places: blocks.flatMap((b) => b.transactions.map((t) => ledger.transaction(transactionId(t))?.place)),
    account: ledger.accountTransactions(ADDRESSES[0] as never, undefined, 1_000),
  };
}

/** Lets the node fetch what it lost from one that has all, and run its scrub. */
function heal(host: Host, ledger: Ledger<ToyView>, source: Ledger<ToyView>, blocks: readonly Block[]): void {
  for (let round = 0; round < 3; round++) {
    host.advance(1_000);
    for (const { id } of ledger.missingBodies()) {
      const block = source.block(id);
      if (block !== undefined) ledger.importBlock(block, '');
    }
    host.advance(1_000);
    for (const block of blocks) ledger.importBlock(block, '');
    ledger.scrub(height(0), 1_000);
  }
}

describe('recovery from a crash', () => {
  const { host, ledger, blocks } = history();
  const whole = picture(ledger, blocks);

  it('opens after every prefix of the batches, on a verified base, and goes on to the same chain', () => {
    const total = host.disk.batches.length;
    expect(total).toBeGreaterThan(60);
    for (let count = 0; count <= total; count++) {
      const again = createHost(host.disk.prefix(count));
      const { ledger: reopened, corrupt } = open(again);
      expect(corrupt, `after ${count} batches`).toEqual([]);
      expect(again.events.filter((e) => e.kind === 'CorruptionDetected')).toEqual([]);
      const stored = blocks.filter((b) => reopened.status(blockId(b.header)) === 'executed');
      const heaviest = stored.reduce(
        (a, b) => {
          const w = reopened.candidate(blockId(b.header))?.weight ?? a;
          return w > a ? w : a;
        },
        reopened.candidate(reopened.base().id)?.weight ?? ('' as never),
      );
      expect(reopened.head().weight >= heaviest, `after ${count} batches`).toBe(true);
      expect(reopened.state(reopened.head().id)?.root).toBe(reopened.head().header.stateRoot);
      for (const block of blocks) reopened.importBlock(block, '');
      expect(picture(reopened, blocks), `after ${count} batches`).toEqual(whole);
    }
  });

  it('survives a second crash while it recovers from the first', () => {
    const total = host.disk.batches.length;
    for (let count = 5; count <= total; count += 7) {
      const broken = host.disk.prefix(count);
      const stateKey = broken.keysOf(PREFIX.state)[0];
      if (stateKey === undefined) continue;
      broken.rot(stateKey, 70);
      const first = createHost(broken);
      open(first);
      for (let cut = count; cut <= broken.batches.length; cut++) {
        const disk = broken.prefix(cut);
        if (cut === count) disk.rot(stateKey, 70);
        const { ledger: reopened } = open(createHost(disk));
        for (const block of blocks) reopened.importBlock(block, '');
        expect(picture(reopened, blocks), `${count} batches, then ${cut}`).toEqual(whole);
      }
    }
  });

  it('executes again what lies above the base and says how much', () => {
    const { reexecuted, ledger: reopened } = open(createHost(host.disk.prefix(host.disk.batches.length)));
    expect(reexecuted).toBeGreaterThanOrEqual(4);
    expect(picture(reopened, blocks)).toEqual(whole);
  });
});

describe('recovery from a bad disk', () => {
  const { host, ledger, blocks } = history();
  const whole = picture(ledger, blocks);
  const keys = [...host.disk.entries.keys()].sort();
  const main = new Set(
    Array.from({ length: ledger.head().header.height + 1 }, (_, i) => ledger.idAt(height(i))),
  );
  const oldestUndo = host.disk.keysOf(PREFIX.undo)[0];
  /** Whether the absence of the record contradicts another record: not for side branches and hints. */
  const isNeeded = (key: string): boolean => {
    const prefix = Number.parseInt(key.slice(0, 2), 16);
    if (prefix === PREFIX.block) return main.has(key.slice(14) as BlockHash);
    if (prefix === PREFIX.undo) return key !== oldestUndo;
    return prefix !== PREFIX.checkpoint && key !== bytesToHex(metaKey(META.head));
  };

  it('has records of every kind to lose', () => {
    const kinds = new Set(keys.map((key) => recordKindOf(hexToBytes(key) as Uint8Array)));
    const expected: readonly RecordKind[] = ['meta', 'block', 'state', 'undo', 'index'];
    for (const kind of expected) expect(kinds).toContain(kind);
  });

  it('detects one flipped bit in any record, trusts nothing of it, and heals', () => {
    for (const [i, key] of keys.entries()) {
      const disk = host.disk.prefix(host.disk.batches.length);
      disk.rot(key, i * 13);
      const again = createHost(disk);
      const { ledger: reopened } = open(again);
      heal(again, reopened, ledger, blocks);
      const kind = recordKindOf(hexToBytes(key) as Uint8Array);
      const detected = again.of('CorruptionDetected').map((e) => e.key);
      expect(detected, `${kind} ${key}`).toEqual([key]);
      expect(
        again.of('CorruptionRepaired').map((e) => e.key),
        `${kind} ${key}`,
      ).toEqual([key]);
      expect(rotten(disk), `${kind} ${key}`).toEqual([]);
      expect(picture(reopened, blocks), `${kind} ${key}`).toEqual(whole);
      expect(reopened.missingBodies(), `${kind} ${key}`).toEqual([]);
    }
  });

  it('heals after any record is gone', () => {
    for (const key of keys) {
      const disk = host.disk.prefix(host.disk.batches.length);
      disk.entries.delete(key);
      const again = createHost(disk);
      const { ledger: reopened } = open(again);
      heal(again, reopened, ledger, blocks);
      const kind = recordKindOf(hexToBytes(key) as Uint8Array);
      const detected = again.of('CorruptionDetected').map((e) => e.key);
      const named = kind === 'state' ? PREFIX.state.toString(16) : key;
      if (isNeeded(key)) expect(detected, `${kind} ${key}`).toEqual([named]);
      else expect(detected, `${kind} ${key}`).toEqual([]);
      expect(picture(reopened, blocks), `${kind} ${key}`).toEqual(whole);
      expect(reopened.missingBodies(), `${kind} ${key}`).toEqual([]);
    }
  });

  it('heals when every record of a prefix rots at once', () => {
    for (const prefix of Object.values(PREFIX)) {
      const disk = host.disk.prefix(host.disk.batches.length);
      for (const key of disk.keysOf(prefix)) disk.rot(key, 3);
      const again = createHost(disk);
      const { ledger: reopened } = open(again);
      heal(again, reopened, ledger, blocks);
      expect(rotten(disk), `prefix ${prefix}`).toEqual([]);
      expect(picture(reopened, blocks), `prefix ${prefix}`).toEqual(whole);
    }
  });

  it('does not take an old base for the state that is there', () => {
    const base = bytesToHex(metaKey(META.base));
    const older = host.disk.prefix(host.disk.batches.length - 20).entries.get(base);
    const disk = host.disk.prefix(host.disk.batches.length);
    if (older !== undefined) disk.entries.set(base, older);
    const again = createHost(disk);
    const { ledger: reopened } = open(again);
    expect(again.of('CorruptionDetected').map((e) => e.record)).toEqual(['state']);
    expect(picture(reopened, blocks)).toEqual(whole);
  });

  it('starts over from peers when bodies that it would need are pruned', () => {
    const pruning = toyConfig({ bodies: 12 });
    const pruned = createHost();
    const { ledger: original } = open(pruned, pruning);
    for (const block of blocks) original.importBlock(block, '');
    const key = pruned.disk.keysOf(PREFIX.state)[2] as string;
    pruned.disk.rot(key, 99);
    const again = createHost(pruned.disk);
    const { ledger: reopened } = open(again, pruning);
    expect(again.of('CorruptionDetected').map((e) => e.key)).toEqual([key]);
    expect(reopened.head().id).toBe(reopened.genesisId);
    for (const block of blocks) reopened.importBlock(block, '');
    again.advance(1_000);
    expect(reopened.head().id).toBe(ledger.head().id);
    expect(reopened.state(reopened.head().id)?.root).toBe(ledger.head().header.stateRoot);
  });

  it('attaches stored blocks when a lost one between them comes back', () => {
    const above = ledger.idAt(height(ledger.base().height + 1)) as BlockHash;
    const disk = host.disk.prefix(host.disk.batches.length);
    const key = disk.keysOf(PREFIX.block).find((k) => k.endsWith(above)) as string;
    disk.rot(key, 500);
    const again = createHost(disk);
    const outcomes: string[] = [];
    const { ledger: reopened } = open(again, toyConfig(), {
      onReleased: (_block, outcome) => void outcomes.push(outcome.kind),
      onLost: () => undefined,
      onStorageFault: () => undefined,
    });
    expect(reopened.head().header.height).toBeLessThan(ledger.head().header.height);
    expect(reopened.missingBodies().map((m) => m.id)).toEqual([above]);
    expect(reopened.importBlock(ledger.block(above) as Block, '').kind).toBe('imported');
    again.advance(0);
    expect(outcomes.length).toBeGreaterThan(0);
    expect(picture(reopened, blocks)).toEqual(whole);
    expect(again.of('CorruptionRepaired').map((e) => e.key)).toEqual([key]);
  });
});

describe('recovery of certificates', () => {
  it('asks peers for the newest, takes older ones from the block above, and trusts none that rotted', () => {
    const config = toyConfig({ rules: toyRules({ kind: 'absolute', depth: 0 }), undoDepth: 1 });
    const host = createHost();
    const { ledger } = open(host, config);
    const blocks: Block[] = [];
    let lastCommit = '';
    for (let i = 0; i < 6; i++) {
      const block = build(ledger, ledger.head().id, { lastCommit });
      lastCommit = certificateOf(block);
      expect(ledger.importBlock(block, lastCommit).kind).toBe('imported');
      blocks.push(block);
    }
    for (const key of host.disk.keysOf(PREFIX.certificate)) {
      const disk = host.disk.prefix(host.disk.batches.length);
      disk.rot(key, 90);
      const again = createHost(disk);
      const { ledger: reopened } = open(again, config);
      reopened.scrub(height(0), 100);
      for (const { id } of reopened.missingBodies()) {
        reopened.importBlock(ledger.block(id) as Block, ledger.certificate(id));
      }
      expect(again.of('CorruptionDetected').map((e) => e.key)).toEqual([key]);
      expect(again.of('CorruptionRepaired').map((e) => e.key)).toEqual([key]);
      expect(reopened.missingBodies()).toEqual([]);
      for (const block of blocks) {
        expect(reopened.certificate(blockId(block.header))).toBe(certificateOf(block));
      }
    }
  });
});
