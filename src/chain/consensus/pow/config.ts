/** Parameters of a proof-of-work chain, as its genesis commits to them. */
import { amountField, hashField, heightField, u32Field, u64Field } from '../../types/layout/fields.ts';
import { type Layout, listOf } from '../../types/layout/layout.ts';
import { struct, union } from '../../types/layout/struct.ts';
import { type ConfigRejection, isRejection } from '../../types/rejection.ts';
import { type Amount, type Hash, type Height, SUPPLY_MAX } from '../../types/units.ts';
import { badConfig, decodeConfig, encodeConfig } from '../engine-fields.ts';
import { hexToTarget } from './target.ts';

/** Name of the engine in genesis. */
export const POW_NAME = 'pow';

/** How the target of the next block follows from the chain. */
export type Difficulty =
  /** The initial target for ever: for experiments that compare with theory. */
  | { readonly kind: 'constant' }
  /** aserti3-2d anchored at genesis. Half-life: the delay that doubles the target. */
  | { readonly kind: 'asert'; readonly intervalMs: number; readonly halfLifeMs: number };

/** From this height on each block issues `reward`; below the first step nothing is issued. */
export interface IssuanceStep {
  readonly height: Height;
  readonly reward: Amount;
}

export interface PowConfig {
  readonly difficulty: Difficulty;
  /** 32 bytes, big-endian: target of block 1. */
  readonly initialTarget: Hash;
  /** 32 bytes, big-endian: no target is above it. */
  readonly powLimit: Hash;
  /** Seals are held against target × powScale: 1 on a real network, work / 16 in simulation. */
  readonly powScale: Amount;
  /** A block is final when so many are above it: an assumption about who holds the hash power. */
  readonly finalityDepth: number;
  readonly issuance: readonly IssuanceStep[];
}

/** A halving every four years for 256 years. */
export const ISSUANCE_STEPS_MAX = 64;
/** A year: slower is no chain. */
const INTERVAL_MAX_MS = 31_536_000_000;
/** A hundred years: from there on it is a constant. */
const HALF_LIFE_MAX_MS = 3_153_600_000_000;

/** Bytes and JSON of the configuration. */
export const powConfigLayout: Layout<PowConfig> = struct<PowConfig>({
  difficulty: union<Difficulty>({
    constant: { tag: 0, fields: {} },
    asert: { tag: 1, fields: { intervalMs: u64Field, halfLifeMs: u64Field } },
  }),
  initialTarget: hashField,
  powLimit: hashField,
  powScale: amountField,
  finalityDepth: u32Field,
  issuance: listOf(struct<IssuanceStep>({ height: heightField, reward: amountField }), 8, ISSUANCE_STEPS_MAX),
});

/** What stands in `genesis.engineConfig`. */
export function encodePowConfig(config: PowConfig): string {
  return encodeConfig(powConfigLayout, config);
}

/** The configuration of exactly this text, or the first field that is wrong. */
export function decodePowConfig(engineConfig: string): PowConfig | ConfigRejection {
  const config = decodeConfig(powConfigLayout, POW_NAME, engineConfig);
  return isRejection(config) ? config : (validatePowConfig(config) ?? config);
}

/** The first field that is wrong, and what was expected there. */
export function validatePowConfig(config: PowConfig): ConfigRejection | undefined {
  const { difficulty, finalityDepth, powScale } = config;
  const limit = hexToTarget(config.powLimit);
  const target = hexToTarget(config.initialTarget);
  if (limit < 1n) return badConfig('powLimit', 'at least 1');
  if (target < 1n || target > limit) return badConfig('initialTarget', '1 to powLimit');
  if (powScale < 1n) return badConfig('powScale', 'at least 1');
  if (finalityDepth < 1) return badConfig('finalityDepth', 'at least 1');
  if (difficulty.kind === 'asert') {
    if (!isWithin(difficulty.intervalMs, INTERVAL_MAX_MS)) {
      return badConfig('difficulty.intervalMs', `1 to ${INTERVAL_MAX_MS}`);
    }
    if (!isWithin(difficulty.halfLifeMs, HALF_LIFE_MAX_MS)) {
      return badConfig('difficulty.halfLifeMs', `1 to ${HALF_LIFE_MAX_MS}`);
    }
  }
  return validateIssuance(config.issuance);
}

/** What the block at this height issues, while the supply allows. */
export function rewardAt(issuance: readonly IssuanceStep[], height: Height): bigint {
  let reward = 0n;
  for (const step of issuance) {
    if (step.height > height) break;
    reward = step.reward;
  }
  return reward;
}

function validateIssuance(issuance: readonly IssuanceStep[]): ConfigRejection | undefined {
  let previous = 0;
  for (const [index, step] of issuance.entries()) {
    if (step.height <= previous) return badConfig(`issuance[${index}].height`, 'growing heights from 1 on');
    if (step.reward > SUPPLY_MAX) return badConfig(`issuance[${index}].reward`, '0 to 2^63 - 1');
    previous = step.height;
  }
  return undefined;
}

function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max;
}
