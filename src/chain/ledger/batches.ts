/** The atomic batches that a ledger writes: genesis, an imported block, the base one block up, the base one block down. */
import { assert } from '../../env/assert.ts';
import { hexToBytes } from '../../env/bytes.ts';
import { isDecodeRejection } from '../../env/network.ts';
import type { WriteOp } from '../../env/storage.ts';
import { type Batch, type BlockStore, batchOf } from '../blockstore/block-store.ts';
import {
  decodeBase,
  encodeBase,
  encodeFormat,
  encodeHead,
  encodeHeightOf,
  encodeIndexes,
  encodePlace,
  encodeUndo,
  type UndoRecord,
} from '../blockstore/record-codecs.ts';
import {
  accountKey,
  blockKey,
  certificateKey,
  checkpointKey,
  headerKey,
  heightOfKey,
  META,
  metaKey,
  STORE_FORMAT,
  stateKey,
  transactionKey,
  undoKey,
} from '../blockstore/records.ts';
import type { ConsensusRules } from '../consensus/consensus.ts';
import { historyRoot } from '../crypto/history.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import type { State, StateChange } from '../state/state.ts';
import { encodeReceipt } from '../types/account-codec.ts';
import type { Block, Header } from '../types/block.ts';
import { encodeBlock } from '../types/block-codec.ts';
import { blockId, decodeHeader, encodeHeader } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { BlockHash, Height } from '../types/units.ts';
import {
  certificateName,
  type Executed,
  entriesOf,
  type IndexEntry,
  indexesByAccount,
  type LedgerEnv,
  type Link,
} from './fold.ts';

/** A base record is kept every so many heights: what a header from far below the base is checked from, 1,024 steps at most. */
export const CHECKPOINT_INTERVAL = 1_024;
/** Leaves that one page of a state walk holds. */
export const LEAVES_PER_PAGE = 1_024;
/** Leaves of genesis in one batch: some 12 MB of accounts, where a batch may have 64. */
const LEAVES_PER_BATCH = 100_000;

/** What the batches depend on beside the blocks. */
export interface BatchConfig {
  /** Names code, chain, schedule and the two fields below: part of every sharing key. */
  readonly prefix: string;
  readonly undoDepth: number;
  readonly accountIndex: boolean;
}

/** Builds the batches; equal work for hosts that hold the same bytes is done once. */
export class Batches<View> {
  readonly #env: LedgerEnv;
  readonly #store: BlockStore;
  readonly #rules: ConsensusRules<View>;
  readonly #config: BatchConfig;

  constructor(env: LedgerEnv, store: BlockStore, rules: ConsensusRules<View>, config: BatchConfig) {
    this.#env = env;
    this.#store = store;
    this.#rules = rules;
    this.#config = config;
  }

  /** An empty folder becomes one that holds genesis: the leaves first, as many batches as they need, then what names them. */
  genesis(base: Executed<View>, block: Block): readonly Batch[] {
    return this.#env.memo.get('ledger.genesisBatches', this.#config.prefix, () => {
      const { link } = base;
      const ops = this.#stateOps(base.state);
      const batches: Batch[] = [];
      for (let at = 0; at + LEAVES_PER_BATCH < ops.length; at += LEAVES_PER_BATCH) {
        batches.push(batchOf(ops.slice(at, at + LEAVES_PER_BATCH)));
      }
      const rest = [
        ...ops.slice(batches.length * LEAVES_PER_BATCH),
        this.#store.put(metaKey(META.format), encodeFormat(STORE_FORMAT, link.id)),
        this.#store.put(metaKey(META.base), this.base(link)),
        this.#store.put(checkpointKey(0), this.base(link)),
        this.#store.put(blockKey(0, link.id), encodeBlock(block)),
        ...this.headerOps(link),
      ];
      return [...batches, batchOf(rest)];
    });
  }

  /** Every leaf of a state as the disk holds it. */
  #stateOps(state: State): readonly WriteOp[] {
    const ops: WriteOp[] = [];
    for (let after: string | undefined; ; ) {
      const page = state.leaves(after, LEAVES_PER_PAGE);
      for (const leaf of page) ops.push(this.#store.put(stateKey(leaf.namespace, leaf.id), leaf.value));
      after = page.at(-1)?.key;
      if (page.length < LEAVES_PER_PAGE) return ops;
    }
  }

  /** A block and its certificate; `head`: it is the head from now on. */
  imported(link: Link<View>, block: Block, certificate: string, head: boolean): Batch {
    const name = certificateName(this.#env, certificate);
    const key = `${this.#config.prefix}${head ? 'h' : 's'}${link.id}${name}`;
    return this.#env.memo.get('ledger.importBatch', key, () => {
      const { height } = link.header;
      const ops = [this.#store.put(blockKey(height, link.id), encodeBlock(block))];
      if (certificate !== '') ops.push(this.certificate(link.header.height, link.id, certificate));
      if (head) ops.push(this.head(link));
      return batchOf(ops);
    });
  }

  certificate(height: number, id: BlockHash, certificate: string): WriteOp {
    const bytes = hexToBytes(certificate);
    assert(bytes !== undefined, 'a certificate is checked before it is stored');
    return this.#store.put(certificateKey(height, id), bytes);
  }

  /** Which of several best blocks was seen first, and that it was stored. */
  head(link: Link<View>): WriteOp {
    return this.#store.put(metaKey(META.head), encodeHead(link.header.height, link.id));
  }

  /** The base moves from the parent of a block to that block: state, journal, indexes and pointer in one. */
  advance(from: Executed<View>, to: Executed<View>): Batch {
    const { link } = to;
    return this.#env.memo.get('ledger.advanceBatch', `${this.#config.prefix}${link.id}`, () => {
      const { height } = link.header;
      const payload = this.base(link);
      const ops: WriteOp[] = to.changes.map((change) => this.#leafOp(change));
      ops.push(
        this.#store.put(metaKey(META.base), payload),
        this.#store.put(undoKey(height), this.#undoPayload(from, to)),
        ...this.headerOps(link),
        ...this.indexOps(height, to.entries),
      );
      if (height % CHECKPOINT_INTERVAL === 0) ops.push(this.#store.put(checkpointKey(height), payload));
      const expired = height - this.#config.undoDepth;
      if (expired > 0) ops.push({ kind: 'delete', key: undoKey(expired) });
      return batchOf(ops);
    });
  }

  /** The base moves from a block back to its parent. */
  retreat(link: Link<View>, undo: UndoRecord, block: Block | undefined): Batch {
    const { height } = link.header;
    const ops: WriteOp[] = undo.leaves.map((change) => this.#leafOp(change));
    ops.push(
      this.#store.put(metaKey(META.base), undo.parent),
      { kind: 'delete', key: undoKey(height) },
      { kind: 'delete', key: headerKey(height) },
      { kind: 'delete', key: heightOfKey(link.id) },
      { kind: 'delete', key: checkpointKey(height) },
    );
    const entries = block === undefined ? [] : entriesOf(block, []);
    for (const op of this.indexOps(height, entries)) ops.push({ kind: 'delete', key: op.key });
    return batchOf(ops);
  }

  /** Entries by transaction and by account of one block of the main chain. */
  indexOps(height: Height, entries: readonly IndexEntry[]): readonly WriteOp[] {
    const ops: WriteOp[] = [];
    for (const [index, { id, receipt }] of entries.entries()) {
      const encoded = receipt === undefined ? new Uint8Array(0) : encodeReceipt(receipt);
      ops.push(this.#store.put(transactionKey(id), encodePlace({ height, index, receipt: encoded })));
    }
    if (!this.#config.accountIndex) return ops;
    for (const [address, indexes] of indexesByAccount(entries.map(({ accounts }) => accounts)))
      ops.push(this.#store.put(accountKey(address, height), encodeIndexes(indexes)));
    return ops;
  }

  /** Bodies below that height are gone by the configuration's will, genesis aside. */
  prunedOp(below: Height): WriteOp {
    return this.#store.put(metaKey(META.pruned), encodeHeightOf(below));
  }

  /** The main chain's header at its height. */
  headerOp(header: Header): WriteOp {
    return this.#store.put(headerKey(header.height), encodeHeader(header));
  }

  /** The height of a block of the main chain. */
  heightOp(id: BlockHash, at: Height): WriteOp {
    return this.#store.put(heightOfKey(id), encodeHeightOf(at));
  }

  /** The indexes of a block of the main chain by height and by id. */
  headerOps(link: Link<View>): readonly WriteOp[] {
    return [this.headerOp(link.header), this.heightOp(link.id, link.header.height)];
  }

  #leafOp(change: StateChange): WriteOp {
    const key = stateKey(change.namespace, change.id);
    return change.value === undefined ? { kind: 'delete', key } : this.#store.put(key, change.value);
  }

  #undoPayload(from: Executed<View>, to: Executed<View>): Uint8Array {
    const leaves = to.changes.map(({ namespace, id }) => ({
      namespace,
      id,
      value: from.state.get(namespace, id),
    }));
    return encodeUndo({ id: to.link.id, parent: this.base(from.link), leaves });
  }

  /** The base record of a block. */
  base(link: Link<View>): Uint8Array {
    return this.#env.memo.get('ledger.baseRecord', `${this.#config.prefix}${link.id}`, () =>
      encodeBase({
        id: link.id,
        header: encodeHeader(link.header),
        weight: link.weight,
        peaks: link.history.peaks,
        historyCount: link.history.count,
        view: this.#rules.encodeView(link.view),
      }),
    );
  }
}

/** The link that a base record describes; undefined when it describes none. @param hasher as `Sha256` says. */
export function linkOfBase<View>(
  rules: ConsensusRules<View>,
  payload: Uint8Array,
  hasher: Sha256,
): Link<View> | undefined {
  const base = decodeBase(payload);
  if (base === undefined) return undefined;
  const header = decodeHeader(base.header);
  const view = rules.decodeView(base.view);
  if (isRejection(header) || isDecodeRejection(view) || blockId(header, hasher) !== base.id) return undefined;
  const history = { count: base.historyCount, peaks: base.peaks };
  if (history.count !== header.height + 1) return undefined;
  return {
    id: base.id,
    header,
    weight: base.weight,
    view,
    history,
    childHistoryRoot: historyRoot(history, hasher),
    unexecuted: 0,
  };
}
