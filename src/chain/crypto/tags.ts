/** Domain tags: the first byte of everything that is hashed or signed, so that no hash or signature serves two ends. */

/** One byte each, unique. PROTOCOL.md, Bytes and ids. A new purpose takes a new number; none is ever used again. */
export const TAG = {
  /** RFC 6962 §2.1: leaf of a Merkle list. */
  merkleLeaf: 0x00,
  /** RFC 6962 §2.1: inner node of a Merkle list. */
  merkleNode: 0x01,
  /** Id of a block: over its encoded header. */
  block: 0x10,
  /** Id of a transaction: over all its bytes. */
  transaction: 0x11,
  /** Account address: over the public key. */
  address: 0x12,
  /** Hash of the encoded genesis. */
  genesis: 0x13,
  /** Hash of a validator set. */
  validatorSet: 0x14,
  /** Id of an item of evidence. */
  evidence: 0x15,
  /** Short transaction ids of a compact block. */
  shortId: 0x16,
  /** Proof-of-work hash: over the header bytes without their seal, and the seal. */
  work: 0x17,
  /** Id of a snapshot: over its encoded manifest. */
  snapshot: 0x18,
  /** Path of a state leaf: over namespace and id. */
  stateKey: 0x20,
  /** Hash of a state leaf's value. */
  stateValue: 0x21,
  /** State leaf: over path and value hash. */
  stateLeaf: 0x22,
  /** Inner node of the state tree. */
  stateNode: 0x23,
  /** Signed by an account: a transaction without its signature. */
  signTransaction: 0x30,
  /** Signed by a producer: a header without its seal. */
  signSeal: 0x31,
  /** Signed by a validator: a vote. */
  signVote: 0x32,
  /** Signed by a validator: a proposal. */
  signProposal: 0x33,
  /** Signed by a node key: the other side's challenge. */
  signHandshake: 0x34,
  /** Checksum of a record on disk. */
  record: 0xd5,
} as const;

/** One of the numbers of TAG. */
export type Tag = (typeof TAG)[keyof typeof TAG];
