/** Limits of a mempool. PROTOCOL.md, Mempool. */

/** What one mempool may hold. */
export interface MempoolLimits {
  readonly countMax: number;
  /** Encoded transactions together. */
  readonly bytesMax: number;
  readonly perSenderMax: number;
  /** How far a nonce may be ahead of the sender's next one that is missing. */
  readonly gapMax: number;
}

/** Limits of a real node. */
export const MEMPOOL_LIMITS: MempoolLimits = {
  /** Five full blocks of small transfers: what is further back than that has hardly a chance. */
  countMax: 10_000,
  /** Eight full blocks: about 2 kB of objects for each 200 bytes, so that a full mempool takes some 80 MB. */
  bytesMax: 8 * 1024 * 1024,
  /** One sender fills no block; a new chain of nonces is checked in a few microseconds. */
  perSenderMax: 64,
  /** What gossip may overtake: transactions of one sender travel by different peers. */
  gapMax: 16,
};

/** A replacement pays at least so many percent more than what it replaces, rounded up, so that replacing is not a free way to flood. */
export const REPLACEMENT_PERCENT = 10n;
