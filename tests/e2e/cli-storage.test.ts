/** `aureon backup`, `restore` and `check` as users meet them, beside a node that runs. */
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PREFIX, prefixRange } from '../../src/chain/blockstore/records.ts';
import { formatChainFile } from '../../src/node/genesis-file.ts';
import { writeKeyFile } from '../../src/node/key-file.ts';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { freePort } from '../support/free-port.ts';
import { STORED_CHAIN, STORED_KEY, storeChain } from '../support/stored-chain.ts';
import { createWorkshop, finished, main, node, printed, type Workshop } from './cli-runner.ts';

/** Above that height the base moves: indexes, journal and state are written. */
const BLOCKS = 100;

describe('storage at rest', () => {
  let shop: Workshop;
  let running: ChildProcess | undefined;
  beforeAll(async () => {
    shop = createWorkshop();
    shop.write('genesis.json', formatChainFile(STORED_CHAIN.genesis, []));
    writeKeyFile(shop.path('node.key'), STORED_KEY);
    await storeChain(shop.path('data'), { blocks: BLOCKS, perBlock: 2 });
    const listen = `127.0.0.1:${await freePort()}`;
    shop.write('aureon.toml', `[p2p]\nlisten = "${listen}"\n[http]\nlisten = ""\n`);
  });
  afterAll(() => {
    running?.kill('SIGKILL');
    shop.remove();
  });

  function start(...args: readonly string[]): ChildProcess {
    running = shop.start(node, [main, 'node', ...args]);
    return running;
  }

  it('backs up a node that runs, checks the copy beside it, and never writes over anything', async () => {
    const child = start();
    const ended = finished(child);
    await printed(child, 'NodeStarted');
    const made = await shop.aureon(['backup', 'copy']);
    expect([made.code, made.stderr]).toEqual([0, '']);
    expect(made.stdout).toMatch(
      /^copy: height \d+, \d+ records, [\d,]+ bytes, block [0-9a-f]{64}, chain [0-9a-f]{64}\n$/,
    );
    expect(readdirSync(shop.path('copy')).sort()).toEqual(['backup.json', 'data.mdb']);
    const manifest = JSON.parse(readFileSync(shop.path('copy/backup.json'), 'utf8'));
    expect(manifest).toMatchObject({ kind: 'aureon-backup', chain: STORED_CHAIN.id, restoredMs: null });
    expect(manifest.head.height).toBeGreaterThanOrEqual(BLOCKS);
    expect(manifest.bytes).toBe(statSync(shop.path('copy/data.mdb')).size);

    const again = await shop.aureon(['backup', 'copy']);
    expect([again.code, again.stdout]).toEqual([2, '']);
    expect(again.stderr).toBe('copy: this is there already\n  expected: a new path for the backup\n');
    const checked = await shop.aureon(['check', 'copy']);
    expect([checked.code, checked.stderr]).toEqual([0, '']);
    expect(checked.stdout).toContain(`head ${manifest.head.height} ${manifest.head.id}\nnothing is wrong\n`);
    const busy = await shop.aureon(['check']);
    expect(busy.code).toBe(2);
    expect(busy.stderr).toContain('data: another node has this data folder');
    const over = await shop.aureon(['restore', 'copy']);
    expect([over.code, over.stdout]).toEqual([2, '']);
    expect(over.stderr).toContain('data: this folder is not empty\n');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(readdirSync(shop.folder).filter((name) => name.includes('.partial-'))).toEqual([]);
  });

  it('restores it into an empty place, where the key signs nothing that it may have signed', async () => {
    const done = await shop.aureon(['restore', 'copy', '--node-data', 'restored']);
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect(done.stdout).toContain('a validator signs again when the chain is beyond');
    const checked = await shop.aureon(['check', 'restored']);
    expect([checked.code, checked.stdout.endsWith('nothing is wrong\n')]).toEqual([0, true]);

    const vouched = await shop.aureon(['node', '--node-data', 'restored', '--vouch']);
    expect([vouched.code, vouched.stdout]).toEqual([2, '']);
    expect(vouched.stderr).toMatch(
      /restored: it was restored at \S+Z from a backup, which nobody can vouch for/,
    );
    const child = start('--node-data', 'restored');
    const ended = finished(child);
    await printed(child, 'what=signing-paused');
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    expect([code, stdout.includes('BlockProduced')]).toEqual([0, false]);
  });

  it('goes on at once where somebody says that nothing was signed since', async () => {
    const done = await shop.aureon(['restore', 'copy', '--node-data', 'vouched', '--vouch']);
    expect([done.code, done.stdout.endsWith('has signed nothing since\n')]).toEqual([0, true]);
    const child = start('--node-data', 'vouched');
    const ended = finished(child);
    await printed(child, 'BlockProduced');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });

  it('does not run in a backup, and restores none that is damaged or of another chain', async () => {
    const inside = await shop.aureon(['node', '--node-data', 'copy']);
    expect([inside.code, inside.stdout]).toEqual([2, '']);
    expect(inside.stderr).toContain('copy: this is a backup, and no data folder of a node');
    const other = await shop.aureon(['genesis', 'new', '--engine', 'pow', '--out', 'other.json']);
    expect(other.code).toBe(0);
    const mixed = await shop.aureon(['restore', 'copy', '--node-data', 'x', '--node-genesis', 'other.json']);
    expect(mixed.code).toBe(2);
    expect(mixed.stderr).toContain(
      `copy: this backup is of chain ${STORED_CHAIN.id}, the genesis file of chain`,
    );
    cpSync(shop.path('copy'), shop.path('spoilt'), { recursive: true });
    const file = openSync(shop.path('spoilt/data.mdb'), 'r+');
    writeSync(file, Uint8Array.of(0xff), 0, 1, 20_001);
    for (const command of [
      ['restore', 'spoilt', '--node-data', 'x'],
      ['check', 'spoilt'],
    ]) {
      const spoilt = await shop.aureon(command);
      expect([spoilt.code, spoilt.stdout]).toEqual([1, '']);
      expect(spoilt.stderr).toContain('spoilt/data.mdb: it is not ');
    }
    const none = await shop.aureon(['restore', 'data', '--node-data', 'x']);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('data: this is no backup: backup.json is missing');
    expect(existsSync(shop.path('x'))).toBe(false);
    expect(readdirSync(shop.folder).filter((name) => name.includes('.restoring-'))).toEqual([]);
  });

  it('says what is wrong, repairs it, and says that; a node then runs there', async () => {
    const storage = openLmdbStorage(join(shop.path('data'), 'chain'), (run) => run());
    for (const prefix of [PREFIX.transaction, PREFIX.account, PREFIX.height]) {
      const [first] = storage.scan(prefixRange(prefix), 1);
      if (first !== undefined) storage.write([{ kind: 'delete', key: first.key }]);
    }
    await new Promise((resolve) => storage.flush(resolve));
    await storage.close();
    const wrong = await shop.aureon(['check']);
    expect([wrong.code, wrong.stderr]).toEqual([1, '']);
    expect(wrong.stdout).toMatch(/^transaction index, key 74[0-9a-f]{64}: it is missing$/m);
    expect(wrong.stdout).toMatch(/^account index at height \d+, key 61[0-9a-f]+: it is missing$/m);
    expect(wrong.stdout).toContain('3 records wrong\n  3: --repair writes it anew or removes it\n');
    const json = await shop.aureon(['check', '--json']);
    expect([json.code, JSON.parse(json.stdout).left]).toEqual([1, 3]);
    const repaired = await shop.aureon(['check', '--repair']);
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toContain('3 records repaired\nnothing is wrong\n');
    const child = start();
    const ended = finished(child);
    await printed(child, 'NodeStarted');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect((await shop.aureon(['check', 'nowhere'])).code).toBe(2);
    expect(existsSync(shop.path('nowhere'))).toBe(false);
  });

  it('makes no archive of a folder whose old bodies were deleted, and keeps no fewer than it needs', async () => {
    await storeChain(shop.path('pruned'), { blocks: 1_100, perBlock: 0, store: { bodies: 1_064 } });
    const refused = await shop.aureon(['node', '--node-data', 'pruned']);
    expect(refused.code).toBe(2);
    expect(refused.stdout).toContain(
      'pruned: old blocks of this data folder were deleted, so that it is no archive: store.bodies with a number',
    );
    const few = await shop.aureon(['node', '--store-bodies', '100']);
    expect([few.code, few.stdout]).toEqual([2, '']);
    expect(few.stderr).toContain('"archive", or a whole number from 1064 to 1000000000 (blocks)');
  });

  it('runs in such a folder, and checks what is left of it', async () => {
    const child = start('--node-data', 'pruned', '--store-bodies', '1064');
    const ended = finished(child);
    await printed(child, 'NodeStarted');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    const checked = await shop.aureon(['check', 'pruned', '--store-bodies', '1064']);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toMatch(
      /could be executed again: \d+ to [\d,]+; blocks below \d+ were deleted by store\.bodies\n/,
    );
  });
});
