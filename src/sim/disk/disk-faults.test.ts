/** Every kind of disk fault has its effect, ends as it should, and heals by switching it off. */
import { describe, expect, it } from 'vitest';
import { ascii, del, dump, newDisk, put, text } from '../../../tests/contract/disk-words.ts';
import { bytesToHex } from '../../env/bytes.ts';
import type { WriteOp } from '../../env/storage.ts';
import { StorageCrash } from '../../env/storage.ts';
import type { Corruption, DiskFault, KeyTarget, SimDisk } from './disk.ts';

const none = (): number => 0;

function at(key: string): KeyTarget {
  return { kind: 'key', key: bytesToHex(ascii(key)) };
}

function drawn(draw: number, prefix?: string): KeyTarget {
  return { kind: 'drawn', draw, ...(prefix === undefined ? {} : { prefix: bytesToHex(ascii(prefix)) }) };
}

function filled(...ops: readonly WriteOp[]): ReturnType<typeof newDisk> {
  const made = newDisk();
  made.disk.write(ops.length > 0 ? ops : [put('a', '1'), put('b', '2'), put('c', '3')]);
  made.disk.completeFlush(1);
  return made;
}

function outcomes(disk: SimDisk): readonly string[] {
  return disk.report().corruptions.map((c: Corruption) => `${c.kind} ${text(c.key)} ${c.outcome} ${c.reads}`);
}

function crashKind(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof StorageCrash) return error.fault.kind;
    throw error;
  }
  return undefined;
}

describe('a flush that lies', () => {
  it('answers success, and the power loss takes what it acknowledged', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'lyingFlush', id: 'f' });
    expect(disk.hasFired('f')).toBe(false);
    disk.write([put('a', '9')]);
    disk.write([put('d', '4')]);
    expect(disk.completeFlush(2)).toBeUndefined();
    expect(disk.hasFired('f')).toBe(true);
    expect(disk.durable).toBe(1);
    expect(disk.power(none)).toEqual({ lostBatches: 2, lostAcknowledged: 1 });
    expect(dump(disk)).toEqual(['a=1', 'b=2', 'c=3']);
  });

  it('once healed, the next flush makes all of it durable', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'lyingFlush', id: 'f' });
    disk.write([put('a', '9')]);
    disk.completeFlush(2);
    disk.clearFault('f');
    disk.completeFlush(2);
    expect(disk.power(none)).toEqual({ lostBatches: 0, lostAcknowledged: 0 });
    expect(text(disk.get(ascii('a')))).toBe('9');
  });
});

describe('a lost write', () => {
  it('never arrives, alone of its batch, and comes back when healed', () => {
    const { disk } = filled();
    expect(disk.setFault({ kind: 'lostWrite', id: 'f', target: at('a') })).toBe('armed');
    disk.write([put('b', '5')]);
    expect(disk.hasFired('f')).toBe(false);
    disk.write([put('a', '8'), put('b', '6'), put('a', '9')]);
    expect(disk.hasFired('f')).toBe(true);
    expect(dump(disk)).toEqual(['a=1', 'b=6', 'c=3']);
    expect(text(disk.get(ascii('a')))).toBe('1');
    disk.clearFault('f');
    expect(text(disk.get(ascii('a')))).toBe('9');
    expect(outcomes(disk)).toEqual(['lostWrite a undetected 2']);
  });

  it('of a new key leaves it absent; of a deletion leaves it there, and scans show it in its place', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'lostWrite', id: 'f', target: at('d') });
    disk.setFault({ kind: 'lostWrite', id: 'g', target: at('b') });
    disk.write([put('d', '4'), del('b')]);
    expect(dump(disk)).toEqual(['a=1', 'b=2', 'c=3']);
    expect(dump(disk, true)).toEqual(['c=3', 'b=2', 'a=1']);
    expect(dump({ scan: disk.pristine.scan })).toEqual(['a=1', 'c=3', 'd=4']);
    expect(disk.scan({ start: ascii('a'), end: ascii('c') }, 2).map(({ key }) => text(key))).toEqual([
      'a',
      'b',
    ]);
  });

  it('is drawn among the keys of the next batch that has one of its prefix, and happens once', () => {
    const lost = (draw: number): readonly string[] => {
      const { disk } = filled(put('z', '0'));
      disk.setFault({ kind: 'lostWrite', id: 'f', target: drawn(draw, 'k') });
      disk.write([put('z', '1')]);
      disk.write([put('k1', '1'), put('k2', '1'), put('z', '2')]);
      disk.write([put('k3', '1')]);
      return dump(disk);
    };
    expect(lost(0)).toEqual(['k2=1', 'k3=1', 'z=2']);
    expect(lost(1)).toEqual(['k1=1', 'k3=1', 'z=2']);
    expect(lost(2)).toEqual(lost(0));
  });

  it('waits for a write that changes something', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'lostWrite', id: 'f', target: at('a') });
    disk.write([put('a', '1')]);
    expect(disk.hasFired('f')).toBe(false);
  });

  it('is overwritten by the next write, and by the power loss that takes it anyway', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'lostWrite', id: 'f', target: at('a') });
    disk.write([put('a', '8')]);
    disk.write([put('a', '9')]);
    expect(text(disk.get(ascii('a')))).toBe('9');
    disk.setFault({ kind: 'lostWrite', id: 'g', target: at('b') });
    disk.write([put('b', '9')]);
    disk.power(none);
    expect(outcomes(disk)).toEqual(['lostWrite a overwritten 0', 'lostWrite b overwritten 0']);
  });
});

describe('a stale value', () => {
  it('stays whatever is written, until it is healed', () => {
    const { disk } = filled();
    expect(disk.setFault({ kind: 'staleValue', id: 'f', target: at('a') })).toBe('armed');
    expect(outcomes(disk)).toEqual([]);
    disk.write([put('a', '8')]);
    disk.write([del('a')]);
    expect(dump(disk)).toEqual(['a=1', 'b=2', 'c=3']);
    disk.clearFault('f');
    expect(dump(disk)).toEqual(['b=2', 'c=3']);
    expect(outcomes(disk)).toEqual(['staleValue a overwritten 0', 'staleValue a undetected 1']);
  });

  it('does not pass on to a disk that takes its place', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'staleValue', id: 'f', target: at('a') });
    disk.wipe();
    disk.write([put('a', '2')]);
    expect(dump(disk)).toEqual(['a=2']);
  });

  it('is no corruption while the same is written', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'staleValue', id: 'f', target: at('a') });
    disk.write([put('a', '1')]);
    expect(outcomes(disk)).toEqual([]);
    disk.write([put('a', '2')]);
    disk.write([put('a', '1')]);
    expect(disk.holds(ascii('a'))).toBe('unflushed');
  });
});

describe('faults of one key', () => {
  const cases: readonly {
    readonly name: string;
    readonly fault: DiskFault;
    readonly reads: readonly string[];
    readonly checkable: boolean;
  }[] = [
    {
      name: 'a misdirected value is that of another key',
      fault: { kind: 'misdirectedValue', id: 'f', target: at('a'), source: at('c') },
      reads: ['a=3', 'b=2', 'c=3'],
      checkable: true,
    },
    {
      name: 'a missing key reads as absent',
      fault: { kind: 'missingKey', id: 'f', target: at('b') },
      reads: ['a=1', 'c=3'],
      checkable: false,
    },
    {
      name: 'bit rot in a value flips one bit of it',
      fault: { kind: 'bitRotValue', id: 'f', target: at('b'), bit: 8 + 1 },
      reads: ['a=1', 'b=0', 'c=3'],
      checkable: true,
    },
    {
      name: 'bit rot in a key shows the value under a key that nobody wrote, and passes over keys that exist',
      fault: { kind: 'bitRotKey', id: 'f', target: at('a'), bit: 1 },
      reads: ['b=2', 'c=3', 'e=1'],
      checkable: true,
    },
  ];
  for (const { name, fault, reads, checkable } of cases) {
    it(`${name}; switching it off heals`, () => {
      const { disk } = filled();
      expect(disk.setFault(fault)).toBe('active');
      expect(disk.hasFired('f')).toBe(true);
      expect(dump(disk)).toEqual(reads);
      expect(dump(disk, true)).toEqual([...reads].reverse());
      for (const line of reads) expect(text(disk.get(ascii(line[0] as string)))).toBe(line.slice(2));
      expect(disk.report().corruptions.map((c) => c.checkable)).toEqual([checkable]);
      disk.kill();
      disk.power(none);
      expect(dump(disk)).toEqual(reads);
      disk.clearFault('f');
      expect(dump(disk)).toEqual(['a=1', 'b=2', 'c=3']);
      expect(dump({ scan: disk.pristine.scan })).toEqual(['a=1', 'b=2', 'c=3']);
    });

    it(`${name}; without faults the disk is what it was, and an oracle's look counts as no read`, () => {
      const { disk } = filled();
      disk.setFault(fault);
      expect(dump({ scan: disk.pristine.scan })).toEqual(['a=1', 'b=2', 'c=3']);
      expect(['a', 'b', 'c'].map((key) => text(disk.pristine.get(ascii(key))))).toEqual(['1', '2', '3']);
      expect(disk.report().corruptions.map((c) => c.reads)).toEqual([0]);
    });

    it(`${name}; a write, a restore and a wipe end it`, () => {
      const key = fault.kind === 'misdirectedValue' || fault.kind === 'bitRotKey' ? 'a' : 'b';
      for (const how of ['write', 'restore', 'wipe'] as const) {
        const { disk } = filled();
        const snapshot = disk.takeSnapshot();
        disk.setFault(fault);
        if (how === 'write') disk.write([put(key, '7')]);
        else if (how === 'restore') disk.restore(snapshot);
        else disk.wipe();
        const expected = { write: '7', restore: key === 'a' ? '1' : '2', wipe: undefined }[how];
        expect(text(disk.get(ascii(key)))).toBe(expected);
        expect(disk.report().corruptions.map((c) => c.outcome)).toEqual(['overwritten']);
      }
    });
  }

  it('hit the drawn key of those with the prefix, and then the next that can be hit', () => {
    const hit = (draw: number, ids: readonly string[]): readonly string[] => {
      const { disk } = filled(put('a1', 'x'), put('a2', ''), put('a3', 'x'), put('b1', 'x'));
      for (const id of ids) disk.setFault({ kind: 'bitRotValue', id, target: drawn(draw, 'a'), bit: 0 });
      return disk.report().corruptions.map((c) => text(c.key) as string);
    };
    expect(hit(0, ['f'])).toEqual(['a1']);
    expect(hit(1, ['f'])).toEqual(['a3']);
    expect(hit(2, ['f', 'g'])).toEqual(['a3', 'a1']);
    expect(hit(4_294_967_295, ['f', 'g', 'h'])).toEqual(['a1', 'a3']);
  });

  it('do not depend on when the keys were sorted last', () => {
    const hit = (isSortedBefore: boolean): readonly string[] => {
      const { disk } = filled();
      if (isSortedBefore) dump(disk);
      disk.write([del('a'), put('d', '4')]);
      disk.setFault({ kind: 'missingKey', id: 'f', target: drawn(1) });
      return dump(disk);
    };
    expect(hit(true)).toEqual(hit(false));
  });

  it('say when there is no key to hit, when all are forbidden, and are not on then', () => {
    const { disk } = filled();
    const target = drawn(0, 'x');
    expect(disk.setFault({ kind: 'missingKey', id: 'f', target })).toBe('noTarget');
    expect(disk.setFault({ kind: 'missingKey', id: 'f', target: drawn(0) }, () => false)).toBe('refused');
    expect(disk.setFault({ kind: 'missingKey', id: 'f', target: drawn(0) }, (key) => text(key) === 'c')).toBe(
      'active',
    );
    expect(dump(disk)).toEqual(['a=1', 'b=2']);
    expect(disk.setFault({ kind: 'bitRotValue', id: 'g', target: at('c'), bit: 0 })).toBe('noTarget');
  });

  it('set again under the same id replace what was on', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'missingKey', id: 'f', target: at('a') });
    disk.setFault({ kind: 'missingKey', id: 'f', target: at('b') });
    expect(dump(disk)).toEqual(['a=1', 'c=3']);
  });

  it('a misdirected value needs a source that differs', () => {
    const { disk } = filled(put('a', '1'), put('b', '1'));
    expect(disk.setFault({ kind: 'misdirectedValue', id: 'f', target: drawn(0), source: drawn(0) })).toBe(
      'noTarget',
    );
  });
});

describe('an old snapshot', () => {
  it('hides every change since, and heals', () => {
    const { disk } = filled();
    expect(disk.setFault({ kind: 'oldSnapshot', id: 'f' })).toBe('noTarget');
    disk.takeSnapshot();
    expect(disk.setFault({ kind: 'oldSnapshot', id: 'f' })).toBe('noTarget');
    disk.write([put('a', '9'), del('b'), put('d', '4')]);
    expect(disk.setFault({ kind: 'oldSnapshot', id: 'f' })).toBe('active');
    expect(dump(disk)).toEqual(['a=1', 'b=2', 'c=3']);
    disk.write([put('a', '10')]);
    expect(dump(disk)).toEqual(['a=10', 'b=2', 'c=3']);
    disk.clearFault('f');
    expect(dump(disk)).toEqual(['a=10', 'c=3', 'd=4']);
  });

  it('is refused as a whole when one key must not be hit', () => {
    const { disk } = filled();
    disk.takeSnapshot();
    disk.write([put('a', '9'), put('b', '9')]);
    expect(disk.setFault({ kind: 'oldSnapshot', id: 'f' }, (key) => text(key) !== 'b')).toBe('refused');
    expect(dump(disk)).toEqual(['a=9', 'b=9', 'c=3']);
  });
});

describe('input and output errors', () => {
  it('on reads make get and scan throw, and nothing else', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'ioError', id: 'f', on: 'read' });
    expect(crashKind(() => disk.write([put('a', '9')]))).toBeUndefined();
    expect(disk.completeFlush(2)).toBeUndefined();
    expect(disk.hasFired('f')).toBe(false);
    expect(crashKind(() => disk.get(ascii('a')))).toBe('IO');
    expect(crashKind(() => dump(disk))).toBe('IO');
    expect(disk.hasFired('f')).toBe(true);
    disk.clearFault('f');
    expect(text(disk.get(ascii('a')))).toBe('9');
  });

  it('on writes make write throw and leave nothing of the batch', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'ioError', id: 'f', on: 'write' });
    expect(crashKind(() => disk.write([put('a', '9')]))).toBe('IO');
    expect([disk.written, disk.hasFired('f'), dump(disk)]).toEqual([1, true, ['a=1', 'b=2', 'c=3']]);
    disk.clearFault('f');
    disk.write([put('a', '9')]);
    expect(text(disk.get(ascii('a')))).toBe('9');
  });

  it('on a flush fail it and every later one of the boot, healed or not, and what it covered is gone after the boot', () => {
    const { disk } = filled();
    disk.write([put('a', '9')]);
    disk.setFault({ kind: 'ioError', id: 'f', on: 'flush' });
    expect(disk.completeFlush(2)).toEqual({ kind: 'IO' });
    disk.clearFault('f');
    expect(disk.completeFlush(2)).toEqual({ kind: 'IO' });
    expect(text(disk.get(ascii('a')))).toBe('9');
    expect(disk.kill()).toEqual({ lostBatches: 1, lostAcknowledged: 0 });
    expect(text(disk.get(ascii('a')))).toBe('1');
    disk.write([put('a', '7')]);
    expect(disk.completeFlush(disk.written)).toBeUndefined();
    disk.power(none);
    expect(text(disk.get(ascii('a')))).toBe('7');
  });
});

describe('a full disk', () => {
  it('refuses the write that grows past its capacity, whole, and takes one that does not grow', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'diskFull', id: 'f', on: 'write', roomBytes: 2 });
    disk.write([put('d', '4')]);
    expect(disk.hasFired('f')).toBe(false);
    expect(crashKind(() => disk.write([put('a', '9'), put('e', '5')]))).toBe('FULL');
    expect([disk.hasFired('f'), disk.usedBytes, dump(disk)]).toEqual([true, 8, ['a=1', 'b=2', 'c=3', 'd=4']]);
    disk.setFault({ kind: 'diskFull', id: 'f', on: 'write', roomBytes: 0 });
    disk.write([del('d'), put('a', '9')]);
    disk.clearFault('f');
    disk.write([put('e', '5')]);
    expect(dump(disk)).toEqual(['a=9', 'b=2', 'c=3', 'e=5']);
  });

  it('can come out at the flush instead', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'diskFull', id: 'f', on: 'flush', roomBytes: 0 });
    expect(disk.completeFlush(1)).toBeUndefined();
    disk.write([put('d', '4')]);
    expect(disk.completeFlush(2)).toEqual({ kind: 'FULL' });
    expect(disk.hasFired('f')).toBe(true);
  });
});

describe('a slow disk', () => {
  it('says by how much, the slowest of all, and is fast again when healed', () => {
    const { disk } = filled();
    expect(disk.latencyMultiplier).toBe(1);
    disk.setFault({ kind: 'slow', id: 'f', multiplier: 10 });
    disk.setFault({ kind: 'slow', id: 'g', multiplier: 3 });
    expect(disk.latencyMultiplier).toBe(10);
    disk.clearFault('f');
    expect(disk.latencyMultiplier).toBe(3);
    disk.clearFault('g');
    expect(disk.latencyMultiplier).toBe(1);
  });
});

describe('the end of a corruption', () => {
  const rot = (id: string, key: string): DiskFault => ({ kind: 'bitRotValue', id, target: at(key), bit: 0 });

  it('is detected when the program names the key, also after it repaired the entry', () => {
    const { disk } = filled();
    disk.setFault(rot('f', 'a'));
    disk.setFault(rot('g', 'b'));
    disk.get(ascii('a'));
    expect(disk.detected(ascii('a'))).toBe(true);
    disk.get(ascii('b'));
    disk.write([put('b', '2')]);
    expect(disk.detected(ascii('b'))).toBe(true);
    expect(outcomes(disk)).toEqual(['bitRotValue a detected 1', 'bitRotValue b detected 1']);
  });

  it('is undetected when it was read and not named, overwritten since or not', () => {
    const { disk } = filled();
    disk.setFault(rot('f', 'a'));
    disk.setFault(rot('g', 'b'));
    dump(disk);
    disk.write([put('a', '1')]);
    expect(outcomes(disk)).toEqual(['bitRotValue a undetected 1', 'bitRotValue b undetected 1']);
  });

  it('is overwritten, healed or never read when nobody read it', () => {
    const { disk } = filled();
    for (const key of ['a', 'b', 'c']) disk.setFault(rot(key, key));
    disk.write([put('a', '1')]);
    disk.clearFault('b');
    expect(outcomes(disk)).toEqual([
      'bitRotValue a overwritten 0',
      'bitRotValue b healed 0',
      'bitRotValue c neverRead 0',
    ]);
  });

  it('counts a scan over a hidden key as a read of it, but no scan that stopped before', () => {
    const { disk } = filled();
    disk.setFault({ kind: 'missingKey', id: 'f', target: at('b') });
    disk.scan({ start: ascii('a') }, 1);
    expect(outcomes(disk)).toEqual(['missingKey b neverRead 0']);
    disk.scan({ start: ascii('a') }, 2);
    expect(outcomes(disk)).toEqual(['missingKey b undetected 1']);
  });

  it('takes the name of either key when the key itself is rotten', () => {
    for (const name of ['a', 'e']) {
      const { disk } = filled();
      disk.setFault({ kind: 'bitRotKey', id: 'f', target: at('a'), bit: 1 });
      dump(disk);
      expect(disk.detected(ascii(name))).toBe(true);
      expect(disk.report().corruptions.map((c) => [c.outcome, text(c.shownAs)])).toEqual([['detected', 'e']]);
    }
  });

  it('reports a key that the program named and that was never corrupt', () => {
    const { disk } = filled();
    expect(disk.detected(ascii('a'))).toBe(false);
    expect(disk.report().falseAlarms.map(text)).toEqual(['a']);
  });

  it('excuses what the handler read that a crash cut short, and nothing earlier', () => {
    const { disk, event } = filled();
    disk.setFault(rot('f', 'a'));
    event.now = 1;
    disk.get(ascii('a'));
    disk.kill();
    expect(outcomes(disk)).toEqual(['bitRotValue a neverRead 0']);
    event.now = 2;
    disk.get(ascii('a'));
    event.now = 3;
    disk.kill();
    expect(outcomes(disk)).toEqual(['bitRotValue a undetected 1']);
  });

  it('is found by a final scrub with a check that works, and not by one that does not', () => {
    for (const isChecking of [true, false]) {
      const { disk } = filled();
      disk.setFault(rot('f', 'a'));
      disk.setFault({ kind: 'missingKey', id: 'g', target: at('b') });
      disk.setFault({ kind: 'bitRotKey', id: 'h', target: at('c'), bit: 2 });
      const seen: string[] = [];
      disk.scrub((key, value) => {
        seen.push(`${text(key)}=${text(value) ?? ''}`);
        return !isChecking;
      });
      expect(seen.slice(0, 3)).toEqual(['a=0', 'b=', 'c=']);
      const end = isChecking ? 'detected' : 'undetected';
      expect(outcomes(disk)).toEqual([
        `bitRotValue a ${end} 1`,
        `missingKey b ${end} 1`,
        `bitRotKey c ${end} 1`,
      ]);
    }
  });

  it('is not made good by a scrub when it was read undetected before', () => {
    const { disk } = filled();
    disk.setFault(rot('f', 'a'));
    disk.get(ascii('a'));
    disk.scrub(() => false);
    expect(outcomes(disk)).toEqual(['bitRotValue a undetected 1']);
  });
});
