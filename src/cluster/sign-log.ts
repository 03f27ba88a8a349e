/**
 * Sign log: what each host's key has signed for consensus, and what of it left its host. Programs cannot hide from it and
 * do not know of it: it stands between them and the crypto suite, and between them and the network. What a crash kept
 * from leaving is no promise.
 */
import type { ConsensusRules } from '../chain/consensus/consensus.ts';
import { decodePosMessage, signedItemOf } from '../chain/consensus/pos/messages.ts';
import { readProposalSignBytes } from '../chain/consensus/pos/proposal.ts';
import { readVoteSignBytes, VOTE } from '../chain/consensus/pos/vote.ts';
import { TAG } from '../chain/crypto/tags.ts';
import { bodyOf } from '../chain/node-engine.ts';
import type { Header } from '../chain/types/block.ts';
import { decodeHeader } from '../chain/types/header-codec.ts';
import type { Message } from '../chain/types/message.ts';
import { type Hash, type PublicKey, publicKey } from '../chain/types/units.ts';
import { bytesToHex } from '../env/bytes.ts';
import type { SignedItem } from '../env/crypto.ts';
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
  /** It was sent to somebody. */
  isSent: boolean;
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

  /** Reads what is being signed. */
  onSigned(host: number, bytes: Uint8Array): void {
    const signed = readSigned(bytes);
    const heights = this.#heights[host];
    if (signed === undefined || heights === undefined) return;
    const known = heights.get(signed.height);
    if (known === undefined) {
      heights.set(signed.height, { promises: [signed] });
      this.#forget(heights);
    } else if (!known.promises.some((promise) => promise.text === signed.text)) known.promises.push(signed);
  }

  /** Something leaves a host, its own or passed on; answers the promise when its owner had not sent it to anybody. */
  onSent(owner: number, height: number, text: string): Signed | undefined {
    const signed = this.at(owner, height).find((promise) => promise.text === text);
    if (signed === undefined || signed.isSent) return undefined;
    signed.isSent = true;
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
      return {
        kind,
        height,
        round,
        parent: '',
        value: block ?? 'nil',
        text: bytesToHex(bytes),
        isSent: false,
      };
    }
    case TAG.signProposal: {
      const proposal = readProposalSignBytes(content);
      if (proposal === undefined) return undefined;
      const { height, round, block } = proposal;
      return {
        kind: 'proposal',
        height,
        round,
        parent: '',
        value: block,
        text: bytesToHex(bytes),
        isSent: false,
      };
    }
    case TAG.signSeal: {
      const header = decodeHeader(content);
      if (isDecodeRejection(header)) return undefined;
      const { height, parent } = header;
      const text = bytesToHex(bytes);
      return { kind: 'seal', height, round: 0, parent, value: text, text, isSent: false };
    }
    default:
      return undefined;
  }
}

/** Signed bytes as a message carries them. */
export interface Carried {
  /** Who is said to have signed them. */
  readonly key: PublicKey;
  readonly height: number;
  /** As in Signed. */
  readonly text: string;
  /** The same with its signature, which nobody has checked. */
  readonly item: SignedItem;
}

const NOTHING: readonly Carried[] = [];
/** What a message carries is a function of the message; one object reaches many. */
const carriedBy = new WeakMap<Message, readonly Carried[]>();

/** What a message promises in whose name: a vote, a proposal, a sealed header. @param chain hash of the genesis. */
export function carriedIn(
  rules: Pick<ConsensusRules<unknown>, 'sealItems'>,
  chain: Hash,
  message: Message,
): readonly Carried[] {
  if (message.kind !== 'Consensus' && message.kind !== 'Block') return NOTHING;
  const known = carriedBy.get(message);
  if (known !== undefined) return known;
  const carried =
    message.kind === 'Consensus' ? readCarried(chain, bodyOf(message)) : sealOf(rules, message.header);
  carriedBy.set(message, carried);
  return carried;
}

function sealOf(rules: Pick<ConsensusRules<unknown>, 'sealItems'>, header: Header): readonly Carried[] {
  return rules.sealItems(header).map((item) => {
    const key = publicKey(bytesToHex(item.publicKey));
    return { key, height: header.height, text: bytesToHex(item.message), item };
  });
}

function readCarried(chain: Hash, body: Uint8Array): readonly Carried[] {
  const message = decodePosMessage(body);
  if ('code' in message) return NOTHING;
  if (message.kind !== 'vote' && message.kind !== 'proposal') return NOTHING;
  const signed = message.kind === 'vote' ? message.vote : message.proposal;
  const key = message.kind === 'vote' ? message.vote.validator : message.proposal.proposer;
  const item = signedItemOf(chain, signed);
  return [{ key, height: signed.height, text: bytesToHex(item.message), item }];
}
