/** The `consensus` field of a header: in which round the block was proposed and by whom, and the sets of its height and the next. */
import { ZERO_HASH } from '../../crypto/sha256.ts';
import { encodeLayout } from '../../types/layout/codec.ts';
import { hashField, publicKeyField } from '../../types/layout/fields.ts';
import type { Layout } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type Hash, type PublicKey, publicKey } from '../../types/units.ts';
import { decodeField } from '../engine-fields.ts';
import type { ValidatorSet } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';
import { roundField } from './vote.ts';

export interface RoundField {
  /** Of the proposal that first had the block; it may be decided in a later one. */
  readonly round: number;
  readonly proposer: PublicKey;
  /** Of the set of this height. */
  readonly validatorsHash: Hash;
  /** Of the set of the next height. */
  readonly nextValidatorsHash: Hash;
}

const roundFieldLayout: Layout<RoundField> = struct<RoundField>({
  round: roundField,
  proposer: publicKeyField,
  validatorsHash: hashField,
  nextValidatorsHash: hashField,
});

/** The canonical bytes: 100. */
export function encodeRoundField(field: RoundField): Uint8Array {
  return encodeLayout(roundFieldLayout, field);
}

/** The field of exactly this text; undefined: it is none. */
export function decodeRoundField(text: string): RoundField | undefined {
  return decodeField(roundFieldLayout, text);
}

/** Of block 0, which nobody proposed and which has no set of its own. @param first the set of height 1. */
export function genesisRoundField(first: ValidatorSet): RoundField {
  return {
    round: 0,
    proposer: publicKey(ZERO_HASH),
    validatorsHash: ZERO_HASH,
    nextValidatorsHash: validatorsHash(first),
  };
}
