/** Questions about the main chain: blocks, transactions, accounts, locators; recent ones from memory, older from disk. */
import { assert } from '../../env/assert.ts';
import { batchOf } from '../blockstore/block-store.ts';
import { decodeIndexes, decodePlace, type PlaceRecord } from '../blockstore/record-codecs.ts';
import {
  accountRange,
  blockKey,
  certificateKey,
  heightOfAccountKey,
  transactionKey,
} from '../blockstore/records.ts';
import { NO_SLOT, NODE } from '../blockstore/tree.ts';
import { readAccount } from '../state/accounts.ts';
import { proveState } from '../state/proof.ts';
import type { Receipt } from '../types/account.ts';
import { decodeReceipt } from '../types/account-codec.ts';
import type { Block, Header } from '../types/block.ts';
import type { PlaceInChain, TransactionPlace } from '../types/command.ts';
import { blockId } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { type AccountAddress, type BlockHash, type Height, height, type TxId } from '../types/units.ts';
import { storedCertificate } from './certificates.ts';
import type { Chain } from './chain.ts';
import type { DeepBranches } from './deep-branches.ts';
import { accountsOf, type IndexEntry, indexesByAccount } from './fold.ts';
import {
  ACCOUNT_PAGE_MAX,
  type ChainBlock,
  type FoundAccount,
  type FoundTransaction,
  type HeadersAfter,
} from './ledger.ts';

/** Ids of a locator before its steps begin to double. */
const LOCATOR_DENSE = 10;

/** Where the transactions of one block stand in it, by id and by account. */
interface BlockIndex {
  readonly byId: ReadonlyMap<TxId, number>;
  readonly byAccount: ReadonlyMap<AccountAddress, readonly number[]>;
}

/** Made when first asked for; a pure function of an immutable block. */
const INDEXES = new WeakMap<Block, BlockIndex>();

function indexOf(block: Block): BlockIndex {
  const known = INDEXES.get(block);
  if (known !== undefined) return known;
  const byId = new Map<TxId, number>();
  for (const [index, transaction] of block.transactions.entries())
    byId.set(transactionId(transaction), index);
  const built = { byId, byAccount: indexesByAccount(block.transactions.map(accountsOf)) };
  INDEXES.set(block, built);
  return built;
}

const PLACES = new WeakMap<readonly IndexEntry[], ReadonlyMap<TxId, number>>();

/** Where the transactions of an executed block stand; computed once for each list of entries. */
function placesOf(entries: readonly IndexEntry[]): ReadonlyMap<TxId, number> {
  const known = PLACES.get(entries);
  if (known !== undefined) return known;
  const places = new Map(entries.map(({ id }, index) => [id, index] as const));
  PLACES.set(entries, places);
  return places;
}

export class Queries<View> {
  readonly #chain: Chain<View>;
  readonly #deep: DeepBranches<View>;
  /** A record of an index failed its check: the indexes are to be scrubbed. */
  readonly #onIndexFault: () => void;

  constructor(chain: Chain<View>, deep: DeepBranches<View>, onIndexFault: () => void) {
    this.#chain = chain;
    this.#deep = deep;
    this.#onIndexFault = onIndexFault;
  }

  headerAt(at: Height): Header | undefined {
    const slot = this.#chain.mainSlot(at);
    if (slot !== NO_SLOT) return this.#chain.tree.item(slot).header;
    if (at >= this.#chain.floor || (at > 0 && at < this.#chain.origin)) return undefined;
    const header = this.#chain.store.headerAt(at);
    if (header === undefined || header === 'corrupt') {
      this.#onIndexFault();
      return undefined;
    }
    // Whoever asks for a header wants its id: here it is hashed natively, and the header keeps it.
    blockId(header, this.#chain.store.sha256);
    return header;
  }

  block(id: BlockHash): Block | undefined {
    const slot = this.#chain.tree.slotOf(id);
    if (slot !== NO_SLOT) {
      const isStored = this.#chain.tree.statusOf(slot) === NODE.executed;
      return isStored ? this.#chain.bodyOf(this.#chain.tree.item(slot)) : undefined;
    }
    const at = this.#chain.store.heightOf(id);
    if (at === 'corrupt') this.#onIndexFault();
    return at === undefined || at === 'corrupt' ? undefined : this.#stored(at, id);
  }

  blockAt(at: Height): ChainBlock | undefined {
    const id = this.#chain.idAt(at);
    if (id === undefined) return undefined;
    const block = this.#stored(at, id);
    return block === undefined ? undefined : { id, block };
  }

  certificate(id: BlockHash): string {
    const header = this.#chain.headerOf(id);
    if (header === undefined) return '';
    const found = storedCertificate(this.#chain, header.height, id);
    if (found === '' && this.#chain.store.isReported(certificateKey(header.height, id))) this.#onIndexFault();
    return found;
  }

  transaction(id: TxId): FoundTransaction | undefined {
    const recent = this.#recentTransaction(id);
    if (recent !== undefined) return recent;
    const key = transactionKey(id);
    const place = this.#placeOf(key);
    if (place === undefined) return undefined;
    const found = this.blockAt(place.height);
    if (found === undefined) return undefined;
    const transaction = found.block.transactions[place.index];
    if (transaction === undefined || transactionId(transaction) !== id) {
      // Whole, and of another time: the block there is what counts.
      this.#chain.store.report(key);
      this.#chain.store.write(batchOf([{ kind: 'delete', key }]));
      this.#chain.store.repaired(key);
      this.#onIndexFault();
      return undefined;
    }
    return {
      transaction,
      place: { block: found.id, height: place.height, index: place.index },
      receipt: receiptIn(place),
      final: this.#isFinal(place.height),
    };
  }

  receiptsAt(at: Height, block: Block): readonly (Receipt | undefined)[] {
    const slot = this.#chain.mainSlot(at);
    // A base that was read from the disk has a result without entries.
    const entries = slot === NO_SLOT ? [] : (this.#chain.tree.resultOf(slot)?.entries ?? []);
    return block.transactions.map(
      (transaction, index) => entries[index]?.receipt ?? this.#indexedReceipt(transaction, at, index),
    );
  }

  accountTransactions(
    address: AccountAddress,
    before: PlaceInChain | undefined,
    limit: number,
  ): readonly (TransactionPlace & { readonly id: TxId })[] {
    const wanted = Math.min(limit, ACCOUNT_PAGE_MAX);
    const found: (TransactionPlace & { readonly id: TxId })[] = [];
    const above = this.#chain.head.header.height + 1;
    const end = before !== undefined && before.height < above ? before : { height: above, index: 0 };
    const base = this.#chain.base.header.height;
    for (let at = end.index > 0 ? end.height : end.height - 1; at > base && found.length < wanted; at--) {
      const slot = this.#chain.mainSlot(at);
      const { id, header } = this.#chain.tree.item(slot);
      const block = this.#stored(at, id);
      const indexes = block === undefined ? [] : (indexOf(block).byAccount.get(address) ?? []);
      for (let i = indexes.length - 1; i >= 0 && found.length < wanted; i--) {
        const index = indexes[i] as number;
        const transaction = block?.transactions[index];
        if (transaction === undefined || (at === end.height && index >= end.index)) continue;
        found.push({ id: transactionId(transaction), block: id, height: header.height, index });
      }
    }
    const below = Math.min(base + 1, end.index > 0 ? end.height + 1 : end.height);
    // The record of the highest may have nothing before that place.
    const records = this.#chain.store.scan(accountRange(address, below), wanted - found.length + 1, true);
    for (const { key, value } of records) {
      const place = heightOfAccountKey(key);
      if (place === undefined || found.length >= wanted) continue;
      const at = height(place);
      const block = this.blockAt(at);
      const indexes = block === undefined ? [] : this.#indexesIn(block.block, address, key, value);
      for (let i = indexes.length - 1; i >= 0 && found.length < wanted; i--) {
        const index = indexes[i] as number;
        const transaction = block?.block.transactions[index];
        if (block === undefined || transaction === undefined) continue;
        if (at === end.height && index >= end.index) continue;
        found.push({ id: transactionId(transaction), block: block.id, height: at, index });
      }
    }
    return found;
  }

  /** As the record says; where it is damaged, as the block itself does, which takes longer. */
  #indexesIn(block: Block, address: AccountAddress, key: Uint8Array, value: Uint8Array): readonly number[] {
    const payload = this.#chain.store.check(key, value);
    const indexes = payload === 'corrupt' ? undefined : decodeIndexes(payload);
    if (indexes !== undefined) return indexes;
    this.#onIndexFault();
    return indexOf(block).byAccount.get(address) ?? [];
  }

  account(address: AccountAddress, prove: boolean): FoundAccount {
    const { head } = this.#chain;
    const state = this.#chain.executedAt(this.#chain.headSlot)?.state;
    assert(state !== undefined, 'the state at the head is kept');
    return {
      account: readAccount(state, address),
      at: head.id,
      stateRoot: head.header.stateRoot,
      proof: prove ? proveState(state, 'accounts', address) : undefined,
    };
  }

  isAncestor(ancestor: BlockHash, id: BlockHash): boolean {
    const { tree } = this.#chain;
    const header = this.#chain.headerOf(ancestor);
    const slot = tree.slotOf(id);
    if (header === undefined) return false;
    if (slot === NO_SLOT) {
      const below = this.#chain.headerOf(id);
      return (
        below !== undefined &&
        below.height >= header.height &&
        this.isOnMainChain(ancestor) &&
        this.isOnMainChain(id)
      );
    }
    const at = tree.ancestorAt(slot, header.height);
    return at === NO_SLOT ? this.isOnMainChain(ancestor) : tree.item(at).id === ancestor;
  }

  isOnMainChain(id: BlockHash): boolean {
    const slot = this.#chain.tree.slotOf(id);
    if (slot !== NO_SLOT) return this.#chain.isMain(slot);
    const header = this.#chain.headerOf(id);
    return header !== undefined && header.height < this.#chain.floor;
  }

  locator(from: BlockHash | undefined): readonly BlockHash[] {
    const { tree } = this.#chain;
    const deep = from === undefined ? undefined : this.#deep.tip(from);
    const ids: BlockHash[] = deep === undefined ? [] : [deep.link.id];
    const start = from === undefined ? this.#chain.headSlot : tree.slotOf(from);
    let slot = deep === undefined ? start : NO_SLOT;
    let at: number =
      deep?.fork ?? (slot === NO_SLOT ? this.#chain.head.header.height : tree.item(slot).header.height);
    let step = 1;
    const { origin } = this.#chain;
    while (at > origin) {
      if (slot !== NO_SLOT) slot = tree.ancestorAt(slot, at);
      const id = slot === NO_SLOT ? this.#chain.idAt(height(at)) : tree.item(slot).id;
      if (id !== undefined) ids.push(id);
      if (ids.length >= LOCATOR_DENSE) step *= 2;
      at -= step;
    }
    const first = origin === 0 ? undefined : this.#chain.idAt(height(origin));
    if (first !== undefined) ids.push(first);
    const genesis = this.#chain.idAt(height(0));
    if (genesis !== undefined) ids.push(genesis);
    return ids;
  }

  headersAfter(locator: readonly BlockHash[], limit: number): HeadersAfter {
    let at = 0;
    for (const id of locator) {
      const header = this.isOnMainChain(id) ? this.#chain.headerOf(id) : undefined;
      if (header === undefined) continue;
      at = header.height;
      break;
    }
    const headers: Header[] = [];
    if (at < this.#chain.origin) return { headers, isBelow: true };
    let parent = this.#chain.idAt(height(at));
    for (let next = at + 1; headers.length < limit; next++) {
      const header = this.headerAt(height(next));
      // A header from another time fits no chain: peers are given none rather than a wrong one.
      if (header === undefined || header.parent !== parent) break;
      parent = blockId(header);
      headers.push(header);
    }
    return { headers, isBelow: false };
  }

  /** Where the index has a transaction; a record that is damaged is reported. */
  #placeOf(key: Uint8Array): PlaceRecord | undefined {
    const payload = this.#chain.store.read(key);
    if (payload === undefined) return undefined;
    const place = payload === 'corrupt' ? undefined : decodePlace(payload);
    if (place !== undefined) return place;
    this.#chain.store.report(key);
    this.#onIndexFault();
    return undefined;
  }

  #indexedReceipt(transaction: Transaction, at: Height, index: number): Receipt | undefined {
    if (at > this.#chain.base.header.height) return undefined;
    const place = this.#placeOf(transactionKey(transactionId(transaction, this.#chain.store.sha256)));
    return place?.height === at && place.index === index ? receiptIn(place) : undefined;
  }

  /** A block of the main chain; one that should be there and is not is asked of peers. */
  #stored(at: number, id: BlockHash): Block | undefined {
    const block = this.#chain.store.block(at, id);
    if (block !== undefined && block !== 'corrupt') return block;
    if (block === undefined) {
      if (!this.#chain.mover.keepsBodyAt(at)) return undefined;
      this.#chain.store.report(blockKey(at, id));
    }
    this.#chain.noteMissing(id, height(at));
    return undefined;
  }

  #recentTransaction(id: TxId): FoundTransaction | undefined {
    const base = this.#chain.base.header.height;
    for (let at = this.#chain.head.header.height; at > base; at--) {
      const slot = this.#chain.mainSlot(at);
      const { id: blockHash, header } = this.#chain.tree.item(slot);
      if (header.txCount === 0) continue;
      const entries = this.#chain.tree.resultOf(slot)?.entries;
      const index = entries === undefined ? this.#indexIn(at, blockHash, id) : placesOf(entries).get(id);
      if (index === undefined) continue;
      const transaction = entries?.[index]?.transaction ?? this.#stored(at, blockHash)?.transactions[index];
      if (transaction === undefined) continue;
      return {
        transaction,
        place: { block: blockHash, height: header.height, index },
        receipt: entries?.[index]?.receipt,
        final: this.#isFinal(header.height),
      };
    }
    return undefined;
  }

  /** Where a stored block has the transaction. */
  #indexIn(at: Height, block: BlockHash, id: TxId): number | undefined {
    const stored = this.#stored(at, block);
    return stored === undefined ? undefined : indexOf(stored).byId.get(id);
  }

  #isFinal(at: Height): boolean {
    return at <= this.#chain.finality.final;
  }
}

function receiptIn(place: PlaceRecord): Receipt | undefined {
  if (place.receipt.length === 0) return undefined;
  const receipt = decodeReceipt(place.receipt);
  return isRejection(receipt) ? undefined : receipt;
}
