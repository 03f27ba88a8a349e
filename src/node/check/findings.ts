/** What is wrong with a folder, each record once, and what becomes of it. */
import {
  heightIdOf,
  heightOfAccountKey,
  PREFIX,
  placeOfSnapshotKey,
  readHeight,
} from '../../chain/blockstore/records.ts';
import { bytesToHex } from '../../env/bytes.ts';
import type { WriteOp } from '../../env/storage.ts';

/** So many are told one by one; a folder with more is no folder to repair. */
const FINDINGS_MAX = 100_000;

/** Kinds of records by the first byte of their key. */
const KINDS: ReadonlyMap<number, string> = new Map([
  [PREFIX.account, 'account index'],
  [PREFIX.block, 'block'],
  [PREFIX.certificate, 'certificate'],
  [PREFIX.engine, 'engine'],
  [PREFIX.height, 'height index'],
  [PREFIX.meta, 'meta'],
  [PREFIX.header, 'header'],
  [PREFIX.peers, 'peers'],
  [PREFIX.state, 'state'],
  [PREFIX.transaction, 'transaction index'],
  [PREFIX.undo, 'undo'],
  [PREFIX.checkpoint, 'checkpoint'],
  [PREFIX.snapshot, 'snapshot'],
]);
const UNKNOWN = 'unknown';

/** Who can bring the record back. */
export type Remedy =
  /** --repair writes or removes it. */
  | 'repair'
  /** The node itself, when it starts: from its peers, where it must. */
  | 'node'
  /** A backup, or an empty folder that syncs. */
  | 'none';

/** One record that is not as it has to be. */
export interface Finding {
  /** Hexadecimal. */
  readonly key: string;
  readonly record: string;
  /** Where its key says it. */
  readonly height: number | undefined;
  readonly what: string;
  readonly remedy: Remedy;
  readonly isRepaired: boolean;
}

/** Collects them; with `repair`, writes what brings them back. */
export class Findings {
  readonly #found = new Map<string, Finding>();
  readonly #damaged = new Map<string, Uint8Array>();
  readonly #repair: ((ops: readonly WriteOp[]) => void) | undefined;
  #beyond = 0;

  /** @param repair writes; undefined: nothing is repaired. */
  constructor(repair: ((ops: readonly WriteOp[]) => void) | undefined) {
    this.#repair = repair;
  }

  /** In the order found. */
  get all(): readonly Finding[] {
    return [...this.#found.values()];
  }

  /** Found, and not in `all`. */
  get beyond(): number {
    return this.#beyond;
  }

  has(key: Uint8Array): boolean {
    return this.#found.has(bytesToHex(key));
  }

  /** A record that fails its checksum: what follows from it, those find out who know what should stand there. */
  noteDamaged(key: Uint8Array): void {
    if (this.#damaged.size < FINDINGS_MAX) this.#damaged.set(bytesToHex(key), key);
    else this.#beyond++;
  }

  /** Damaged records that nobody has found since. */
  leftover(): readonly Uint8Array[] {
    return [...this.#damaged].filter(([text]) => !this.#found.has(text)).map(([, key]) => key);
  }

  /**
   * A record that is missing, damaged or wrong; what is known of one that was found before is replaced. `ops`: what brings
   * it back, 'node' or 'none' where nothing here does.
   */
  add(key: Uint8Array, what: string, ops: readonly WriteOp[] | 'node' | 'none'): void {
    const text = bytesToHex(key);
    const remedy = typeof ops === 'string' ? ops : 'repair';
    const isRepaired = typeof ops !== 'string' && this.#repair !== undefined;
    if (isRepaired) this.#repair?.(ops);
    if (!this.#found.has(text) && this.#found.size >= FINDINGS_MAX) this.#beyond++;
    else
      this.#found.set(text, {
        key: text,
        record: recordName(key),
        height: heightOf(key),
        what,
        remedy,
        isRepaired,
      });
  }

  /** A record that has to be so, byte for byte; true when it is. */
  expect(op: Extract<WriteOp, { readonly kind: 'put' }>, found: Uint8Array | undefined): boolean {
    if (found !== undefined && isSame(found, op.value)) return true;
    this.add(op.key, this.#whyNot(op.key, found), [op]);
    return false;
  }

  /** In words: missing, damaged, or whole and wrong. */
  #whyNot(key: Uint8Array, found: Uint8Array | undefined): string {
    if (found === undefined) return MISSING;
    return this.#damaged.has(bytesToHex(key)) ? DAMAGED : 'it is not what the chain gives';
  }
}

/** Of a record. */
export const MISSING = 'it is missing';
/** Of a record. */
export const DAMAGED = 'it fails its checksum';

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The kind of a record, for people. */
export function recordName(key: Uint8Array): string {
  return KINDS.get(key[0] ?? -1) ?? UNKNOWN;
}

/** The height that a key names; undefined: it names none. */
function heightOf(key: Uint8Array): number | undefined {
  switch (key[0]) {
    case PREFIX.block:
    case PREFIX.certificate:
      return heightIdOf(key)?.height;
    case PREFIX.account:
      return heightOfAccountKey(key);
    case PREFIX.snapshot:
      return placeOfSnapshotKey(key)?.height;
    case PREFIX.header:
    case PREFIX.undo:
    case PREFIX.checkpoint:
      return key.length === 7 ? readHeight(key, 1) : undefined;
    default:
      return undefined;
  }
}
