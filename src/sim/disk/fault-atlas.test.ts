/** The atlas refuses to corrupt the last good copy, and knows when there is none. */
import { describe, expect, it } from 'vitest';
import { ascii, del, dump, newDisk, put, text } from '../../../tests/contract/disk-words.ts';
import { bytesToHex } from '../../env/bytes.ts';
import type { DiskFault, SimDisk } from './disk.ts';
import type { AtlasConfig, FaultAtlas } from './fault-atlas.ts';
import { createFaultAtlas } from './fault-atlas.ts';

interface Cluster {
  readonly atlas: FaultAtlas;
  readonly disks: readonly SimDisk[];
  readonly sources: boolean[];
}

/** Hosts hold block x under `bx`; host 2 keeps it under `y` + x. Keys that begin with s are private. */
function cluster(onLastCopy: AtlasConfig['onLastCopy'], sameKeys = true): Cluster {
  const disks = [newDisk().disk, newDisk().disk, newDisk().disk];
  const sources = [true, true, true];
  const hosts = disks.map((disk, index) => ({
    disk,
    itemOf: (key: Uint8Array) =>
      text(key)?.startsWith('s') === true ? undefined : `block ${text(key)?.slice(1)}`,
    isSource: () => sources[index] as boolean,
  }));
  return { atlas: createFaultAtlas({ hosts, sameKeys, onLastCopy }), disks, sources };
}

function fill(disk: SimDisk | undefined, ...keys: readonly string[]): void {
  disk?.write(keys.map((key) => put(key, key)));
  disk?.completeFlush(disk.written);
}

function rot(id: string, key?: string): DiskFault {
  const target =
    key === undefined
      ? ({ kind: 'drawn', draw: 0 } as const)
      : ({ kind: 'key', key: bytesToHex(ascii(key)) } as const);
  return { kind: 'bitRotValue', id, target, bit: 0 };
}

describe('the fault atlas', () => {
  it('lets a copy go while another host holds a good one, and refuses the last', () => {
    const { atlas, disks } = cluster('refuse');
    fill(disks[0], 'b1');
    fill(disks[1], 'b1');
    expect(atlas.setFault(0, rot('f', 'b1'))).toBe('active');
    expect(atlas.setFault(1, rot('g', 'b1'))).toBe('refused');
    expect(atlas.lost()).toEqual([]);
    disks[0]?.clearFault('f');
    expect(atlas.setFault(1, rot('g', 'b1'))).toBe('active');
  });

  it('passes over last copies and private keys may always be hit', () => {
    const { atlas, disks } = cluster('refuse');
    fill(disks[0], 'b1', 'b2', 's1');
    fill(disks[1], 'b2');
    expect(atlas.setFault(0, rot('f'))).toBe('active');
    expect(atlas.setFault(0, rot('g'))).toBe('active');
    expect(atlas.setFault(0, rot('h'))).toBe('refused');
    expect(disks[0]?.report().corruptions.map((c) => text(c.key))).toEqual(['b2', 's1']);
  });

  it('counts no copy that is corrupt, not durable, absent, or on a host that can give none', () => {
    const spoil: readonly ((c: Cluster) => void)[] = [
      ({ disks }) => disks[1]?.setFault(rot('x', 'b1')),
      ({ disks }) => disks[1]?.write([put('b1', 'again')]),
      ({ disks }) => disks[1]?.write([del('b1')]),
      ({ sources }) => sources.fill(false, 1, 2),
    ];
    for (const how of spoil) {
      const made = cluster('refuse');
      fill(made.disks[0], 'b1');
      fill(made.disks[1], 'b1');
      how(made);
      expect(made.atlas.setFault(0, rot('f', 'b1'))).toBe('refused');
    }
  });

  it('finds copies under other keys when hosts name them differently', () => {
    for (const sameKeys of [true, false]) {
      const { atlas, disks } = cluster('refuse', sameKeys);
      fill(disks[0], 'b1');
      fill(disks[2], 'y1');
      expect(atlas.setFault(0, rot('f', 'b1'))).toBe(sameKeys ? 'refused' : 'active');
    }
  });

  it('asks when the write is lost, not when the fault is armed', () => {
    const { atlas, disks } = cluster('refuse');
    const lose: DiskFault = { kind: 'lostWrite', id: 'f', target: { kind: 'drawn', draw: 0 } };
    expect(atlas.setFault(0, lose)).toBe('armed');
    fill(disks[0], 'b1');
    expect(dump(disks[0] as SimDisk)).toEqual(['b1=b1']);
    fill(disks[1], 'b2');
    fill(disks[0], 'b2');
    expect(dump(disks[0] as SimDisk)).toEqual(['b1=b1']);
  });

  it('refuses a wipe or an old disk that takes the last copy, and does the others', () => {
    const { atlas, disks } = cluster('refuse');
    fill(disks[0], 'b1');
    const old = (disks[0] as SimDisk).takeSnapshot();
    fill(disks[0], 'b2');
    expect(atlas.restore(0, old)).toBe(false);
    expect(atlas.wipe(0)).toBe(false);
    fill(disks[1], 'b2');
    expect(atlas.wipe(0)).toBe(false);
    expect(dump(disks[0] as SimDisk)).toEqual(['b1=b1', 'b2=b2']);
    expect(atlas.restore(0, old)).toBe(true);
    expect(dump(disks[0] as SimDisk)).toEqual(['b1=b1']);
    fill(disks[1], 'b1');
    expect(atlas.wipe(0)).toBe(true);
    expect(dump(disks[0] as SimDisk)).toEqual([]);
  });

  it('that allows the last copy to go reports it, until a good copy is back', () => {
    const { atlas, disks } = cluster('allow');
    fill(disks[0], 'b1');
    fill(disks[1], 'b2');
    expect(atlas.setFault(0, rot('f', 'b1'))).toBe('active');
    expect(atlas.wipe(1)).toBe(true);
    expect(atlas.lost()).toEqual(['block 1', 'block 2']);
    disks[0]?.clearFault('f');
    expect(atlas.lost()).toEqual(['block 2']);
    fill(disks[2], 'b2');
    expect(atlas.lost()).toEqual([]);
  });
});
