/** The signers of a chain: who they are, whose turn it is, and how often each may sign. EIP-225, per-block constants. */
import type { PublicKey } from '../../types/units.ts';

/** A checkpoint lists all signers in one header field of 1,024 bytes: 30 keys fit beside what else stands there. */
export const POA_SIGNERS_MAX = 30;

/** SIGNER_LIMIT: of so many consecutive blocks a signer may sign one; also the votes that decide. EIP-225: floor(SIGNER_COUNT / 2) + 1. */
export function signerLimit(signers: number): number {
  return Math.floor(signers / 2) + 1;
}

/** Blocks before the next one that bar their signers from it, at most. */
export const RECENTS_MAX: number = signerLimit(POA_SIGNERS_MAX) - 1;

/** Who signs a block at this height in turn: SIGNER_INDEX = BLOCK_NUMBER % SIGNER_COUNT. Undefined: there is no signer. */
export function signerInTurn(signers: readonly PublicKey[], height: number): PublicKey | undefined {
  return signers[height % signers.length];
}

/**
 * Whether the key signed one of the last SIGNER_LIMIT - 1 blocks, so that it may not sign the next. EIP-225, Authorizing a
 * block. @param recents signers of the last blocks, the newest last.
 */
export function hasSignedRecently(
  signers: readonly PublicKey[],
  recents: readonly PublicKey[],
  key: PublicKey,
): boolean {
  const barred = signerLimit(signers.length) - 1;
  return recents.lastIndexOf(key) >= Math.max(0, recents.length - barred);
}

/** `recents` after one more block. */
export function withRecent(recents: readonly PublicKey[], signer: PublicKey): readonly PublicKey[] {
  return [...recents.slice(recents.length < RECENTS_MAX ? 0 : 1), signer];
}
