/** The validators of one height: who votes with which power, and whose turn it is to propose. */
import { addressOf } from '../../crypto/address.ts';
import { amountField, publicKeyField } from '../../types/layout/fields.ts';
import { type Layout, listOf, mapped, refine, unsigned } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type AccountAddress, type Amount, amount, type PublicKey } from '../../types/units.ts';
import { VALIDATORS_MAX } from './commit.ts';

/** Power of all validators of a set together: no priority is ever clipped. CometBFT, MaxTotalVotingPower: (2^63 - 1) / 8. */
export const TOTAL_POWER_MAX = 1_152_921_504_606_846_975n;

export interface Validator {
  readonly key: PublicKey;
  /** Of the key: the order of the set, and what breaks ties. */
  readonly address: AccountAddress;
  /** At least 1. */
  readonly power: Amount;
  /** Proposer priority of CometBFT, after the proposer of round 0 was chosen. */
  readonly priority: bigint;
}

/** Immutable; shared by all views that have it. At least one validator, at most VALIDATORS_MAX, by address, ascending. */
export interface ValidatorSet {
  readonly validators: readonly Validator[];
  readonly totalPower: bigint;
  /** Place of the proposer of round 0: the choice that the priorities already account for. */
  readonly proposer: number;
}

/** A validator without its turn: what a set is made of, and what changes ask for. */
export interface Member {
  readonly key: PublicKey;
  readonly power: Amount;
}

/** Places by key, found on first use; sets with the same keys in the same order share them. */
const placesOf = new WeakMap<ValidatorSet, ReadonlyMap<PublicKey, number>>();

/** Place of the key in the set; undefined: it has none. */
export function placeOf(set: ValidatorSet, key: PublicKey): number | undefined {
  let places = placesOf.get(set);
  if (places === undefined) {
    places = new Map(set.validators.map((validator, place) => [validator.key, place]));
    placesOf.set(set, places);
  }
  return places.get(key);
}

/** The same validators with other priorities and another proposer. @param priorities one for each place. */
export function withPriorities(
  set: ValidatorSet,
  priorities: readonly bigint[],
  proposer: number,
): ValidatorSet {
  const validators = set.validators.map(({ key, address, power }, place) => ({
    key,
    address,
    power,
    priority: priorities[place] ?? 0n,
  }));
  const turned = { validators, totalPower: set.totalPower, proposer };
  const places = placesOf.get(set);
  if (places !== undefined) placesOf.set(turned, places);
  return turned;
}

/** Sum of the powers. */
export function totalPowerOf(members: readonly Member[]): bigint {
  return members.reduce((total, { power }) => total + power, 0n);
}

/** A signed 64-bit integer: two's complement, big-endian. */
const priorityField: Layout<bigint> = mapped(
  amountField,
  (value: bigint) => amount(BigInt.asUintN(64, value)),
  (value) => BigInt.asIntN(64, value),
);

interface PlainValidator extends Member {
  readonly priority: bigint;
}

interface PlainSet {
  readonly validators: readonly PlainValidator[];
  readonly proposer: number;
}

const plainSetLayout: Layout<PlainSet> = struct<PlainSet>({
  validators: listOf(
    struct<PlainValidator>({ key: publicKeyField, power: amountField, priority: priorityField }),
    16,
    VALIDATORS_MAX,
  ),
  proposer: unsigned<number>(16, VALIDATORS_MAX - 1),
});

/** The set of these validators in this order. Addresses and total power follow from them. */
function fromPlain({ validators: plain, proposer }: PlainSet): ValidatorSet {
  const validators = plain.map(({ key, power, priority }) => ({
    key,
    address: addressOf(key),
    power,
    priority,
  }));
  return { validators, totalPower: totalPowerOf(plain), proposer };
}

function flawOf({ validators, totalPower, proposer }: ValidatorSet): string | undefined {
  if (validators.length === 0) return 'at least one validator expected';
  if (proposer >= validators.length) return 'the proposer is one of the validators';
  if (totalPower > TOTAL_POWER_MAX) return `a total power of at most ${TOTAL_POWER_MAX} expected`;
  let previous = '';
  for (const { address, power } of validators) {
    if (power < 1n) return 'a power of at least 1 expected';
    if (address <= previous) return 'validators in the order of their addresses expected, none twice';
    previous = address;
  }
  return undefined;
}

/** The canonical bytes: 4, and 48 for each validator. Sets that no chain can have are refused. */
export const validatorSetLayout: Layout<ValidatorSet> = refine(
  mapped(plainSetLayout, (set: ValidatorSet) => set, fromPlain),
  (set) => {
    const detail = flawOf(set);
    return detail === undefined ? undefined : { code: 'BAD_FIELD', detail };
  },
);
