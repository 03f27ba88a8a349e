/** Header and block. Their encodings stand in header-codec.ts and block-codec.ts. PROTOCOL.md, Header. */
import type { UnixMs } from '../../env/units.ts';
import type { Transaction } from './transaction.ts';
import type { AccountAddress, BlockHash, Gas, Hash, Height } from './units.ts';

/** The largest `consensus` field, and the largest `seal`: 1 KiB each; only the engine reads them. */
export const CONSENSUS_FIELD_MAX_BYTES = 1024;
/** The largest block, encoded, header included: 1 MiB, so that it travels whole. */
export const BLOCK_MAX_BYTES = 1024 * 1024;

export interface Header {
  /** Must equal the schedule's version at this height. */
  readonly version: number;
  readonly height: Height;
  /** Zero for genesis. */
  readonly parent: BlockHash;
  readonly timestampMs: UnixMs;
  /** Receives fees and rewards. */
  readonly beneficiary: AccountAddress;
  readonly txCount: number;
  /** RFC 6962 root over the encoded transactions. */
  readonly transactionsRoot: Hash;
  /** RFC 6962 root over the encoded receipts. */
  readonly receiptsRoot: Hash;
  /** After this block's execution. */
  readonly stateRoot: Hash;
  /** Over evidence and last commit. */
  readonly systemRoot: Hash;
  /** Zero until sharding. */
  readonly messagesRoot: Hash;
  /** Merkle mountain range over the ids of all earlier blocks. */
  readonly historyRoot: Hash;
  readonly gasUsed: Gas;
  /** Lower-case hexadecimal, at most CONSENSUS_FIELD_MAX_BYTES bytes; only the engine reads it. */
  readonly consensus: string;
  /** Lower-case hexadecimal, at most CONSENSUS_FIELD_MAX_BYTES bytes; empty in the signed or searched bytes. */
  readonly seal: string;
}

/** What the engine puts into a block beside transactions; both empty for proof of work. */
export interface SystemData {
  /** Encoded evidence, each at most 64 KiB, at most 64 of them; lower-case hexadecimal. */
  readonly evidence: readonly string[];
  /** The certificate of the parent; lower-case hexadecimal. */
  readonly lastCommit: string;
}

export interface Block {
  readonly header: Header;
  readonly transactions: readonly Transaction[];
  readonly system: SystemData;
}
