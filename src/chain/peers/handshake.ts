/** Handshake: what both sides of a connection state, check and sign before it has an identity. */
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import type { Crypto, SignedItem } from '../../env/crypto.ts';
import type { Address, KeyId } from '../../env/units.ts';
import { isCanonicalPublicKey } from '../crypto/public-key.ts';
import { taggedBytes } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import type { ForkId, HandshakeMessage, HandshakeProofMessage, HeadClaim } from '../types/message.ts';
import { type BlockHash, type PublicKey, signature } from '../types/units.ts';

/** Why a connection got no identity. Nobody is banned for it: most are honest nodes of another chain or age. */
export type HandshakeRefusal =
  | 'PROTOCOL_VERSION'
  | 'OTHER_GENESIS'
  | 'UPGRADE_REQUIRED'
  | 'INCOMPATIBLE_FORK'
  | 'SELF'
  | 'BAD_KEY'
  | 'BAD_PROOF'
  | 'BANNED'
  | 'DUPLICATE'
  | 'TOO_MANY_PEERS'
  | 'UNEXPECTED_MESSAGE'
  | 'MALFORMED'
  | 'TIMEOUT';

/** What this side knows of itself. */
export interface LocalIdentity {
  readonly key: KeyId;
  readonly publicKey: PublicKey;
  readonly listen: Address;
  readonly genesisId: BlockHash;
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly forkId: () => ForkId;
  /** EIP-2124 validation of the other side's fork id against the local chain. */
  readonly checkFork: (remote: ForkId) => 'ok' | 'UPGRADE_REQUIRED' | 'INCOMPATIBLE';
}

/** The greeting of this side. `challenge`: 32 random bytes as hexadecimal, new for each connection. */
export function greeting(local: LocalIdentity, challenge: string, head: HeadClaim): HandshakeMessage {
  const fork = local.forkId();
  return {
    kind: 'Handshake',
    protocolMin: local.protocolMin,
    protocolMax: local.protocolMax,
    genesisId: local.genesisId,
    forkHash: fork.forkHash,
    forkNext: fork.forkNext,
    nodeKey: local.publicKey,
    listen: local.listen,
    challenge,
    head,
  };
}

/** Whether this side can speak with the other: undefined, or why not. */
export function checkGreeting(local: LocalIdentity, remote: HandshakeMessage): HandshakeRefusal | undefined {
  if (remote.protocolMin > local.protocolMax || remote.protocolMax < local.protocolMin)
    return 'PROTOCOL_VERSION';
  if (remote.genesisId !== local.genesisId) return 'OTHER_GENESIS';
  if (remote.nodeKey === local.publicKey) return 'SELF';
  const fork = local.checkFork(remote);
  if (fork === 'UPGRADE_REQUIRED') return 'UPGRADE_REQUIRED';
  if (fork === 'INCOMPATIBLE') return 'INCOMPATIBLE_FORK';
  const key = hexToBytes(remote.nodeKey);
  if (key === undefined || !isCanonicalPublicKey(key)) return 'BAD_KEY';
  return undefined;
}

/** tag(challenge of the verifier ‖ challenge of the signer ‖ key of the verifier): good for one connection of one pair. */
function proofBytes(verifierChallenge: string, signerChallenge: string, verifierKey: PublicKey): Uint8Array {
  const text = verifierChallenge + signerChallenge + verifierKey;
  return taggedBytes(TAG.signHandshake, hexToBytes(text) ?? new Uint8Array(0));
}

/** Answers the other side's challenge. */
export function proveIdentity(
  crypto: Crypto,
  local: LocalIdentity,
  challenge: string,
  remote: HandshakeMessage,
): HandshakeProofMessage {
  const bytes = proofBytes(remote.challenge, challenge, remote.nodeKey);
  return { kind: 'HandshakeProof', signature: signature(bytesToHex(crypto.sign(local.key, bytes))) };
}

/** What has to verify before the connection belongs to `remote.nodeKey`. */
export function proofItem(
  local: LocalIdentity,
  challenge: string,
  remote: HandshakeMessage,
  proof: HandshakeProofMessage,
): SignedItem {
  return {
    publicKey: hexToBytes(remote.nodeKey) ?? new Uint8Array(0),
    message: proofBytes(challenge, remote.challenge, local.publicKey),
    signature: hexToBytes(proof.signature) ?? new Uint8Array(0),
  };
}

/** Two connections of one pair. */
export interface DuplicateConnections {
  readonly local: PublicKey;
  readonly remote: PublicKey;
  readonly oldDirection: 'in' | 'out';
  readonly newDirection: 'in' | 'out';
}

/**
 * Which of two connections between the same identities stays. Of two that were dialed from different ends, the one
 * that the smaller key dialed; both ends compute the same. Of two from the same end the newer: the older one is what a
 * peer left behind that lost its power.
 */
export function resolveDuplicate(pair: DuplicateConnections): 'old' | 'new' {
  if (pair.oldDirection === pair.newDirection) return 'new';
  const keep = pair.local < pair.remote ? 'out' : 'in';
  return pair.newDirection === keep ? 'new' : 'old';
}
