/** Rules of a chain with stake: who proposes, what a block must carry, how stake makes the sets. Tendermint, arXiv:1807.04938; PROTOCOL.md, PoS. */
import { assert } from '../../../env/assert.ts';
import type { SignedItem } from '../../../env/crypto.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { StateWriter } from '../../state/state.ts';
import type { Block, Header } from '../../types/block.ts';
import { blockId } from '../../types/header-codec.ts';
import { decodeLayout } from '../../types/layout/codec.ts';
import type { BlockRejection, CertificateRejection, HeaderRejection } from '../../types/rejection.ts';
import { isRejection } from '../../types/rejection.ts';
import { amount, height } from '../../types/units.ts';
import type { BlockContext, ConsensusRules, SystemEffects } from '../consensus.ts';
import { checkHeight, defaultRules, NO_EFFECTS } from '../default-rules.ts';
import { numberWeight } from '../weights.ts';
import { bftTime } from './bft-time.ts';
import { commitFlaw, commitItems, commitOfCertificate, lastCommitOf } from './commit-check.ts';
import { POS_NAME } from './config.ts';
import { accusedOf, evidenceItems, evidenceOfText } from './evidence.ts';
import { blockEvidenceFlaw } from './evidence-check.ts';
import { moveWindow, reseat } from './evidence-window.ts';
import { posGenesis } from './genesis.ts';
import { proposerOf } from './proposer-priority.ts';
import { decodeRoundField, encodeRoundField, genesisRoundField } from './round.ts';
import { encodeSetChanges, nextSet, setChangesLayout, takeChanges } from './set-changes.ts';
import { slashBlock } from './slashing.ts';
import { encodeSet, readTotals, SET_ID } from './stake-records.ts';
import { applyStakeAction } from './staking.ts';
import { releaseStake } from './unbonding.ts';
import type { ValidatorSet } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';
import { type PosView, posViewCodec } from './view.ts';

/** Bytes of a weight: a height. */
const WEIGHT_BYTES = 8;
/** Changes of a block with the most of them: 8,192 members and 64 keys. */
const EFFECTS_MAX_BYTES = 524_288;

export function createPosRules(): ConsensusRules<PosView> {
  return {
    ...defaultRules<PosView>(),
    name: POS_NAME,
    isCertified: true,
    genesis(genesis) {
      const start = posGenesis(genesis);
      if (isRejection(start)) return start;
      const consensus = encodeRoundField(genesisRoundField(start.view.current));
      return { ...start, consensus, weight: numberWeight(0n, WEIGHT_BYTES) };
    },
    advance: (view, header) => checkHeader(view, header) ?? advanced(view, header),
    systemItems,
    checkSystem: (view, block) => checkLastCommit(view, block) ?? checkEvidence(view, block),
    execute: (phase, view, block, state) =>
      phase === 'begin' ? begin(view, block, state) : end(view, block, state),
    applyAction: applyStakeAction,
    afterExecution: (view, effects) => (effects.data.length === 0 ? view : followed(view, effects)),
    held: (state) => {
      const { bonded, unbonding } = readTotals(state);
      return amount(bonded + unbonding);
    },
    /** Two certified blocks at one height are a failure of safety: the first seen stays, and an oracle reports both. */
    weigh: (_parent, _view, header) => numberWeight(BigInt(header.height), WEIGHT_BYTES),
    checkCertificate,
    /** What is certified is final: no two correct processes decide differently. arXiv:1807.04938, Agreement. */
    finality: ({ header }) => ({ final: header.height, acknowledged: header.height, kind: 'absolute' }),
    ...posViewCodec,
  };
}

function checkHeader(view: PosView, header: Header): HeaderRejection | undefined {
  if (!view.isExecuted) return { code: 'NEEDS_EXECUTION' };
  const misplaced = checkHeight(view.height, header);
  if (misplaced !== undefined) return misplaced;
  if (header.seal !== '')
    return { code: 'BAD_SEAL', fact: 'no seal was expected: the certificate proves the block' };
  const field = decodeRoundField(header.consensus);
  if (field === undefined)
    return { code: 'BAD_CONSENSUS_FIELD', fact: 'a round, its proposer and two hashes were expected' };
  const ofThis = validatorsHash(view.current);
  if (field.validatorsHash !== ofThis)
    return { code: 'BAD_CONSENSUS_FIELD', fact: `validatorsHash is ${ofThis} at this height` };
  const ofNext = validatorsHash(view.next);
  if (field.nextValidatorsHash !== ofNext)
    return { code: 'BAD_CONSENSUS_FIELD', fact: `nextValidatorsHash is ${ofNext} at this height` };
  const due = proposerOf(view.current, field.round).key;
  if (field.proposer !== due)
    return { code: 'WRONG_PRODUCER', fact: `${due} proposes in round ${field.round}` };
  const { timestampMs } = header;
  const after = view.timestampMs - 1;
  return timestampMs > after ? undefined : { code: 'TIMESTAMP_TOO_EARLY', timestampMs, after };
}

/** The view of the block before it is executed. */
function advanced(view: PosView, { height: at, timestampMs }: Header): PosView {
  const window = moveWindow(view.window, { config: view.config, height: at, timestampMs });
  const { config, chain, current, next } = view;
  return {
    config,
    chain,
    height: at,
    timestampMs,
    last: current,
    current: next,
    next,
    window,
    isExecuted: false,
  };
}

function systemItems(view: PosView, block: Block, certificate: Uint8Array): readonly SignedItem[] {
  const items: SignedItem[] = [];
  const decision = certificate.length === 0 ? undefined : commitOfCertificate(certificate);
  if (decision !== undefined) items.push(...commitItems(view.chain, view.current, decision));
  const last = view.last === undefined ? undefined : lastCommitOf(block.system);
  if (last !== undefined && view.last !== undefined) items.push(...commitItems(view.chain, view.last, last));
  for (const text of block.system.evidence) {
    const evidence = evidenceOfText(text);
    if (evidence !== undefined) items.push(...evidenceItems(view.chain, evidence));
  }
  return items;
}

function invalid(fact: string): BlockRejection {
  return { code: 'SYSTEM_DATA_INVALID', fact };
}

/** A commit for the parent, and BFT time: the block's time is the median of its votes'; height 1 has the time of genesis. */
function checkLastCommit(view: PosView, { header, system }: Block): BlockRejection | undefined {
  const { last } = view;
  if (last === undefined) {
    if (system.lastCommit !== '') return invalid('lastCommit: empty at height 1');
    return checkTime(header, view.timestampMs);
  }
  const commit = lastCommitOf(system);
  const decided = { height: view.height, block: header.parent, timestampMs: view.timestampMs };
  const flaw = commitFlaw(commit, last, decided);
  if (commit === undefined || flaw !== undefined) return invalid(`lastCommit: ${flaw ?? 'MALFORMED'}`);
  return checkTime(header, bftTime(commit, last));
}

function checkTime({ timestampMs }: Header, due: number): BlockRejection | undefined {
  if (timestampMs === due) return undefined;
  return invalid(`timestampMs: ${due} is the median of the last commit, not ${timestampMs}`);
}

function checkEvidence(view: PosView, { system }: Block): BlockRejection | undefined {
  const wrong = blockEvidenceFlaw(view, system.evidence);
  return wrong === undefined ? undefined : invalid(`evidence[${wrong.index}]: ${wrong.flaw}`);
}

function checkCertificate(
  view: PosView,
  header: Header,
  certificate: Uint8Array,
): CertificateRejection | undefined {
  const { last } = view;
  if (last === undefined) {
    // Genesis is decided by whoever starts the chain.
    return certificate.length === 0 ? undefined : { code: 'BAD_CERTIFICATE', fact: 'genesis has none' };
  }
  const { height: at, timestampMs } = header;
  const decided = { height: at, block: blockId(header), timestampMs };
  const flaw = commitFlaw(commitOfCertificate(certificate), last, decided);
  return flaw === undefined ? undefined : { code: 'BAD_CERTIFICATE', fact: flaw };
}

/** Evidence first: who is accused in a block does not get away by a transaction of the same block. */
function begin({ config }: PosView, block: BlockContext, state: StateWriter): SystemEffects {
  if (block.system.evidence.length === 0) return NO_EFFECTS;
  return { ...NO_EFFECTS, burnt: slashBlock(config, block, state) };
}

/** Sets that an execution has made already, for the view that follows it: the same function of the same set and changes. */
const madeBy = new WeakMap<SystemEffects, { readonly from: ValidatorSet; readonly to: ValidatorSet }>();

function end({ config, next: from }: PosView, block: BlockContext, state: StateWriter): SystemEffects {
  releaseStake(config, block.header, state);
  const members = takeChanges(state, from);
  const to = nextSet(from, members);
  state.put('system', SET_ID, encodeSet(to));
  const accused = block.system.evidence.map(evidenceOfText);
  const tombstoned = accused.flatMap((evidence) => (evidence === undefined ? [] : [accusedOf(evidence)]));
  const effects = { ...NO_EFFECTS, data: encodeSetChanges({ members, tombstoned }) };
  madeBy.set(effects, { from, to });
  return effects;
}

/** The view after execution: what the block changed acts in the set of H + 2. PROTOCOL.md, PoS. */
function followed(view: PosView, effects: SystemEffects): PosView {
  const changes = decodeLayout(setChangesLayout, effects.data, EFFECTS_MAX_BYTES);
  assert(!isDecodeRejection(changes), 'the effects of an engine are its encoded changes');
  const { members, tombstoned } = changes;
  const made = madeBy.get(effects);
  const next = made?.from === view.next ? made.to : nextSet(view.next, members);
  const isSeated = members.length === 0 && tombstoned.length === 0;
  const window = isSeated ? view.window : reseat(view.window, next, height(view.height + 2), tombstoned);
  return { ...view, next, window, isExecuted: true };
}
