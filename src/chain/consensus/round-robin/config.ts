/** Parameters of a round-robin chain, as its genesis commits to them. */
import { bytesToHex, hexToBytes } from '../../../env/bytes.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import { u32Field } from '../../types/layout/fields.ts';
import type { Layout } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { ConfigRejection } from '../../types/rejection.ts';

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
  return bytesToHex(encodeLayout(roundRobinConfigLayout, config));
}

/** The configuration of exactly this text, or the first field that is wrong. */
export function decodeRoundRobinConfig(engineConfig: string): RoundRobinConfig | ConfigRejection {
  const bytes = hexToBytes(engineConfig) ?? new Uint8Array(0);
  const config = decodeLayout(roundRobinConfigLayout, bytes, roundRobinConfigLayout.bytesMin);
  if (isDecodeRejection(config)) {
    return {
      code: 'BAD_CONFIG',
      field: 'engineConfig',
      expected: `periodMs, skipMs, finalityDepth: ${config.detail}`,
    };
  }
  for (const field of ['periodMs', 'skipMs', 'finalityDepth'] as const) {
    if (config[field] < 1) return { code: 'BAD_CONFIG', field, expected: 'at least 1' };
  }
  return config;
}
