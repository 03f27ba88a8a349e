/** Parameters of a proof-of-authority chain, as its genesis commits to them. EIP-225, Specification. */
import { u32Field } from '../../types/layout/fields.ts';
import { type Layout, unsigned } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import { type ConfigRejection, isRejection } from '../../types/rejection.ts';
import { checkAtLeastOne, decodeConfig, encodeConfig } from '../engine-fields.ts';

/** Name of the engine in genesis. */
export const POA_NAME = 'poa';

/** How heads of equal total difficulty are ordered, as it is encoded. */
export const TIE_BREAK = { 'total-difficulty': 0, 'eip-3436': 1 } as const;
export type TieBreak = keyof typeof TIE_BREAK;

export interface PoaConfig {
  /** BLOCK_PERIOD: from a block to the next, at least. EIP-225 suggests 15 s. At least 1. */
  readonly periodMs: number;
  /** A signer out of turn waits up to so long for each signer that there is: EIP-225 suggests 500 ms. 0: nobody waits. */
  readonly wiggleMs: number;
  /** EPOCH_LENGTH: every so-manieth block lists the signers and forgets all votes. EIP-225 suggests 30,000. At least 1. */
  readonly epoch: number;
  /** EIP-3436's total order; or EIP-225 alone, where of equals the first seen stays, and a network can come to a standstill. */
  readonly tieBreak: (typeof TIE_BREAK)[TieBreak];
}

/** Bytes and JSON of the configuration. */
export const poaConfigLayout: Layout<PoaConfig> = struct<PoaConfig>({
  periodMs: u32Field,
  wiggleMs: u32Field,
  epoch: u32Field,
  tieBreak: unsigned<PoaConfig['tieBreak']>(8, TIE_BREAK['eip-3436']),
});

/** What stands in `genesis.engineConfig`. */
export function encodePoaConfig(config: PoaConfig): string {
  return encodeConfig(poaConfigLayout, config);
}

/** The configuration of exactly this text, or the first field that is wrong. */
export function decodePoaConfig(engineConfig: string): PoaConfig | ConfigRejection {
  const config = decodeConfig(poaConfigLayout, POA_NAME, engineConfig);
  if (isRejection(config)) return config;
  return checkAtLeastOne(config, ['periodMs', 'epoch']) ?? config;
}
