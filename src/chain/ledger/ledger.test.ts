import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import {
  ADDRESSES,
  build,
  certificateOf,
  createHost,
  MemoryDisk,
  NO_HOOKS,
  open,
  SharedMemo,
  type ToyView,
  toyConfig,
  toyGenesis,
  toyRules,
  transfer,
} from '../../../tests/support/ledger-world.ts';
import { hexToBytes } from '../../env/bytes.ts';
import { ms } from '../../env/units.ts';
import { encodeFormat } from '../blockstore/record-codecs.ts';
import { META, metaKey, PREFIX, STORE_FORMAT, sealRecord, stateKey } from '../blockstore/records.ts';
import { EMPTY_HISTORY, historyAppend, historyRoot } from '../crypto/history.ts';
import type { Block } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { type BlockHash, blockHash, hash, height } from '../types/units.ts';
import { ASIDE_MAX, type ImportOutcome, type Ledger } from './ledger.ts';
import { openLedger } from './open-ledger.ts';

function importAll(
  ledger: Ledger<ToyView>,
  blocks: readonly Block[],
  certificate = '',
): readonly ImportOutcome[] {
  return blocks.map((block) => ledger.importBlock(block, certificate));
}

/** Grows the chain of `ledger` by `count` blocks on `from`, importing each. */
function grow(ledger: Ledger<ToyView>, from: BlockHash, count: number, salt = 0, difficulty = 1): Block[] {
  const blocks: Block[] = [];
  let parent = from;
  for (let i = 0; i < count; i++) {
    const block = build(ledger, parent, { salt, difficulty });
    const outcome = ledger.importBlock(block, '');
    expect(outcome.kind).toBe('imported');
    blocks.push(block);
    parent = blockId(block.header);
  }
  return blocks;
}

function idOf(block: Block | undefined): BlockHash {
  expect(block).toBeDefined();
  return blockId((block as Block).header);
}

describe('ledger: import and fork choice', () => {
  it('starts at genesis and grows', () => {
    const host = createHost();
    const { ledger, reexecuted } = open(host);
    expect(reexecuted).toBe(0);
    expect(ledger.head().id).toBe(ledger.genesisId);
    const blocks = grow(ledger, ledger.genesisId, 3);
    expect(ledger.head().id).toBe(idOf(blocks[2]));
    expect(host.of('HeadChanged').map((e) => e.height)).toEqual([1, 2, 3]);
    expect(host.of('BlockImported')).toHaveLength(3);
    expect(ledger.state(ledger.head().id)?.root).toBe(ledger.head().header.stateRoot);
  });

  it('keeps the first seen of two equal blocks and follows the heavier branch', () => {
    const { ledger } = open(createHost());
    const [a] = grow(ledger, ledger.genesisId, 1, 1);
    const b = build(ledger, ledger.genesisId, { salt: 2 });
    expect(ledger.importBlock(b, '')).toMatchObject({ kind: 'imported', change: undefined });
    expect(ledger.head().id).toBe(idOf(a));
    const b2 = build(ledger, idOf(b), { salt: 2 });
    const outcome = ledger.importBlock(b2, '');
    expect(outcome).toMatchObject({
      kind: 'imported',
      change: {
        ancestor: ledger.genesisId,
        disconnected: [{ id: idOf(a) }],
        connected: [{ id: idOf(b) }, { id: idOf(b2) }],
      },
    });
    expect(ledger.isOnMainChain(idOf(a))).toBe(false);
    expect(ledger.isAncestor(idOf(b), idOf(b2))).toBe(true);
    expect(ledger.isAncestor(idOf(a), idOf(b2))).toBe(false);
  });

  it('returns the transactions of the branch it leaves, except those that the other branch includes', () => {
    const host = createHost();
    const { ledger } = open(host);
    const g = ledger.genesisId;
    const kept = transfer(g, 0, 0, 1);
    const lost = transfer(g, 1, 0, 2);
    const lost2 = transfer(g, 1, 1, 2);
    const a = build(ledger, g, { transactions: [kept, lost] });
    importAll(ledger, [a]);
    const a2 = build(ledger, idOf(a), { transactions: [lost2] });
    importAll(ledger, [a2]);
    const b = build(ledger, g, { salt: 1, transactions: [kept], difficulty: 9 });
    const outcome = ledger.importBlock(b, '');
    expect(outcome).toMatchObject({ kind: 'imported', change: { returned: [lost, lost2] } });
    expect(host.of('Reorganised')).toMatchObject([{ depth: 2, returned: 2, ancestor: g }]);
    expect(ledger.transaction(transactionId(kept))?.place.block).toBe(idOf(b));
    expect(ledger.transaction(transactionId(lost))).toBeUndefined();
  });

  it('answers known, orphan and the parent that is missing', () => {
    const other = open(createHost()).ledger;
    const [a, b] = grow(other, other.genesisId, 2);
    const { ledger } = open(createHost());
    expect(ledger.importBlock(b as Block, '')).toEqual({ kind: 'orphan', parent: idOf(a) });
    expect(ledger.importBlock(a as Block, '')).toMatchObject({ kind: 'imported' });
    expect(ledger.importBlock(a as Block, '')).toEqual({ kind: 'known', id: idOf(a), repaired: false });
    expect(ledger.status(idOf(b))).toBe('unknown');
  });

  it('takes headers first and bodies in order, and knows which it wants', () => {
    const other = open(createHost()).ledger;
    const blocks = grow(other, other.genesisId, 5);
    const { ledger } = open(createHost());
    for (const { header } of blocks) expect(ledger.acceptHeader(header).kind).toBe('accepted');
    expect(ledger.bestHeader().id).toBe(idOf(blocks[4]));
    expect(ledger.head().id).toBe(ledger.genesisId);
    expect(ledger.wantedBodies(2).map((w) => w.height)).toEqual([1, 2]);
    expect(ledger.importBlock(blocks[2] as Block, '')).toMatchObject({ kind: 'orphan' });
    importAll(ledger, blocks);
    expect(ledger.head().id).toBe(idOf(blocks[4]));
    expect(ledger.wantedBodies(9)).toEqual([]);
    expect(ledger.view(ledger.head().id)).toEqual({ height: 5, phases: 10 });
    expect(ledger.view(idOf(blocks[1]))).toEqual({ height: 2, phases: 4 });
  });

  it('assembles and validates without keeping anything', () => {
    const { ledger } = open(createHost());
    const block = build(ledger, ledger.genesisId);
    expect(ledger.validate(block)).toBeUndefined();
    expect(ledger.status(idOf(block))).toBe('unknown');
    const wrong = { ...block, header: { ...block.header, stateRoot: hash('1'.repeat(64)) } };
    expect(ledger.validate(wrong)).toMatchObject({ code: 'STATE_ROOT_MISMATCH' });
    const orphan = { ...block, header: { ...block.header, parent: blockHash('2'.repeat(64)) } };
    expect(ledger.validate(orphan)).toMatchObject({ code: 'PARENT_UNKNOWN' });
  });
});

describe('ledger: what is wrong', () => {
  it('blames the sender, not the block, for a body that does not match its header', () => {
    const { ledger } = open(createHost());
    const good = build(ledger, ledger.genesisId, { transactions: [transfer(ledger.genesisId, 0, 0, 1)] });
    const bodies: readonly [Block, string][] = [
      [{ ...good, transactions: [] }, 'TRANSACTION_COUNT_MISMATCH'],
      [{ ...good, transactions: [transfer(ledger.genesisId, 0, 0, 2)] }, 'TRANSACTIONS_ROOT_MISMATCH'],
      [{ ...good, system: { evidence: ['00'], lastCommit: '' } }, 'SYSTEM_ROOT_MISMATCH'],
    ];
    for (const [bad, code] of bodies) {
      expect(ledger.importBlock(bad, '')).toMatchObject({ kind: 'rejected', covered: false, why: { code } });
      expect(ledger.markInvalid(bad, '', { code: 'SYSTEM_DATA_INVALID', fact: 'test' }).covered).toBe(false);
    }
    expect(ledger.importBlock(good, '')).toMatchObject({ kind: 'imported' });
  });

  it('marks a block whose id covers the fault, and its descendants', () => {
    const { ledger } = open(createHost());
    const good = build(ledger, ledger.genesisId);
    const bad = { ...good, header: { ...good.header, stateRoot: hash('1'.repeat(64)) } };
    const other = open(createHost()).ledger;
    expect(ledger.acceptHeader(bad.header).kind).toBe('accepted');
    const history = historyAppend(historyAppend(EMPTY_HISTORY, ledger.genesisId), idOf(bad));
    const next = { parent: idOf(bad), height: height(2), historyRoot: historyRoot(history) };
    const heir = { ...bad.header, ...next };
    expect(ledger.acceptHeader(heir).kind).toBe('accepted');
    expect(ledger.bestHeader().id).toBe(blockId(heir));
    expect(ledger.importBlock(bad, '')).toMatchObject({
      kind: 'rejected',
      covered: true,
      why: { code: 'STATE_ROOT_MISMATCH' },
    });
    expect(ledger.bestHeader().id).toBe(ledger.genesisId);
    expect(ledger.status(idOf(bad))).toBe('invalid');
    expect(ledger.status(blockId(heir))).toBe('invalid');
    const [first] = grow(other, other.genesisId, 1);
    const child = build(other, idOf(first));
    const onBad = { ...child, header: { ...child.header, parent: idOf(bad) } };
    expect(ledger.importBlock(onBad, '')).toMatchObject({
      why: { code: 'INVALID_ANCESTOR', ancestor: idOf(bad) },
    });
    expect(ledger.acceptHeader(bad.header)).toMatchObject({ why: { code: 'INVALID_ANCESTOR' } });
    expect(ledger.importBlock(good, '')).toMatchObject({ kind: 'imported' });
  });

  it('marks a block that the caller found wrongly signed', () => {
    const host = createHost();
    const { ledger } = open(host);
    const bad = build(ledger, ledger.genesisId);
    expect(ledger.markInvalid(bad, '', { code: 'SYSTEM_DATA_INVALID', fact: 'a signature' }).covered).toBe(
      true,
    );
    expect(ledger.importBlock(bad, '')).toMatchObject({ kind: 'rejected', covered: true });
    const good = build(ledger, ledger.genesisId, { salt: 1 });
    importAll(ledger, [good]);
    expect(ledger.markInvalid(good, '', { code: 'SYSTEM_DATA_INVALID', fact: 'too late' }).covered).toBe(
      false,
    );
  });

  it('refuses headers of a wrong height, history, version and field', () => {
    const { ledger } = open(createHost());
    const { header } = build(ledger, ledger.genesisId);
    const wrong: readonly [object, string][] = [
      [{ height: height(2) }, 'WRONG_HEIGHT'],
      [{ historyRoot: hash('1'.repeat(64)) }, 'HISTORY_ROOT_MISMATCH'],
      [{ messagesRoot: hash('1'.repeat(64)) }, 'MESSAGES_ROOT_NOT_ZERO'],
      [{ consensus: '' }, 'BAD_CONSENSUS_FIELD'],
      [{ version: 0 }, 'WRONG_VERSION'],
    ];
    for (const [change, code] of wrong) {
      expect(ledger.acceptHeader({ ...header, ...change })).toMatchObject({
        kind: 'rejected',
        why: { code },
      });
    }
    expect(ledger.acceptHeader(header).kind).toBe('accepted');
    expect(ledger.acceptHeader(header).kind).toBe('known');
  });

  it('halts on a better block of a version that it does not know, and only on a better one', () => {
    const { ledger } = open(createHost());
    const old = build(ledger, ledger.genesisId, { salt: 3 });
    grow(ledger, ledger.genesisId, 1, 0, 5);
    const next = build(ledger, ledger.head().id);
    const unknown = { ...next, header: { ...next.header, version: 7 } };
    expect(ledger.acceptHeader(unknown.header)).toMatchObject({ kind: 'halt', code: 'UPGRADE_REQUIRED' });
    expect(ledger.importBlock(unknown, '')).toMatchObject({ kind: 'halt', code: 'UPGRADE_REQUIRED' });
    const worse = { ...old.header, version: 7 };
    expect(ledger.acceptHeader(worse)).toMatchObject({ kind: 'rejected', why: { code: 'UPGRADE_REQUIRED' } });
  });

  it('halts where its own schedule asks for more than the code can do', () => {
    const config = toyConfig({ schedule: [{ height: height(2), version: 2 }] });
    const { ledger } = open(createHost(), config);
    grow(ledger, ledger.genesisId, 1);
    const next = build(ledger, ledger.head().id);
    const outcome = ledger.importBlock({ ...next, header: { ...next.header, version: 2 } }, '');
    expect(outcome).toMatchObject({ kind: 'halt', code: 'UPGRADE_REQUIRED' });
  });

  it('refuses a certificate that certifies something else, and takes the block with the right one', () => {
    const config = toyConfig({ rules: toyRules({ kind: 'absolute', depth: 0 }), undoDepth: 0 });
    const { ledger } = open(createHost(), config);
    const block = build(ledger, ledger.genesisId);
    expect(ledger.importBlock(block, '')).toMatchObject({ why: { code: 'BAD_CERTIFICATE' }, covered: false });
    expect(ledger.importBlock(block, certificateOf(block))).toMatchObject({ kind: 'imported' });
    expect(ledger.certificate(idOf(block))).toBe(certificateOf(block));
    expect(ledger.base().id).toBe(idOf(block));
  });

  it('refuses what conflicts with absolute finality', () => {
    const config = toyConfig({ rules: toyRules({ kind: 'absolute', depth: 0 }), undoDepth: 0 });
    const { ledger } = open(createHost(), config);
    const rival = build(ledger, ledger.genesisId, { salt: 1, difficulty: 200 });
    for (let i = 0; i < 3; i++) {
      const block = build(ledger, ledger.head().id);
      expect(ledger.importBlock(block, certificateOf(block)).kind).toBe('imported');
    }
    const outcome = ledger.importBlock(rival, certificateOf(rival));
    expect(outcome).toMatchObject({ kind: 'rejected', why: { code: 'CONFLICTS_WITH_FINAL' } });
  });
});

describe('ledger: blocks from the future', () => {
  it('holds them and imports them when their time comes', () => {
    const host = createHost();
    const released: string[] = [];
    const { ledger } = open(host, toyConfig(), {
      onReleased: (_block, outcome) => void released.push(outcome.kind),
      onLost: () => undefined,
      onStorageFault: () => undefined,
    });
    const block = build(ledger, ledger.genesisId, { timestampMs: host.wallMs + 15_000 });
    expect(ledger.acceptHeader(block.header)).toMatchObject({ kind: 'future', retryMs: 5_000 });
    expect(ledger.importBlock(block, '')).toEqual({ kind: 'future', retryMs: 5_000, held: true });
    expect(ledger.status(idOf(block))).toBe('unknown');
    host.advance(4_999);
    expect(ledger.head().id).toBe(ledger.genesisId);
    host.wallMs -= 100;
    host.advance(1);
    expect(released).toEqual([]);
    host.advance(100);
    expect(ledger.head().id).toBe(idOf(block));
    expect(released).toEqual(['imported']);
    expect(host.of('BlockHeld')[0]).toMatchObject({ id: idOf(block) });
  });

  it('holds a bounded number, the earliest first', () => {
    const host = createHost();
    const { ledger } = open(host);
    const outcomes: boolean[] = [];
    for (let i = 0; i < 70; i++) {
      const block = build(ledger, ledger.genesisId, { salt: i, timestampMs: host.wallMs + 20_000 + i });
      const outcome = ledger.importBlock(block, '');
      outcomes.push(outcome.kind === 'future' && outcome.held);
    }
    expect(outcomes.filter((held) => held)).toHaveLength(64);
    const early = build(ledger, ledger.genesisId, { salt: 99, timestampMs: host.wallMs + 19_000 });
    expect(ledger.importBlock(early, '')).toMatchObject({ held: true });
    expect(ledger.bounds().find((b) => b.name === 'ledger.held')).toMatchObject({ size: 64, max: 64 });
    ledger.stop();
    host.advance(60_000);
    expect(ledger.head().id).toBe(ledger.genesisId);
  });

  it('never holds a block for its own execution again after a restart', () => {
    const host = createHost();
    const { ledger } = open(host);
    grow(ledger, ledger.genesisId, 2);
    const again = createHost(host.disk);
    again.wallMs = 0;
    expect(open(again).ledger.head().id).toBe(ledger.head().id);
  });
});

describe('ledger: base, journal and deep reorganisations', () => {
  it('advances the base behind the head and keeps the journal bounded', () => {
    const host = createHost();
    const { ledger } = open(host);
    grow(ledger, ledger.genesisId, 30);
    expect(ledger.base().height).toBe(26);
    expect(host.disk.keysOf(0x75)).toHaveLength(8);
    expect(host.of('BaseAdvanced').map((e) => e.height)).toEqual(Array.from({ length: 26 }, (_, i) => i + 1));
    for (const { name, size, max } of ledger.bounds()) expect(size, name).toBeLessThanOrEqual(max);
    expect(ledger.bounds().find((b) => b.name === 'ledger.tree')?.size).toBe(13);
  });

  it('reorganises below the base as far as the journal reaches, and its indexes follow', () => {
    const host = createHost();
    const { ledger } = open(host);
    const g = ledger.genesisId;
    grow(ledger, g, 3);
    const fork = ledger.head().id;
    const left = transfer(g, 0, 0, 1);
    const block = build(ledger, fork, { transactions: [left] });
    importAll(ledger, [block]);
    grow(ledger, ledger.head().id, 7);
    expect(ledger.base().height).toBe(7);
    expect(ledger.transaction(transactionId(left))?.place.height).toBe(4);
    const joined = transfer(g, 0, 0, 2);
    const rival = build(ledger, fork, { salt: 1, difficulty: 100, transactions: [joined] });
    const outcome = ledger.importBlock(rival, '');
    expect(outcome).toMatchObject({ kind: 'imported', change: { ancestor: fork, returned: [left] } });
    expect(ledger.base()).toEqual({ id: fork, height: 3 });
    expect(host.disk.keysOf(PREFIX.transaction)).toEqual([]);
    expect(host.disk.keysOf(PREFIX.account)).toEqual([]);
    expect(ledger.transaction(transactionId(left))).toBeUndefined();
    grow(ledger, ledger.head().id, 8, 1);
    expect(ledger.base().height).toBe(8);
    expect(ledger.transaction(transactionId(joined))?.place).toMatchObject({ block: idOf(rival), height: 4 });
    const places = ledger.accountTransactions(ADDRESSES[0] as never, undefined, 10);
    expect(places.map((p) => p.id)).toEqual([transactionId(joined)]);
    expect(open(createHost(host.disk)).ledger.head().id).toBe(ledger.head().id);
  });

  it('halts when a better branch leaves the chain below the journal, and not while it is worse', () => {
    const { ledger } = open(createHost());
    const rivals = open(createHost()).ledger;
    grow(ledger, ledger.genesisId, 40);
    const branch = grow(rivals, rivals.genesisId, 41, 1);
    const kinds = branch.map(({ header }) => ledger.acceptHeader(header).kind);
    expect(kinds.slice(0, 40).every((kind) => kind === 'accepted')).toBe(true);
    expect(kinds[40]).toBe('halt');
    expect(ledger.bounds().find((b) => b.name === 'ledger.deep')?.size).toBe(1);
    expect(ledger.importBlock(branch[0] as Block, '')).toMatchObject({ kind: 'orphan' });
    expect(ledger.acceptHeader((branch[40] as Block).header)).toMatchObject({ code: 'REORG_BEYOND_PRUNED' });
  });

  it('follows a deep branch from a checkpoint in the middle of the chain', () => {
    const { ledger } = open(createHost());
    const rivals = open(createHost()).ledger;
    const shared = grow(rivals, rivals.genesisId, 20);
    importAll(ledger, shared);
    grow(ledger, ledger.head().id, 20);
    const branch = grow(rivals, rivals.head().id, 2, 1);
    expect(branch.map(({ header }) => ledger.acceptHeader(header).kind)).toEqual(['accepted', 'accepted']);
    const heavy = build(rivals, rivals.head().id, { difficulty: 255 });
    const outcome = ledger.acceptHeader(heavy.header);
    expect(outcome).toMatchObject({ kind: 'halt', code: 'REORG_BEYOND_PRUNED' });
    expect(ledger.locator(idOf(branch[1])).slice(0, 2)).toEqual([idOf(branch[1]), ledger.idAt(height(20))]);
  });

  it('connects and disconnects to the same state, block by block', () => {
    const host = createHost();
    const { ledger } = open(host);
    const roots = new Map<number, string>([[0, ledger.head().header.stateRoot]]);
    for (let i = 1; i <= 8; i++) {
      const transactions = [transfer(ledger.genesisId, 0, i - 1, 1, i)];
      importAll(ledger, [build(ledger, ledger.head().id, { transactions })]);
      roots.set(i, ledger.head().header.stateRoot);
    }
    for (const [at, root] of roots) {
      expect(ledger.state(ledger.idAt(height(at)) as BlockHash)?.root).toBe(root);
    }
    const rival = build(ledger, ledger.idAt(height(1)) as BlockHash, { salt: 1, difficulty: 90 });
    importAll(ledger, [rival]);
    expect(ledger.base().height).toBe(1);
    expect(ledger.state(ledger.base().id)?.root).toBe(roots.get(1));
    const reopened = open(createHost(host.disk)).ledger;
    expect(reopened.head().id).toBe(idOf(rival));
    expect(host.of('CorruptionDetected')).toEqual([]);
  });

  it('keeps the bodies it is told to keep, and all headers', () => {
    const host = createHost();
    const { ledger } = open(host, toyConfig({ bodies: 15 }));
    const blocks = grow(ledger, ledger.genesisId, 60);
    expect(ledger.block(idOf(blocks[20]))).toBeUndefined();
    expect(ledger.headerAt(height(21))).toEqual(blocks[20]?.header);
    expect(ledger.header(idOf(blocks[20]))).toEqual(blocks[20]?.header);
    expect(ledger.blockAt(height(50))?.block).toEqual(blocks[49]);
    expect(host.disk.keysOf(0x62)).toHaveLength(16);
    expect(ledger.blockAt(height(0))?.id).toBe(ledger.genesisId);
    expect(ledger.scrub(height(0), 100)).toBe(57);
    expect(ledger.missingBodies()).toEqual([]);
    const reopened = open(createHost(host.disk), toyConfig({ bodies: 15 })).ledger;
    expect(reopened.head().id).toBe(ledger.head().id);
    expect(reopened.missingBodies()).toEqual([]);
    const wider = open(createHost(host.disk), toyConfig({ bodies: 30 })).ledger;
    grow(wider, wider.head().id, 20);
    expect(host.disk.keysOf(0x62)).toHaveLength(1 + 30);
  });

  it('deletes old bodies of an archive when it is told to, and makes no archive of what has lost them', () => {
    const host = createHost();
    const { ledger } = open(host);
    grow(ledger, ledger.genesisId, 60);
    const pruning = open(createHost(host.disk), toyConfig({ bodies: 15 })).ledger;
    grow(pruning, pruning.head().id, 20);
    expect(host.disk.keysOf(0x62)).toHaveLength(1 + 15);
    const refused = openLedger(createHost(host.disk), toyConfig(), NO_HOOKS);
    expect(refused).toEqual({ code: 'PRUNED', below: 66 });
  });
});

describe('ledger: durability', () => {
  it('tells finality when it is durable, one flush in flight at a time', () => {
    const host = createHost();
    const { ledger } = open(host);
    grow(ledger, ledger.genesisId, 10);
    expect(ledger.finality().final).toBe(4);
    expect(ledger.durableFinality().final).toBe(0);
    host.disk.settle();
    expect(ledger.durableFinality().final).toBe(4);
    expect(host.of('FinalityAdvanced').at(-1)).toMatchObject({
      finality: { final: 4, kind: 'depth' },
      finalId: ledger.idAt(height(4)),
    });
  });

  it('takes back what a reorganisation replaced while the flush was under way', () => {
    const host = createHost();
    const { ledger } = open(host, toyConfig({ rules: toyRules({ kind: 'depth', depth: 1 }) }));
    const g = ledger.genesisId;
    host.disk.settle();
    grow(ledger, g, 4);
    importAll(ledger, [build(ledger, ledger.idAt(height(1)) as BlockHash, { salt: 5, difficulty: 50 })]);
    expect(ledger.durableFinality().final).toBe(0);
    host.disk.settle();
    expect(ledger.durableFinality().final).toBe(1);
    // Asked for at height 5, completed after a reorganisation down to 2: no more than that is the durable chain.
    grow(ledger, ledger.head().id, 3, 1);
    importAll(ledger, [build(ledger, ledger.idAt(height(2)) as BlockHash, { salt: 6, difficulty: 60 })]);
    grow(ledger, ledger.head().id, 4, 2);
    host.disk.settleOne();
    expect(ledger.durableFinality().final).toBe(2);
    host.disk.settleOne();
    expect(ledger.durableFinality().final).toBe(6);
  });

  it('reports a fault of the disk once and never calls back what waited', () => {
    const host = createHost();
    const faults: string[] = [];
    const { ledger } = open(host, toyConfig(), {
      onReleased: () => undefined,
      onLost: () => undefined,
      onStorageFault: (fault) => void faults.push(fault.kind),
    });
    let durable = 0;
    ledger.flushed(() => durable++);
    host.disk.settle();
    expect(durable).toBe(1);
    grow(ledger, ledger.genesisId, 1);
    ledger.flushed(() => durable++);
    host.disk.settle({ kind: 'IO' });
    expect([durable, faults]).toEqual([1, ['IO']]);
  });
});

describe('ledger: opening', () => {
  it('refuses the folder of another chain, of a newer layout, and a configuration that cannot work', () => {
    const host = createHost();
    open(host);
    const hooks = { onReleased: () => undefined, onLost: () => undefined, onStorageFault: () => undefined };
    const other = openLedger(createHost(host.disk), toyConfig({ genesis: toyGenesis('other') }), hooks);
    expect(other).toMatchObject({ code: 'OTHER_CHAIN' });
    const newer = createHost(host.disk.prefix(1));
    const key = metaKey(META.format);
    const value = sealRecord(sha256, key, encodeFormat(STORE_FORMAT + 1, blockHash('7'.repeat(64))));
    newer.disk.write([{ kind: 'put', key, value }]);
    const written = newer.disk.batches.length;
    expect(openLedger(newer, toyConfig(), hooks)).toEqual({
      code: 'NEWER_FORMAT',
      found: STORE_FORMAT + 1,
      known: STORE_FORMAT,
    });
    expect(newer.disk.batches).toHaveLength(written);
    expect(openLedger(createHost(), toyConfig({ bodies: 3 }), hooks)).toMatchObject({
      code: 'BAD_CONFIG',
      field: 'bodies',
    });
    expect(openLedger(createHost(), toyConfig({ flushBlocks: 0 }), hooks)).toMatchObject({
      field: 'flushBlocks',
    });
  });

  it('starts anew where a crash cut the first start between two batches of leaves', () => {
    const host = createHost();
    const key = stateKey('accounts', ADDRESSES[0] as string);
    host.disk.write([{ kind: 'put', key, value: sealRecord(sha256, key, Uint8Array.of(1)) }]);
    const { ledger, corrupt } = open(host);
    expect(corrupt).toEqual([]);
    expect(host.of('CorruptionDetected')).toEqual([]);
    expect(open(createHost(host.disk)).ledger.head().id).toBe(ledger.genesisId);
  });

  it('makes the same chain with and without a shared memo', () => {
    const memo = new SharedMemo();
    const shared = [createHost(new MemoryDisk(), memo), createHost(new MemoryDisk(), memo)];
    const alone = createHost();
    const ledgers = [...shared, alone].map((host) => open(host).ledger);
    const blocks = grow(ledgers[0] as Ledger<ToyView>, (ledgers[0] as Ledger<ToyView>).genesisId, 12);
    for (const ledger of ledgers.slice(1)) importAll(ledger, blocks);
    expect(new Set(ledgers.map((ledger) => ledger.head().id)).size).toBe(1);
    const disks = [...shared, alone].map(({ disk }) =>
      JSON.stringify(disk.batches, (_k, v) => (v instanceof Uint8Array ? [...v] : v)),
    );
    expect(new Set(disks).size).toBe(1);
  });

  it('remembers which of two equal heads it saw first', () => {
    const host = createHost();
    const { ledger } = open(host);
    const rivals = [1, 2, 3, 4].map((salt) => build(ledger, ledger.genesisId, { salt }));
    const first = [...rivals].sort((a, b) => (idOf(a) < idOf(b) ? 1 : -1));
    importAll(ledger, first);
    expect(open(createHost(host.disk)).ledger.head().id).toBe(idOf(first[0]));
  });
});

describe('ledger: queries', () => {
  it('answers blocks, transactions and accounts across the base', () => {
    const { ledger } = open(createHost());
    const g = ledger.genesisId;
    const sent = Array.from({ length: 12 }, (_, i) => transfer(g, 0, i, 1, i + 1));
    for (const t of sent) importAll(ledger, [build(ledger, ledger.head().id, { transactions: [t] })]);
    expect(ledger.base().height).toBe(8);
    for (const [i, t] of sent.entries()) {
      const found = ledger.transaction(transactionId(t));
      expect(found?.place).toEqual({ block: ledger.idAt(height(i + 1)), height: i + 1, index: 0 });
      expect(found?.receipt).toMatchObject({ txId: transactionId(t), status: 0 });
      expect(found?.final).toBe(i + 1 <= 6);
    }
    const newest = ledger.accountTransactions(ADDRESSES[1] as never, undefined, 5);
    expect(newest.map((p) => p.height)).toEqual([12, 11, 10, 9, 8]);
    const older = ledger.accountTransactions(ADDRESSES[1] as never, { height: height(8), index: 0 }, 100);
    expect(older.map((p) => p.height)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(ledger.account(ADDRESSES[0] as never, true)).toMatchObject({
      account: { nonce: 12 },
      at: ledger.head().id,
    });
    expect(ledger.account(ADDRESSES[0] as never, false).proof).toBeUndefined();
  });

  it('answers the transactions of an account page by page, several to a block, also where their record is damaged', () => {
    const host = createHost();
    const { ledger } = open(host);
    const g = ledger.genesisId;
    for (let i = 0; i < 10; i++) {
      // The second one is of somebody else.
      const some = [transfer(g, 0, 2 * i, 1, 1), transfer(g, 2, i, 3, 1), transfer(g, 0, 2 * i + 1, 1, 2)];
      importAll(ledger, [build(ledger, ledger.head().id, { transactions: some })]);
    }
    expect(ledger.base().height).toBe(6);
    const all = Array.from({ length: 10 }, (_, i) =>
      [2, 0].map((index) => ({ height: 10 - i, index })),
    ).flat();
    const asked = (page: number): object[] => {
      const found: { readonly height: number; readonly index: number }[] = [];
      for (;;) {
        const next = ledger.accountTransactions(ADDRESSES[1] as never, found.at(-1) as never, page);
        if (next.length === 0) return found;
        expect(next.length).toBeLessThanOrEqual(page);
        for (const place of next) {
          const block = ledger.blockAt(place.height)?.block;
          expect(place.id).toBe(transactionId(block?.transactions[place.index] as never));
          found.push({ height: place.height, index: place.index });
        }
      }
    };
    for (const page of [1, 2, 3, 7, 100]) expect(asked(page), `pages of ${page}`).toEqual(all);
    const { disk } = host;
    for (const text of disk.keysOf(PREFIX.account)) {
      const key = hexToBytes(text) ?? new Uint8Array(0);
      const value = disk.get(key)?.slice() ?? new Uint8Array(0);
      value[value.length - 1] = 77;
      disk.write([{ kind: 'put', key, value }]);
    }
    expect(asked(3)).toEqual(all);
  });

  it('answers the receipts of a block in the order of its transactions, above and below the base and after a start', () => {
    const host = createHost();
    const { ledger } = open(host);
    const g = ledger.genesisId;
    for (let i = 0; i < 10; i++) {
      // The second one wants more than there is.
      const two = [transfer(g, 0, 2 * i, 1, 1), transfer(g, 0, 2 * i + 1, 1, 10 ** 15)];
      importAll(ledger, [build(ledger, ledger.head().id, { transactions: two })]);
    }
    expect(ledger.base().height).toBe(6);
    for (const one of [ledger, open(createHost(host.disk)).ledger]) {
      for (let at = 1; at <= 10; at++) {
        const block = one.blockAt(height(at))?.block;
        if (block === undefined) throw new Error('every block is kept');
        const receipts = one.receiptsAt(height(at), block);
        expect(receipts).toEqual(block.transactions.map((t) => one.transaction(transactionId(t))?.receipt));
        expect(receipts.map((receipt) => receipt?.status)).toEqual([0, 1]);
      }
      expect(one.receiptsAt(height(0), one.blockAt(height(0))?.block as never)).toEqual([]);
    }
  });

  it('reports a record of the index that is damaged, and has no receipt from it', () => {
    const host = createHost();
    const { ledger } = open(host);
    const sent = transfer(ledger.genesisId, 0, 0, 1, 1);
    const block = build(ledger, ledger.genesisId, { transactions: [sent] });
    importAll(ledger, [block]);
    grow(ledger, ledger.head().id, 20);
    const [key = ''] = host.disk.keysOf(PREFIX.transaction);
    host.disk.rot(key, 9);
    expect(ledger.receiptsAt(height(1), block)).toEqual([undefined]);
    expect(host.of('CorruptionDetected')).toMatchObject([{ record: 'index' }]);
  });

  it('page through an account without gap or repetition, wherever a page ends, on the disk and in memory', () => {
    const { ledger } = open(createHost());
    const g = ledger.genesisId;
    for (let i = 0; i < 8; i++) {
      const three = [0, 1, 2].map((j) => transfer(g, 0, 3 * i + j, 1, 1));
      importAll(ledger, [build(ledger, ledger.head().id, { transactions: three })]);
    }
    expect(ledger.base().height).toBeGreaterThan(1);
    expect(ledger.base().height).toBeLessThan(8);
    const all = ledger.accountTransactions(ADDRESSES[1] as never, undefined, 100);
    expect(all).toHaveLength(24);
    for (const size of [1, 2, 3, 5, 7]) {
      const paged: (typeof all)[number][] = [];
      for (let last: (typeof all)[number] | undefined; ; ) {
        const page = ledger.accountTransactions(ADDRESSES[1] as never, last, size);
        paged.push(...page);
        last = page.at(-1);
        if (page.length < size) break;
      }
      expect(paged).toEqual(all);
    }
  });

  it('serves headers after the newest shared block, and locators that thin out to genesis', () => {
    const other = open(createHost()).ledger;
    const blocks = grow(other, other.genesisId, 60);
    const { ledger } = open(createHost());
    importAll(ledger, blocks.slice(0, 10));
    grow(ledger, ledger.head().id, 3, 1);
    const locator = ledger.locator();
    expect(locator[0]).toBe(ledger.head().id);
    expect(locator.at(-1)).toBe(ledger.genesisId);
    const { headers } = other.headersAfter(locator, 20);
    expect(headers.map((h) => h.height)).toEqual(Array.from({ length: 20 }, (_, i) => i + 11));
    expect(other.headersAfter([blockHash('9'.repeat(64))], 2).headers.map((h) => h.height)).toEqual([1, 2]);
    expect(other.locator().length).toBeLessThan(20);
    expect(other.headersAfter([other.head().id], 5).headers).toEqual([]);
  });
});

describe('ledger: limits', () => {
  it('keeps the tree bounded and lets a better header in for a worse one', () => {
    const { ledger } = open(createHost());
    const max = ledger.bounds().find((b) => b.name === 'ledger.tree')?.max ?? 0;
    const template = build(ledger, ledger.genesisId);
    const at = (salt: number, difficulty: number) => ({
      ...template.header,
      consensus: difficulty.toString(16).padStart(2, '0'),
      seal: salt.toString(16).padStart(8, '0'),
    });
    let accepted = 0;
    while (ledger.acceptHeader(at(accepted, 10)).kind === 'accepted') accepted++;
    expect(accepted).toBe(max - 1);
    expect(ledger.acceptHeader(at(1_000_000, 10))).toMatchObject({ why: { code: 'TREE_FULL' } });
    expect(ledger.acceptHeader(at(1_000_001, 11)).kind).toBe('accepted');
    expect(ledger.bounds().find((b) => b.name === 'ledger.tree')?.size).toBe(max);
  });

  it('goes only so far ahead of the bodies', () => {
    const { ledger } = open(createHost());
    const template = build(ledger, ledger.genesisId).header;
    let history = EMPTY_HISTORY;
    let parent = ledger.genesisId;
    const kinds = new Map<string, number>();
    for (let at = 1; at <= 2_050; at++) {
      history = historyAppend(history, parent);
      const header = { ...template, height: height(at), parent, historyRoot: historyRoot(history) };
      const { kind } = ledger.acceptHeader(header);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      parent = blockId(header);
    }
    expect([...kinds]).toEqual([
      ['accepted', 2_048],
      ['rejected', 1],
      ['orphan', 1],
    ]);
  });

  it('derives states again that it no longer keeps', () => {
    const { ledger } = open(createHost(), toyConfig({ baseDepth: 2, undoDepth: 100 }));
    const forks: Block[] = [];
    for (let i = 1; i <= 90; i++) {
      const block = build(ledger, ledger.genesisId, { salt: i });
      importAll(ledger, [block]);
      forks.push(block);
    }
    const states = ledger.bounds().find((b) => b.name === 'ledger.states');
    expect(states?.size).toBeLessThanOrEqual(states?.max ?? 0);
    for (const block of forks) expect(ledger.state(idOf(block))?.root).toBe(block.header.stateRoot);
  });

  it('waits with held timers inside the limit of the clock', () => {
    const host = createHost();
    const { ledger } = open(host, toyConfig({ futureMaxMs: ms(0) }));
    const block = build(ledger, ledger.genesisId, { timestampMs: host.wallMs + 2 ** 40 });
    expect(ledger.importBlock(block, '')).toMatchObject({ kind: 'future', held: true });
    ledger.stop();
  });
});

describe('ledger: branches set aside', () => {
  /** A node on a chain of five, and the headers of heavier branches that leave it at genesis. */
  function withBranches(count: number) {
    const host = createHost();
    const { ledger } = open(host);
    grow(ledger, ledger.genesisId, 5);
    const branches = Array.from({ length: count }, (_, i) => {
      const elsewhere = open(createHost()).ledger;
      return grow(elsewhere, elsewhere.genesisId, 3, i + 1, 10 + i);
    });
    for (const branch of branches)
      for (const { header } of branch) expect(ledger.acceptHeader(header).kind).toBe('accepted');
    return { ledger, branches };
  }

  it('are not wanted, and the next best is', () => {
    const { ledger, branches } = withBranches(2);
    const [second = [], best = []] = branches;
    expect(ledger.bestHeader().id).toBe(idOf(best[2]));
    ledger.setAside(idOf(best[0]));
    expect(ledger.asideBodies()).toEqual([{ id: idOf(best[0]), height: 1 }]);
    expect(ledger.bestHeader().id).toBe(idOf(second[2]));
    expect(ledger.wantedBodies(1)).toEqual([{ id: idOf(second[0]), height: 1 }]);
    ledger.setAside(idOf(second[0]));
    expect(ledger.bestHeader().id).toBe(ledger.head().id);
    expect(ledger.wantedBodies(9)).toEqual([]);
  });

  it('stay aside when more headers come, and are best again when the body does', () => {
    const { ledger, branches } = withBranches(1);
    const [branch = []] = branches;
    ledger.setAside(idOf(branch[1]));
    expect(ledger.bestHeader().id).not.toBe(idOf(branch[2]));
    const elsewhere = open(createHost()).ledger;
    importAll(elsewhere, branch);
    const more = grow(elsewhere, idOf(branch[2]), 1, 1, 99);
    expect(ledger.acceptHeader((more[0] as Block).header).kind).toBe('accepted');
    expect(ledger.wantedBodies(9)).toEqual([{ id: idOf(branch[0]), height: 1 }]);
    importAll(ledger, branch.slice(0, 2));
    expect(ledger.asideBodies()).toEqual([]);
    expect(ledger.bestHeader().id).toBe(idOf(more[0]));
    expect(ledger.wantedBodies(9).map(({ id }) => id)).toEqual([idOf(branch[2]), idOf(more[0])]);
    importAll(ledger, [branch[2] as Block, more[0] as Block]);
    expect(ledger.head().id).toBe(idOf(more[0]));
  });

  it('are headers without a body, and so many at most: the oldest is wanted again', () => {
    const { ledger, branches } = withBranches(ASIDE_MAX + 1);
    ledger.setAside(ledger.head().id);
    ledger.setAside(blockHash('ab'.repeat(32)));
    expect(ledger.asideBodies()).toEqual([]);
    for (const branch of branches) ledger.setAside(idOf(branch[0]));
    expect(ledger.asideBodies()).toHaveLength(ASIDE_MAX);
    expect(ledger.bestHeader().id).toBe(idOf(branches[0]?.[2]));
    expect(ledger.bounds().filter(({ size, max }) => size > max)).toEqual([]);
  });

  it('that turn out invalid are forgotten', () => {
    const { ledger, branches } = withBranches(1);
    const [branch = []] = branches;
    ledger.setAside(idOf(branch[0]));
    expect(ledger.markInvalid(branch[0] as Block, '', { code: 'SUPPLY_EXCEEDED', supply: 0n }).covered).toBe(
      true,
    );
    expect(ledger.asideBodies()).toEqual([]);
  });
});
