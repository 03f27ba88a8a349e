/** `node bench/storage-sizes.ts`: what a block, a transaction and an account take on a disk, archive against pruned. Every number of docs/storage.md. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { backUp } from '../src/node/backup/backup.ts';
import { recordName } from '../src/node/check/findings.ts';
import { isFileProblem } from '../src/node/file-problem.ts';
import { openLmdbReader } from '../src/node/storage/lmdb-reader.ts';
import { storeChain } from '../tests/support/stored-chain.ts';
import { ownedFolder, removeFolder, runTool } from '../tests/support/tool.ts';

const BLOCKS = Number(process.argv[2] ?? 2_000);
const PER_BLOCK = 10;
/** The fewest bodies that a node keeps: what reorganisations may need. */
const KEPT = 1_064;
const PAGE = 1_000;

interface Measured {
  readonly fileBytes: number;
  readonly backupBytes: number;
  readonly byKind: ReadonlyMap<string, { readonly count: number; readonly bytes: number }>;
}

const root = ownedFolder('aureon-sizes-');

async function measure(name: string): Promise<Measured> {
  const folder = join(root, name);
  const reader = openLmdbReader(join(folder, 'chain'));
  if (isFileProblem(reader)) throw new Error(reader.what);
  const byKind = new Map<string, { count: number; bytes: number }>();
  for (let start = new Uint8Array(0); ; ) {
    const page = reader.scan({ start }, PAGE);
    for (const { key, value } of page) {
      const of = byKind.get(recordName(key)) ?? { count: 0, bytes: 0 };
      of.count++;
      of.bytes += key.length + value.length;
      byKind.set(recordName(key), of);
    }
    const last = page.at(-1);
    if (last === undefined) break;
    start = Uint8Array.from([...last.key, 0]);
  }
  await reader.close();
  const target = join(root, `${name}-backup`);
  if (existsSync(target)) removeFolder(target);
  const made = await backUp(folder, target, 'bench', {
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  if (made === 'interrupted' || isFileProblem(made)) throw new Error(JSON.stringify(made));
  return {
    fileBytes: statSync(join(folder, 'chain', 'data.mdb')).size,
    backupBytes: made.bytes,
    byKind,
  };
}

function show(name: string, { fileBytes, backupBytes, byKind }: Measured): void {
  console.log(`${name}: file ${fileBytes}, backup ${backupBytes}`);
  for (const [kind, { count, bytes }] of [...byKind].sort((a, b) => b[1].bytes - a[1].bytes))
    console.log(`  ${kind}: ${count} records, ${bytes} bytes, ${(bytes / count).toFixed(0)} each`);
}

async function made(name: string, plan: Parameters<typeof storeChain>[1]): Promise<Measured> {
  await storeChain(join(root, name), plan);
  const measured = await measure(name);
  show(name, measured);
  return measured;
}

await runTool(async () => {
  const store = { snapshotInterval: 0 };
  const empty = await made('empty', { blocks: BLOCKS, perBlock: 0, store });
  const moving = await made('transfers', { blocks: BLOCKS, perBlock: PER_BLOCK, store });
  const opening = await made('accounts', { blocks: BLOCKS, perBlock: PER_BLOCK, opens: true, store });
  const bare = await made('no account index', {
    blocks: BLOCKS,
    perBlock: PER_BLOCK,
    store: { ...store, accountIndex: false },
  });
  const pruned = await made('pruned', {
    blocks: BLOCKS,
    perBlock: PER_BLOCK,
    store: { ...store, bodies: KEPT },
  });
  const transactions = BLOCKS * PER_BLOCK;
  const per = (bytes: number, of: number): string => (bytes / of).toFixed(0);
  console.log(`an empty block: ${per(empty.backupBytes, BLOCKS)}`);
  console.log(`a transfer: ${per(moving.backupBytes - empty.backupBytes, transactions)}`);
  console.log(`an account: ${per(opening.backupBytes - moving.backupBytes, transactions)}`);
  console.log(`account index, a transfer: ${per(moving.backupBytes - bare.backupBytes, transactions)}`);
  console.log(`pruned of archive: ${((100 * pruned.backupBytes) / moving.backupBytes).toFixed(0)} %`);
  // An archive that is told to prune: the file keeps its length, its pages are used again.
  const before = moving.fileBytes;
  await storeChain(join(root, 'transfers'), {
    blocks: 400,
    perBlock: PER_BLOCK,
    store: { ...store, bodies: KEPT },
  });
  const switched = await measure('transfers');
  show('transfers, then 400 blocks with pruning', switched);
  console.log(`file before ${before}, after ${switched.fileBytes}, its backup ${switched.backupBytes}`);
  return 0;
});
