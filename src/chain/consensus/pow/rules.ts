/** Rules of proof of work: target, seal, time against ancestors, issuance, weight by work. PROTOCOL.md, Time and PoW. */
import { assert } from '../../../env/assert.ts';
import { hexToBytes } from '../../../env/bytes.ts';
import { type Sha256, sha256 } from '../../crypto/sha256.ts';
import { credit } from '../../execution/apply-transaction.ts';
import { circulating, readSupply } from '../../execution/supply.ts';
import type { StateWriter } from '../../state/state.ts';
import type { Header } from '../../types/block.ts';
import { headerSignBytes } from '../../types/header-codec.ts';
import { type HeaderRejection, isRejection } from '../../types/rejection.ts';
import { amount, SUPPLY_MAX } from '../../types/units.ts';
import type { BlockContext, ConsensusRules, SystemEffects } from '../consensus.ts';
import { checkHeight, defaultRules, depthFinality, NO_EFFECTS } from '../default-rules.ts';
import { decodePowConfig, POW_NAME, rewardAt } from './config.ts';
import { meetsTarget, SEAL_BYTES, workHash } from './search.ts';
import { addWork, hexToTarget, NO_WORK, scaledTarget, targetToBytes, targetToHex } from './target.ts';
import {
  decodePowView,
  encodePowView,
  genesisView,
  medianTimestamp,
  nextView,
  type PowView,
} from './view.ts';

const TARGET_DIGITS = 64;

/** @param hasher SHA-256 for seals. */
export function createPowRules(hasher: Sha256 = sha256): ConsensusRules<PowView> {
  return {
    ...defaultRules<PowView>(),
    name: POW_NAME,
    genesis(genesis) {
      const config = decodePowConfig(genesis.engineConfig);
      if (isRejection(config)) return config;
      const view = genesisView({ config, genesisMs: genesis.timestampMs });
      return { view, consensus: targetToBytes(view.nextTarget), records: [], weight: NO_WORK };
    },
    advance: (view, header) => checkHeader(view, header, hasher) ?? nextView(view, header.timestampMs),
    execute: (phase, view, block, state) => (phase === 'end' ? issue(view, block, state) : NO_EFFECTS),
    weigh: (parent, _view, header) => addWork(parent, hexToTarget(header.consensus)),
    finality: (head, _chain, view) => depthFinality(head, view.chain.config.finalityDepth),
    encodeView: encodePowView,
    decodeView: decodePowView,
  };
}

function checkHeader(view: PowView, header: Header, hasher: Sha256): HeaderRejection | undefined {
  const misplaced = checkHeight(view.height, header);
  if (misplaced !== undefined) return misplaced;
  if (header.consensus.length !== TARGET_DIGITS) {
    return { code: 'BAD_CONSENSUS_FIELD', fact: 'a target of 32 bytes was expected' };
  }
  const expected = targetToHex(view.nextTarget);
  if (header.consensus !== expected) return { code: 'WRONG_TARGET', stated: header.consensus, expected };
  const after = medianTimestamp(view);
  if (header.timestampMs <= after) {
    return { code: 'TIMESTAMP_TOO_EARLY', timestampMs: header.timestampMs, after };
  }
  return checkSeal(view, header, hasher);
}

function checkSeal(view: PowView, header: Header, hasher: Sha256): HeaderRejection | undefined {
  const seal = hexToBytes(header.seal);
  if (seal?.length !== SEAL_BYTES) return { code: 'BAD_SEAL', fact: 'a nonce of 8 bytes was expected' };
  const checkTarget = scaledTarget(view.nextTarget, view.chain.config.powScale);
  const hash = workHash(headerSignBytes(header), seal, hasher);
  return meetsTarget(hash, checkTarget)
    ? undefined
    : { code: 'BAD_SEAL', fact: 'the work hash is above the target' };
}

/** The reward of this height, as far as the supply stays within SUPPLY_MAX: a chain does not stop when all is issued. */
function issue(view: PowView, { header }: BlockContext, state: StateWriter): SystemEffects {
  const scheduled = rewardAt(view.chain.config.issuance, header.height);
  if (scheduled === 0n) return NO_EFFECTS;
  const room = SUPPLY_MAX - circulating(readSupply(state));
  assert(room >= 0n, 'the supply is within its limit after every block');
  const reward = scheduled < room ? scheduled : room;
  if (reward === 0n) return NO_EFFECTS;
  credit(state, header.beneficiary, reward);
  return { ...NO_EFFECTS, issued: amount(reward) };
}
