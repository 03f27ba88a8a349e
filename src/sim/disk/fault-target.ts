/** Which key a disk fault hits, and what the key reads as then. */
import { assert } from '../../env/assert.ts';
import { equalBytes, hexToBytes } from '../../env/bytes.ts';
import type { CorruptionStart } from './corruption-ledger.ts';
import type { DiskFault, FaultOutcome, KeyTarget } from './disk.ts';
import { compareText, keyToText, textToKey } from './key-text.ts';

/** Faults that hit one key that the disk holds, at the moment when they are switched on. */
export type OneKeyFault = Extract<
  DiskFault,
  { readonly kind: 'staleValue' | 'misdirectedValue' | 'missingKey' | 'bitRotValue' | 'bitRotKey' }
>;

/** What a disk tells about its keys. */
export interface KeySource {
  /** Every key, ascending. */
  keys(): readonly string[];
  get(key: string): Uint8Array | undefined;
  /** The key reads wrong already, or another one reads as it. */
  isWrong(key: string): boolean;
}

/** Finds a key that the fault can hit, and says what comes of it. */
export function aim(
  fault: OneKeyFault,
  source: KeySource,
  allow: (key: Uint8Array) => boolean,
): CorruptionStart | Extract<FaultOutcome, 'noTarget' | 'refused'> {
  let isRefused = false;
  for (const key of candidates(fault.target, source.keys())) {
    const value = source.get(key);
    if (value === undefined || source.isWrong(key)) continue;
    const start = corrupt(fault, key, value, source);
    if (start === undefined) continue;
    if (allow(textToKey(key))) return start;
    isRefused = true;
  }
  return isRefused ? 'refused' : 'noTarget';
}

/** The keys that a target may mean, the drawn one first and then those behind it, round to the one before. */
function* candidates(target: KeyTarget, keys: readonly string[]): Generator<string> {
  if (target.kind === 'key') {
    yield hexToText(target.key);
    return;
  }
  const prefix = hexToText(target.prefix ?? '');
  const matching = keys.filter((key) => key.startsWith(prefix));
  for (let i = 0; i < matching.length; i++) {
    yield matching[((target.draw % matching.length) + i) % matching.length] as string;
  }
}

/** True when a write of `key` is one that the target means. */
export function isMeant(target: KeyTarget, key: string): boolean {
  return target.kind === 'key'
    ? key === hexToText(target.key)
    : key.startsWith(hexToText(target.prefix ?? ''));
}

function hexToText(hex: string): string {
  const key = hexToBytes(hex);
  assert(key !== undefined, 'the key of a fault is lower-case hexadecimal');
  return keyToText(key);
}

/** The keys of a snapshot and a disk that differ, ascending, and what they were in the snapshot. */
export function differences(
  old: ReadonlyMap<string, Uint8Array>,
  now: ReadonlyMap<string, Uint8Array>,
): readonly { readonly key: string; readonly value: Uint8Array | undefined }[] {
  const changed: { key: string; value: Uint8Array | undefined }[] = [];
  for (const [key, value] of now) {
    const before = old.get(key);
    if (before === undefined || !equalBytes(before, value)) changed.push({ key, value: before });
  }
  for (const [key, value] of old) if (!now.has(key)) changed.push({ key, value });
  return changed.sort((a, b) => compareText(a.key, b.key));
}

/** undefined: this fault cannot hit this key. */
function corrupt(
  fault: OneKeyFault,
  key: string,
  value: Uint8Array,
  source: KeySource,
): CorruptionStart | undefined {
  const start = { faultId: fault.id, kind: fault.kind, key };
  switch (fault.kind) {
    case 'staleValue':
      return { ...start, value };
    case 'missingKey':
      return { ...start, value: undefined };
    case 'bitRotValue':
      return value.length === 0 ? undefined : { ...start, value: flipBit(value, fault.bit) };
    case 'bitRotKey': {
      const shownAs = freeNeighbour(key, fault.bit, source);
      return shownAs === undefined ? undefined : { ...start, value, shownAs };
    }
    case 'misdirectedValue': {
      const other = valueOfAnother(fault.source, value, source);
      return other === undefined ? undefined : { ...start, value: other };
    }
  }
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  const at = bit % (bytes.length * 8);
  flipped[at >>> 3] = (flipped[at >>> 3] as number) ^ (1 << (at & 7));
  return flipped;
}

/** The key with one bit flipped, the first from `bit` on that gives a key that the disk does not hold. */
function freeNeighbour(key: string, bit: number, source: KeySource): string | undefined {
  for (let i = 0; i < key.length * 8; i++) {
    const neighbour = keyToText(flipBit(textToKey(key), bit + i));
    if (source.get(neighbour) === undefined && !source.isWrong(neighbour)) return neighbour;
  }
  return undefined;
}

function valueOfAnother(target: KeyTarget, value: Uint8Array, source: KeySource): Uint8Array | undefined {
  for (const key of candidates(target, source.keys())) {
    const other = source.get(key);
    if (other !== undefined && !equalBytes(other, value)) return other;
  }
  return undefined;
}
