/** What a peer can do wrong, and what each fault costs it. */

/**
 * A fault is what the peer could have checked itself before it sent. An invalid execution under a valid seal is the
 * producer's fault and costs a relayer nothing.
 */
export type PeerFault =
  /** Bytes that are no message. A link that flips bits does it too: ten in a row end in a ban, one does not. */
  | 'MALFORMED'
  /** A message out of the order of the handshake, or a second handshake. */
  | 'UNEXPECTED_MESSAGE'
  /** A header that fails its seal, its fields or its ancestors: relayers check it first. */
  | 'INVALID_HEADER'
  /** A body that does not match the roots of its header. */
  | 'BODY_MISMATCH'
  /** A certificate that does not certify. */
  | 'INVALID_CERTIFICATE'
  /** Part of a snapshot that does not fit the trusted id or its state root. */
  | 'INVALID_SNAPSHOT'
  /** A transaction that fails without looking at any state: relayers check it first. */
  | 'INVALID_TRANSACTION'
  /** An answer to nothing that was asked. Late answers are this too, therefore it is cheap. */
  | 'UNREQUESTED'
  /** More than a message may carry, or more often than it may come. */
  | 'OVER_LIMIT'
  /** A claim of a better head without the headers that show it. */
  | 'FALSE_HEAD'
  /** Headers that do not link, or do not start from what was asked. */
  | 'BROKEN_CHAIN'
  /** No answer in time. */
  | 'STALLED'
  /** Said by the engine, with its own penalty. */
  | 'ENGINE';

/**
 * Points of each fault; DEFAULT_LIMITS.banScore of them are a ban. An ENGINE fault carries its own. A link that flips
 * bits makes one wrong seal of an honest peer; four in ten minutes are no accident, and four checks cost nothing.
 */
export const PENALTY: Readonly<Record<PeerFault, number>> = {
  MALFORMED: 10,
  UNEXPECTED_MESSAGE: 20,
  INVALID_HEADER: 25,
  BODY_MISMATCH: 25,
  INVALID_CERTIFICATE: 25,
  INVALID_SNAPSHOT: 25,
  INVALID_TRANSACTION: 20,
  UNREQUESTED: 1,
  OVER_LIMIT: 10,
  FALSE_HEAD: 25,
  BROKEN_CHAIN: 25,
  STALLED: 10,
  ENGINE: 0,
};

/** One point is forgiven in this time: ten minutes for a whole ban, so that rare accidents never add up. */
export const FORGIVE_POINT_MS = 6_000;
