/** What evidence costs: a part of the stake that stood behind the seat is burnt, the rest unbonds, the key is tombstoned. PROTOCOL.md, PoS. */
import { assert } from '../../../env/assert.ts';
import { addressOf } from '../../crypto/address.ts';
import type { StateWriter } from '../../state/state.ts';
import { type Amount, amount, type Height } from '../../types/units.ts';
import type { BlockContext } from '../consensus.ts';
import type { PosConfig } from './config.ts';
import { accusedOf, evidenceId, evidenceOfText, heightOf, type PosEvidence } from './evidence.ts';
import {
  readStake,
  readTotals,
  readUnbonding,
  type StakeRecord,
  writeStake,
  writeTombstone,
  writeTotals,
  writeUnbonding,
} from './stake-records.ts';
import { noteChange, unbond } from './staking.ts';

/** Judges all evidence of a block, which was checked. @returns what was burnt. */
export function slashBlock(config: PosConfig, block: BlockContext, state: StateWriter): Amount {
  let burnt = 0n;
  for (const text of block.system.evidence) {
    const evidence = evidenceOfText(text);
    assert(evidence !== undefined, 'the evidence of a block is checked before the block is executed');
    burnt += slash(config, block, evidence, state);
  }
  return amount(burnt);
}

function slash(config: PosConfig, block: BlockContext, evidence: PosEvidence, state: StateWriter): bigint {
  const key = accusedOf(evidence);
  const address = addressOf(key);
  const record = readStake(state, address);
  const at = heightOf(evidence);
  let burnt = 0n;
  if (record !== undefined) {
    burnt += slashUnbonding(config, record, at, state);
    if (record.bonded > 0n) burnt += slashBond(config, block, record, state);
  }
  writeTombstone(state, address, { evidence: evidenceId(evidence), height: at, burnt: amount(burnt) });
  return burnt;
}

function partOf(config: PosConfig, value: Amount): bigint {
  return (value * BigInt(config.slashPermille)) / 1_000n;
}

/** Entries that still counted in the set of the infraction's height. They stay in the queue, with less. */
function slashUnbonding(config: PosConfig, { entries }: StakeRecord, at: Height, state: StateWriter): bigint {
  let burnt = 0n;
  for (const index of entries) {
    const entry = readUnbonding(state, index);
    assert(entry !== undefined, 'each entry that a validator lists is in the queue');
    const part = entry.height >= at ? partOf(config, entry.amount) : 0n;
    if (part === 0n) continue;
    writeUnbonding(state, index, { ...entry, amount: amount(entry.amount - part) });
    burnt += part;
  }
  if (burnt > 0n) {
    const totals = readTotals(state);
    writeTotals(state, { ...totals, unbonding: amount(totals.unbonding - burnt) });
  }
  return burnt;
}

/** All stake that is bonded now. What is left of it unbonds. */
function slashBond(config: PosConfig, block: BlockContext, record: StakeRecord, state: StateWriter): bigint {
  const { key, bonded } = record;
  const address = addressOf(key);
  const burnt = partOf(config, bonded);
  const before = readTotals(state);
  const totals = { ...before, count: before.count - 1, bonded: amount(before.bonded - bonded) };
  const left = { ...record, bonded: amount(0n) };
  const rest = amount(bonded - burnt);
  if (rest > 0n) {
    unbond(state, block, { address, key }, left, rest, totals);
  } else {
    writeStake(state, address, left);
    noteChange(state, key, totals);
  }
  return burnt;
}
