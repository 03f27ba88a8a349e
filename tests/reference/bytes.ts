/** Reading canonical bytes, and every hash: docs/protocol.md, Notation, Hashes and domain tags, Merkle lists, State. */
import { hash as digestOf } from 'node:crypto';

/** Bytes that are no value of their layout. */
export class Malformed extends Error {}

/** 32 zero bytes as text: an empty subtree, an absent root. */
export const ZERO = '00'.repeat(32);

/** Throws Malformed unless `condition` holds. */
export function need(condition: boolean, fact: string): asserts condition {
  if (!condition) throw new Malformed(fact);
}

/** What `read` reads; undefined: the bytes are no value of their layout. */
export function malformedIsNone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** A place in a byte string, moving forward; every read checks what is left. */
export class Reader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  take(size: number): Buffer {
    need(this.at + size <= this.bytes.length, `${size} bytes wanted at ${this.at} of ${this.bytes.length}`);
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  hex(size = 32): string {
    return this.take(size).toString('hex');
  }

  uint(size: 1 | 2 | 4): number {
    return this.take(size).readUIntBE(0, size);
  }

  u64(): bigint {
    return this.take(8).readBigUInt64BE(0);
  }

  safe(): number {
    const value = Number(this.u64());
    need(Number.isSafeInteger(value), 'a safe integer is at most 2^53 - 1');
    return value;
  }

  /** A byte string behind its length. */
  sized(prefix: 1 | 2 | 4, least: number, most: number): Buffer {
    const size = this.uint(prefix);
    need(size >= least && size <= most, `length ${size} is outside ${least}..${most}`);
    return this.take(size);
  }

  list<T>(prefix: 1 | 2 | 4, most: number, item: () => T): T[] {
    const count = this.uint(prefix);
    need(count <= most, `count ${count} is above ${most}`);
    const items: T[] = [];
    while (items.length < count) items.push(item());
    return items;
  }

  end(): void {
    need(this.at === this.bytes.length, `${this.bytes.length - this.at} bytes are left over`);
  }
}

/** A u64, big-endian. */
export function u64(value: number | bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

/** A number of `size` bytes, big-endian. */
export function uint(size: 1 | 2 | 4, value: number): Buffer {
  const out = Buffer.alloc(size);
  out.writeUIntBE(value, 0, size);
  return out;
}

/** SHA-256 as text over a tag and parts; text parts are hexadecimal. */
export function hash(tag: number, ...parts: (Buffer | string)[]): string {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part));
  return digestOf('sha256', Buffer.concat([Buffer.of(tag), ...bytes]), 'hex');
}

/** RFC 6962 section 2.1, MTH as it is written there. */
export function merkleTreeHash(list: readonly Buffer[]): string {
  const [only] = list;
  if (only === undefined) return digestOf('sha256', Buffer.alloc(0), 'hex');
  if (list.length === 1) return hash(0x00, only);
  let k = 1;
  while (k * 2 < list.length) k *= 2;
  return hash(0x01, merkleTreeHash(list.slice(0, k)), merkleTreeHash(list.slice(k)));
}

/** The Merkle tree hash of a list of ids that only grows: one perfect tree for each bit of its length. */
export class History {
  #length = 0;
  readonly #perfect: string[] = [];

  push(id: string): void {
    let tree = hash(0x00, id);
    for (let n = this.#length; n % 2 === 1; n = (n - 1) / 2)
      tree = hash(0x01, this.#perfect.pop() ?? '', tree);
    this.#perfect.push(tree);
    this.#length += 1;
  }

  root(): string {
    if (this.#length === 0) return merkleTreeHash([]);
    return this.#perfect.reduceRight((right, left) => hash(0x01, left, right));
  }
}

/** The number of a state namespace. */
export const NAMESPACE = { accounts: 0, system: 1, validators: 2, unbonding: 3, evidence: 4 } as const;

interface Leaf {
  readonly path: string;
  readonly hash: string;
}

/** All leaves of the state; its root is computed anew from the sorted leaves each time. */
export class Leaves {
  readonly #leaves = new Map<string, Leaf & { readonly value: string }>();

  get(namespace: number, id: string): Buffer | undefined {
    const leaf = this.#leaves.get(`${namespace}/${id}`);
    return leaf === undefined ? undefined : Buffer.from(leaf.value, 'hex');
  }

  set(namespace: number, id: string, value: Buffer): void {
    const name = `${namespace}/${id}`;
    const path = this.#leaves.get(name)?.path ?? hash(0x20, Buffer.of(namespace), id);
    const text = value.toString('hex');
    this.#leaves.set(name, { path, value: text, hash: hash(0x22, path, hash(0x21, value)) });
  }

  delete(namespace: number, id: string): void {
    this.#leaves.delete(`${namespace}/${id}`);
  }

  /** Every value of a namespace. */
  values(namespace: number): Buffer[] {
    const own = [...this.#leaves].filter(([name]) => name.startsWith(`${namespace}/`));
    return own.map(([, leaf]) => Buffer.from(leaf.value, 'hex'));
  }

  root(): string {
    const sorted = [...this.#leaves.values()].sort((a, b) =>
      a.path < b.path ? -1 : a.path > b.path ? 1 : 0,
    );
    return subtree(sorted, 0);
  }
}

function subtree(leaves: readonly Leaf[], depth: number): string {
  const [first] = leaves;
  if (first === undefined) return ZERO;
  if (leaves.length === 1) return first.hash;
  const split = leaves.findIndex((leaf) => bitOf(leaf.path, depth) === 1);
  const middle = split === -1 ? leaves.length : split;
  return hash(0x23, subtree(leaves.slice(0, middle), depth + 1), subtree(leaves.slice(middle), depth + 1));
}

function bitOf(path: string, depth: number): number {
  const digit = Number.parseInt(path.charAt(depth >> 2), 16);
  return (digit >> (3 - (depth & 3))) & 1;
}
