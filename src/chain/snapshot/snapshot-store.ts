/** Snapshots on disk: those made here, the one that is being received, and what of them can be served. */
import { type BlockStore, batchOf } from '../blockstore/block-store.ts';
import { Lru } from '../blockstore/lru.ts';
import { encodeHead } from '../blockstore/record-codecs.ts';
import {
  heightRange,
  keyAfter,
  META,
  metaKey,
  PREFIX,
  placeOfSnapshotKey,
  prefixRange,
  snapshotKey,
} from '../blockstore/records.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import { blockId } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { BlockHash, Hash, Height } from '../types/units.ts';
import { REQUESTS_MAX } from './fetch-state.ts';
import { decodeManifest, type Manifest, snapshotId } from './manifest.ts';

/** The item of a snapshot that is its manifest; chunk i is item i + 1. */
export const MANIFEST_ITEM = 0;
/** Snapshots on one disk: the newest, one that peers still fetch, and one in the making. */
export const SNAPSHOTS_MAX = 3;
/** Items kept in memory while their parts are asked for, 1 MiB each: as many as one client fetches at a time. */
const ITEMS_CACHED_MAX = REQUESTS_MAX;
/** Records of one batch of deletions: 8 MiB are read for it at most. */
const DROP_PAGE = 8;

/** A snapshot whose manifest is on the disk. */
export interface StoredSnapshot {
  readonly id: Hash;
  readonly height: Height;
  readonly block: BlockHash;
  readonly manifest: Manifest;
}

export class SnapshotStore {
  readonly #store: BlockStore;
  readonly #sha256: Sha256;
  readonly #cache = new Lru<string, Uint8Array>(ITEMS_CACHED_MAX);
  #stored: readonly StoredSnapshot[] = [];

  /** Reads which snapshots there are; what a cut making left behind is deleted. */
  constructor(store: BlockStore, sha256: Sha256) {
    this.#store = store;
    this.#sha256 = sha256;
    for (let range = prefixRange(PREFIX.snapshot); ; ) {
      const [first] = this.#store.scan(range, 1);
      const place = first === undefined ? undefined : placeOfSnapshotKey(first.key);
      if (first === undefined) return;
      if (place === undefined) {
        // Nobody wrote such a key.
        this.#store.check(first.key, first.value);
        this.#store.write(batchOf([{ kind: 'delete', key: first.key }]));
        this.#store.repaired(first.key);
        range = { ...range, start: keyAfter(first.key) };
        continue;
      }
      const payload = this.#store.check(first.key, first.value);
      const found = payload === 'corrupt' || place.item !== MANIFEST_ITEM ? undefined : this.#known(payload);
      if (found !== undefined && found.height === place.height) this.#stored = [...this.#stored, found];
      else this.drop(place.height);
      range = heightRange(PREFIX.snapshot, place.height + 1, undefined);
    }
  }

  /** Lowest height first; at most SNAPSHOTS_MAX. */
  get stored(): readonly StoredSnapshot[] {
    return this.#stored;
  }

  find(id: Hash): StoredSnapshot | undefined {
    return this.#stored.find((snapshot) => snapshot.id === id);
  }

  /** An item as it travels; undefined when it is not here. A record that fails its check is deleted. */
  item(height: Height, item: number): Uint8Array | undefined {
    const name = `${height}/${item}`;
    const cached = this.#cache.get(name);
    if (cached !== undefined) return cached;
    const key = snapshotKey(height, item);
    const payload = this.#store.read(key);
    if (payload === 'corrupt') {
      this.#store.write(batchOf([{ kind: 'delete', key }]));
      this.#store.repaired(key);
      return undefined;
    }
    if (payload !== undefined) this.#cache.set(name, payload);
    return payload;
  }

  /** Whether a whole record of that item is here; one that is damaged is deleted. */
  has(height: Height, item: number): boolean {
    return this.item(height, item) !== undefined;
  }

  putChunk(height: Height, index: number, bytes: Uint8Array): void {
    this.#store.write(batchOf([this.#store.put(snapshotKey(height, index + 1), bytes)]));
  }

  /** From here on the snapshot is known by its id. */
  putManifest(bytes: Uint8Array): StoredSnapshot | undefined {
    const found = this.#known(bytes);
    if (found === undefined) return undefined;
    this.#store.write(batchOf([this.#store.put(snapshotKey(found.height, MANIFEST_ITEM), bytes)]));
    this.#stored = [...this.#stored.filter(({ height }) => height !== found.height), found].sort(
      (a, b) => a.height - b.height,
    );
    return found;
  }

  /** Marks it as whole: the next opening of the folder installs it. */
  markInstall({ height, block }: StoredSnapshot): void {
    this.#store.write(batchOf([this.#store.put(metaKey(META.install), encodeHead(height, block))]));
  }

  /** Deletes everything of that height, in batches that a crash may cut anywhere: the manifest goes first. */
  drop(height: number): void {
    this.#stored = this.#stored.filter((snapshot) => snapshot.height !== height);
    let range = heightRange(PREFIX.snapshot, height, height + 1);
    for (;;) {
      const page = this.#store.scan(range, DROP_PAGE);
      const last = page.at(-1);
      if (last === undefined) return;
      for (const { key, value } of page) this.#store.check(key, value);
      this.#store.write(batchOf(page.map(({ key }) => ({ kind: 'delete', key }))));
      for (const { key } of page) {
        this.#store.repaired(key);
        this.#cache.delete(`${height}/${placeOfSnapshotKey(key)?.item}`);
      }
      // On from there, and not from the start again: a bad disk may go on answering what was deleted.
      range = { ...range, start: keyAfter(last.key) };
    }
  }

  #known(bytes: Uint8Array): StoredSnapshot | undefined {
    const manifest = decodeManifest(bytes);
    if (isRejection(manifest)) return undefined;
    const { header } = manifest;
    return { id: snapshotId(bytes, this.#sha256), height: header.height, block: blockId(header), manifest };
  }
}
