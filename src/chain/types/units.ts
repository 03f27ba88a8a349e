/** Units of the chain; the one file of this floor that brands a type. Ids and keys are lower-case hexadecimal text. */
import { readHexText } from './layout/hex.ts';

declare const unit: unique symbol;
type Unit<T, Name extends string> = T & { readonly [unit]: { readonly [N in Name]: true } };

/** Any SHA-256 value: 64 hexadecimal digits. */
export type Hash = Unit<string, 'Hash'>;
/** Id of a block: the hash of its whole header, seal included. */
export type BlockHash = Unit<Hash, 'BlockHash'>;
/** Id of a transaction: the hash of all its bytes, signature included. */
export type TxId = Unit<Hash, 'TxId'>;
/** An account: SHA-256(tag, public key), 64 hexadecimal digits. Its text for people is bech32m. */
export type AccountAddress = Unit<string, 'AccountAddress'>;
/** An Ed25519 public key: 64 hexadecimal digits. */
export type PublicKey = Unit<string, 'PublicKey'>;
/** An Ed25519 signature: 128 hexadecimal digits. */
export type Signature = Unit<string, 'Signature'>;
/** Distance from genesis, which is 0: a safe integer. */
export type Height = Unit<number, 'Height'>;
/** A count of base units, 0 <= x < 2^64; the supply is at most 2^63 - 1. */
export type Amount = Unit<bigint, 'Amount'>;
/** A count of gas: a safe integer. */
export type Gas = Unit<number, 'Gas'>;
/** A node after its handshake: its public key. */
export type PeerId = PublicKey;
/** Accumulated weight of a chain in the engine's canonical bytes, as hexadecimal text. */
export type Weight = Unit<string, 'Weight'>;

/** The largest amount that fits its encoding: 2^64 - 1. */
export const AMOUNT_MAX = 18_446_744_073_709_551_615n;
/** The largest supply, at genesis and for ever: 2^63 - 1, so that no sum of balances overflows a u64. */
export const SUPPLY_MAX = 9_223_372_036_854_775_807n;

const HASH_BYTES = 32;
const HEX_32 = /^[0-9a-f]{64}$/;
const HEX_64 = /^[0-9a-f]{128}$/;

function hex32(name: string, text: string): string {
  if (!HEX_32.test(text)) throw new RangeError(`${name}: 64 lower-case hexadecimal digits were expected`);
  return text;
}

/** @throws {RangeError} unless `text` is 64 lower-case hexadecimal digits. */
export function hash(text: string): Hash {
  return hex32('hash', text) as Hash;
}

/** The text of 32 bytes, which needs no look at its digits. @throws {RangeError} for another length. */
export function bytesToHash(bytes: Uint8Array): Hash {
  if (bytes.length !== HASH_BYTES)
    throw new RangeError(`a hash has ${HASH_BYTES} bytes, not ${bytes.length}`);
  return readHexText(bytes, 0, HASH_BYTES) as Hash;
}

/** @throws {RangeError} unless `text` is 64 lower-case hexadecimal digits. */
export function blockHash(text: string): BlockHash {
  return hex32('blockHash', text) as BlockHash;
}

/** @throws {RangeError} unless `text` is 64 lower-case hexadecimal digits. */
export function txId(text: string): TxId {
  return hex32('txId', text) as TxId;
}

/** @throws {RangeError} unless `text` is 64 lower-case hexadecimal digits. */
export function accountAddress(text: string): AccountAddress {
  return hex32('accountAddress', text) as AccountAddress;
}

/** @throws {RangeError} unless `text` is 64 lower-case hexadecimal digits. */
export function publicKey(text: string): PublicKey {
  return hex32('publicKey', text) as PublicKey;
}

/** @throws {RangeError} unless `text` is 128 lower-case hexadecimal digits. */
export function signature(text: string): Signature {
  if (!HEX_64.test(text)) throw new RangeError('signature: 128 lower-case hexadecimal digits were expected');
  return text as Signature;
}

/** @throws {RangeError} when `value` is not a safe, non-negative integer. */
export function height(value: number): Height {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`height: ${value}`);
  return value as Height;
}

/** @throws {RangeError} when `value` is not a safe, non-negative integer. */
export function gas(value: number): Gas {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`gas: ${value}`);
  return value as Gas;
}

/** @throws {RangeError} unless 0 <= value < 2^64. */
export function amount(value: bigint): Amount {
  if (value < 0n || value > AMOUNT_MAX) throw new RangeError(`amount: ${value}`);
  return value as Amount;
}

/** @throws {RangeError} unless `text` is lower-case hexadecimal of whole bytes. */
export function weight(text: string): Weight {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text))
    throw new RangeError('weight: hexadecimal bytes were expected');
  return text as Weight;
}
