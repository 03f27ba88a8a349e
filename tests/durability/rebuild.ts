/** Files as a power cut may leave them: all that was synced, and of the rest what a seed chooses. */
import { type DiskChange, isWithin } from './disk-record.ts';

/** What a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;

/** What becomes of changes that no sync has covered. */
export const LOSSES = ['all', 'none', 'some', 'tail', 'torn'] as const;
export type Loss = (typeof LOSSES)[number];

/** A cut of the power. */
export interface Cut {
  /** Calls that began before this place may have had an effect. */
  readonly at: number;
  /** `all`: nothing unsynced survives; `tail`: a prefix does; `torn`: some, and of those some only in part. */
  readonly loss: Loss;
  /** Draws an integer below n. */
  readonly below: (n: number) => number;
}

/** Path → content; undefined: a folder. Parents come first. */
export type Files = ReadonlyMap<string, Uint8Array | undefined>;

/** The folder after the cut. */
export function rebuild(changes: readonly DiskChange[], cut: Cut): Files {
  const { at, loss, below } = cut;
  const begun = changes.filter((change) => change.at < at);
  const loose = begun.filter(({ durableAt }) => durableAt >= at).length;
  const kept = loss === 'tail' ? below(loose + 1) : 0;
  const files = new Map<string, Uint8Array | undefined>();
  let seen = 0;
  for (const change of begun) {
    if (change.durableAt < at) apply(files, change, undefined);
    else if (survives(loss, seen++ < kept, below))
      apply(files, change, loss === 'torn' && below(2) === 0 ? below : undefined);
  }
  return files;
}

function survives(loss: Loss, isInPrefix: boolean, below: (n: number) => number): boolean {
  switch (loss) {
    case 'all':
      return false;
    case 'none':
      return true;
    case 'tail':
      return isInPrefix;
    default:
      return below(2) === 0;
  }
}

/** @param torn draws which sectors are there; undefined: all. */
function apply(
  files: Map<string, Uint8Array | undefined>,
  change: DiskChange,
  torn: ((n: number) => number) | undefined,
): void {
  const { kind, path } = change;
  const parent = path.slice(0, path.lastIndexOf('/'));
  // Without its name a file is nowhere.
  if (path.includes('/') && !files.has(parent)) return;
  if (kind === 'create') {
    if (!files.has(path)) files.set(path, change.isFolder ? undefined : new Uint8Array(0));
    return;
  }
  if (kind === 'rename') return rename(files, path, change.to);
  const content = files.get(path);
  if (content === undefined) return;
  if (kind === 'resize') files.set(path, resized(content, change.size));
  else files.set(path, written(content, change.offset, change.bytes, torn));
}

function rename(files: Map<string, Uint8Array | undefined>, path: string, to: string): void {
  for (const [name, content] of [...files]) {
    if (!isWithin(name, path)) continue;
    files.delete(name);
    files.set(to + name.slice(path.length), content);
  }
}

function resized(content: Uint8Array, size: number): Uint8Array {
  const grown = new Uint8Array(size);
  grown.set(content.subarray(0, size));
  return grown;
}

function written(
  content: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  torn: ((n: number) => number) | undefined,
): Uint8Array {
  const end = offset + bytes.length;
  const into = end > content.length ? resized(content, end) : content;
  if (torn === undefined) {
    into.set(bytes, offset);
    return into;
  }
  for (let from = offset; from < end; ) {
    const to = Math.min(end, from - (from % SECTOR_BYTES) + SECTOR_BYTES);
    if (torn(2) === 0) into.set(bytes.subarray(from - offset, to - offset), from);
    from = to;
  }
  return into;
}
