/** How a block's stake changes make the set of H + 2, in execution and in the view alike. CometBFT, state/execution.go, updateState. */
import { addressOf } from '../../crypto/address.ts';
import type { StateWriter } from '../../state/state.ts';
import { encodeLayout } from '../../types/layout/codec.ts';
import { amountField, publicKeyField } from '../../types/layout/fields.ts';
import { type Layout, listOf } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { amount, type PublicKey } from '../../types/units.ts';
import { changeValidators, nextTurn } from './proposer-priority.ts';
import { deleteChange, readChange, readStake, readTotals, writeTotals } from './stake-records.ts';
import { type Member, placeOf, type ValidatorSet } from './validator-set.ts';

/** Keys that one block may change: each takes a transaction or an item of evidence; what is left over of before is below 512. */
const CHANGES_MAX = 8_192;

/** What the view must follow; the data of the effects of phase 'end'. */
export interface SetChanges {
  /** Powers that are new in the set of H + 2, by the order of their first change; 0: leaves. */
  readonly members: readonly Member[];
  /** Keys that the block's evidence accused. */
  readonly tombstoned: readonly PublicKey[];
}

export const setChangesLayout: Layout<SetChanges> = struct<SetChanges>({
  members: listOf(struct<Member>({ key: publicKeyField, power: amountField }), 16, CHANGES_MAX),
  tombstoned: listOf(publicKeyField, 8, 64),
});

export function encodeSetChanges(changes: SetChanges): Uint8Array {
  return encodeLayout(setChangesLayout, changes);
}

/** The set one height on: UpdateWithChangeSet, then IncrementProposerPriority(1). */
export function nextSet(set: ValidatorSet, members: readonly Member[]): ValidatorSet {
  return nextTurn(changeValidators(set, members));
}

/**
 * Takes the noted changes out of the state. A set that would become empty keeps its members; then the changes stay noted,
 * and the members leave when somebody else has stake.
 */
export function takeChanges(state: StateWriter, set: ValidatorSet): readonly Member[] {
  const totals = readTotals(state);
  if (totals.changes === 0) return [];
  if (totals.count === 0) {
    if (totals.joined > 0) writeTotals(state, { ...totals, joined: 0 });
    return [];
  }
  const powers = new Map<PublicKey, Member>();
  for (let index = 0; index < totals.changes; index++) {
    const key = readChange(state, index);
    deleteChange(state, index);
    if (!powers.has(key)) {
      powers.set(key, { key, power: readStake(state, addressOf(key))?.bonded ?? amount(0n) });
    }
  }
  writeTotals(state, { ...totals, changes: 0, joined: 0 });
  return [...powers.values()].filter(({ key, power }) => isChange(set, key, power));
}

function isChange(set: ValidatorSet, key: PublicKey, power: bigint): boolean {
  const place = placeOf(set, key);
  return place === undefined ? power > 0n : set.validators[place]?.power !== power;
}
