import { describe, expect, it } from 'vitest';
import { drawsOf, withSyncsIgnored } from './cuts.ts';
import { diskRecordOf } from './disk-record.ts';
import { type Cut, type Loss, rebuild, SECTOR_BYTES } from './rebuild.ts';
import { parseSystemCalls } from './system-calls.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex').replaceAll(/../g, '\\x$&');
const file = `5<${hex('/home/data/chain.mdb')}>`;
const through = `6<${hex('/home/data/chain.mdb')}>`;
const folder = `7<${hex('/home/data')}>`;
const home = `8<${hex('/home')}>`;

/** A folder is made, a file in it is written, synced, and written through; two threads; the last sync is cut off by a kill. */
const TRACE = `10 mkdir("${hex('/home/data')}", 0700) = 0
10 openat(AT_FDCWD<${hex('/')}>, "${hex('/home/data/chain.mdb')}", O_RDWR|O_CREAT, 0664) = ${file}
10 openat(AT_FDCWD<${hex('/')}>, "${hex('/home/data/chain.mdb')}", O_WRONLY|O_DSYNC) = ${through}
10 fsync(${home}) = 0
10 fsync(${folder}) = 0
10 pwrite64(${file}, "${hex('aaaa')}", 4, 0) = 4
11 fdatasync(${file} <unfinished ...>
10 lseek(${file}, 4, SEEK_SET) = 4
10 writev(${file}, [{iov_base="${hex('bb')}", iov_len=2}, {iov_base="${hex('cc')}", iov_len=2}], 2) = 4
11 <... fdatasync resumed>) = 0
10 write(9<socket:[77]>, "${hex('vote')}", 4) = 4
10 pwrite64(${through}, "${hex('dd')}", 2, 8) = 2
10 pwrite64(${file}, "${hex('zz')}", 2, 0) = -1 ENOSPC (No space left on device)
10 write(1<pipe:[12]>, "${hex('final\n')}", 6) = 6
11 fdatasync(${file} <unfinished ...>
10 +++ killed by SIGKILL +++
11 <... fdatasync resumed>) = ?
`;
const END = 1_000;
const record = diskRecordOf('/home', [], [{ calls: parseSystemCalls(TRACE), end: END }]);

function after(at: number, loss: Loss, seed = '1'): string | undefined {
  const cut: Cut = { at, loss, below: drawsOf(seed) };
  const content = rebuild(record.changes, cut).get('data/chain.mdb');
  return content === undefined ? undefined : Buffer.from(content).toString('latin1');
}

describe('a record of system calls', () => {
  it('has every change with its bytes and place, and when it became durable', () => {
    const [syncedHome, syncedFolder, synced] = record.syncs.map(({ done }) => done);
    expect(record.syncs.map(({ path }) => path)).toEqual(['.', 'data', 'data/chain.mdb']);
    const found = record.changes.map((change) => [
      change.kind,
      change.path,
      change.kind === 'write' ? `${change.offset} ${Buffer.from(change.bytes).toString()}` : '',
      change.durableAt,
    ]);
    const written = record.changes.at(-1);
    expect(found).toEqual([
      ['create', 'data', '', syncedHome],
      ['create', 'data/chain.mdb', '', syncedFolder],
      ['write', 'data/chain.mdb', '0 aaaa', synced],
      ['write', 'data/chain.mdb', '4 bbcc', Number.POSITIVE_INFINITY],
      ['write', 'data/chain.mdb', '8 dd', (written?.at ?? 0) + 1],
    ]);
  });

  it('has what was said, where', () => {
    expect(record.outputs.map(({ stream, bytes }) => [stream, Buffer.from(bytes).toString()])).toEqual([
      ['0 socket:[77]', 'vote'],
      ['0 pipe:[12]', 'final\n'],
    ]);
  });

  it.each([
    [`10 rename("${hex('/home/data/a')}", "${hex('/home/b')}") = 0`, /rename from one folder/],
    [`10 renameat2(3, "${hex('/home/data/a')}") = 0`, /renameat2 in the data folder/],
    [`10 pwrite64(${file}, "${hex('a')}"..., 400, 0) = 400`, /a string was cut/],
    [`10 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, ${file}, 0) = 0x1`, /shared map/],
    ['what', /no line of a process/],
  ])('refuses what it cannot follow: %s', (line, error) => {
    expect(() => diskRecordOf('/home', ['data'], [{ calls: parseSystemCalls(line), end: END }])).toThrow(
      error,
    );
  });
});

describe('a folder after a power cut', () => {
  it('has what was synced, and of the rest nothing or all', () => {
    expect(after(END, 'all')).toBe('aaaa\0\0\0\0dd');
    expect(after(END, 'none')).toBe('aaaabbccdd');
  });

  it('has nothing that began later, and calls no sync one that had not ended', () => {
    const [, , synced] = record.syncs;
    expect(after(synced?.done ?? 0, 'all')).toBe('');
    expect(after((synced?.done ?? 0) + 1, 'all')).toBe('aaaa');
    expect(after(0, 'none')).toBeUndefined();
  });

  it('has no file whose name was not synced, however well the file was', () => {
    const [, name] = record.changes;
    const nameless = record.changes.map((change) =>
      change === name ? { ...change, durableAt: Number.POSITIVE_INFINITY } : change,
    );
    const files = rebuild(nameless, { at: END, loss: 'all', below: () => 0 });
    expect([...files.keys()]).toEqual(['data']);
  });

  it('has an unsynced write in part, cut between sectors, and is the same for the same seed', () => {
    const bytes = new Uint8Array(4 * SECTOR_BYTES).fill(7);
    const make = { kind: 'create', path: 'f', isFolder: false, at: 1, durableAt: 2 } as const;
    const write = {
      kind: 'write',
      path: 'f',
      offset: 100,
      bytes,
      at: 3,
      durableAt: Number.POSITIVE_INFINITY,
    } as const;
    const tornBy = (seed: string): Uint8Array =>
      rebuild([make, write], { at: 9, loss: 'torn', below: drawsOf(seed) }).get('f') ?? new Uint8Array(0);
    const seeds = Array.from({ length: 60 }, (_, i) => `${i}`);
    const shapes = new Set<string>();
    for (const seed of seeds) {
      const torn = tornBy(seed);
      expect(tornBy(seed)).toEqual(torn);
      const parts = [100, 512, 1_024, 1_536, 2_048].map((from, i, all) =>
        torn.subarray(from, all[i + 1] ?? 2_148),
      );
      for (const part of parts) expect(new Set(part).size).toBeLessThanOrEqual(1);
      shapes.add(parts.map((part) => part[0] ?? '-').join(''));
    }
    expect(shapes.size).toBeGreaterThan(8);
  });

  it('is what a disk leaves that lied: without the last sync, and what was written through after it', () => {
    const lied = withSyncsIgnored(record, END, 1);
    const content = rebuild(lied, { at: END, loss: 'all', below: () => 0 }).get('data/chain.mdb');
    expect(content).toEqual(new Uint8Array(0));
  });
});
