/** The unbonding queue: stake goes back to its account in the order in which it began, when it is old enough. PROTOCOL.md, PoS. */
import { assert } from '../../../env/assert.ts';
import { credit } from '../../execution/apply-transaction.ts';
import type { StateWriter } from '../../state/state.ts';
import { amount } from '../../types/units.ts';
import type { HeaderDraft } from '../consensus.ts';
import type { PosConfig } from './config.ts';
import {
  deleteUnbonding,
  readStake,
  readTotals,
  readUnbonding,
  type UnbondingEntry,
  writeStake,
  writeTotals,
} from './stake-records.ts';

/** Entries released in one block: more wait for the next, so that no block takes long. */
export const RELEASES_MAX = 64;

/** Releases the oldest entries that are held so many blocks AND so long. */
export function releaseStake(
  config: PosConfig,
  header: Pick<HeaderDraft, 'height' | 'timestampMs'>,
  state: StateWriter,
): void {
  const totals = readTotals(state);
  let { first } = totals;
  let released = 0n;
  while (first < totals.end && first - totals.first < RELEASES_MAX) {
    const entry = readUnbonding(state, first);
    assert(entry !== undefined, 'the unbonding queue has no gaps');
    if (!isHeldLongEnough(config, header, entry)) break;
    release(state, first, entry);
    released += entry.amount;
    first++;
  }
  if (first > totals.first) {
    writeTotals(state, { ...totals, first, unbonding: amount(totals.unbonding - released) });
  }
}

function isHeldLongEnough(
  { unbondingBlocks, unbondingMs }: PosConfig,
  { height, timestampMs }: Pick<HeaderDraft, 'height' | 'timestampMs'>,
  entry: UnbondingEntry,
): boolean {
  return height - entry.height >= unbondingBlocks && timestampMs - entry.timestampMs >= unbondingMs;
}

function release(state: StateWriter, index: number, { owner, amount: value }: UnbondingEntry): void {
  deleteUnbonding(state, index);
  const stake = readStake(state, owner);
  assert(stake !== undefined, 'whoever has an entry in the queue has a record that lists it');
  writeStake(state, owner, { ...stake, entries: stake.entries.filter((entry) => entry !== index) });
  if (value > 0n) credit(state, owner, value);
}
