/** Votes, proposals, commits and evidence read from their bytes: docs/protocol.md, Proof of stake, Values. */
import { hash, need, Reader } from './bytes.ts';

const ROUND_MAX = 9_999;
const SIGN_VOTE = 0x32;
const SIGN_PROPOSAL = 0x33;

/** A signature and what it is over. */
export interface Signed {
  readonly signature: Buffer;
  readonly message: Buffer;
}

/** One precommit of a commit. */
export interface CommitVote extends Signed {
  readonly place: number;
  readonly timestampMs: number;
}

export interface Commit {
  readonly height: number;
  readonly block: string;
  readonly votes: readonly CommitVote[];
}

/** Two things that one key signed. */
export interface Evidence {
  readonly id: string;
  readonly signer: string;
  readonly height: number;
  /** One signer, height, round and type; two blocks, the lower first. */
  readonly isPair: boolean;
  readonly signed: readonly Signed[];
}

function round(r: Reader): number {
  const value = r.uint(4);
  need(value <= ROUND_MAX, `round ${value}`);
  return value;
}

function optional<T>(r: Reader, read: () => T): T | undefined {
  const flag = r.uint(1);
  need(flag <= 1, 'a flag is 0 or 1');
  return flag === 1 ? read() : undefined;
}

/** @throws {Malformed} @param chain genesis hash. */
export function decodeCommit(bytes: Buffer, chain: string): Commit {
  const r = new Reader(bytes);
  const head = { height: r.safe(), round: round(r), block: r.hex() };
  // Type 2, height, round, a block that is there: what each vote signs before its time.
  const common = Buffer.concat([
    Buffer.of(SIGN_VOTE),
    Buffer.from(chain, 'hex'),
    Buffer.of(2),
    bytes.subarray(0, 12),
    Buffer.of(1),
    Buffer.from(head.block, 'hex'),
  ]);
  const votes = r.list(2, 512, () => {
    const place = r.uint(2);
    need(place < 512, `place ${place}`);
    const time = r.at;
    const timestampMs = r.safe();
    const message = Buffer.concat([common, bytes.subarray(time, time + 8)]);
    return { place, timestampMs, message, signature: r.sized(1, 64, 64) };
  });
  r.end();
  return { height: head.height, block: head.block, votes };
}

interface Half extends Signed {
  /** Signer and slot: what both halves have in common. */
  readonly slot: string;
  readonly signer: string;
  readonly height: number;
  readonly block: string;
}

function readVote(r: Reader, chain: string): Half {
  const start = r.at;
  const type = r.uint(1);
  need(type <= 2, `type ${type}`);
  const height = r.safe();
  const slot = `${type} ${height} ${round(r)}`;
  const block = optional(r, () => r.hex()) ?? '';
  r.safe();
  const content = r.bytes.subarray(start, r.at);
  const signer = r.hex();
  const message = Buffer.concat([Buffer.of(SIGN_VOTE), Buffer.from(chain, 'hex'), content]);
  return { slot: `${slot} ${signer}`, signer, height, block, message, signature: r.sized(1, 64, 64) };
}

function readProposal(r: Reader, chain: string): Half {
  const start = r.at;
  const height = r.safe();
  const slot = `${height} ${round(r)}`;
  optional(r, () => round(r));
  const block = r.hex();
  const content = r.bytes.subarray(start, r.at);
  const signer = r.hex();
  const message = Buffer.concat([Buffer.of(SIGN_PROPOSAL), Buffer.from(chain, 'hex'), content]);
  return { slot: `${slot} ${signer}`, signer, height, block, message, signature: r.sized(1, 64, 64) };
}

/** @throws {Malformed} @param chain genesis hash. */
export function decodeEvidence(bytes: Buffer, chain: string): Evidence {
  need(bytes.length <= 303, 'evidence has at most 303 bytes');
  const r = new Reader(bytes);
  const kind = r.uint(1);
  need(kind === 1 || kind === 2, `evidence ${kind}`);
  const read = kind === 1 ? readVote : readProposal;
  const [a, b] = [read(r, chain), read(r, chain)];
  r.end();
  const isPair = a.slot === b.slot && a.block < b.block;
  return { id: hash(0x15, bytes), signer: a.signer, height: a.height, isPair, signed: [a, b] };
}
