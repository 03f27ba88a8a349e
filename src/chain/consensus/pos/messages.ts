/** What engines say to each other: proposals, votes, what a process has of a height, evidence. */
import type { SignedItem } from '../../../env/crypto.ts';
import { type DecodeRejection, isDecodeRejection } from '../../../env/network.ts';
import type { Block } from '../../types/block.ts';
import { blockLayout, blockSizeBytes } from '../../types/block-codec.ts';
import { blockId } from '../../types/header-codec.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import { blockHashField, heightField, weightField } from '../../types/layout/fields.ts';
import { booleanLayout, type Layout, listOf, sizedHex, unsigned } from '../../types/layout/layout.ts';
import { optional, struct, union } from '../../types/layout/struct.ts';
import type { HeadClaim } from '../../types/message.ts';
import type { BlockHash, Hash, Height } from '../../types/units.ts';
import { VALIDATORS_MAX } from './commit.ts';
import { EVIDENCE_MAX_BYTES } from './evidence.ts';
import { type Proposal, proposalLayout, proposalSignedItem } from './proposal.ts';
import { roundField, type Vote, voteLayout, voteSignedItem } from './vote.ts';

/** Larger blocks are fetched by id, so that they do not delay the votes behind them: 32 KiB take 3 ms at 100 Mbit/s. */
const BLOCK_ATTACHED_MAX_BYTES = 32_768;
/** A proposal with its block: the block, 180 bytes, and room for a prefix. */
const MESSAGE_MAX_BYTES = BLOCK_ATTACHED_MAX_BYTES + 1_024;
/** Rounds of a status: the current one, that of the valid value, that of the proposal's polka, and that of a commit. */
export const STATUS_ROUNDS_MAX = 4;
/** Values of a (round, type) in a status. Correct validators vote for two, nil and the proposal's block; the others are faulty. */
export const STATUS_VALUES_MAX = 4;
const VOTERS_MAX_BYTES = VALIDATORS_MAX / 8;

/** Whose votes for a value are here. */
export interface ValueStatus {
  /** Bitset over the places of the set, as text. */
  readonly voters: string;
  /** Undefined: nil. */
  readonly block: BlockHash | undefined;
}

/** What a process has of a round. */
export interface RoundStatus {
  readonly round: number;
  readonly hasProposal: boolean;
  readonly prevotes: readonly ValueStatus[];
  readonly precommits: readonly ValueStatus[];
}

/** Where a process stands, and what it has: who has more sends it. */
export interface StatusMessage {
  readonly kind: 'status';
  /** The height that it works on. */
  readonly height: Height;
  readonly round: number;
  readonly head: HeadClaim;
  readonly rounds: readonly RoundStatus[];
}

export type PosMessage =
  | { readonly kind: 'proposal'; readonly proposal: Proposal; readonly block: Block | undefined }
  | { readonly kind: 'vote'; readonly vote: Vote }
  | StatusMessage
  /** Encoded evidence, lower-case hexadecimal. */
  | { readonly kind: 'evidence'; readonly bytes: string };

const valueStatusLayout: Layout<ValueStatus> = struct<ValueStatus>({
  voters: sizedHex<string>(8, VOTERS_MAX_BYTES),
  block: optional(blockHashField),
});
const valuesLayout = listOf(valueStatusLayout, 8, STATUS_VALUES_MAX);

const headClaimLayout: Layout<HeadClaim> = struct<HeadClaim>({
  id: blockHashField,
  height: heightField,
  weight: weightField,
});

const messageLayout = union<PosMessage>({
  proposal: { tag: 1, fields: { proposal: proposalLayout, block: optional(blockLayout) } },
  vote: { tag: 2, fields: { vote: voteLayout } },
  status: {
    tag: 3,
    fields: {
      height: heightField,
      round: roundField,
      head: headClaimLayout,
      rounds: listOf(
        struct<RoundStatus>({
          round: unsigned<number>(32),
          hasProposal: booleanLayout,
          prevotes: valuesLayout,
          precommits: valuesLayout,
        }),
        8,
        STATUS_ROUNDS_MAX,
      ),
    },
  },
  evidence: { tag: 4, fields: { bytes: sizedHex<string>(16, EVIDENCE_MAX_BYTES) } },
});

/** What bytes say. Bytes of messages are immutable, and one object reaches many: each is decoded once. */
const decodedOf = new WeakMap<Uint8Array, PosMessage | DecodeRejection>();
/** Bytes in which a vote or a proposal came or was said: they are passed on as they are. */
const bytesOf = new WeakMap<Vote | Proposal, Uint8Array>();

/** The bytes to send; a block is attached to its proposal when it is small. */
export function encodePosMessage(message: PosMessage): Uint8Array {
  const bytes = encodeLayout(messageLayout, message);
  remember(message, bytes);
  return bytes;
}

/** The message of these bytes. A proposal that its block is not of, or whose validRound is not before its round, is malformed. */
export function decodePosMessage(bytes: Uint8Array): PosMessage | DecodeRejection {
  const known = decodedOf.get(bytes);
  if (known !== undefined) return known;
  const message = decodeLayout(messageLayout, bytes, MESSAGE_MAX_BYTES);
  const detail = isDecodeRejection(message) ? undefined : flawOf(message);
  if (detail !== undefined) {
    const rejection: DecodeRejection = { code: 'BAD_FIELD', detail };
    decodedOf.set(bytes, rejection);
    return rejection;
  }
  if (isDecodeRejection(message)) decodedOf.set(bytes, message);
  else remember(message, bytes);
  return message;
}

/** The bytes that say this vote. */
export function voteBytes(vote: Vote): Uint8Array {
  return bytesOf.get(vote) ?? encodePosMessage({ kind: 'vote', vote });
}

/** The bytes that say this proposal, with its block when that is here and small. */
export function proposalBytes(proposal: Proposal, block: Block | undefined): Uint8Array {
  const known = bytesOf.get(proposal);
  if (known !== undefined) return known;
  const isSmall = block !== undefined && blockSizeBytes(block) <= BLOCK_ATTACHED_MAX_BYTES;
  return encodePosMessage({ kind: 'proposal', proposal, block: isSmall ? block : undefined });
}

/** The bytes that say this proposal without its block. Of a copy: those that came for the proposal stay what is passed on. */
export function bareProposalBytes(proposal: Proposal): Uint8Array {
  return encodePosMessage({ kind: 'proposal', proposal: { ...proposal }, block: undefined });
}

/** The signature of a vote or a proposal, to be checked. In a simulation one object reaches many: made once. @param chain hash of the genesis. */
export function signedItemOf(chain: Hash, message: Vote | Proposal): SignedItem {
  const known = itemsOf.get(message);
  if (known?.chain === chain) return known.item;
  const item = 'validator' in message ? voteSignedItem(chain, message) : proposalSignedItem(chain, message);
  itemsOf.set(message, { chain, item });
  return item;
}

const itemsOf = new WeakMap<Vote | Proposal, { readonly chain: Hash; readonly item: SignedItem }>();

function remember(message: PosMessage, bytes: Uint8Array): void {
  decodedOf.set(bytes, message);
  if (message.kind === 'vote') bytesOf.set(message.vote, bytes);
  else if (message.kind === 'proposal') bytesOf.set(message.proposal, bytes);
}

function flawOf(message: PosMessage): string | undefined {
  if (message.kind !== 'proposal') return undefined;
  const { proposal, block } = message;
  if (proposal.validRound !== undefined && proposal.validRound >= proposal.round)
    return 'validRound: a round before that of the proposal was expected';
  if (block === undefined || blockId(block.header) === proposal.block) return undefined;
  return 'block: not the one that is proposed';
}
