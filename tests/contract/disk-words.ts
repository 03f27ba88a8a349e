/** Short words for tests of the disk. */
import type { WriteOp } from '../../src/env/storage.ts';
import type { SimDisk } from '../../src/sim/disk/disk.ts';
import { createKeyPool } from '../../src/sim/disk/key-text.ts';
import { createSimDisk } from '../../src/sim/disk/sim-disk.ts';

/** The bytes of a text of ASCII characters. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The text of ASCII bytes. */
export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : String.fromCharCode(...bytes);
}

export function put(key: string, value: string): WriteOp {
  return { kind: 'put', key: ascii(key), value: ascii(value) };
}

export function del(key: string): WriteOp {
  return { kind: 'delete', key: ascii(key) };
}

/** Everything that the program reads, as `key=value`. */
export function dump(disk: Pick<SimDisk, 'scan'>, reverse = false): readonly string[] {
  return disk
    .scan({ start: ascii('') }, 1_000, reverse)
    .map(({ key, value }) => `${text(key)}=${text(value)}`);
}

/** A disk, and the number of the event that runs. */
export function newDisk(): { readonly disk: SimDisk; readonly event: { now: number } } {
  const event = { now: 0 };
  return { disk: createSimDisk({ keys: createKeyPool(), currentEvent: () => event.now }), event };
}
