/** Whether a block may hold a transaction at all: the checks that need no state, and those against the sender's account. */
import { assertNever } from '../../env/assert.ts';
import type { Account } from '../types/account.ts';
import { type ChainParameters, type Genesis, PROTOCOL_VERSION_MIN } from '../types/genesis.ts';
import type { TransactionRejection } from '../types/rejection.ts';
import type { Action, Transaction } from '../types/transaction.ts';
import { TRANSACTION_MAX_BYTES, transactionSizeBytes } from '../types/transaction-codec.ts';
import { type BlockHash, type Gas, gas, type Height } from '../types/units.ts';
import { hasCanonicalKey } from './signed-item.ts';

/** The chain that a transaction is checked for. */
export interface TransactionRules {
  readonly genesis: Genesis;
  readonly genesisId: BlockHash;
}

/** The gas of bytes and signature, which every transaction uses; MAX_SAFE_INTEGER stands for all that is larger. */
export function intrinsicGas(parameters: ChainParameters, sizeBytes: number): Gas {
  const needed = parameters.gasPerByte * sizeBytes + parameters.gasPerSignature;
  return gas(Math.min(needed, Number.MAX_SAFE_INTEGER));
}

/** The first protocol version that knows the action. */
function versionOfAction(kind: Action['kind']): number {
  switch (kind) {
    case 'transfer':
    case 'stake':
    case 'unstake':
      return 1;
    case 'burn':
      return 2;
    default:
      return assertNever(kind);
  }
}

/**
 * Everything but the signature that can be said without a state: the answer never changes while `version` stands.
 * @param version the protocol version of the block that would include it. Older transactions stay valid in newer blocks.
 */
export function checkTransactionStateless(
  rules: TransactionRules,
  version: number,
  transaction: Transaction,
): TransactionRejection | undefined {
  const { parameters } = rules.genesis;
  if (transaction.version < PROTOCOL_VERSION_MIN || transaction.version > version) {
    return { code: 'BAD_VERSION', version: transaction.version };
  }
  const { kind } = transaction.action;
  if (versionOfAction(kind) > transaction.version) {
    return { code: 'ACTION_NOT_YET_VALID', action: kind, version: transaction.version };
  }
  if (transaction.chainId !== rules.genesisId) {
    return { code: 'WRONG_CHAIN', stated: transaction.chainId, expected: rules.genesisId };
  }
  const sizeBytes = transactionSizeBytes(transaction);
  if (sizeBytes > TRANSACTION_MAX_BYTES) {
    return { code: 'TOO_LARGE', sizeBytes, maxBytes: TRANSACTION_MAX_BYTES };
  }
  if (!hasCanonicalKey(transaction)) return { code: 'BAD_PUBLIC_KEY' };
  const { gasLimit, gasPrice } = transaction;
  const needed = intrinsicGas(parameters, sizeBytes);
  if (gasLimit < needed) return { code: 'GAS_LIMIT_TOO_LOW', gasLimit, needed };
  if (gasLimit > parameters.blockGasMax) {
    return { code: 'GAS_LIMIT_TOO_HIGH', gasLimit, max: parameters.blockGasMax };
  }
  if (gasPrice < parameters.gasPriceMin) {
    return { code: 'GAS_PRICE_TOO_LOW', gasPrice, min: parameters.gasPriceMin };
  }
  return undefined;
}

/** The most that a transaction can cost its sender in fees. May pass 2^64. */
export function feeMax(transaction: Transaction): bigint {
  return BigInt(transaction.gasLimit) * transaction.gasPrice;
}

/** True when no block at this height may include the transaction any more. */
export function isExpired(transaction: Transaction, height: Height): boolean {
  return transaction.validUntilHeight > 0 && height > transaction.validUntilHeight;
}

/**
 * Whether a block at `height` may include the transaction next, `account` being its sender's.
 */
export function checkAgainstAccount(
  account: Account,
  transaction: Transaction,
  height: Height,
): TransactionRejection | undefined {
  const { nonce, validUntilHeight } = transaction;
  if (nonce < account.nonce) return { code: 'NONCE_USED', nonce, expected: account.nonce };
  if (nonce > account.nonce) return { code: 'NONCE_GAP', nonce, expected: account.nonce, gapMax: 0 };
  if (isExpired(transaction, height)) return { code: 'EXPIRED', validUntilHeight, height };
  const needed = feeMax(transaction);
  if (account.balance < needed) return { code: 'CANNOT_PAY_FEE', balance: account.balance, needed };
  return undefined;
}
