/**
 * Light client: follows a chain with stake by headers, sets and commits alone, from one block that it trusts. CometBFT,
 * spec/light-client/verification. Signatures are the caller's: `lightBlockItems` names them.
 */
import type { SignedItem } from '../../../env/crypto.ts';
import type { UnixMs } from '../../../env/units.ts';
import type { Header } from '../../types/block.ts';
import { blockId } from '../../types/header-codec.ts';
import type { Hash, PublicKey } from '../../types/units.ts';
import type { Commit } from './commit.ts';
import { type CommitFlaw, commitFlaw, commitItems } from './commit-check.ts';
import { hasCorrect } from './quorum.ts';
import { decodeRoundField, type RoundField } from './round.ts';
import { placeOf, type ValidatorSet } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';

/** What a light client is shown of one height. */
export interface LightBlock {
  readonly header: Header;
  /** The set of this height. */
  readonly validators: ValidatorSet;
  /** For this header. */
  readonly commit: Commit;
}

/** What it trusts. */
export interface Trusted {
  readonly header: Header;
  /** The set of that height. */
  readonly validators: ValidatorSet;
}

/** Why a light block is not trusted on what is. TOO_LITTLE_TRUST is no fault: a block between the two may bridge it. */
export type LightFlaw =
  | 'NOT_LATER'
  | 'TRUST_EXPIRED'
  | 'FROM_THE_FUTURE'
  | 'BAD_CONSENSUS_FIELD'
  | 'WRONG_VALIDATORS'
  | 'TOO_LITTLE_TRUST'
  | CommitFlaw;

/** How far trust reaches. */
export interface LightPolicy {
  /** Less than the unbonding time: later, who signed the trusted block has nothing left to lose. */
  readonly trustingMs: number;
  /** How far a header's time may be ahead of the client's clock. */
  readonly clockDriftMs: number;
}

/** Every signature of its commit. @param chain hash of the genesis. */
export function lightBlockItems(chain: Hash, { validators, commit }: LightBlock): readonly SignedItem[] {
  return commitItems(chain, validators, commit);
}

/**
 * What keeps a light block from being trusted; undefined: it is. Its signatures were checked. Next to the trusted block
 * its set must be the one that block names; further up more than 1/3 of the trusted power must have signed, so that one
 * correct validator has, and more than 2/3 of its own. CometBFT, ValidAndVerified.
 * @param nowMs of the client's clock.
 */
export function lightBlockFlaw(
  trusted: Trusted,
  next: LightBlock,
  policy: LightPolicy,
  nowMs: UnixMs,
): LightFlaw | undefined {
  const { header, validators, commit } = next;
  if (header.height <= trusted.header.height || header.timestampMs < trusted.header.timestampMs)
    return 'NOT_LATER';
  if (trusted.header.timestampMs + policy.trustingMs <= nowMs) return 'TRUST_EXPIRED';
  if (header.timestampMs > nowMs + policy.clockDriftMs) return 'FROM_THE_FUTURE';
  const field = decodeRoundField(header.consensus);
  if (field === undefined) return 'BAD_CONSENSUS_FIELD';
  if (field.validatorsHash !== validatorsHash(validators)) return 'WRONG_VALIDATORS';
  const untrusted = trustFlaw(trusted, next, field);
  if (untrusted !== undefined) return untrusted;
  const { height, timestampMs } = header;
  return commitFlaw(commit, validators, { height, block: blockId(header), timestampMs });
}

function trustFlaw(trusted: Trusted, next: LightBlock, field: RoundField): LightFlaw | undefined {
  if (next.header.height === trusted.header.height + 1) {
    if (next.header.parent !== blockId(trusted.header)) return 'WRONG_BLOCK';
    const named = decodeRoundField(trusted.header.consensus)?.nextValidatorsHash;
    return named === field.validatorsHash ? undefined : 'WRONG_VALIDATORS';
  }
  return hasCorrect(signedPower(trusted.validators, next), trusted.validators.totalPower)
    ? undefined
    : 'TOO_LITTLE_TRUST';
}

/** Power in the trusted set of those who signed the commit, each once. */
function signedPower(trusted: ValidatorSet, { validators, commit }: LightBlock): bigint {
  const seen = new Set<PublicKey>();
  let power = 0n;
  for (const { validator } of commit.votes) {
    const key = validators.validators[validator]?.key;
    const place = key === undefined || seen.has(key) ? undefined : placeOf(trusted, key);
    if (key === undefined || place === undefined) continue;
    seen.add(key);
    power += trusted.validators[place]?.power ?? 0n;
  }
  return power;
}
