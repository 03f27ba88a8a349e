/** Snapshots, checked from their bytes alone: docs/protocol.md, Snapshots. Written apart from src/, which it does not know. */
import { hash, Malformed, NAMESPACE, need, Reader, ZERO } from './bytes.ts';
import { type Header, readHeader } from './layouts.ts';

/** A leaf with its path and its hash in the tree. */
export interface SnapshotLeaf {
  readonly namespace: number;
  readonly id: string;
  readonly value: Buffer;
  readonly path: string;
  readonly hash: string;
}

/** The paths p with after < p <= upTo; '' is no end. */
export interface Range {
  readonly after: string;
  readonly upTo: string;
}

/** What a manifest states. */
export interface Manifest {
  readonly id: string;
  readonly genesisId: string;
  readonly header: Header;
  readonly certificate: Buffer;
  readonly weight: Buffer;
  readonly peaks: readonly string[];
  readonly view: Buffer;
  readonly leafCount: number;
  readonly ends: readonly string[];
}

/** Namespaces are numbered from 0 to this; the last is reserved. */
const NAMESPACE_MAX = NAMESPACE.evidence + 1;

function check(bytes: Buffer, read: (r: Reader) => void): void {
  const r = new Reader(bytes);
  read(r);
  r.end();
}

/** @throws {Malformed} also where the peaks are not those of the header's history. */
export function decodeManifest(bytes: Buffer): Manifest {
  const r = new Reader(bytes);
  need(r.uint(2) === 1, 'the layout of a snapshot is 1');
  const manifest: Manifest = {
    id: hash(0x18, bytes),
    genesisId: r.hex(),
    header: readHeader(r),
    certificate: r.sized(4, 0, 65_536),
    weight: r.sized(1, 0, 64),
    peaks: r.list(1, 53, () => r.hex()),
    view: r.sized(4, 0, 1_048_576),
    leafCount: r.safe(),
    ends: r.list(4, 65_535, () => r.hex()),
  };
  r.end();
  const { peaks, header, ends } = manifest;
  need(
    ends.every((end, i) => i === 0 || end > (ends[i - 1] ?? '')),
    'the ends of chunks grow strictly',
  );
  const ones = header.height.toString(2).replaceAll('0', '');
  need(peaks.length === ones.length, 'a peak for each one bit of the height');
  const root = peaks.reduceRight((right, left) => hash(0x01, left, right));
  need(root === header.historyRoot, 'the peaks give the history root of the header');
  return manifest;
}

/** The leaves of a chunk, proven to be all of that range. @throws {Malformed} */
export function checkChunk(root: string, range: Range, bytes: Buffer): readonly SnapshotLeaf[] {
  const leaves: SnapshotLeaf[] = [];
  check(bytes, (r) => {
    for (let left = r.uint(4); left > 0; left--) leaves.push(readLeaf(r));
    checkRange(root, range, leaves, r.sized(4, 0, 17_538));
  });
  return leaves;
}

function readLeaf(r: Reader): SnapshotLeaf {
  const namespace = r.uint(1);
  need(namespace <= NAMESPACE_MAX, `there is no namespace ${namespace}`);
  const id = r.sized(1, 0, 64).toString('hex');
  const value = r.sized(4, 0, 524_288);
  const path = hash(0x20, Buffer.of(namespace), id);
  return { namespace, id, value, path, hash: hash(0x22, path, hash(0x21, value)) };
}

/** @throws {Malformed} unless under `root` these are all leaves of the range. */
export function checkRange(root: string, range: Range, leaves: readonly SnapshotLeaf[], proof: Buffer): void {
  const { after, upTo } = range;
  const isInside = (path: string) => path > after && (upTo === '' || path <= upTo);
  for (const [i, { path }] of leaves.entries()) {
    need(isInside(path), `leaf ${i} is outside`);
    need(i === 0 || path > (leaves[i - 1]?.path ?? ''), `leaf ${i} is out of order`);
  }
  check(proof, (r) =>
    need(subtree(r, '', range, leaves, isInside) === root, 'it is the proof of another root'),
  );
}

/** The hash of the subtree of all paths that begin with `bits`; reads the parts of the proof that describe it. */
function subtree(
  r: Reader,
  bits: string,
  range: Range,
  leaves: readonly SnapshotLeaf[],
  isInside: (path: string) => boolean,
): string {
  const low = pathOf(bits, '0');
  const high = pathOf(bits, '1');
  const isBelow = range.after !== '' && high <= range.after;
  const isAbove = range.upTo !== '' && low > range.upTo;
  const isWhole = (range.after === '' || low > range.after) && (range.upTo === '' || high <= range.upTo);
  // A way is followed to its end: what holds the end itself is described, however the range lies in it.
  const holdsEnd = [range.after, range.upTo].some((end) => end !== '' && low <= end && end <= high);
  if (!holdsEnd && isWhole) return plainSubtree(leaves, bits);
  const kind = r.uint(1);
  if (kind === 0) {
    need(leaves.length === 0, 'leaves in an empty subtree');
    return ZERO;
  }
  if (!holdsEnd) {
    need((isBelow || isAbove) && kind === 1, `a part ${kind} beside the way`);
    const found = r.hex();
    need(found !== ZERO, 'an empty subtree is written as such');
    return found;
  }
  if (kind === 2) {
    need(bits.length < 256, 'a branch below the last bit');
    const [zeros, ones] = split(leaves, bits.length);
    const left = subtree(r, `${bits}0`, range, zeros, isInside);
    return hash(0x23, left, subtree(r, `${bits}1`, range, ones, isInside));
  }
  if (kind === 3) {
    const [only] = leaves;
    if (only === undefined || leaves.length > 1) throw new Malformed('one leaf was expected');
    return only.hash;
  }
  need(kind === 4, `a part ${kind} on the way`);
  need(leaves.length === 0, 'leaves beside the only one');
  const path = r.hex();
  need(path >= low && path <= high, 'a leaf of another place');
  need(!isInside(path), 'a leaf of the range that is not in the list');
  return hash(0x22, path, r.hex());
}

function plainSubtree(leaves: readonly SnapshotLeaf[], bits: string): string {
  const [first] = leaves;
  if (first === undefined) return ZERO;
  if (leaves.length === 1) return first.hash;
  const [zeros, ones] = split(leaves, bits.length);
  return hash(0x23, plainSubtree(zeros, `${bits}0`), plainSubtree(ones, `${bits}1`));
}

function split(leaves: readonly SnapshotLeaf[], depth: number): [SnapshotLeaf[], SnapshotLeaf[]] {
  const isOne = ({ path }: SnapshotLeaf) => bitsOf(path)[depth] === '1';
  return [leaves.filter((leaf) => !isOne(leaf)), leaves.filter(isOne)];
}

function bitsOf(path: string): string {
  return path.replaceAll(/./g, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'));
}

/** The first (fill '0') or last (fill '1') path that begins with these bits. */
function pathOf(bits: string, fill: '0' | '1'): string {
  const all = bits.padEnd(256, fill);
  return Array.from({ length: 64 }, (_, i) =>
    Number.parseInt(all.slice(4 * i, 4 * i + 4), 2).toString(16),
  ).join('');
}

/** The manifest, and all leaves of the snapshot, when every chunk proves its range. @throws {Malformed} */
export function checkSnapshot(
  manifestBytes: Buffer,
  chunks: readonly Buffer[],
): { readonly manifest: Manifest; readonly leaves: readonly SnapshotLeaf[] } {
  const manifest = decodeManifest(manifestBytes);
  const { ends, header, leafCount } = manifest;
  need(chunks.length === ends.length + 1, 'one chunk more than ends');
  const leaves = chunks.flatMap((bytes, i) =>
    checkChunk(header.stateRoot, { after: ends[i - 1] ?? '', upTo: ends[i] ?? '' }, bytes),
  );
  need(leaves.length === leafCount, `${leafCount} leaves are stated`);
  return { manifest, leaves };
}
