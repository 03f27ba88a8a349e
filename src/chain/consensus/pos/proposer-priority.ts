/** Whose turn it is to propose: the priority algorithm of CometBFT, types/validator_set.go and spec/consensus/proposer-selection.md. */
import { assert } from '../../../env/assert.ts';
import { addressOf } from '../../crypto/address.ts';
import { VALIDATORS_MAX } from './commit.ts';
import {
  type Member,
  TOTAL_POWER_MAX,
  totalPowerOf,
  type Validator,
  type ValidatorSet,
  withPriorities,
} from './validator-set.ts';
import { ROUND_MAX } from './vote.ts';

/** PriorityWindowSizeFactor: highest and lowest priority differ by at most so many times the total power. */
const WINDOW_FACTOR = 2n;
const INT64_MAX = 9_223_372_036_854_775_807n;
const INT64_MIN = -9_223_372_036_854_775_808n;

/** safeAddClip, safeSubClip: no sum passes int64. */
export function clipInt64(value: bigint): bigint {
  if (value > INT64_MAX) return INT64_MAX;
  return value < INT64_MIN ? INT64_MIN : value;
}

/** RescalePriorities: divides all, towards zero, so that their distance is at most `windowMax`. In place. */
export function rescalePriorities(priorities: bigint[], windowMax: bigint): void {
  let most = priorities[0] ?? 0n;
  let least = most;
  for (const priority of priorities) {
    if (priority > most) most = priority;
    else if (priority < least) least = priority;
  }
  const distance = most - least;
  if (windowMax <= 0n || distance <= windowMax) return;
  const ratio = (distance + windowMax - 1n) / windowMax;
  for (const [place, priority] of priorities.entries()) priorities[place] = priority / ratio;
}

/** computeAvgProposerPriority: big.Int.Div is Euclidean, so that the average is rounded down. */
export function averagePriority(priorities: readonly bigint[]): bigint {
  const count = BigInt(priorities.length);
  let sum = 0n;
  for (const priority of priorities) sum += priority;
  const towardsZero = sum / count;
  return sum < 0n && towardsZero * count !== sum ? towardsZero - 1n : towardsZero;
}

/** shiftByAvgProposerPriority: afterwards the sum is from 0 to the count less 1. In place. */
export function centrePriorities(priorities: bigint[]): void {
  const average = averagePriority(priorities);
  if (average === 0n) return;
  for (const [place, priority] of priorities.entries()) priorities[place] = clipInt64(priority - average);
}

/**
 * incrementProposerPriority: each gains its power, whoever has most then proposes and pays the total. Of equals the
 * lowest address, which is the first. In place. @returns the place of the proposer.
 */
export function takeTurn(
  members: readonly Pick<Member, 'power'>[],
  priorities: bigint[],
  total: bigint,
): number {
  let proposer = 0;
  let most = INT64_MIN;
  for (let place = 0; place < members.length; place++) {
    const gained = clipInt64((priorities[place] as bigint) + (members[place] as Member).power);
    priorities[place] = gained;
    if (gained > most) {
      most = gained;
      proposer = place;
    }
  }
  priorities[proposer] = clipInt64(most - total);
  return proposer;
}

function prioritiesOf({ validators, totalPower }: ValidatorSet): bigint[] {
  const priorities = validators.map(({ priority }) => priority);
  rescalePriorities(priorities, WINDOW_FACTOR * totalPower);
  centrePriorities(priorities);
  return priorities;
}

/** The set one turn on: IncrementProposerPriority(1). What each height's set is to the one before, where nothing changed. */
export function nextTurn(set: ValidatorSet): ValidatorSet {
  const priorities = prioritiesOf(set);
  const proposer = takeTurn(set.validators, priorities, set.totalPower);
  return withPriorities(set, priorities, proposer);
}

/** Proposers of the rounds after 0, as far as somebody asked. */
interface Rounds {
  readonly priorities: bigint[];
  readonly proposers: number[];
}

const roundsOf = new WeakMap<ValidatorSet, Rounds>();

/**
 * Proposer of (height, round), from the set of that height: IncrementProposerPriority(round). Computed once for each set and
 * round. arXiv:1807.04938, proposer(h, r). @param round at most ROUND_MAX.
 */
export function proposerOf(set: ValidatorSet, round: number): Validator {
  assert(round >= 0 && round <= ROUND_MAX, 'a round is within its limit');
  if (round === 0) return set.validators[set.proposer] as Validator;
  let rounds = roundsOf.get(set);
  if (rounds === undefined) {
    rounds = { priorities: prioritiesOf(set), proposers: [] };
    roundsOf.set(set, rounds);
  }
  const { priorities, proposers } = rounds;
  while (proposers.length < round) proposers.push(takeTurn(set.validators, priorities, set.totalPower));
  return set.validators[proposers[round - 1] as number] as Validator;
}

/** The first set of a chain: NewValidatorSet. @param members none twice, in any order. */
export function createValidatorSet(members: readonly Member[]): ValidatorSet {
  const empty: ValidatorSet = { validators: [], totalPower: 0n, proposer: 0 };
  return nextTurn(changeValidators(empty, members));
}

/**
 * UpdateWithChangeSet: powers are replaced, newcomers join with a priority of -1.125 times the total power after all
 * updates and before removals, then those with power 0 leave, then priorities are rescaled and centred. The proposer is
 * not chosen anew: `nextTurn` follows. @param changes none twice; power 0: leaves; the result is not empty.
 */
export function changeValidators(set: ValidatorSet, changes: readonly Member[]): ValidatorSet {
  if (changes.length === 0) return set;
  const byKey = new Map(set.validators.map((validator) => [validator.key, validator]));
  const updates = changes.filter(({ power }) => power > 0n);
  let total = set.totalPower;
  for (const { key, power } of updates) total += power - (byKey.get(key)?.power ?? 0n);
  const newcomers = -(total + (total >> 3n));
  for (const { key, power } of updates) {
    const known = byKey.get(key);
    byKey.set(key, {
      key,
      address: known?.address ?? addressOf(key),
      power,
      priority: known?.priority ?? newcomers,
    });
  }
  for (const { key, power } of changes) if (power === 0n) byKey.delete(key);
  const validators = [...byKey.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  const totalPower = totalPowerOf(validators);
  assert(
    validators.length > 0 && validators.length <= VALIDATORS_MAX,
    'a validator set is neither empty nor above its limit',
  );
  assert(totalPower <= TOTAL_POWER_MAX, 'the power of a set is within its limit');
  const changed = { validators, totalPower, proposer: 0 };
  return withPriorities(changed, prioritiesOf(changed), 0);
}
