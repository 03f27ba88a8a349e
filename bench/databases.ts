/** `npm run bench -- databases`: what a node asks of its database, asked of three. Durable means after fsync, each batch on its own. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ClassicLevel } from 'classic-level';
import { openLmdbStorage } from '../src/node/storage/lmdb-storage.ts';
import { ownedFolder, removeFolder, runTool } from '../tests/support/tool.ts';

/** A block of 500 transfers: its body, four records of the height, and for each transfer its place, two accounts' lists and a leaf. */
const TRANSFERS = 500;
const BODY_BYTES = 95_000;
const BATCHES = 60;
const READS = 100_000;
const SCANS = 2_000;
const SCAN_LIMIT = 100;

interface Record {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** One database, as the node needs it. */
interface Candidate {
  readonly name: string;
  /** Resolves when it is durable. */
  commit(records: readonly Record[]): Promise<void>;
  /** Inside a handler: answers at once. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** How it scans: answers at once, or later, which a handler cannot wait for. */
  readonly scans: 'at once' | 'later';
  scan(from: Uint8Array, limit: number): Promise<number> | number;
  close(): Promise<void>;
}

/** A small generator: the same keys for each candidate, spread as hashes are. */
function hashes(seed: number): () => Uint8Array {
  let state = seed;
  return () =>
    Uint8Array.from({ length: 33 }, (_, i) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return i === 0 ? state % 6 : state >>> 24;
    });
}

function blocks(): readonly (readonly Record[])[] {
  const next = hashes(1);
  return Array.from({ length: BATCHES }, () => [
    { key: next(), value: new Uint8Array(BODY_BYTES).fill(7) },
    ...Array.from({ length: 4 + 4 * TRANSFERS }, () => ({ key: next(), value: new Uint8Array(48).fill(3) })),
  ]);
}

function lmdb(folder: string): Candidate {
  const storage = openLmdbStorage(join(folder, 'lmdb'), (run) => run());
  return {
    name: "LMDB, through the node's storage",
    scans: 'at once',
    commit(records) {
      storage.write(records.map((record) => ({ kind: 'put', ...record })));
      return new Promise((resolve, reject) =>
        storage.flush((fault) => (fault === undefined ? resolve() : reject(new Error(fault.kind)))),
      );
    },
    get: (key) => storage.get(key),
    scan: (from, limit) => storage.scan({ start: from }, limit).length,
    close: () => storage.close(),
  };
}

function level(folder: string): Candidate {
  const db = new ClassicLevel<Uint8Array, Uint8Array>(join(folder, 'level'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  return {
    name: 'LevelDB (classic-level)',
    scans: 'later',
    commit: (records) =>
      db.batch(
        records.map((record) => ({ type: 'put' as const, ...record })),
        { sync: true },
      ),
    get: (key) => db.getSync(key),
    scan: async (from, limit) => (await db.iterator({ gte: from, limit }).all()).length,
    close: () => db.close(),
  };
}

function sqlite(folder: string): Candidate {
  const db = new DatabaseSync(join(folder, 'sqlite.db'));
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE records (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID',
  );
  const put = db.prepare('INSERT OR REPLACE INTO records VALUES (?, ?)');
  const get = db.prepare('SELECT value FROM records WHERE key = ?');
  const scan = db.prepare('SELECT key, value FROM records WHERE key >= ? ORDER BY key LIMIT ?');
  return {
    name: 'SQLite (node:sqlite, WAL, synchronous = FULL)',
    scans: 'at once',
    async commit(records) {
      db.exec('BEGIN');
      for (const { key, value } of records) put.run(key, value);
      db.exec('COMMIT');
    },
    get(key) {
      const value = get.get(key)?.['value'];
      return value instanceof Uint8Array ? value : undefined;
    },
    scan: (from, limit) => scan.all(from, limit).length,
    async close() {
      db.close();
    },
  };
}

async function rateOf(count: number, run: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return (1e3 * count) / (performance.now() - startedMs);
}

function sizeMb(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return (stat.blocks * 512) / 1e6;
  return readdirSync(path).reduce((sum, name) => sum + sizeMb(join(path, name)), 0);
}

async function measure(make: (folder: string) => Candidate): Promise<void> {
  const folder = ownedFolder('aureon-bench-');
  const db = make(folder);
  const batches = blocks();
  const keys = batches.flat().map(({ key }) => key);
  const commits = await rateOf(BATCHES, async () => {
    for (const records of batches) await db.commit(records);
  });
  const reads = await rateOf(READS, async () => {
    for (let i = 0; i < READS; i++)
      if (db.get(keys[(i * 7_919) % keys.length] as Uint8Array) === undefined)
        throw new Error(`${db.name}: a record is missing`);
  });
  const scans = await rateOf(SCANS, async () => {
    for (let i = 0; i < SCANS; i++)
      await db.scan(keys[(i * 104_729) % keys.length] as Uint8Array, SCAN_LIMIT);
  });
  await db.close();
  console.log(
    `| ${db.name} | ${commits.toFixed(0)} | ${reads.toFixed(0)} | ${scans.toFixed(0)}, ${db.scans} | ${sizeMb(folder).toFixed(0)} MB |`,
  );
  removeFolder(folder);
}

await runTool(async () => {
  console.log(
    `| blocks of ${TRANSFERS} transfers | durable commits/s | reads/s | scans of ${SCAN_LIMIT}/s | on disk |`,
  );
  console.log('|---|---|---|---|---|');
  for (const make of [lmdb, level, sqlite]) await measure(make);
  return 0;
});
