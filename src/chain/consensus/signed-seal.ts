/** A seal that is one signature: the signer's over the header without it. docs/protocol.md, Header. */
import { hexToBytes } from '../../env/bytes.ts';
import type { SignedItem } from '../../env/crypto.ts';
import { taggedBytes } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import type { Header } from '../types/block.ts';
import { headerSignBytes } from '../types/header-codec.ts';
import type { HeaderRejection } from '../types/rejection.ts';
import type { PublicKey } from '../types/units.ts';

const SIGNATURE_BYTES = 64;

/** For `ConsensusRules.sealItems`. @param signer whom the header names; undefined: nobody, so that there is nothing to check. */
export function signedSealItems(header: Header, signer: PublicKey | undefined): readonly SignedItem[] {
  const publicKey = hexToBytes(signer ?? '');
  const signature = hexToBytes(header.seal);
  if (publicKey?.length !== 32 || signature?.length !== SIGNATURE_BYTES) return [];
  return [{ publicKey, message: taggedBytes(TAG.signSeal, headerSignBytes(header)), signature }];
}

/** For `ConsensusRules.advance`: what `signedSealItems` gave no item for is no seal. */
export function checkSignedSeal(header: Header): HeaderRejection | undefined {
  if (header.seal.length === 2 * SIGNATURE_BYTES) return undefined;
  return { code: 'BAD_SEAL', fact: 'a signature of 64 bytes was expected' };
}
