/**
 * Sign log: what each host's key has signed for consensus, as the simulator sees it. Programs cannot hide from it, and
 * do not know of it: it stands between them and the crypto suite.
 */
import { readProposalSignBytes } from '../chain/consensus/pos/proposal.ts';
import { readVoteSignBytes, VOTE } from '../chain/consensus/pos/vote.ts';
import { TAG } from '../chain/crypto/tags.ts';
import { decodeHeader } from '../chain/types/header-codec.ts';
import { bytesToHex } from '../env/bytes.ts';
import { isDecodeRejection } from '../env/network.ts';

/** For what a key signs once at most: one vote of a type in a round, one proposal in a round, one seal on a parent. */
export type SignedKind = 'prevote' | 'precommit' | 'proposal' | 'seal';

/** One promise. */
export interface Signed {
  readonly kind: SignedKind;
  readonly height: number;
  /** 0 for a seal. */
  readonly round: number;
  /** What the slot is besides height and round: the parent of a seal; empty otherwise. */
  readonly parent: string;
  /** What was promised: the block's id, or `nil`; for a seal the text. */
  readonly value: string;
  /** The signed bytes, hexadecimal: who signs again signs the same bytes again. */
  readonly text: string;
}

/** Heights of one host that are kept: nobody signs for a height that was decided so long ago. */
const HEIGHTS_KEPT = 256;

/** All that one host signed at one height. */
export interface SignedHeight {
  /** In the order of signing; each promise once, however often its bytes are signed again. */
  readonly promises: Signed[];
}

export class SignLog {
  readonly #heights: Map<number, SignedHeight>[];

  constructor(hosts: number) {
    this.#heights = Array.from({ length: hosts }, () => new Map<number, SignedHeight>());
  }

  /** Reads what is being signed; answers the promise when it is one that this host has not made before. */
  onSigned(host: number, bytes: Uint8Array): Signed | undefined {
    const signed = readSigned(bytes);
    const heights = this.#heights[host];
    if (signed === undefined || heights === undefined) return undefined;
    const known = heights.get(signed.height);
    if (known === undefined) {
      heights.set(signed.height, { promises: [signed] });
      this.#forget(heights);
      return signed;
    }
    if (known.promises.some((promise) => promise.text === signed.text)) return undefined;
    known.promises.push(signed);
    return signed;
  }

  /** What a host signed at a height, in order. */
  at(host: number, height: number): readonly Signed[] {
    return this.#heights[host]?.get(height)?.promises ?? [];
  }

  #forget(heights: Map<number, SignedHeight>): void {
    if (heights.size <= HEIGHTS_KEPT) return;
    const [oldest] = heights.keys();
    if (oldest !== undefined) heights.delete(oldest);
  }
}

/** Whether two promises answer the same question, so that only one of them may be made. */
export function isSameSlot(a: Signed, b: Signed): boolean {
  return a.kind === b.kind && a.height === b.height && a.round === b.round && a.parent === b.parent;
}

/** Undefined: what is signed there is no promise of consensus. */
function readSigned(bytes: Uint8Array): Signed | undefined {
  const content = bytes.subarray(1);
  switch (bytes[0]) {
    case TAG.signVote: {
      const vote = readVoteSignBytes(content);
      if (vote === undefined) return undefined;
      const { height, round, block } = vote;
      const kind = vote.type === VOTE.prevote ? 'prevote' : 'precommit';
      return { kind, height, round, parent: '', value: block ?? 'nil', text: bytesToHex(bytes) };
    }
    case TAG.signProposal: {
      const proposal = readProposalSignBytes(content);
      if (proposal === undefined) return undefined;
      const { height, round, block } = proposal;
      return { kind: 'proposal', height, round, parent: '', value: block, text: bytesToHex(bytes) };
    }
    case TAG.signSeal: {
      const header = decodeHeader(content);
      if (isDecodeRejection(header)) return undefined;
      const { height, parent } = header;
      const text = bytesToHex(bytes);
      return { kind: 'seal', height, round: 0, parent, value: text, text };
    }
    default:
      return undefined;
  }
}
