/** Parameters of a round-robin chain, as its genesis commits to them. */
import { u32Field } from '../../types/layout/fields.ts';
import type { Layout } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type ConfigRejection, isRejection } from '../../types/rejection.ts';
import { checkAtLeastOne, decodeConfig, encodeConfig } from '../engine-fields.ts';

/** Name of the engine in genesis. */
export const ROUND_ROBIN_NAME = 'round-robin';

export interface RoundRobinConfig {
  /** From a block to the next, when the producer whose turn it is does its work. At least 1. */
  readonly periodMs: number;
  /** How much longer each producer waits for those before it. At least 1; above latency and clock skew, or there are forks. */
  readonly skipMs: number;
  /** A block is final when so many are above it; at least 1. */
  readonly finalityDepth: number;
}

/** Bytes and JSON of the configuration. */
export const roundRobinConfigLayout: Layout<RoundRobinConfig> = struct<RoundRobinConfig>({
  periodMs: u32Field,
  skipMs: u32Field,
  finalityDepth: u32Field,
});

/** What stands in `genesis.engineConfig`. */
export function encodeRoundRobinConfig(config: RoundRobinConfig): string {
  return encodeConfig(roundRobinConfigLayout, config);
}

/** The configuration of exactly this text, or the first field that is wrong. */
export function decodeRoundRobinConfig(engineConfig: string): RoundRobinConfig | ConfigRejection {
  const config = decodeConfig(roundRobinConfigLayout, ROUND_ROBIN_NAME, engineConfig);
  if (isRejection(config)) return config;
  return checkAtLeastOne(config, ['periodMs', 'skipMs', 'finalityDepth']) ?? config;
}
