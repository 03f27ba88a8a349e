/** Recovery: from whatever a crash or a bad disk left to a chain whose every part was verified. */
import { bytesToHex } from '../../env/bytes.ts';
import { type BlockStore, batchOf } from '../blockstore/block-store.ts';
import { decodeFormat, decodeHead, decodeHeightOf, encodeFormat } from '../blockstore/record-codecs.ts';
import {
  blockKey,
  CHECKSUM_BYTES,
  certificateKey,
  heightIdOf,
  heightRange,
  keyAfter,
  META,
  metaKey,
  namespaceOf,
  PREFIX,
  prefixRange,
  STORE_FORMAT,
  undoKey,
} from '../blockstore/records.ts';
import { NO_SLOT } from '../blockstore/tree.ts';
import type { State, StateChange } from '../state/state.ts';
import { emptyState } from '../state/state-tree.ts';
import type { Block } from '../types/block.ts';
import { decodeBlock } from '../types/block-codec.ts';
import { blockId } from '../types/header-codec.ts';
import { readHexText } from '../types/layout/hex.ts';
import { isRejection } from '../types/rejection.ts';
import { type BlockHash, blockHash, height } from '../types/units.ts';
import { LEAVES_PER_PAGE, linkOfBase } from './batches.ts';
import { storedCertificate } from './certificates.ts';
import type { Chain } from './chain.ts';
import type { ChainParts } from './chain-state.ts';
import type { Executed, Link } from './fold.ts';
import { readOrigin } from './install-snapshot.ts';
import type { LedgerHalt, OpenRejection } from './ledger.ts';

/** Blocks read at once while they are executed again: 16 MiB at most. */
const BLOCKS_PER_PAGE = 16;
/** Stored blocks whose parent is not there, kept to be attached when it comes. More are fetched from peers anyway. */
export const DETACHED_MAX = 4_096;

/** Stored blocks by the parent that they wait for. */
export type Detached = Map<BlockHash, { readonly id: BlockHash; readonly height: number }[]>;

/** Genesis as execution builds it. */
export interface GenesisParts<View> {
  readonly executed: Executed<View>;
  readonly block: Block;
}

/** What recovery found. */
export interface Recovered {
  readonly reexecuted: number;
  readonly halt: LedgerHalt | undefined;
  readonly detached: Detached;
}

/** Brings the chain to where the disk is; writes only what repairs it. */
export function recover<View>(
  parts: ChainParts<View>,
  chain: Chain<View>,
  genesis: GenesisParts<View>,
): Recovered {
  const found = readBase(parts, genesis);
  const base = found ?? rebuild(parts, genesis);
  chain.beginning = found === undefined ? undefined : readOrigin(parts.store);
  chain.begin(readJournal(parts, base.link), base);
  const recovered = replay(chain, parts.store);
  // After starting over, a gap is where bodies were pruned.
  if (found !== undefined) noteLostParents(chain, parts.store, recovered.detached);
  return recovered;
}

/** A folder of another chain or of a newer layout is left alone. Comes before everything that writes. */
export function checkFormat(store: BlockStore, genesisId: BlockHash): OpenRejection | undefined {
  const key = metaKey(META.format);
  const payload = store.read(key);
  const found = payload === undefined || payload === 'corrupt' ? undefined : decodeFormat(payload);
  if (found !== undefined) {
    if (found.format > STORE_FORMAT)
      return { code: 'NEWER_FORMAT', found: found.format, known: STORE_FORMAT };
    if (found.genesisId === genesisId) return undefined;
    return { code: 'OTHER_CHAIN', found: found.genesisId, expected: genesisId };
  }
  const header = store.headerAt(0);
  if (header !== undefined && header !== 'corrupt' && blockId(header) !== genesisId) {
    return { code: 'OTHER_CHAIN', found: blockId(header), expected: genesisId };
  }
  if (isFresh(store)) return undefined;
  store.report(key);
  store.write(batchOf([store.put(key, encodeFormat(STORE_FORMAT, genesisId))]));
  store.repaired(key);
  return undefined;
}

/** A chain whose old bodies were deleted is no archive, and cannot become one by a setting. */
export function checkBodies(store: BlockStore, bodies: 'archive' | number): OpenRejection | undefined {
  if (bodies !== 'archive') return undefined;
  const payload = store.read(metaKey(META.pruned));
  const below = payload === undefined || payload === 'corrupt' ? undefined : decodeHeightOf(payload);
  return below === undefined ? undefined : { code: 'PRUNED', below };
}

function isFresh(store: BlockStore): boolean {
  const { block, meta, header } = PREFIX;
  return [block, meta, header].every((prefix) => store.isEmpty(prefixRange(prefix)));
}

/** The base with its state, or undefined when either cannot be trusted. */
function readBase<View>(parts: ChainParts<View>, genesis: GenesisParts<View>): Executed<View> | undefined {
  const { store, config } = parts;
  if (isFresh(store)) {
    // Leaves of a first start that a crash cut.
    store.deleteAll(PREFIX.state);
    return writeGenesis(parts, genesis);
  }
  const key = metaKey(META.base);
  const payload = store.read(key);
  if (payload === 'corrupt') return undefined;
  const link = payload === undefined ? undefined : linkOfBase(config.rules, payload, store.sha256);
  if (link === undefined) {
    store.report(key);
    return undefined;
  }
  const { state, strays } = readState(parts);
  if (state.root !== link.header.stateRoot) {
    // Where every leaf is whole, one is missing, or from another time.
    if (strays.length === 0) store.report(Uint8Array.of(PREFIX.state));
    return undefined;
  }
  if (strays.length > 0) {
    store.write(batchOf(strays.map((stray) => ({ kind: 'delete', key: stray }))));
    for (const stray of strays) store.repaired(stray);
  }
  return { link, state, entries: [], changes: [] };
}

/** The leaves that pass their check, and the keys of those that do not. */
function readState<View>(parts: ChainParts<View>): {
  readonly state: State;
  readonly strays: readonly Uint8Array[];
} {
  const { store, env } = parts;
  let state = emptyState((bytes) => env.crypto.sha256(bytes));
  const strays: Uint8Array[] = [];
  let range = prefixRange(PREFIX.state);
  for (;;) {
    const page = store.scan(range, LEAVES_PER_PAGE);
    const changes: StateChange[] = [];
    for (const { key, value } of page) {
      const payload = store.check(key, value);
      const namespace = namespaceOf(key[1] ?? -1);
      if (payload === 'corrupt' || namespace === undefined) strays.push(key);
      else changes.push({ namespace, id: readHexText(key, 2, key.length), value: payload });
    }
    state = state.update(changes);
    const last = page.at(-1);
    if (page.length < LEAVES_PER_PAGE || last === undefined) return { state, strays };
    range = { ...range, start: keyAfter(last.key) };
  }
}

/** Starts over at genesis: what was derived is deleted, blocks stay and are executed again as far as they go. */
function rebuild<View>(parts: ChainParts<View>, genesis: GenesisParts<View>): Executed<View> {
  const { store } = parts;
  // The base first: a crash in between finds none, and comes here again.
  store.write(
    batchOf([
      { kind: 'delete', key: metaKey(META.base) },
      { kind: 'delete', key: metaKey(META.origin) },
    ]),
  );
  const derived = [
    PREFIX.state,
    PREFIX.undo,
    PREFIX.transaction,
    PREFIX.account,
    PREFIX.header,
    PREFIX.height,
    PREFIX.checkpoint,
  ];
  for (const prefix of derived) store.deleteAll(prefix);
  const executed = writeGenesis(parts, genesis);
  store.repairedAll();
  return executed;
}

function writeGenesis<View>(parts: ChainParts<View>, genesis: GenesisParts<View>): Executed<View> {
  for (const batch of parts.batches.genesis(genesis.executed, genesis.block)) parts.store.write(batch);
  return genesis.executed;
}

/** What one undo record says of the tree: the base that is left, and its parent; undefined where it describes none. */
interface JournalStep<View> {
  readonly id: BlockHash;
  readonly parent: Link<View> | undefined;
}

/** The main chain from where the journal begins up to the base. */
function readJournal<View>(parts: ChainParts<View>, base: Link<View>): readonly Link<View>[] {
  const { store, config } = parts;
  const path = [base];
  let link = base;
  const lowest = Math.max(0, base.header.height - config.undoDepth);
  while (link.header.height > lowest) {
    const at = link.header.height;
    const step = store.undoAs<JournalStep<View>>(at, 'ledger.step', parts.fold.prefix, ({ id, parent }) => ({
      id,
      parent: linkOfBase(config.rules, parent, store.sha256),
    }));
    if (step === undefined && !hasUndoBelow(store, at)) break;
    const parent = step === undefined || step === 'corrupt' || step.id !== link.id ? undefined : step.parent;
    if (parent === undefined || parent.id !== link.header.parent) {
      cutJournal(store, at);
      break;
    }
    path.push(parent);
    link = parent;
  }
  return path.reverse();
}

function hasUndoBelow(store: BlockStore, at: number): boolean {
  return !store.isEmpty(heightRange(PREFIX.undo, 0, at));
}

/** A journal with a hole ends above it: how far back the node can go is local, and grows again. */
function cutJournal(store: BlockStore, at: number): void {
  store.report(undoKey(at));
  let range = heightRange(PREFIX.undo, 0, at + 1);
  for (;;) {
    const page = store.scan(range, LEAVES_PER_PAGE);
    const last = page.at(-1);
    if (last === undefined) break;
    // On from there, and not from the start again: a bad disk may go on answering what was deleted.
    range = { ...range, start: keyAfter(last.key) };
    for (const { key, value } of page) store.check(key, value);
    store.write(batchOf(page.map(({ key }) => ({ kind: 'delete', key }))));
    for (const { key } of page) store.repaired(key);
  }
  store.repaired(undoKey(at));
}

/** Executes the stored blocks above the journal's begin again, parents first. */
function replay<View>(chain: Chain<View>, store: BlockStore): Recovered {
  const detached: Detached = new Map();
  let reexecuted = 0;
  let halt: LedgerHalt | undefined;
  let detachedCount = 0;
  /** Bodies that were found whole. */
  const whole = new Set<BlockHash>();
  chain.replaying = true;
  let range = heightRange(PREFIX.block, chain.floor + 1, undefined);
  for (;;) {
    const page = store.scan(range, BLOCKS_PER_PAGE);
    for (const { key, value } of page) {
      const found = readBlock(chain, store, key, value, whole);
      if (found === undefined) continue;
      const outcome = chain.importBlock(found.block, found.certificate, true);
      if (outcome.kind === 'imported') {
        reexecuted++;
        chain.mover.advance();
      } else if (outcome.kind === 'orphan' && detachedCount < DETACHED_MAX) {
        detachedCount++;
        const { parent } = found.block.header;
        const place = { id: found.id, height: found.block.header.height };
        detached.set(parent, [...(detached.get(parent) ?? []), place]);
      } else if (outcome.kind === 'rejected' && !outcome.covered) {
        // The block is sound, its certificate is not: as good as lost.
        if (outcome.why.code === 'BAD_CERTIFICATE')
          store.report(certificateKey(found.block.header.height, found.id));
        chain.noteMissing(found.id, found.block.header.height);
      } else if (outcome.kind === 'halt') halt = outcome;
    }
    const last = page.at(-1);
    if (page.length < BLOCKS_PER_PAGE || last === undefined) break;
    range = { ...range, start: keyAfter(last.key) };
  }
  preferHint(chain, store);
  chain.mover.advance();
  noteHoles(chain, store, whole);
  chain.replaying = false;
  chain.forgetSteps();
  return { reexecuted, halt, detached };
}

interface StoredBlock {
  readonly id: BlockHash;
  readonly block: Block;
  readonly certificate: string;
}

/** A stored block that is not yet in the tree; undefined when it is, or when it cannot be trusted. */
function readBlock<View>(
  chain: Chain<View>,
  store: BlockStore,
  key: Uint8Array,
  value: Uint8Array,
  whole: Set<BlockHash>,
): StoredBlock | undefined {
  const place = heightIdOf(key);
  const record = store.open(key, value);
  if (place === undefined) return undefined;
  const id = blockHash(bytesToHex(place.id));
  if (record === 'corrupt') {
    const moved = moveBack(chain, store, key, value);
    if (moved !== undefined) return chain.tree.slotOf(moved.id) === NO_SLOT ? moved : undefined;
    chain.noteMissing(id, height(place.height));
    return undefined;
  }
  whole.add(id);
  if (chain.tree.slotOf(id) !== NO_SLOT) return undefined;
  const block = store.decodeBlock(key, record);
  if (block === 'corrupt' || blockId(block.header) !== id) {
    store.report(key);
    chain.noteMissing(id, height(place.height));
    return undefined;
  }
  return { id, block, certificate: storedCertificate(chain, place.height, id) };
}

/**
 * A block that stands under a key nobody wrote: its checksum fits the key that its own id and height give, and nothing
 * stands there. It is put back; undefined when the value itself is damaged, or a copy of another record.
 */
function moveBack<View>(
  chain: Chain<View>,
  store: BlockStore,
  key: Uint8Array,
  value: Uint8Array,
): StoredBlock | undefined {
  const block = decodeBlock(value.subarray(CHECKSUM_BYTES));
  if (isRejection(block)) return undefined;
  const id = blockId(block.header);
  const home = blockKey(block.header.height, id);
  if (store.has(home) || !store.isIntact(home, value)) return undefined;
  store.write(
    batchOf([
      { kind: 'put', key: home, value },
      { kind: 'delete', key },
    ]),
  );
  store.repaired(key);
  return { id, block, certificate: storedCertificate(chain, block.header.height, id) };
}

/** The head of the last boot stays among equals; it was stored with its block, so that a lost one is known. */
function preferHint<View>(chain: Chain<View>, store: BlockStore): void {
  const key = metaKey(META.head);
  const payload = store.read(key);
  const hint = payload === undefined || payload === 'corrupt' ? undefined : decodeHead(payload);
  if (hint !== undefined) {
    const slot = chain.tree.slotOf(hint.id);
    if (slot !== NO_SLOT) chain.preferHead(slot);
    else if (!chain.missing.has(hint.id) && hint.height > chain.floor) {
      const lost = blockKey(hint.height, hint.id);
      if (store.has(lost)) return;
      store.report(lost);
      chain.noteMissing(hint.id, hint.height);
    }
  } else if (payload !== undefined) {
    store.report(key);
    store.write(batchOf([chain.batches.head(chain.head)]));
    store.repaired(key);
  }
}

/** Main-chain bodies that are simply gone. */
function noteHoles<View>(chain: Chain<View>, store: BlockStore, whole: ReadonlySet<BlockHash>): void {
  for (let at = chain.floor + 1; at <= chain.base.header.height; at++) {
    const { id, header } = chain.tree.item(chain.mainSlot(at));
    if (whole.has(id) || chain.missing.has(id)) continue;
    const key = blockKey(at, id);
    if (store.has(key)) continue;
    store.report(key);
    chain.noteMissing(id, header.height);
  }
}

/** A block is stored after its parent: a parent that is not there was lost. */
function noteLostParents<View>(chain: Chain<View>, store: BlockStore, detached: Detached): void {
  const waiting = new Set<BlockHash>();
  for (const blocks of detached.values()) for (const { id } of blocks) waiting.add(id);
  for (const [parent, blocks] of detached) {
    const at = (blocks[0]?.height ?? 0) - 1;
    if (waiting.has(parent) || chain.missing.has(parent) || at <= chain.floor) continue;
    if (chain.tree.slotOf(parent) !== NO_SLOT) continue;
    store.report(blockKey(at, parent));
    chain.noteMissing(parent, height(at));
  }
}
