/** What the state holds of stake: validators, the unbonding queue, tombstones, totals, and the newest set. PROTOCOL.md, PoS. */
import { assert } from '../../../env/assert.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { UnixMs } from '../../../env/units.ts';
import type { Namespace, StateReader, StateWriter } from '../../state/state.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import {
  accountAddressField,
  amountField,
  hashField,
  heightField,
  publicKeyField,
  timeField,
  u32Field,
  u64Field,
} from '../../types/layout/fields.ts';
import { type Layout, listOf } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { AccountAddress, Amount, Hash, Height, PublicKey } from '../../types/units.ts';
import { type ValidatorSet, validatorSetLayout } from './validator-set.ts';

/** Entries of one validator in the unbonding queue, by its own wish: what a slash looks through. */
export const UNBONDING_ENTRIES_MAX = 16;
/** A slash adds the rest of the bond as one more. */
const ENTRIES_MAX = UNBONDING_ENTRIES_MAX + 1;
/** Any record of this file; a set of 512 validators takes 25 kB. */
const RECORD_MAX_BYTES = 65_536;

/** Ids in namespace `system`: the ASCII texts 'stake-totals', 'stake-set', and 'stake-change' with an index behind. */
export const TOTALS_ID = '7374616b652d746f74616c73';
export const SET_ID = '7374616b652d736574';
const CHANGE_ID = '7374616b652d6368616e6765';

/** One leaf for all of them. */
export interface StakeTotals {
  /** Validators with stake. */
  readonly count: number;
  /** Stake of all validators. */
  readonly bonded: Amount;
  /** What is in the unbonding queue. */
  readonly unbonding: Amount;
  /** The queue holds the indexes from `first` to `end` - 1. */
  readonly first: number;
  readonly end: number;
  /** Changes that the newest set does not have yet, by index from 0. */
  readonly changes: number;
  /** Keys that got stake in this block and had no seat: each may become one more seat. */
  readonly joined: number;
}

const totalsLayout: Layout<StakeTotals> = struct<StakeTotals>({
  count: u32Field,
  bonded: amountField,
  unbonding: amountField,
  first: u64Field,
  end: u64Field,
  changes: u32Field,
  joined: u32Field,
});

/** Somebody with stake, or with unbonding stake. Id: the address. */
export interface StakeRecord {
  readonly key: PublicKey;
  /** The validator's power; 0: it is none. */
  readonly bonded: Amount;
  /** Its entries in the unbonding queue, by index, ascending. */
  readonly entries: readonly number[];
}

const stakeLayout: Layout<StakeRecord> = struct<StakeRecord>({
  key: publicKeyField,
  bonded: amountField,
  entries: listOf(u64Field, 8, ENTRIES_MAX),
});

/** Stake on its way back to an account. Id: the index. */
export interface UnbondingEntry {
  readonly owner: AccountAddress;
  readonly amount: Amount;
  /** The last height whose set it counted in: one above the block that began it. */
  readonly height: Height;
  /** Of the block that began it. */
  readonly timestampMs: UnixMs;
}

const unbondingLayout: Layout<UnbondingEntry> = struct<UnbondingEntry>({
  owner: accountAddressField,
  amount: amountField,
  height: heightField,
  timestampMs: timeField,
});

/** A key against which evidence was judged. Id: the address. */
export interface Tombstone {
  readonly evidence: Hash;
  /** Of what was signed twice. */
  readonly height: Height;
  readonly burnt: Amount;
}

const tombstoneLayout: Layout<Tombstone> = struct<Tombstone>({
  evidence: hashField,
  height: heightField,
  burnt: amountField,
});

const changeLayout: Layout<{ readonly key: PublicKey }> = struct({ key: publicKeyField });

function read<T>(state: StateReader, namespace: Namespace, id: string, layout: Layout<T>): T | undefined {
  const value = state.get(namespace, id);
  if (value === undefined) return undefined;
  const record = decodeLayout(layout, value, RECORD_MAX_BYTES);
  assert(!isDecodeRejection(record), 'the leaves of an engine hold its encoded records');
  return record;
}

export function readTotals(state: StateReader): StakeTotals {
  const totals = read(state, 'system', TOTALS_ID, totalsLayout);
  assert(totals !== undefined, 'genesis writes the totals of stake and nothing deletes them');
  return totals;
}

/** The canonical bytes: 44. */
export function encodeTotals(totals: StakeTotals): Uint8Array {
  return encodeLayout(totalsLayout, totals);
}

export function writeTotals(state: StateWriter, totals: StakeTotals): void {
  state.put('system', TOTALS_ID, encodeTotals(totals));
}

export function readStake(state: StateReader, address: AccountAddress): StakeRecord | undefined {
  return read(state, 'validators', address, stakeLayout);
}

/** The canonical bytes: 41, and 8 for each entry. */
export function encodeStake(stake: StakeRecord): Uint8Array {
  return encodeLayout(stakeLayout, stake);
}

/** Writes the leaf, or deletes it when it holds nothing. */
export function writeStake(state: StateWriter, address: AccountAddress, stake: StakeRecord): void {
  if (stake.bonded === 0n && stake.entries.length === 0) state.delete('validators', address);
  else state.put('validators', address, encodeStake(stake));
}

function indexId(index: number, bytes: number): string {
  return index.toString(16).padStart(2 * bytes, '0');
}

export function readUnbonding(state: StateReader, index: number): UnbondingEntry | undefined {
  return read(state, 'unbonding', indexId(index, 8), unbondingLayout);
}

export function writeUnbonding(state: StateWriter, index: number, entry: UnbondingEntry): void {
  state.put('unbonding', indexId(index, 8), encodeLayout(unbondingLayout, entry));
}

export function deleteUnbonding(state: StateWriter, index: number): void {
  state.delete('unbonding', indexId(index, 8));
}

export function readTombstone(state: StateReader, address: AccountAddress): Tombstone | undefined {
  return read(state, 'evidence', address, tombstoneLayout);
}

export function writeTombstone(state: StateWriter, address: AccountAddress, tombstone: Tombstone): void {
  state.put('evidence', address, encodeLayout(tombstoneLayout, tombstone));
}

/** A key whose stake is to be looked at when the next set is made. */
export function writeChange(state: StateWriter, index: number, key: PublicKey): void {
  state.put('system', CHANGE_ID + indexId(index, 4), encodeLayout(changeLayout, { key }));
}

export function readChange(state: StateReader, index: number): PublicKey {
  const change = read(state, 'system', CHANGE_ID + indexId(index, 4), changeLayout);
  assert(change !== undefined, 'each change that the totals count has its leaf');
  return change.key;
}

export function deleteChange(state: StateWriter, index: number): void {
  state.delete('system', CHANGE_ID + indexId(index, 4));
}

/** The canonical bytes of the leaf that holds a set. */
export function encodeSet(set: ValidatorSet): Uint8Array {
  return encodeLayout(validatorSetLayout, set);
}
