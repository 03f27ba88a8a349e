/** Backups of folders whose node writes without a pause, and of those whose node was killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PREFIX, prefixRange, sealRecord } from '../../src/chain/blockstore/records.ts';
import type { WriteOp } from '../../src/env/storage.ts';
import { backUp } from '../../src/node/backup/backup.ts';
import type { BackupManifest } from '../../src/node/backup/backup-manifest.ts';
import { doorOf, openCopyDoor } from '../../src/node/backup/copy-door.ts';
import { restoreBackup } from '../../src/node/backup/restore.ts';
import type { CheckReport } from '../../src/node/check/check-folder.ts';
import { runCheck } from '../../src/node/check/open-checked.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { openDataFolder } from '../../src/node/storage/data-folder.ts';
import { nativeSha256 } from '../../src/node/storage/file-sums.ts';
import { openLmdbReader, openSettledReader } from '../../src/node/storage/lmdb-reader.ts';
import { type LmdbStorage, openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { SUITE } from '../cluster/support.ts';
import { STORED_CHAIN, storeChain } from '../support/stored-chain.ts';
import { settingsFrom } from '../support/test-node.ts';

const LOOP = fileURLToPath(new URL('backup-loop.ts', import.meta.url));
const WATCH = { onProgress: () => undefined, signal: new AbortController().signal };
const BLOCKS = 70;
/** Of the file that is copied while its node writes, beside the numbered records: more than a socket holds. */
const BALLAST = 200;
const BALLAST_BYTES = 20_000;

/** Record `i` of those that a writer adds one by one; each says its number. */
function numbered(i: number): WriteOp {
  const key = Uint8Array.of(PREFIX.engine, 1, i >>> 16, (i >>> 8) & 0xff, i & 0xff);
  return { kind: 'put', key, value: sealRecord(nativeSha256, key, key) };
}

function ballast(i: number): WriteOp {
  const key = Uint8Array.of(PREFIX.engine, 0, i);
  return { kind: 'put', key, value: sealRecord(nativeSha256, key, new Uint8Array(BALLAST_BYTES).fill(i)) };
}

/** A backup is a process of a busy machine, many times. */
const TIMEOUT_MS = 300_000;

describe('a backup', { timeout: TIMEOUT_MS }, () => {
  let root: string;
  let made = 0;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'aureon-backup-'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const fresh = (): string => join(root, `${made++}`);
  const flushed = (storage: LmdbStorage): Promise<unknown> =>
    new Promise((resolve) => storage.flush(resolve));

  async function check(folder: string): Promise<CheckReport> {
    const report = await runCheck({
      folder,
      chain: STORED_CHAIN,
      settings: settingsFrom({ 'node-data': folder }),
      suite: SUITE,
      isRepairing: false,
      onProgress: () => undefined,
    });
    if (isFileProblem(report)) throw new Error(report.what);
    return report;
  }

  async function backedUp(folder: string): Promise<BackupManifest & { readonly path: string }> {
    const path = fresh();
    const manifest = await backUp(folder, path, 'test', WATCH);
    if (typeof manifest === 'string' || isFileProblem(manifest)) throw new Error(JSON.stringify(manifest));
    return { ...manifest, path };
  }

  it('beside a node that writes without a pause takes nothing from it, and is whole and of one moment', async () => {
    const folder = fresh();
    await storeChain(folder, { blocks: BLOCKS, perBlock: 1 });
    const own = openDataFolder(folder);
    if (isFileProblem(own)) throw new Error(own.what);
    const storage = openLmdbStorage(own.database, (run) => run());
    const door = await openCopyDoor(folder, () => storage.snapshot());
    storage.write(Array.from({ length: BALLAST }, (_, i) => ballast(i)));
    await flushed(storage);

    const into = fresh();
    mkdirSync(into);
    const count = 60;
    const loop = spawn(process.execPath, [LOOP, folder, into, `${count}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(loop, 'exit');
    /** What was durable when a backup was done, so that the next one has it. */
    const durable: number[] = [0];
    const failed: string[] = [];
    let newest = 0;
    createInterface(loop.stdout).on('line', (line) => {
      if (!line.includes('aureon-backup')) failed.push(line);
      durable.push(newest);
    });
    const lost: number[] = [];
    while (loop.exitCode === null && loop.signalCode === null) {
      const i = newest + 1;
      const op = numbered(i);
      storage.write([op]);
      await flushed(storage);
      if (storage.get(op.key) === undefined) lost.push(i);
      newest = i;
      await nextTurn();
    }
    expect([await ended, failed]).toEqual([[0, null], []]);
    const there = storage.scan(prefixRange(PREFIX.engine), newest + BALLAST + 1).length;
    expect({ lost, there }).toEqual({ lost: [], there: newest + BALLAST });
    await door?.close();
    await storage.close();
    own.release();

    for (let i = 0; i < count; i++) {
      const reader = openLmdbReader(join(into, `${i}`));
      if (isFileProblem(reader)) throw new Error(reader.what);
      const keys = reader.scan(prefixRange(PREFIX.engine), newest + BALLAST).map(({ key }) => key);
      await reader.close();
      const records = keys.length - BALLAST;
      expect(keys.at(-1)).toEqual(records === 0 ? ballast(BALLAST - 1).key : numbered(records).key);
      expect(records).toBeGreaterThanOrEqual(durable[i] ?? 0);
    }
    const last = await check(join(into, `${count - 1}`));
    expect([last.findings, last.head?.height]).toEqual([[], BLOCKS]);
  });

  /**
   * A data folder whose last boot was killed after a commit that was never synced, and whose power was then cut: the head page of
   * that commit is on the disk, and nothing that it names. Without a power cut all of it is there.
   */
  async function killed(isCut: boolean): Promise<string> {
    const good = fresh();
    await storeChain(good, { blocks: BLOCKS, perBlock: 2 });
    const file = join(good, 'chain/data.mdb');
    const synced = readFileSync(file);
    const storage = openLmdbStorage(join(good, 'chain'), (run) => run());
    storage.write(Array.from({ length: BALLAST }, (_, i) => ballast(i)));
    await flushed(storage);
    await storage.close();
    const later = readFileSync(file);
    const left = isCut ? Buffer.concat([synced, Buffer.alloc(later.length - synced.length)]) : later;
    // Two head pages. In the second half of the first LMDB notes what is synced.
    later.copy(left, 0, 0, 8_192);
    synced.copy(left, 2_048, 2_048, 4_096);
    const folder = fresh();
    mkdirSync(join(folder, 'chain'), { recursive: true });
    writeFileSync(join(folder, 'chain/data.mdb'), left);
    return folder;
  }

  it.each([
    ['killed', false],
    ['killed, and whose power was cut', true],
  ])(
    'of a node that was %s is of what was durable, and a restore of it opens and checks',
    async (_how, isCut) => {
      const { head, path } = await backedUp(await killed(isCut));
      expect(head.height).toBe(BLOCKS);
      expect((await check(path)).findings).toEqual([]);
      const restored = fresh();
      const order = { backup: path, folder: restored, chain: STORED_CHAIN.id, isVouched: false };
      expect(await restoreBackup(order, WATCH)).toMatchObject({ head });
      const report = await check(restored);
      expect([report.findings, report.head]).toEqual([[], head]);
    },
  );

  it.each([false, true])(
    'and a check show nothing of a killed node that was not synced (power cut: %s)',
    async (isCut) => {
      const folder = await killed(isCut);
      const report = await check(folder);
      expect([report.findings, report.head?.height]).toEqual([[], BLOCKS]);
      const reader = await openSettledReader(join(folder, 'chain'));
      if (isFileProblem(reader)) throw new Error(reader.what);
      expect(reader.count).toBe(report.records);
      await reader.close();
    },
  );

  it('is refused where another process has the folder and gives nothing, or gives it only in part', async () => {
    const folder = fresh();
    await storeChain(folder, { blocks: 3, perBlock: 0 });
    const own = openDataFolder(folder);
    if (isFileProblem(own)) throw new Error(own.what);
    const target = fresh();
    expect(await backUp(folder, target, 'test', WATCH)).toMatchObject({ code: 'IN_USE' });

    const storage = openLmdbStorage(own.database, (run) => run());
    storage.write(Array.from({ length: BALLAST }, (_, i) => ballast(i)));
    await flushed(storage);
    let given = 0;
    const door = await openCopyDoor(folder, () => {
      const snapshot = storage.snapshot();
      return {
        ...snapshot,
        scan(start, limit) {
          // The node ends in the middle.
          if (++given === 3) void door?.close();
          return snapshot.scan(start, limit);
        },
      };
    });
    const cut = await backUp(folder, target, 'test', WATCH);
    expect(cut).toMatchObject({ code: 'ABSENT' });
    expect(doorOf(folder)).toBeUndefined();
    // Whoever knows no token is given nothing.
    const again = await openCopyDoor(folder, () => storage.snapshot());
    const place = doorOf(folder);
    if (place === undefined) throw new Error('a door says where it is');
    for (const guess of ['0', 'é']) {
      const stranger = connect({ host: '127.0.0.1', port: place.port });
      stranger.write(guess.repeat(place.token.length));
      const bytes: Buffer[] = [];
      stranger.on('data', (chunk: Buffer) => bytes.push(chunk)).on('error', () => {});
      await once(stranger, 'close');
      expect(bytes).toEqual([]);
    }
    // A node that was killed has left its place behind.
    const left = join(root, 'left');
    copyFileSync(join(folder, 'node.door'), left);
    await again?.close();
    copyFileSync(left, join(folder, 'node.door'));
    expect(await backUp(folder, target, 'test', WATCH)).toMatchObject({ code: 'IN_USE' });
    await storage.close();
    own.release();
    const { head } = await backedUp(folder);
    expect(head.height).toBe(3);
  });
});
