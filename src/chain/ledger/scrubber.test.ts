import { describe, expect, it } from 'vitest';
import {
  build,
  createHost,
  type Host,
  NO_HOOKS,
  open,
  toyConfig,
  transfer,
} from '../../../tests/support/ledger-world.ts';
import { PREFIX } from '../blockstore/records.ts';
import type { Block } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import { height } from '../types/units.ts';

const INTERVAL_MS = 1_000;
/** Blocks of a chain; the base stands four below, the journal reaches eight below that. */
const BLOCKS = 40;
/** Every block holds a transfer: with two entries by account, one by id. */
const RECORDS = BLOCKS * 7;
const PER_STEP = 16;
/** In so many steps everything was looked at once: blocks, leaves, and a step for each wrap. */
const PASS_STEPS = Math.ceil(RECORDS / PER_STEP) + 4;

/** A ledger of forty blocks whose disk is patrolled; `lost` counts what it told the node. */
function patrolled(scrubIntervalMs = INTERVAL_MS, perBlock = 1) {
  const host = createHost();
  const told = { lost: 0 };
  const config = toyConfig({ scrubIntervalMs, scrubRecords: PER_STEP });
  const { ledger } = open(host, config, { ...NO_HOOKS, onLost: () => told.lost++ });
  const blocks: Block[] = [];
  let parent = ledger.genesisId;
  for (let i = 0; i < BLOCKS; i++) {
    const transactions = Array.from({ length: perBlock }, (_, j) =>
      transfer(ledger.genesisId, 0, i * perBlock + j, 1),
    );
    const block = build(ledger, parent, { transactions });
    ledger.importBlock(block, '');
    parent = blockId(block.header);
    blocks.push(block);
  }
  host.advance(3 * INTERVAL_MS);
  const found = () => host.of('CorruptionDetected').map(({ key }) => key);
  const repaired = () => host.of('CorruptionRepaired').map(({ key }) => key);
  return { host, told, ledger, blocks, found, repaired };
}

/** Rots the nth record of a kind. */
function rot(host: Host, prefix: number, index: number): string {
  const key = host.disk.keysOf(prefix).at(index) ?? '';
  host.disk.rot(key, 77);
  return key;
}

describe('the patrol of a disk', () => {
  it('finds a rotten block that nobody reads, within one pass, and tells the node to fetch it', () => {
    const { host, told, ledger, blocks, found, repaired } = patrolled();
    const key = rot(host, PREFIX.block, 5);
    const before = told.lost;
    host.advance(PASS_STEPS * INTERVAL_MS);
    expect(found()).toEqual([key]);
    expect(told.lost).toBe(before + 1);
    const [missing] = ledger.missingBodies();
    const lost = blocks.find((block) => blockId(block.header) === missing?.id);
    if (lost === undefined) return expect.fail('the block is named');
    expect(ledger.importBlock(lost, '')).toMatchObject({ kind: 'known', repaired: true });
    expect(repaired()).toEqual([key]);
    host.advance(2 * PASS_STEPS * INTERVAL_MS);
    expect(found()).toEqual([key]);
  });

  it.each([
    ['a header', PREFIX.header, 7],
    ['the height of a block', PREFIX.height, 7],
    ['an entry by transaction', PREFIX.transaction, 3],
    ['an entry by account', PREFIX.account, 3],
    ['a leaf of the state', PREFIX.state, 2],
  ])('writes %s anew from what is there', (_what, prefix, index) => {
    const { host, told, found, repaired } = patrolled();
    const before = told.lost;
    const good = new Map(host.disk.entries);
    const key = rot(host, prefix, index);
    host.advance(PASS_STEPS * INTERVAL_MS);
    expect(found()).toEqual([key]);
    expect(repaired()).toEqual([key]);
    expect(told.lost).toBe(before);
    if (prefix !== PREFIX.transaction) expect(host.disk.entries).toEqual(good);
  });

  it('finds a rotten block above the base', () => {
    const { host, ledger, found } = patrolled();
    const key = rot(host, PREFIX.block, -2);
    host.advance(PASS_STEPS * INTERVAL_MS);
    expect(found()).toEqual([key]);
    expect(ledger.missingBodies()).toEqual([{ id: ledger.idAt(height(BLOCKS - 1)), height: BLOCKS - 1 }]);
  });

  it('reads no more in a step than it may, but for the last block', () => {
    const { host } = patrolled();
    let reads = 0;
    const get = host.disk.get.bind(host.disk);
    host.disk.get = (key) => {
      reads++;
      return get(key);
    };
    for (let i = 0; i < 2 * PASS_STEPS; i++) {
      reads = 0;
      host.advance(INTERVAL_MS);
      expect(reads).toBeGreaterThan(0);
      // The child of the first height, and one block past the limit.
      expect(reads).toBeLessThanOrEqual(PER_STEP + 1 + 7);
    }
  });

  it('stands still after a block that was larger than a step, until it is paid for', () => {
    const perBlock = 12;
    const { host, blocks } = patrolled(INTERVAL_MS, perBlock);
    const recordsOfOne = 4 + 3 * perBlock;
    expect(recordsOfOne).toBeGreaterThan(2 * PER_STEP);
    let reads = 0;
    const get = host.disk.get.bind(host.disk);
    host.disk.get = (key) => {
      reads++;
      return get(key);
    };
    const steps = Math.ceil((BLOCKS * recordsOfOne) / PER_STEP);
    host.advance(steps * INTERVAL_MS);
    // Each block brings the header of its child along.
    expect(reads).toBeLessThanOrEqual(steps * PER_STEP + recordsOfOne + blocks.length);
    expect(reads).toBeGreaterThan((steps * PER_STEP) / 2);
  });

  it('goes on where the time of day says after a restart, so that nothing stays unread', () => {
    const { host } = patrolled();
    const disk = host.disk.prefix(host.disk.batches.length);
    const key = disk.keysOf(PREFIX.block)[9] ?? '';
    const seen: string[] = [];
    const config = toyConfig({ scrubIntervalMs: INTERVAL_MS, scrubRecords: PER_STEP });
    let wallMs = host.wallMs;
    for (let boot = 0; boot < BLOCKS && seen.length === 0; boot++) {
      const again = createHost(disk);
      again.wallMs = wallMs;
      const { ledger } = open(again, config);
      if (boot === 0) disk.rot(key, 77);
      again.advance(2 * INTERVAL_MS);
      seen.push(...again.of('CorruptionDetected').map((event) => event.key));
      ledger.stop();
      wallMs = again.wallMs + 500;
    }
    expect(seen).toEqual([key]);
  });

  it('is off at an interval of 0, and over when the ledger stops', () => {
    const off = patrolled(0);
    rot(off.host, PREFIX.block, 5);
    off.host.advance(1_000 * INTERVAL_MS);
    expect(off.found()).toEqual([]);
    const stopped = patrolled();
    rot(stopped.host, PREFIX.block, 5);
    stopped.ledger.stop();
    stopped.host.advance(1_000 * INTERVAL_MS);
    expect(stopped.found()).toEqual([]);
  });

  it('follows a chain that grows and reorganises under it', () => {
    const { host, ledger, found } = patrolled();
    for (let round = 0; round < 30; round++) {
      let parent = ledger.idAt(height(ledger.head().header.height - 2)) ?? ledger.genesisId;
      for (let i = 0; i < 4; i++) {
        const block = build(ledger, parent, { salt: round + 1 });
        expect(ledger.importBlock(block, '').kind).toBe('imported');
        parent = blockId(block.header);
      }
      host.advance(3 * INTERVAL_MS);
    }
    expect(ledger.head().header.height).toBeGreaterThan(BLOCKS + 25);
    expect(found()).toEqual([]);
  });
});
