/** Why something that a peer, a user or a disk sent is refused: closed unions of a stable code and facts. */
import type { AccountAddress, Amount, BlockHash, Gas, Hash, Height, TxId } from './units.ts';

/** Why a transaction is refused, by the mempool or as part of a block. */
export type TransactionRejection =
  | { readonly code: 'BAD_VERSION'; readonly version: number }
  | { readonly code: 'ACTION_NOT_YET_VALID'; readonly action: string; readonly version: number }
  | { readonly code: 'WRONG_CHAIN'; readonly stated: Hash; readonly expected: Hash }
  | { readonly code: 'BAD_PUBLIC_KEY' }
  | { readonly code: 'BAD_SIGNATURE' }
  | { readonly code: 'NONCE_USED'; readonly nonce: number; readonly expected: number }
  | { readonly code: 'NONCE_GAP'; readonly nonce: number; readonly expected: number; readonly gapMax: number }
  | { readonly code: 'EXPIRED'; readonly validUntilHeight: Height; readonly height: Height }
  | { readonly code: 'GAS_LIMIT_TOO_LOW'; readonly gasLimit: Gas; readonly needed: Gas }
  | { readonly code: 'GAS_LIMIT_TOO_HIGH'; readonly gasLimit: Gas; readonly max: Gas }
  | { readonly code: 'GAS_PRICE_TOO_LOW'; readonly gasPrice: Amount; readonly min: Amount }
  | { readonly code: 'SENDER_UNKNOWN'; readonly sender: AccountAddress }
  | { readonly code: 'CANNOT_PAY_FEE'; readonly balance: Amount; readonly needed: bigint }
  | { readonly code: 'TOO_LARGE'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly code: 'ALREADY_KNOWN'; readonly id: TxId }
  | { readonly code: 'REPLACEMENT_UNDERPRICED'; readonly gasPrice: Amount; readonly needed: Amount }
  | { readonly code: 'SENDER_LIMIT'; readonly max: number }
  | { readonly code: 'MEMPOOL_FULL'; readonly gasPriceFloor: Amount };

/** Why a header is refused. NEEDS_EXECUTION is no fault: the validator set of its height is not known yet. */
export type HeaderRejection =
  | { readonly code: 'NEEDS_EXECUTION' }
  | { readonly code: 'UPGRADE_REQUIRED'; readonly version: number; readonly height: Height }
  | { readonly code: 'WRONG_VERSION'; readonly version: number; readonly expected: number }
  | { readonly code: 'WRONG_HEIGHT'; readonly height: Height; readonly expected: Height }
  | { readonly code: 'TIMESTAMP_TOO_EARLY'; readonly timestampMs: number; readonly after: number }
  | { readonly code: 'BAD_CONSENSUS_FIELD'; readonly fact: string }
  | { readonly code: 'WRONG_TARGET'; readonly stated: string; readonly expected: string }
  | { readonly code: 'BAD_SEAL'; readonly fact: string }
  | { readonly code: 'WRONG_PRODUCER'; readonly fact: string }
  | { readonly code: 'FIELD_TOO_LARGE'; readonly field: 'consensus' | 'seal'; readonly sizeBytes: number }
  | { readonly code: 'HISTORY_ROOT_MISMATCH'; readonly stated: Hash; readonly computed: Hash }
  | { readonly code: 'MESSAGES_ROOT_NOT_ZERO' };

/** Why a block is refused, its header aside. */
export type BlockRejection =
  | { readonly code: 'PARENT_UNKNOWN'; readonly parent: BlockHash }
  | { readonly code: 'TRANSACTION_COUNT_MISMATCH'; readonly stated: number; readonly counted: number }
  | { readonly code: 'TRANSACTIONS_ROOT_MISMATCH'; readonly stated: Hash; readonly computed: Hash }
  | { readonly code: 'SYSTEM_ROOT_MISMATCH'; readonly stated: Hash; readonly computed: Hash }
  | { readonly code: 'BLOCK_TOO_LARGE'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly code: 'BLOCK_GAS_EXCEEDED'; readonly gas: number; readonly max: number }
  | { readonly code: 'DUPLICATE_TRANSACTION'; readonly id: TxId }
  | {
      readonly code: 'INVALID_TRANSACTION';
      readonly index: number;
      readonly id: TxId;
      readonly why: TransactionRejection;
    }
  | { readonly code: 'RECEIPTS_ROOT_MISMATCH'; readonly stated: Hash; readonly computed: Hash }
  | { readonly code: 'STATE_ROOT_MISMATCH'; readonly stated: Hash; readonly computed: Hash }
  | { readonly code: 'GAS_USED_MISMATCH'; readonly stated: number; readonly computed: number }
  | { readonly code: 'SYSTEM_DATA_INVALID'; readonly fact: string }
  | { readonly code: 'SUPPLY_EXCEEDED'; readonly supply: bigint }
  | { readonly code: 'INVALID_ANCESTOR'; readonly ancestor: BlockHash }
  | { readonly code: 'INVALID_HEADER'; readonly why: HeaderRejection };

/** Why a certificate does not certify its header. */
export type CertificateRejection = { readonly code: 'BAD_CERTIFICATE'; readonly fact: string };

/** Why an engine's configuration is refused. */
export type ConfigRejection = {
  readonly code: 'BAD_CONFIG';
  readonly field: string;
  readonly expected: string;
};

/** True for any rejection value: every one has a `code`, nothing else does. */
export function isRejection(value: unknown): value is { readonly code: string } {
  return typeof value === 'object' && value !== null && 'code' in value;
}
