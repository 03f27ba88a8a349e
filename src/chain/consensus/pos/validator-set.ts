/** The validators of one height: who votes with which power, and whose turn it is to propose. */
import type { AccountAddress, Amount, PublicKey } from '../../types/units.ts';

export interface Validator {
  readonly key: PublicKey;
  /** Of the key: the order of the set, and what breaks ties. */
  readonly address: AccountAddress;
  /** At least 1. */
  readonly power: Amount;
  /** Proposer priority of CometBFT, for round 0 of the height that this set is of. */
  readonly priority: bigint;
}

/** Immutable; shared by all views that have it. At least one validator, at most VALIDATORS_MAX, by address, ascending. */
export interface ValidatorSet {
  readonly validators: readonly Validator[];
  readonly totalPower: bigint;
}
