/**
 * Rules of proof of authority: EIP-225 (Clique), with EIP-3436's order of heads. Signers take turns by height; each may
 * sign one of any SIGNER_LIMIT consecutive blocks; a majority of them adds and drops others by votes in headers.
 */
import { assert } from '../../../env/assert.ts';
import type { UnixMs } from '../../../env/units.ts';
import type { Header } from '../../types/block.ts';
import type { Finality } from '../../types/finality.ts';
import { type HeaderRejection, isRejection } from '../../types/rejection.ts';
import { type Height, height, type PublicKey } from '../../types/units.ts';
import type { Candidate, ChainView, ConsensusRules } from '../consensus.ts';
import { checkHeight, defaultRules } from '../default-rules.ts';
import { badConfig, viewCodec } from '../engine-fields.ts';
import { checkSignedSeal, signedSealItems } from '../signed-seal.ts';
import { decodePoaConfig, POA_NAME } from './config.ts';
import { encodeFirstCheckpoint, encodePoaField, type PoaField, poaFieldOf } from './header-field.ts';
import { hasSignedRecently, POA_SIGNERS_MAX, signerInTurn, signerLimit, withRecent } from './signers.ts';
import { compareHeads, DIFFICULTY, genesisWeight, turnsAgo, weightAfter } from './tie-break.ts';
import { type PoaView, poaViewLayout, viewFlaw } from './view.ts';
import { castVote, type Vote, withoutVotes } from './votes.ts';

/** How far finality looks for SIGNER_LIMIT distinct signers: they are the last SIGNER_LIMIT blocks, unless the set has just grown. */
const FINALITY_BLOCKS_MAX = 4 * POA_SIGNERS_MAX;

/** Whether the block on this view is a checkpoint: its number is a multiple of EPOCH_LENGTH. EIP-225, Voting on signers. */
function isCheckpoint(view: PoaView): boolean {
  return (view.height + 1) % view.config.epoch === 0;
}

/** Whether the key may sign a block on this view: it is authorized, and did not sign recently. EIP-225, Authorizing a block. */
export function maySign(view: PoaView, key: PublicKey): boolean {
  return view.signers.includes(key) && !hasSignedRecently(view.signers, view.recents, key);
}

/** EIP-225, difficulty: DIFF_INTURN where BLOCK_NUMBER % SIGNER_COUNT == SIGNER_INDEX, else DIFF_NOTURN. */
export function difficultyOf(view: PoaView, signer: PublicKey): number {
  const isInTurn = signerInTurn(view.signers, view.height + 1) === signer;
  return isInTurn ? DIFFICULTY.inTurn : DIFFICULTY.outOfTurn;
}

/** EIP-225, timestamp: at least the parent's + BLOCK_PERIOD. */
export function earliestMs(view: PoaView): number {
  return view.timestampMs + view.config.periodMs;
}

/** The `consensus` field of a block of `signer` on this view. A checkpoint carries no vote. */
export function fieldOn(view: PoaView, signer: PublicKey, vote: Vote | undefined): Uint8Array {
  const isListed = isCheckpoint(view);
  return encodePoaField({
    difficulty: difficultyOf(view, signer),
    signer,
    vote: isListed ? undefined : vote,
    checkpoint: isListed ? view.signers : [],
  });
}

function badField(fact: string): HeaderRejection {
  return { code: 'BAD_CONSENSUS_FIELD', fact };
}

function checkField(view: PoaView, field: PoaField): HeaderRejection | undefined {
  const { signer, difficulty, vote, checkpoint } = field;
  if (!view.signers.includes(signer)) return { code: 'WRONG_PRODUCER', fact: `${signer} is no signer` };
  if (!maySign(view, signer)) {
    const limit = signerLimit(view.signers.length);
    return { code: 'WRONG_PRODUCER', fact: `${signer} may sign one of ${limit} consecutive blocks` };
  }
  const expected = difficultyOf(view, signer);
  if (difficulty !== expected) return badField(`difficulty ${expected} was expected, not ${difficulty}`);
  if (!isCheckpoint(view))
    return checkpoint.length === 0 ? undefined : badField('a list of signers outside a checkpoint');
  if (vote !== undefined) return badField('a vote in a checkpoint');
  const isListed =
    checkpoint.length === view.signers.length && checkpoint.every((key, i) => key === view.signers[i]);
  return isListed ? undefined : badField(`the ${view.signers.length} signers were expected at a checkpoint`);
}

function checkTime(view: PoaView, { timestampMs }: Header): HeaderRejection | undefined {
  const after = earliestMs(view) - 1;
  return timestampMs > after ? undefined : { code: 'TIMESTAMP_TOO_EARLY', timestampMs, after };
}

/** The fold: EIP-225 applies the vote of a header, or forgets all at a checkpoint. */
function viewAfter(view: PoaView, { signer, vote }: PoaField, at: Height, timestampMs: UnixMs): PoaView {
  const { config } = view;
  const { signers, votes } = isCheckpoint(view)
    ? withoutVotes(view)
    : vote === undefined
      ? view
      : castVote(view, signer, vote);
  const index = view.signers.indexOf(signer);
  const ago = turnsAgo({ height: at, index, signers: view.signers.length });
  return { config, height: at, timestampMs, ago, signers, votes, recents: withRecent(view.recents, signer) };
}

function advance(view: PoaView, header: Header): PoaView | HeaderRejection {
  const field = poaFieldOf(header);
  if (field === undefined) return badField('difficulty, signer, vote and checkpoint were expected');
  return (
    checkHeight(view.height, header) ??
    checkTime(view, header) ??
    checkField(view, field) ??
    checkSignedSeal(header) ??
    viewAfter(view, field, header.height, header.timestampMs)
  );
}

/**
 * Final is the highest block on which, itself included, SIGNER_LIMIT distinct signers have built: a majority has then
 * preferred it once. It may prefer another later, and whoever signed here may sign there: kind depth, not absolute.
 */
function majorityFinality(head: Candidate, chain: ChainView, view: PoaView): Finality {
  const limit = signerLimit(view.signers.length);
  const seen = new Set<PublicKey>();
  let { header } = head;
  for (let blocks = 0; header.height > 0 && blocks < FINALITY_BLOCKS_MAX; blocks++) {
    const signer = poaFieldOf(header)?.signer;
    if (signer !== undefined && view.signers.includes(signer)) seen.add(signer);
    if (seen.size >= limit) return { final: header.height, acknowledged: header.height, kind: 'depth' };
    const parent = chain.headerOf(header.parent);
    if (parent === undefined) break;
    header = parent;
  }
  return { final: height(0), acknowledged: height(0), kind: 'depth' };
}

/** The rules of a genesis that names POA_NAME; its validators, whose powers do not count, are the first signers. */
export function createPoaRules(): ConsensusRules<PoaView> {
  return {
    ...defaultRules<PoaView>(),
    name: POA_NAME,
    genesis({ engineConfig, validators, timestampMs }) {
      const config = decodePoaConfig(engineConfig);
      if (isRejection(config)) return config;
      if (validators.length === 0 || validators.length > POA_SIGNERS_MAX)
        return badConfig('validators', `1 to ${POA_SIGNERS_MAX}`);
      const signers = validators.map(({ key }) => key);
      const view = { config, height: height(0), timestampMs, ago: 0, signers, recents: [], votes: [] };
      return { view, consensus: encodeFirstCheckpoint(signers), records: [], weight: genesisWeight(config) };
    },
    advance,
    sealItems: (header) => signedSealItems(header, poaFieldOf(header)?.signer),
    weigh(parent, { config, ago }, header) {
      const field = poaFieldOf(header);
      assert(field !== undefined, 'a header is weighed after it was found valid');
      return weightAfter(parent, config, { difficulty: field.difficulty, height: header.height, ago });
    },
    compare: compareHeads,
    mayExtend: maySign,
    finality: majorityFinality,
    ...viewCodec(poaViewLayout, viewFlaw),
  };
}
