/** Parameters of a chain with stake, as its genesis commits to them. */

import { amountField, u32Field } from '../../types/layout/fields.ts';
import type { Layout } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { ConfigRejection } from '../../types/rejection.ts';
import { isRejection } from '../../types/rejection.ts';
import type { Amount } from '../../types/units.ts';
import { badConfig, checkAtLeastOne, decodeConfig, encodeConfig } from '../engine-fields.ts';
import { VALIDATORS_MAX } from './commit.ts';

/** Name of the engine in genesis. */
export const POS_NAME = 'pos';

export interface PosConfig {
  /** Time-outs of round 0, and by how much each grows with the round. arXiv:1807.04938, line 3 and §III-A; all at least 1. */
  readonly proposeMs: number;
  readonly proposeDeltaMs: number;
  readonly prevoteMs: number;
  readonly prevoteDeltaMs: number;
  readonly precommitMs: number;
  readonly precommitDeltaMs: number;
  /** From a decision to the next height: what late precommits have to arrive in, and the pace of the chain. At least 1. */
  readonly commitMs: number;
  /** The least stake of a validator, in base units. At least 1; 1,000 where nothing else is said. */
  readonly stakeMin: Amount;
  /** At most VALIDATORS_MAX. */
  readonly validatorsMax: number;
  /** Unstaked base units are held so many blocks AND so long. */
  readonly unbondingBlocks: number;
  readonly unbondingMs: number;
  /** Evidence counts so many blocks AND so long; both less than unbonding. */
  readonly evidenceBlocks: number;
  readonly evidenceMs: number;
  /** What evidence burns of a validator's stake, in thousandths: 1 to 1,000. */
  readonly slashPermille: number;
  /** A validator without an intact sign record signs again when a commit is so many heights above anything its key may have signed. */
  readonly safeHeights: number;
}

/** The canonical bytes. */
export const posConfigLayout: Layout<PosConfig> = struct<PosConfig>({
  proposeMs: u32Field,
  proposeDeltaMs: u32Field,
  prevoteMs: u32Field,
  prevoteDeltaMs: u32Field,
  precommitMs: u32Field,
  precommitDeltaMs: u32Field,
  commitMs: u32Field,
  stakeMin: amountField,
  validatorsMax: u32Field,
  unbondingBlocks: u32Field,
  unbondingMs: u32Field,
  evidenceBlocks: u32Field,
  evidenceMs: u32Field,
  slashPermille: u32Field,
  safeHeights: u32Field,
});

/** What stands in `genesis.engineConfig`. */
export function encodePosConfig(config: PosConfig): string {
  return encodeConfig(posConfigLayout, config);
}

/** The configuration of exactly this text, or the first field that is wrong. */
export function decodePosConfig(engineConfig: string): PosConfig | ConfigRejection {
  const config = decodeConfig(posConfigLayout, POS_NAME, engineConfig);
  if (isRejection(config)) return config;
  return checkPosConfig(config) ?? config;
}

/** What is wrong with a configuration that fits its layout. */
export function checkPosConfig(config: PosConfig): ConfigRejection | undefined {
  const small = checkAtLeastOne(config, [
    'proposeMs',
    'proposeDeltaMs',
    'prevoteMs',
    'prevoteDeltaMs',
    'precommitMs',
    'precommitDeltaMs',
    'commitMs',
    'validatorsMax',
    'slashPermille',
    'safeHeights',
  ]);
  if (small !== undefined) return small;
  if (config.stakeMin < 1n) return badConfig('stakeMin', 'at least 1');
  if (config.validatorsMax > VALIDATORS_MAX) return badConfig('validatorsMax', `at most ${VALIDATORS_MAX}`);
  if (config.slashPermille > 1_000) return badConfig('slashPermille', 'at most 1000');
  if (config.evidenceBlocks >= config.unbondingBlocks)
    return badConfig('evidenceBlocks', 'less than unbondingBlocks');
  return config.evidenceMs >= config.unbondingMs
    ? badConfig('evidenceMs', 'less than unbondingMs')
    : undefined;
}
