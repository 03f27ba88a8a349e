/** What execution and engines see of the state: an authenticated map of namespaces to leaves. The tree stands in state-tree.ts. */
import type { Hash } from '../types/units.ts';

/** Numbers are part of the protocol: the first byte of what a state key hashes. */
export const NAMESPACE = {
  accounts: 0,
  system: 1,
  validators: 2,
  unbonding: 3,
  evidence: 4,
  reserved: 5,
} as const;
export type Namespace = keyof typeof NAMESPACE;

/** Reads leaves. `id` is lower-case hexadecimal of at most 64 bytes. */
export interface StateReader {
  get(namespace: Namespace, id: string): Uint8Array | undefined;
}

/** One immutable version of the state; versions share structure. */
export interface State extends StateReader {
  /** Computed once, on first use. */
  readonly root: Hash;
  /** Number of leaves. */
  readonly size: number;
  /** How many of them are accounts. */
  readonly accounts: number;
  /** A new version; later changes of one leaf win; `value` undefined deletes. */
  update(changes: readonly StateChange[]): State;
  /** Every leaf in the order of its tree key. Materialised page by page: at most `limit` after `afterKey`. */
  leaves(afterKey: string | undefined, limit: number): readonly StateLeaf[];
}

export interface StateChange {
  readonly namespace: Namespace;
  readonly id: string;
  readonly value: Uint8Array | undefined;
}

/** A leaf as snapshots and disk carry it: the preimage of its key, and its value. */
export interface StateLeaf {
  /** SHA-256(tag, namespace, id) as hexadecimal: the path in the tree. */
  readonly key: string;
  readonly namespace: Namespace;
  readonly id: string;
  readonly value: Uint8Array;
}

/** A journaled overlay over a state: what one block's execution writes. */
export interface StateWriter extends StateReader {
  put(namespace: Namespace, id: string, value: Uint8Array): void;
  delete(namespace: Namespace, id: string): void;
  /** Remembers this moment. Checkpoints nest. */
  checkpoint(): number;
  /** Undoes everything since the checkpoint. */
  revert(to: number): void;
}
