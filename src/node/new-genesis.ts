/** A genesis of a new chain: who decides, who has money, how fast blocks come; all else is what this file says. */
import { encodePoaConfig, POA_NAME, TIE_BREAK } from '../chain/consensus/poa/config.ts';
import { VALIDATORS_MAX } from '../chain/consensus/pos/commit.ts';
import { encodePosConfig, POS_NAME } from '../chain/consensus/pos/config.ts';
import { encodePowConfig, POW_NAME } from '../chain/consensus/pow/config.ts';
import type { Genesis, GenesisAllocation, GenesisValidator } from '../chain/types/genesis.ts';
import { type Amount, amount, gas, hash } from '../chain/types/units.ts';
import { assertNever } from '../env/assert.ts';
import type { UnixMs } from '../env/units.ts';

/** Engines that a new chain may have. */
export const NEW_ENGINES = [POS_NAME, POA_NAME, POW_NAME] as const;
export type NewEngine = (typeof NEW_ENGINES)[number];

/** What a new chain is made of. */
export interface NewChain {
  /** 1 to 64 characters a-z, 0-9, '-'. */
  readonly name: string;
  readonly engine: NewEngine;
  /** Between two blocks. */
  readonly intervalMs: number;
  /** With stake: by power; with authority: each key once; none with work. */
  readonly validators: readonly GenesisValidator[];
  readonly allocation: readonly GenesisAllocation[];
  readonly timestampMs: UnixMs;
  /** pow: hashes that the first blocks take. */
  readonly work: bigint;
}

const DAY_MS = 86_400_000;
/** The least stake of a validator, in base units. */
const STAKE_MIN: Amount = amount(1_000n);
/** Slower than any network that is one, and quick enough that a validator that is down costs seconds. */
const ROUND_MS = { propose: 3_000, vote: 1_000, growth: 500 } as const;
/** Half a block's gas pays for 500 transfers that open accounts; PROTOCOL.md, Gas. */
const PARAMETERS = {
  blockGasMax: gas(100_000_000),
  blockBytesMax: 1_048_576,
  gasPerByte: gas(10),
  gasPerSignature: gas(3_000),
  gasPerNewAccount: gas(25_000),
  gasPriceMin: amount(1n),
} as const;
/** A delay that doubles the target: two days, as in aserti3-2d. */
const HALF_LIFE_MS = 2 * DAY_MS;
const POW_FINALITY_DEPTH = 60;
const POA_EPOCH = 30_000;

/** Sorted as genesis wants it; what is wrong with it, readers of its file say. */
export function newGenesis(chain: NewChain): Genesis {
  return {
    name: chain.name,
    shard: 0,
    engine: chain.engine,
    engineConfig: engineConfig(chain),
    parameters: PARAMETERS,
    allocation: [...chain.allocation].sort((a, b) => (a.address < b.address ? -1 : 1)),
    validators: [...chain.validators].sort((a, b) => (a.key < b.key ? -1 : 1)),
    timestampMs: chain.timestampMs,
    version: 1,
  };
}

function engineConfig({ engine, intervalMs, work }: NewChain): string {
  switch (engine) {
    case POS_NAME:
      return encodePosConfig({
        proposeMs: ROUND_MS.propose,
        proposeDeltaMs: ROUND_MS.growth,
        prevoteMs: ROUND_MS.vote,
        prevoteDeltaMs: ROUND_MS.growth,
        precommitMs: ROUND_MS.vote,
        precommitDeltaMs: ROUND_MS.growth,
        commitMs: intervalMs,
        stakeMin: STAKE_MIN,
        validatorsMax: VALIDATORS_MAX,
        unbondingBlocks: Math.ceil((21 * DAY_MS) / intervalMs),
        unbondingMs: 21 * DAY_MS,
        evidenceBlocks: Math.ceil((20 * DAY_MS) / intervalMs),
        evidenceMs: 20 * DAY_MS,
        slashPermille: 50,
        safeHeights: 2,
      });
    case POA_NAME:
      return encodePoaConfig({
        periodMs: intervalMs,
        wiggleMs: 500,
        epoch: POA_EPOCH,
        tieBreak: TIE_BREAK['eip-3436'],
      });
    case POW_NAME:
      return encodePowConfig({
        difficulty: { kind: 'asert', intervalMs, halfLifeMs: HALF_LIFE_MS },
        initialTarget: hash(((1n << 256n) / work - 1n).toString(16).padStart(64, '0')),
        powLimit: hash('f'.repeat(64)),
        powScale: amount(1n),
        finalityDepth: POW_FINALITY_DEPTH,
        issuance: [],
      });
    default:
      return assertNever(engine);
  }
}
