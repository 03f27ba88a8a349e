/** The simulated disk without content faults: durability, limits, the end of boots. */
import { describe, expect, it } from 'vitest';
import { ascii, del, dump, newDisk, put, text } from '../../../tests/contract/disk-words.ts';
import { AssertionError } from '../../env/assert.ts';
import type { WriteOp } from '../../env/storage.ts';
import { BATCH_MAX_BYTES, KEY_MAX_BYTES, UNFLUSHED_MAX_BYTES, VALUE_MAX_BYTES } from '../../env/storage.ts';

const lastOf = (bound: number): number => bound - 1;
const none = (): number => 0;

function wide(count: number, bytes: number): readonly WriteOp[] {
  const value = new Uint8Array(bytes);
  return Array.from({ length: count }, (_, i) => ({ kind: 'put', key: Uint8Array.of(i), value }));
}

describe('the end of a boot', () => {
  it('by a kill leaves everything that was written, still not durable', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1')]);
    expect(disk.kill()).toEqual({ lostBatches: 0, lostAcknowledged: 0 });
    expect(dump(disk)).toEqual(['a=1']);
    expect(disk.power(none)).toEqual({ lostBatches: 1, lostAcknowledged: 0 });
    expect(dump(disk)).toEqual([]);
  });

  it('by power loss keeps the prefix that was drawn, and puts back what the lost batches replaced and deleted', () => {
    for (const kept of [0, 1, 2, 3]) {
      const { disk } = newDisk();
      disk.write([put('a', '1'), put('b', '1')]);
      disk.completeFlush(1);
      disk.write([put('a', '2')]);
      disk.write([del('b'), put('c', '3')]);
      disk.write([put('a', '4'), put('a', '5'), del('c')]);
      const bounds: number[] = [];
      const loss = disk.power((bound) => {
        bounds.push(bound);
        return kept;
      });
      expect(bounds).toEqual([4]);
      expect(loss).toEqual({ lostBatches: 3 - kept, lostAcknowledged: 0 });
      const expected = [['a=1', 'b=1'], ['a=2', 'b=1'], ['a=2', 'c=3'], ['a=5']][kept];
      expect(dump(disk)).toEqual(expected);
      expect(disk.usedBytes).toBe(2 * (expected as string[]).length);
      expect(disk.power(none).lostBatches).toBe(0);
      expect(dump(disk)).toEqual(expected);
    }
  });

  it('never loses what a flush of a later boot covered', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1')]);
    disk.kill();
    disk.completeFlush(disk.written);
    disk.power(none);
    expect(dump(disk)).toEqual(['a=1']);
  });

  it('does not take a draw that is out of bounds', () => {
    const { disk } = newDisk();
    expect(() => disk.power(() => 1)).toThrow(AssertionError);
  });
});

describe('flushes', () => {
  it('cover the batches up to the one that was written when they were asked, and no more', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1')]);
    const asked = disk.written;
    disk.write([put('b', '2')]);
    expect(disk.completeFlush(asked)).toBeUndefined();
    expect(disk.durable).toBe(1);
    disk.power(none);
    expect(dump(disk)).toEqual(['a=1']);
  });

  it('that end in another order than asked still cover the same', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1')]);
    disk.write([put('b', '2')]);
    disk.completeFlush(2);
    disk.completeFlush(1);
    expect(disk.durable).toBe(2);
  });

  it('count batches that go on after a power loss', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1')]);
    disk.power(none);
    disk.write([put('b', '2')]);
    expect(disk.written).toBe(2);
    expect(disk.durable).toBe(1);
    disk.completeFlush(2);
    disk.power(none);
    expect(dump(disk)).toEqual(['b=2']);
  });
});

describe('limits are assertions', () => {
  const cases: readonly (readonly [string, () => void])[] = [
    ['an empty key', () => newDisk().disk.get(ascii(''))],
    ['a key too long to read', () => newDisk().disk.get(new Uint8Array(KEY_MAX_BYTES + 1))],
    [
      'a key too long to delete',
      () => newDisk().disk.write([{ kind: 'delete', key: new Uint8Array(KEY_MAX_BYTES + 1) }]),
    ],
    ['a value too long', () => newDisk().disk.write(wide(1, VALUE_MAX_BYTES + 1))],
    ['a batch too large', () => newDisk().disk.write(wide(5, VALUE_MAX_BYTES))],
    ['a range bound too long', () => newDisk().disk.scan({ start: new Uint8Array(KEY_MAX_BYTES + 1) }, 1)],
    ['a negative limit', () => newDisk().disk.scan({ start: ascii('') }, -1)],
    ['a limit that is no integer', () => newDisk().disk.scan({ start: ascii('') }, 1.5)],
    ['a flush of what was not written', () => newDisk().disk.completeFlush(1)],
  ];
  for (const [name, run] of cases) it(`refuses ${name}`, () => expect(run).toThrow(AssertionError));

  it('takes a key, a value and a batch of exactly the limit', () => {
    const { disk } = newDisk();
    const key = new Uint8Array(KEY_MAX_BYTES).fill(7);
    disk.write([{ kind: 'put', key, value: new Uint8Array(VALUE_MAX_BYTES) }]);
    expect(disk.get(key)?.length).toBe(VALUE_MAX_BYTES);
    const batch = wide(4, BATCH_MAX_BYTES / 4 - 1);
    expect(() => disk.write(batch)).not.toThrow();
  });

  it('counts what is not flushed, until a flush or the end of the boot', () => {
    const full = wide(4, BATCH_MAX_BYTES / 4 - 1);
    for (const release of ['flush', 'lie', 'kill', 'power'] as const) {
      const { disk } = newDisk();
      for (let i = 0; i < UNFLUSHED_MAX_BYTES / BATCH_MAX_BYTES; i++) disk.write(full);
      expect(() => disk.write([put('a', '1')])).toThrow(AssertionError);
      if (release === 'lie') disk.setFault({ kind: 'lyingFlush', id: 'f' });
      if (release === 'kill') disk.kill();
      else if (release === 'power') disk.power(lastOf);
      else disk.completeFlush(disk.written);
      disk.write([put('a', '1')]);
      expect(text(disk.get(ascii('a')))).toBe('1');
    }
  });
});

describe('snapshots', () => {
  it('are not changed by later writes, and can be put in place of the disk', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1')]);
    const old = disk.takeSnapshot();
    disk.write([put('a', '2'), put('b', '2')]);
    disk.kill();
    disk.restore(old);
    expect(dump(disk)).toEqual(['a=1']);
    expect(disk.usedBytes).toBe(2);
    disk.write([put('a', '3')]);
    disk.power(none);
    expect(dump(disk)).toEqual(['a=1']);
    disk.restore(old);
    expect(dump(disk)).toEqual(['a=1']);
  });

  it('a wiped disk is empty and takes writes', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1')]);
    disk.wipe();
    expect([dump(disk), disk.usedBytes, disk.entryCount]).toEqual([[], 0, 0]);
    disk.write([put('b', '1')]);
    expect(dump(disk)).toEqual(['b=1']);
  });
});

describe('the value that a program got', () => {
  it('stays what it was, and is shared, not copied', () => {
    const { disk } = newDisk();
    const op = put('a', '1');
    disk.write([op]);
    const got = disk.get(ascii('a'));
    const entries = disk.scan({ start: ascii('') }, 10);
    disk.write([put('a', '2')]);
    disk.write([del('a')]);
    expect(text(got)).toBe('1');
    expect(op.kind === 'put' && op.value === got).toBe(true);
    expect(entries.map(({ value }) => text(value))).toEqual(['1']);
  });
});

describe('how a disk holds a key', () => {
  it('tells what a power loss may take from what it may not', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1'), put('b', '1')]);
    expect(disk.holds(ascii('a'))).toBe('unflushed');
    disk.completeFlush(1);
    expect(disk.holds(ascii('a'))).toBe('good');
    disk.write([put('a', '2')]);
    expect([disk.holds(ascii('a')), disk.holds(ascii('b')), disk.holds(ascii('c'))]).toEqual([
      'unflushed',
      'good',
      'absent',
    ]);
  });

  it('lists every key', () => {
    const { disk } = newDisk();
    disk.write([put('a', '1'), put('b', '1')]);
    disk.write([del('a')]);
    expect(disk.keys().map(text)).toEqual(['b']);
  });
});
