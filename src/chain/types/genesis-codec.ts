/** Bytes, hash and rules of a genesis. PROTOCOL.md, Genesis and upgrades. */
import { hexToBytes } from '../../env/bytes.ts';
import type { DecodeRejection } from '../../env/network.ts';
import { isCanonicalPublicKey } from '../crypto/public-key.ts';
import { hashTagged } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import { BLOCK_MAX_BYTES } from './block.ts';
import {
  type ChainParameters,
  type Genesis,
  type GenesisAllocation,
  type GenesisValidator,
  PROTOCOL_VERSION_MAX,
  PROTOCOL_VERSION_MIN,
  type UpgradeSchedule,
} from './genesis.ts';
import { decodeLayout, encodeLayout } from './layout/codec.ts';
import {
  accountAddressField,
  amountField,
  gasField,
  publicKeyField,
  timeField,
  u32Field,
  versionField,
} from './layout/fields.ts';
import { asciiLayout, type Layout, listOf, sizedHex } from './layout/layout.ts';
import { struct } from './layout/struct.ts';
import type { ConfigRejection } from './rejection.ts';
import { AMOUNT_MAX, type Hash, type Height, SUPPLY_MAX } from './units.ts';

/** Name of a chain and of an engine: what fits a line of a log. */
const GENESIS_NAME_MAX_LENGTH = 64;
/** Parameters of an engine; the largest known takes below 200 bytes. */
const ENGINE_CONFIG_MAX_BYTES = 65_536;
/** A million allocations are 40 MB of genesis: beyond it a snapshot is the better start. */
const GENESIS_ALLOCATION_MAX = 1_000_000;
/** What a commit of all of them can hold within CERTIFICATE_MAX_BYTES. */
export const GENESIS_VALIDATORS_MAX = 512;
/** Everything above together. */
const GENESIS_MAX_BYTES = 64 * 1024 * 1024;

const parametersLayout: Layout<ChainParameters> = struct<ChainParameters>({
  blockGasMax: gasField,
  blockBytesMax: u32Field,
  gasPerByte: gasField,
  gasPerSignature: gasField,
  gasPerNewAccount: gasField,
  gasPriceMin: amountField,
});

/** Bytes and JSON of a genesis. */
export const genesisLayout: Layout<Genesis> = struct<Genesis>({
  name: asciiLayout<string>(1, GENESIS_NAME_MAX_LENGTH),
  shard: u32Field,
  engine: asciiLayout<string>(1, GENESIS_NAME_MAX_LENGTH),
  engineConfig: sizedHex<string>(32, ENGINE_CONFIG_MAX_BYTES),
  parameters: parametersLayout,
  allocation: listOf(
    struct<GenesisAllocation>({ address: accountAddressField, balance: amountField }),
    32,
    GENESIS_ALLOCATION_MAX,
  ),
  validators: listOf(
    struct<GenesisValidator>({ key: publicKeyField, power: amountField }),
    32,
    GENESIS_VALIDATORS_MAX,
  ),
  timestampMs: timeField,
  version: versionField,
});

/** The canonical bytes. */
export function encodeGenesis(genesis: Genesis): Uint8Array {
  return encodeLayout(genesisLayout, genesis);
}

/** The genesis of exactly these bytes. Its rules are validateGenesis's. */
export function decodeGenesis(bytes: Uint8Array): Genesis | DecodeRejection {
  return decodeLayout(genesisLayout, bytes, GENESIS_MAX_BYTES);
}

/** SHA-256 over the encoding: what the genesis block commits to, and with it the chain's id. */
export function genesisHash(genesis: Genesis): Hash {
  return hashTagged(TAG.genesis, encodeGenesis(genesis));
}

const NAME = /^[a-z0-9-]{1,64}$/;
const HEX_32 = /^[0-9a-f]{64}$/;
const HEX_BYTES = /^(?:[0-9a-f]{2})*$/;
const U32_MAX = 0xffff_ffff;

function bad(field: string, expected: string): ConfigRejection {
  return { code: 'BAD_CONFIG', field, expected };
}

/** Why this genesis starts no chain: the first field that is wrong, and what was expected there. */
export function validateGenesis(genesis: Genesis): ConfigRejection | undefined {
  const name = `1 to ${GENESIS_NAME_MAX_LENGTH} characters a-z, 0-9, '-'`;
  if (!NAME.test(genesis.name)) return bad('name', name);
  if (!isCount(genesis.shard, U32_MAX)) return bad('shard', 'an integer from 0 to 2^32 - 1');
  if (!NAME.test(genesis.engine)) return bad('engine', name);
  if (!HEX_BYTES.test(genesis.engineConfig))
    return bad('engineConfig', 'lower-case hexadecimal of whole bytes');
  if (genesis.engineConfig.length > 2 * ENGINE_CONFIG_MAX_BYTES) {
    return bad('engineConfig', `at most ${ENGINE_CONFIG_MAX_BYTES} bytes`);
  }
  if (!isCount(genesis.timestampMs, Number.MAX_SAFE_INTEGER))
    return bad('timestampMs', 'a safe integer >= 0');
  const { version } = genesis;
  if (!Number.isInteger(version) || version < PROTOCOL_VERSION_MIN || version > PROTOCOL_VERSION_MAX) {
    return bad('version', `${PROTOCOL_VERSION_MIN} to ${PROTOCOL_VERSION_MAX}`);
  }
  return (
    validateParameters(genesis.parameters) ??
    validateAllocation(genesis.allocation) ??
    validateValidators(genesis.validators)
  );
}

function isCount(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}

function validateParameters(parameters: ChainParameters): ConfigRejection | undefined {
  const { blockBytesMax, blockGasMax, gasPriceMin } = parameters;
  const safe = 'a safe integer >= 0';
  if (!isCount(blockGasMax, Number.MAX_SAFE_INTEGER) || blockGasMax === 0) {
    return bad('parameters.blockGasMax', 'a safe integer >= 1');
  }
  if (!isCount(blockBytesMax, BLOCK_MAX_BYTES) || blockBytesMax < BLOCK_BYTES_LEAST) {
    return bad('parameters.blockBytesMax', `${BLOCK_BYTES_LEAST} to ${BLOCK_MAX_BYTES}`);
  }
  for (const field of ['gasPerByte', 'gasPerSignature', 'gasPerNewAccount'] as const) {
    if (!isCount(parameters[field], Number.MAX_SAFE_INTEGER)) return bad(`parameters.${field}`, safe);
  }
  if (gasPriceMin < 0n || gasPriceMin > AMOUNT_MAX) return bad('parameters.gasPriceMin', '0 to 2^64 - 1');
  return undefined;
}

/** The largest header and one transaction fit: a smaller limit stops the chain. */
const BLOCK_BYTES_LEAST = 4096;

function validateAllocation(allocation: readonly GenesisAllocation[]): ConfigRejection | undefined {
  if (allocation.length > GENESIS_ALLOCATION_MAX)
    return bad('allocation', `at most ${GENESIS_ALLOCATION_MAX} entries`);
  let supply = 0n;
  let previous = '';
  for (const [index, { address, balance }] of allocation.entries()) {
    const at = `allocation[${index}]`;
    if (!HEX_32.test(address)) return bad(`${at}.address`, '64 lower-case hexadecimal digits');
    if (address <= previous) return bad(`${at}.address`, 'addresses in growing order, none twice');
    if (balance < 0n || balance > SUPPLY_MAX) return bad(`${at}.balance`, '0 to 2^63 - 1');
    supply += balance;
    if (supply > SUPPLY_MAX) return bad(`${at}.balance`, 'a supply of at most 2^63 - 1');
    previous = address;
  }
  return undefined;
}

function validateValidators(validators: readonly GenesisValidator[]): ConfigRejection | undefined {
  if (validators.length > GENESIS_VALIDATORS_MAX)
    return bad('validators', `at most ${GENESIS_VALIDATORS_MAX} entries`);
  let total = 0n;
  let previous = '';
  for (const [index, { key, power }] of validators.entries()) {
    const at = `validators[${index}]`;
    if (!HEX_32.test(key)) return bad(`${at}.key`, '64 lower-case hexadecimal digits');
    if (key <= previous) return bad(`${at}.key`, 'keys in growing order, none twice');
    if (!isCanonicalPublicKey(hexToBytes(key) ?? new Uint8Array(0)))
      return bad(`${at}.key`, 'a canonical Ed25519 key, not of small order');
    if (power < 1n || power > SUPPLY_MAX) return bad(`${at}.power`, '1 to 2^63 - 1');
    total += power;
    if (total > SUPPLY_MAX) return bad(`${at}.power`, 'a total power of at most 2^63 - 1');
    previous = key;
  }
  return undefined;
}

/** The protocol version that a block at this height runs. */
export function versionAt(genesis: Genesis, schedule: UpgradeSchedule, height: Height): number {
  let { version } = genesis;
  for (const step of schedule) {
    if (step.height > height) break;
    version = step.version;
  }
  return version;
}

/** Steps of one schedule: a chain that upgrades every month for eighty years. */
const SCHEDULE_STEPS_MAX = 1_000;

/** Why this schedule cannot be followed: heights from 1 on and versions grow strictly. */
export function validateSchedule(genesis: Genesis, schedule: UpgradeSchedule): ConfigRejection | undefined {
  if (schedule.length > SCHEDULE_STEPS_MAX) return bad('schedule', `at most ${SCHEDULE_STEPS_MAX} steps`);
  let { version } = genesis;
  let height = 0;
  for (const [index, step] of schedule.entries()) {
    if (!Number.isSafeInteger(step.height) || step.height <= height) {
      return bad(`schedule[${index}].height`, `a safe integer above ${height}`);
    }
    if (!Number.isInteger(step.version) || step.version <= version || step.version > VERSION_NUMBER_MAX) {
      return bad(`schedule[${index}].version`, `an integer above ${version}, at most ${VERSION_NUMBER_MAX}`);
    }
    ({ version, height } = step);
  }
  return undefined;
}

/** Versions are u16. A step may name a version that this code does not execute: the node then stops there. */
const VERSION_NUMBER_MAX = 0xffff;
