/** Hash of a validator set: what headers state of the set of their height and of the next. */
import { TAG } from '../../crypto/tags.ts';
import { hashLayout } from '../../types/layout/codec.ts';
import { amountField, publicKeyField } from '../../types/layout/fields.ts';
import { listOf } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { bytesToHash, type Hash } from '../../types/units.ts';
import { VALIDATORS_MAX } from './commit.ts';
import type { Member, ValidatorSet } from './validator-set.ts';

const membersLayout = listOf(struct<Member>({ key: publicKeyField, power: amountField }), 16, VALIDATORS_MAX);

/** Newest hash of a set with these members, for the next height, where mostly nothing has changed. */
let latest: { readonly set: ValidatorSet; readonly hash: Hash } | undefined;
const hashes = new WeakMap<ValidatorSet, Hash>();

function hasSameMembers(a: ValidatorSet, b: ValidatorSet): boolean {
  if (a.validators.length !== b.validators.length || a.totalPower !== b.totalPower) return false;
  return a.validators.every(({ key, power }, place) => {
    const other = b.validators[place];
    return other?.key === key && other.power === power;
  });
}

/** SHA-256(tag ‖ keys and powers, by address): priorities are no part of it. Computed once per object. */
export function validatorsHash(set: ValidatorSet): Hash {
  const known = hashes.get(set);
  if (known !== undefined) return known;
  const hash =
    latest !== undefined && hasSameMembers(latest.set, set)
      ? latest.hash
      : bytesToHash(hashLayout(TAG.validatorSet, membersLayout, set.validators));
  latest = { set, hash };
  hashes.set(set, hash);
  return hash;
}
