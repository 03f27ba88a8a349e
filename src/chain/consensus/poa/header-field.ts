/** The `consensus` field of a header: difficulty, signer, vote, and at a checkpoint all signers. EIP-225, header fields. */
import type { Header } from '../../types/block.ts';
import { encodeLayout } from '../../types/layout/codec.ts';
import { publicKeyField } from '../../types/layout/fields.ts';
import { type Layout, listOf, unsigned } from '../../types/layout/layout.ts';
import { optional, struct } from '../../types/layout/struct.ts';
import type { PublicKey } from '../../types/units.ts';
import { decodeField } from '../engine-fields.ts';
import { POA_SIGNERS_MAX } from './signers.ts';
import { DIFFICULTY } from './tie-break.ts';
import { type Vote, voteLayout } from './votes.ts';

/** What EIP-225 puts into difficulty, beneficiary, nonce and extraData. */
export interface PoaField {
  /** DIFF_INTURN or DIFF_NOTURN. */
  readonly difficulty: number;
  /** Whose signature the seal is: an Ed25519 signature does not tell. */
  readonly signer: PublicKey;
  readonly vote: Vote | undefined;
  /** All signers at a checkpoint, ascending; else none. */
  readonly checkpoint: readonly PublicKey[];
}

/** Signers in the order of their keys. */
export const signersLayout: Layout<readonly PublicKey[]> = listOf(publicKeyField, 8, POA_SIGNERS_MAX);

const fieldLayout = struct<PoaField>({
  difficulty: unsigned<number>(8, DIFFICULTY.inTurn),
  signer: publicKeyField,
  vote: optional(voteLayout),
  checkpoint: signersLayout,
});

/** 35 bytes; 33 more with a vote, 32 more for each signer of a checkpoint. */
export function encodePoaField(field: PoaField): Uint8Array {
  return encodeLayout(fieldLayout, field);
}

/** Undefined: these are not its bytes. */
export function poaFieldOf(header: Pick<Header, 'consensus'>): PoaField | undefined {
  return decodeField(fieldLayout, header.consensus);
}

/** The field of block 0, the first checkpoint: the signers alone. */
export function encodeFirstCheckpoint(signers: readonly PublicKey[]): Uint8Array {
  return encodeLayout(signersLayout, signers);
}
