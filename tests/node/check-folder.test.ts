/** `aureon check` on folders of real nodes: damage of every kind is found, and what can be repaired is, byte for byte. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeHeightOf, encodeIndexes, encodePlace } from '../../src/chain/blockstore/record-codecs.ts';
import {
  accountKey,
  headerKey,
  heightOfKey,
  META,
  metaKey,
  PREFIX,
  sealRecord,
  stateKey,
  transactionKey,
} from '../../src/chain/blockstore/records.ts';
import { createPoa } from '../../src/chain/consensus/poa/engine.ts';
import type { Block } from '../../src/chain/types/block.ts';
import { height } from '../../src/chain/types/units.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import type { WriteOp } from '../../src/env/storage.ts';
import type { CheckReport } from '../../src/node/check/check-folder.ts';
import { runCheck } from '../../src/node/check/open-checked.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { nativeSha256 } from '../../src/node/storage/file-sums.ts';
import { openLmdbReader } from '../../src/node/storage/lmdb-reader.ts';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { SUITE } from '../cluster/support.ts';
import { idsOf, STORED_CHAIN, storeChain } from '../support/stored-chain.ts';
import { settingsFrom } from '../support/test-node.ts';

const BLOCKS = 130;
const BASE = BLOCKS - 64;
const SNAPSHOTS = { snapshotInterval: 16 };

describe('a check of a folder', () => {
  let root: string;
  let good: string;
  let blocks: readonly Block[];
  let made = 0;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'aureon-check-'));
    good = join(root, 'good');
    blocks = await storeChain(good, { blocks: BLOCKS, perBlock: 2, store: SNAPSHOTS });
    await write(good, [
      sealed(Uint8Array.of(PREFIX.engine, 1), Uint8Array.of(7)),
      sealed(Uint8Array.of(PREFIX.peers, 1), Uint8Array.of(7)),
    ]);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  function copy(from = good): string {
    const folder = join(root, `${made++}`);
    cpSync(from, folder, { recursive: true });
    return folder;
  }

  async function check(
    folder: string,
    isRepairing = false,
    flags: Readonly<Record<string, string>> = {},
  ): Promise<CheckReport> {
    const report = await runCheck({
      folder,
      chain: STORED_CHAIN,
      settings: settingsFrom({ 'node-data': folder, ...flags }),
      suite: SUITE,
      isRepairing,
      onProgress: () => undefined,
    });
    if (isFileProblem(report)) throw new Error(report.what);
    return report;
  }

  const told = ({ findings }: CheckReport) =>
    findings.map(({ record, height: at, what, remedy, isRepaired }) => ({
      record,
      at,
      what,
      remedy,
      isRepaired,
    }));

  it('finds nothing where nothing is wrong, and has executed every block', async () => {
    const report = await check(good);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ executed: BLOCKS, base: BASE, runs: [[1, BASE]] });
    expect(report.head).toEqual({ height: BLOCKS, id: idsOf(blocks).at(-1) });
    expect(report.records).toBe((await recordsOf(good)).size);
  });

  const DAMAGED = 'it fails its checksum';
  it.each([
    ['block', PREFIX.block, 20, 20, 'node'],
    ['block', PREFIX.block, BLOCKS - 5, BLOCKS - 5, 'node'],
    ['header', PREFIX.header, 9, 9, 'repair'],
    ['height index', PREFIX.height, 4, undefined, 'repair'],
    ['transaction index', PREFIX.transaction, 11, undefined, 'repair'],
    ['account index', PREFIX.account, 3, undefined, 'repair'],
    ['state', PREFIX.state, 2, undefined, 'repair'],
    ['undo', PREFIX.undo, 30, 31, 'repair'],
    ['checkpoint', PREFIX.checkpoint, 0, 0, 'repair'],
    ['meta', PREFIX.meta, META.format, undefined, 'repair'],
    ['meta', PREFIX.meta, META.base, undefined, 'repair'],
    ['meta', PREFIX.meta, META.head, undefined, 'repair'],
    ['snapshot', PREFIX.snapshot, 0, undefined, 'repair'],
    ['snapshot', PREFIX.snapshot, 1, undefined, 'repair'],
    ['engine', PREFIX.engine, 0, undefined, 'node'],
    ['peers', PREFIX.peers, 0, undefined, 'repair'],
  ] as const)(
    'finds one flipped bit in a record: %s, the %#th case',
    async (record, prefix, index, at, remedy) => {
      const folder = copy();
      const before = await recordsOf(folder);
      const key = [...before.keys()].filter((text) => text.startsWith(hex(prefix)))[index] ?? '';
      await rot(folder, key);
      const found = await check(folder);
      expect(found.findings).toHaveLength(1);
      expect(found.findings[0]).toMatchObject({ key, record, what: DAMAGED, remedy, isRepaired: false });
      if (at !== undefined) expect(found.findings[0]?.height).toBe(at);

      const repaired = await check(folder, true);
      expect(repaired.findings).toMatchObject([{ key, isRepaired: remedy === 'repair' }]);
      const after = await check(folder);
      expect(told(after)).toEqual(remedy === 'repair' ? [] : told(found));
      const isGone = prefix === PREFIX.snapshot || prefix === PREFIX.peers;
      if (isGone) before.delete(key);
      if (remedy === 'repair') expect(await recordsOf(folder)).toEqual(before);
    },
  );

  it('writes every record anew that follows from the blocks, whichever of them are gone at once', async () => {
    const folder = copy();
    const before = await recordsOf(folder);
    const derived = [PREFIX.header, PREFIX.height, PREFIX.transaction, PREFIX.account, PREFIX.state].map(hex);
    const gone = [...before.keys()].filter(
      (text, i) => derived.some((prefix) => text.startsWith(prefix)) && i % 3 !== 0,
    );
    await write(
      folder,
      gone.map((text) => ({ kind: 'delete', key: Buffer.from(text, 'hex') })),
    );
    const found = await check(folder);
    expect(new Set(found.findings.map(({ key }) => key))).toEqual(new Set(gone));
    expect(new Set(found.findings.map(({ what }) => what))).toEqual(new Set(['it is missing']));
    expect(found.findings.every(({ remedy }) => remedy === 'repair')).toBe(true);
    const repaired = await check(folder, true);
    expect(repaired.findings.every(({ isRepaired }) => isRepaired)).toBe(true);
    expect(await recordsOf(folder)).toEqual(before);
    expect((await check(folder)).findings).toEqual([]);
  });

  it('takes away what no block gives: entries, headers, leaves', async () => {
    const folder = copy();
    const before = await recordsOf(folder);
    const nobody = 'ab'.repeat(32);
    const place = encodePlace({ height: height(7), index: 0, receipt: new Uint8Array(0) });
    const strays = [
      sealed(transactionKey(nobody), place),
      sealed(accountKey(nobody, 7), encodeIndexes([0])),
      sealed(heightOfKey(nobody), encodeHeightOf(height(7))),
      sealed(headerKey(BASE + 3), Uint8Array.of(1)),
      sealed(stateKey('accounts', nobody), Uint8Array.of(1, 2)),
    ];
    await write(folder, strays);
    const found = await check(folder);
    expect(new Set(found.findings.map(({ key }) => key))).toEqual(
      new Set(strays.map(({ key }) => bytesToHex(key))),
    );
    await check(folder, true);
    expect(await recordsOf(folder)).toEqual(before);
  });

  it('finds records that are whole and state something else', async () => {
    const folder = copy();
    const before = await recordsOf(folder);
    const [at, of] = [blocks[4], blocks[5]].map((block) => block?.header.height ?? 0);
    const [id] = idsOf([blocks[4] as Block]);
    await write(folder, [sealed(heightOfKey(id ?? ''), encodeHeightOf(height(of ?? 0)))]);
    expect(at).toBe(5);
    expect(told(await check(folder))).toEqual([
      {
        record: 'height index',
        at: undefined,
        what: 'it is not what the chain gives',
        remedy: 'repair',
        isRepaired: false,
      },
    ]);
    await check(folder, true);
    expect(await recordsOf(folder)).toEqual(before);
  });

  it('names the block that gives another state than it states, and goes on from the next snapshot', async () => {
    const folder = join(root, 'mutant');
    const { rules } = createPoa();
    const wrong: typeof rules = {
      ...rules,
      execute(phase, view, block, state) {
        if (block.header.height === 21 && phase === 'end') state.put('system', 'ff', Uint8Array.of(1));
        return rules.execute(phase, view, block, state);
      },
    };
    await storeChain(folder, { blocks: BLOCKS, perBlock: 1, rules: wrong, store: SNAPSHOTS });
    const report = await check(folder);
    expect(report.findings).toMatchObject([{ record: 'block', height: 21, remedy: 'none' }]);
    expect(report.findings[0]?.what).toMatch(
      /^executed again it is no block of this chain: STATE_ROOT_MISMATCH stated=[0-9a-f]{64} computed=[0-9a-f]{64}$/,
    );
    // A folder keeps the two newest snapshots: of 48 and 64.
    expect(report.runs).toEqual([
      [1, 20],
      [49, BASE],
    ]);
    expect(told(await check(folder, true)).map(({ isRepaired }) => isRepaired)).toEqual([false]);
  });

  it('finds a wrong signature of a transaction and of a seal', async () => {
    const folder = join(root, 'unsigned');
    const broken = { ...SUITE, verify: () => false };
    await storeChain(folder, { blocks: 3, perBlock: 1 });
    const report = await runCheck({
      folder,
      chain: STORED_CHAIN,
      settings: settingsFrom({ 'node-data': folder }),
      suite: broken,
      isRepairing: false,
      onProgress: () => undefined,
    });
    if (isFileProblem(report)) throw new Error(report.what);
    expect(report.findings[0]?.what).toBe(
      'executed again it is no block of this chain: the signature of its transaction 0 is wrong',
    );
  });

  it('executes what is left of a pruned chain from the end of its journal, and misses no body that was deleted', async () => {
    const folder = join(root, 'pruned');
    const flags = { 'store-bodies': '1064' };
    await storeChain(folder, { blocks: 1_200, perBlock: 1, store: { bodies: 1_064, snapshotInterval: 0 } });
    const report = await check(folder, false, flags);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ prunedBelow: 136, base: 1_136, runs: [[137, 1_136]] });
    const before = await recordsOf(folder);
    const entries = [...before.keys()].filter((text) => text.startsWith(hex(PREFIX.transaction)));
    await rot(folder, entries[17] ?? '');
    await rot(folder, bytesToHex(metaKey(META.pruned)));
    expect((await check(folder, true, flags)).findings.every(({ isRepaired }) => isRepaired)).toBe(true);
    expect((await check(folder, false, flags)).findings).toEqual([]);
  });

  it('makes the index of accounts where it was off', async () => {
    const folder = join(root, 'indexless');
    await storeChain(folder, { blocks: BLOCKS, perBlock: 1, store: { accountIndex: false } });
    expect((await check(folder, false, { 'store-account-index': 'false' })).findings).toEqual([]);
    const report = await check(folder, true);
    expect(report.findings.length).toBe(2 * BASE);
    expect(new Set(report.findings.map(({ record }) => record))).toEqual(new Set(['account index']));
    expect((await check(folder)).findings).toEqual([]);
  });
});

function hex(prefix: number): string {
  return prefix.toString(16).padStart(2, '0');
}

function sealed(key: Uint8Array, payload: Uint8Array): WriteOp {
  return { kind: 'put', key, value: sealRecord(nativeSha256, key, payload) };
}

/** Every record, by key. */
async function recordsOf(folder: string): Promise<Map<string, string>> {
  const reader = openLmdbReader(join(folder, 'chain'));
  if (isFileProblem(reader)) throw new Error(reader.what);
  const all = reader.scan({ start: new Uint8Array(0) }, 1_000_000);
  await reader.close();
  return new Map(all.map(({ key, value }) => [bytesToHex(key), bytesToHex(value)]));
}

async function write(folder: string, ops: readonly WriteOp[]): Promise<void> {
  const storage = openLmdbStorage(join(folder, 'chain'), (run) => run());
  storage.write(ops);
  await new Promise((resolve) => storage.flush(resolve));
  await storage.close();
}

/** Flips one bit behind the checksum. */
async function rot(folder: string, text: string): Promise<void> {
  const value = Buffer.from((await recordsOf(folder)).get(text) ?? '', 'hex');
  const at = Math.min(9, value.length - 1);
  value[at] = (value[at] ?? 0) ^ 4;
  await write(folder, [{ kind: 'put', key: Buffer.from(text, 'hex'), value }]);
}
