/** Genesis: everything that a chain's id commits to, and the local schedule of upgrades that it does not. */
import type { UnixMs } from '../../env/units.ts';
import type { AccountAddress, Amount, Gas, Height, PublicKey } from './units.ts';

/** Limits and prices that every node of one chain shares. */
export interface ChainParameters {
  readonly blockGasMax: Gas;
  /** At most BLOCK_MAX_BYTES. */
  readonly blockBytesMax: number;
  readonly gasPerByte: Gas;
  readonly gasPerSignature: Gas;
  /** State is permanent: a new account costs more than its bytes. */
  readonly gasPerNewAccount: Gas;
  /** The least price a block may include. */
  readonly gasPriceMin: Amount;
}

export interface GenesisAllocation {
  readonly address: AccountAddress;
  readonly balance: Amount;
}

export interface GenesisValidator {
  readonly key: PublicKey;
  readonly power: Amount;
}

export interface Genesis {
  /** 1 to 64 characters a-z, 0-9, '-'. */
  readonly name: string;
  readonly shard: number;
  /** Name of the consensus engine. */
  readonly engine: string;
  /** The engine's own canonical parameters, lower-case hexadecimal. */
  readonly engineConfig: string;
  readonly parameters: ChainParameters;
  /** Sorted by address, no address twice. */
  readonly allocation: readonly GenesisAllocation[];
  /** Sorted by key, no key twice. */
  readonly validators: readonly GenesisValidator[];
  readonly timestampMs: UnixMs;
  /** Protocol version of block 0. */
  readonly version: number;
}

/** From `height` on the chain runs `version`. Local, not in the genesis id; the handshake compares fork ids (EIP-2124). */
export interface UpgradeStep {
  readonly height: Height;
  readonly version: number;
}

/** Sorted by height, versions strictly growing; heights below the first step run the genesis version. */
export type UpgradeSchedule = readonly UpgradeStep[];

/** The protocol versions that this code can execute. */
export const PROTOCOL_VERSION_MIN = 1;
/** The protocol versions that this code can execute. */
export const PROTOCOL_VERSION_MAX = 2;
