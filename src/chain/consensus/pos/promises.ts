/**
 * Promises of a validator: what it signs in a height, recorded durably before it leaves. One promise for each (height, round,
 * type); the same again gives the recorded message, another never. With a precommit for a block its polka and the block
 * are recorded, so that no crash makes a validator forget its lock.
 */
import { assert } from '../../../env/assert.ts';
import { bytesToHex, concatBytes, equalBytes, hexToBytes } from '../../../env/bytes.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { Entry, WriteOp } from '../../../env/storage.ts';
import type { UnixMs } from '../../../env/units.ts';
import type { Block } from '../../types/block.ts';
import { decodeBlock, encodeBlock } from '../../types/block-codec.ts';
import { blockId } from '../../types/header-codec.ts';
import { ByteReader, ByteWriter } from '../../types/layout/buffers.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import { blockHashField } from '../../types/layout/fields.ts';
import { type Layout, listOf } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type BlockHash, type Height, height } from '../../types/units.ts';
import type { ConsensusHost } from '../consensus.ts';
import { VALIDATORS_MAX } from './commit.ts';
import { decodePosMessage, type PosMessage } from './messages.ts';
import { INITIAL_ROUND_STATE, type RoundBlock, type RoundState } from './round-state.ts';
import { roundField, VOTE, type Vote, voteLayout } from './vote.ts';

/** First byte of the keys. Promises of all heights lie together, in their order. */
const KEY = { marker: 0, promise: 1, block: 2, polka: 3 } as const;
/** In the key of a promise, beside the two types of votes. */
const PROPOSAL = 0;
/** An encoded polka: a head, and a vote of at most 152 bytes for each validator. */
const POLKA_MAX_BYTES = 64 + 160 * VALIDATORS_MAX;

/** What promises need of their host: records of the engine, and to know when they are durable. */
export type RecordPort = Pick<ConsensusHost<unknown>, 'read' | 'record' | 'restoredMs'>;

/** What is promised: a vote or a proposal. */
export type Promised = Extract<PosMessage, { readonly kind: 'vote' | 'proposal' }>;

/** A signed message, and the bytes that are sent. */
export interface PromiseRecord {
  readonly message: Promised;
  readonly bytes: Uint8Array;
}

/** The prevotes that made a block valid. */
export interface Polka extends RoundBlock {
  readonly votes: readonly Vote[];
}

interface OwnKey {
  readonly key: Uint8Array;
  readonly height: number;
}

interface KnownPromise extends PromiseRecord {
  isDurable: boolean;
}

/** What the disk says of this validator. */
export interface Recovered {
  /** The height was vouched for once, in this folder: records are complete unless something is corrupt. */
  readonly hasMarker: boolean;
  readonly hasCorrupt: boolean;
  /** The highest height of a record; 0: none. */
  readonly highest: number;
  /** Where the round state machine goes on; undefined: nothing was signed in this height. */
  readonly state: RoundState | undefined;
  readonly polka: Polka | undefined;
  readonly blocks: readonly Block[];
}

const polkaLayout: Layout<Polka> = struct<Polka>({
  round: roundField,
  block: blockHashField,
  votes: listOf(voteLayout, 16, VALIDATORS_MAX),
});

export class Promises {
  readonly #host: RecordPort;
  readonly #known = new Map<string, KnownPromise>();
  readonly #storedBlocks = new Set<BlockHash>();
  #height: Height = height(0);
  /** What goes with the next promise: records of heights that are decided, and damaged ones. */
  #expired: Uint8Array[] = [];
  #current: OwnKey[] = [];
  /** Of this folder as it was restored last: a backup brings a marker with it that says nothing of what was signed later. */
  readonly #marker: Uint8Array;

  constructor(host: RecordPort) {
    this.#host = host;
    this.#marker = markerOf(host.restoredMs);
  }

  /** Reads all records of an earlier boot. @param at the height that is not decided yet. */
  recover(at: Height): Recovered {
    this.#height = at;
    const entries = this.#host.read({ start: Uint8Array.of(KEY.marker) });
    const blocks: Block[] = [];
    let highest = 0;
    let polka: Polka | undefined;
    let hasMarker = false;
    let hasCorrupt = false;
    for (const { key, value } of entries) {
      const of = heightOfKey(key);
      if (key[0] === KEY.marker && key.length === 1 && value.length > 0) {
        hasMarker = equalBytes(value, this.#marker);
        continue;
      }
      if (of === undefined || value.length === 0) {
        hasCorrupt = true;
        this.#expired.push(key);
        continue;
      }
      highest = Math.max(highest, of);
      if (of < at) this.#expired.push(key);
      else this.#current.push({ key, height: of });
      if (of !== at) continue;
      if (key[0] === KEY.promise) hasCorrupt ||= !this.#learn({ key, value });
      else if (key[0] === KEY.polka) polka = decodedPolka(value);
      else blocks.push(...decodedBlocks(value));
    }
    for (const block of blocks) this.#storedBlocks.add(blockId(block.header));
    return { hasMarker, hasCorrupt, highest, state: this.#stateOf(polka), polka, blocks };
  }

  /** A new height: promises of the one before are kept until the next batch. */
  moveTo(at: Height): void {
    if (at === this.#height) return;
    this.#height = at;
    for (const { key, height: of } of this.#current) if (of < at) this.#expired.push(key);
    this.#current = this.#current.filter(({ height: of }) => of >= at);
    this.#known.clear();
    this.#storedBlocks.clear();
  }

  /** Everything that is durable and was signed in this height, in the order of signing. */
  durable(): readonly PromiseRecord[] {
    return [...this.#known.values()].filter(({ isDurable }) => isDurable);
  }

  /** The promise of that round and kind: 'proposal' or the type of a vote. */
  find(round: number, kind: 'proposal' | 'prevote' | 'precommit'): Promised | undefined {
    return this.#known.get(slotName(round, kind === 'proposal' ? PROPOSAL : VOTE[kind]))?.message;
  }

  /** The record of that promise, once it is durable. */
  recorded(round: number, kind: 'proposal' | 'prevote' | 'precommit'): PromiseRecord | undefined {
    const known = this.#known.get(slotName(round, kind === 'proposal' ? PROPOSAL : VOTE[kind]));
    return known?.isDurable === true ? known : undefined;
  }

  /**
   * Records a signed message, the bytes that will be sent, and with it whatever it stands on; `then` runs when all of it is durable, if the height is
   * still the same. Nothing must leave before.
   */
  promise(
    message: Promised,
    bytes: Uint8Array,
    proof: { readonly block?: Block; readonly polka?: Polka },
    then: (record: PromiseRecord) => void,
  ): void {
    const slot = slotOf(message);
    const name = slotName(slot.round, slot.code);
    assert(slot.height === this.#height, 'a promise is of the height that is not decided');
    assert(!this.#known.has(name), 'nothing is signed twice for one height, round and type');
    const record: KnownPromise = { message, bytes, isDurable: false };
    this.#known.set(name, record);
    const key = promiseKey(slot.height, slot.round, slot.code);
    this.#current.push({ key, height: slot.height });
    const put: WriteOp = { kind: 'put', key, value: record.bytes };
    const ops = [put, ...this.#proofOps(proof), ...this.#expiredOps()];
    this.#host.record(ops, () => {
      record.isDurable = true;
      if (this.#height === slot.height) then(record);
    });
  }

  /** Records a block that became valid without a precommit: what a later proposal of this validator repeats. Line 42. */
  keepValid(polka: Polka, block: Block): void {
    this.#host.record(this.#proofOps({ block, polka }), () => {});
  }

  /** From now on the records are complete. `then` runs when that is durable. */
  mark(then: () => void): void {
    this.#host.record([{ kind: 'put', key: Uint8Array.of(KEY.marker), value: this.#marker }], then);
  }

  #proofOps({ block, polka }: { readonly block?: Block; readonly polka?: Polka }): readonly WriteOp[] {
    const ops: WriteOp[] = [];
    if (polka !== undefined) {
      const key = polkaKey(this.#height);
      this.#current.push({ key, height: this.#height });
      ops.push({ kind: 'put', key, value: encodeLayout(polkaLayout, polka) });
    }
    const id = block === undefined ? undefined : blockId(block.header);
    if (block === undefined || id === undefined || this.#storedBlocks.has(id)) return ops;
    const key = concatBytes(heightKey(KEY.block, this.#height), hexToBytes(id) ?? new Uint8Array(0));
    this.#storedBlocks.add(id);
    this.#current.push({ key, height: this.#height });
    ops.push({ kind: 'put', key, value: encodeBlock(block) });
    return ops;
  }

  /** Deletions come with the first promise of the next height, so that the newest record always tells how far was signed. */
  #expiredOps(): readonly WriteOp[] {
    const ops = this.#expired.map((key): WriteOp => ({ kind: 'delete', key }));
    this.#expired = [];
    return ops;
  }

  /** False: the record is no promise of its key. */
  #learn({ key, value }: Entry): boolean {
    const message = decodePosMessage(value);
    if (isDecodeRejection(message) || (message.kind !== 'vote' && message.kind !== 'proposal')) return false;
    const { height: of, round, code } = slotOf(message);
    if (bytesToHex(promiseKey(of, round, code)) !== bytesToHex(key)) return false;
    this.#known.set(slotName(round, code), { message, bytes: value, isDurable: true });
    return true;
  }

  /** The highest round with a promise, the step after its last one, and the newest block that was precommitted: the lock. */
  #stateOf(polka: Polka | undefined): RoundState | undefined {
    if (this.#known.size === 0) return undefined;
    let round = 0;
    let step: RoundState['step'] = 'waiting';
    let locked: RoundBlock | undefined;
    for (const { message } of this.#known.values()) {
      const slot = slotOf(message);
      if (slot.round > round || step === 'waiting') step = 'propose';
      round = Math.max(round, slot.round);
      if (message.kind !== 'vote' || message.vote.type !== VOTE.precommit) continue;
      const { block } = message.vote;
      if (block !== undefined && slot.round >= (locked?.round ?? 0)) locked = { round: slot.round, block };
    }
    if (this.find(round, 'precommit') !== undefined) step = 'precommit';
    else if (this.find(round, 'prevote') !== undefined) step = 'prevote';
    const newest = polka !== undefined && polka.round >= (locked?.round ?? 0) ? polka : locked;
    const valid = newest && { round: newest.round, block: newest.block };
    // A round in which nothing but a proposal was signed begins again, and the same proposal is sent.
    if (step === 'propose') return { ...INITIAL_ROUND_STATE, round: round - 1, locked, valid };
    return { ...INITIAL_ROUND_STATE, round, step, locked, valid };
  }
}

interface Slot {
  readonly height: Height;
  readonly round: number;
  readonly code: number;
}

function slotOf(message: Promised): Slot {
  if (message.kind === 'proposal') return { ...message.proposal, code: PROPOSAL };
  const { height: at, round, type } = message.vote;
  return { height: at, round, code: type };
}

function slotName(round: number, code: number): string {
  return `${round} ${code}`;
}

function heightKey(prefix: number, at: Height): Uint8Array {
  const key = new ByteWriter(9);
  key.u8(prefix);
  key.u64(at);
  return key.bytes;
}

function promiseKey(at: Height, round: number, code: number): Uint8Array {
  const key = new ByteWriter(14);
  key.u8(KEY.promise);
  key.u64(at);
  key.u32(round);
  key.u8(code);
  return key.bytes;
}

function markerOf(restoredMs: UnixMs | undefined): Uint8Array {
  if (restoredMs === undefined) return Uint8Array.of(1);
  const marker = new ByteWriter(8);
  marker.u64(restoredMs);
  return marker.bytes;
}

function polkaKey(at: Height): Uint8Array {
  return heightKey(KEY.polka, at);
}

/** Undefined: no key of a record here, so that it is a damaged one. */
function heightOfKey(key: Uint8Array): number | undefined {
  const from = new ByteReader(key);
  const prefix = from.u8();
  if (prefix < KEY.promise || prefix > KEY.polka) return undefined;
  const at = from.u64();
  return from.failure === undefined ? at : undefined;
}

function decodedPolka(value: Uint8Array): Polka | undefined {
  const polka = decodeLayout(polkaLayout, value, POLKA_MAX_BYTES);
  return isDecodeRejection(polka) ? undefined : polka;
}

function decodedBlocks(value: Uint8Array): readonly Block[] {
  const block = decodeBlock(value);
  return isDecodeRejection(block) ? [] : [block];
}
