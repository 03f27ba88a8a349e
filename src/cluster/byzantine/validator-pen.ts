/** A validator's pen: what a Byzantine one reads in the messages of its engine, and what it signs past it with its own key. */
import type { ConsensusHost, ConsensusRules } from '../../chain/consensus/consensus.ts';
import { bftTime } from '../../chain/consensus/pos/bft-time.ts';
import { encodeCommit } from '../../chain/consensus/pos/commit.ts';
import { commitOfCertificate } from '../../chain/consensus/pos/commit-check.ts';
import { decodePosMessage, type PosMessage, proposalBytes } from '../../chain/consensus/pos/messages.ts';
import {
  type Proposal,
  type ProposalContent,
  proposalSignBytes,
} from '../../chain/consensus/pos/proposal.ts';
import { encodeRoundField } from '../../chain/consensus/pos/round.ts';
import { validatorsHash } from '../../chain/consensus/pos/validators-hash.ts';
import { type PosView, posViewCodec } from '../../chain/consensus/pos/view.ts';
import { type Vote, type VoteContent, voteSignBytes } from '../../chain/consensus/pos/vote.ts';
import type { Block } from '../../chain/types/block.ts';
import {
  type AccountAddress,
  accountAddress,
  type BlockHash,
  blockHash,
  type PublicKey,
  publicKey,
} from '../../chain/types/units.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { isDecodeRejection } from '../../env/network.ts';
import type { Stream } from '../../sim/seeds.ts';

/** What these bytes say in the engine with stake; undefined: they are no message of it. */
export function readPosMessage(body: Uint8Array): PosMessage | undefined {
  const message = decodePosMessage(body);
  return isDecodeRejection(message) ? undefined : message;
}

/** A block that nobody made. */
export function drawBlockHash(stream: Stream): BlockHash {
  return blockHash(Array.from({ length: 8 }, () => stream.word().toString(16).padStart(8, '0')).join(''));
}

/** An address that nobody has a key for: the given one with another first digit. */
export function otherAddress(own: AccountAddress): AccountAddress {
  return accountAddress(`${own.startsWith('0') ? '1' : '0'}${own.slice(1)}`);
}

/** Own votes that a layer remembers: all of a height and of the one before it, in many rounds. */
const VOTES_MAX = 256;

/**
 * What a layer made of each own vote, by what the vote says: the same one may be read again from other bytes, and what is
 * made once is one lie.
 */
export class PerVote<T> {
  readonly #make: (vote: Vote) => T | undefined;
  readonly #made = new Map<string, T>();

  /** @param make undefined: nothing can be made of it now; it is asked again. */
  constructor(make: (vote: Vote) => T | undefined) {
    this.#make = make;
  }

  of(vote: Vote): T | undefined {
    const { type, height, round, block, timestampMs } = vote;
    const key = `${type}/${height}/${round}/${block}/${timestampMs}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = this.#make(vote);
    if (made === undefined) return undefined;
    const [oldest] = this.#made.keys();
    if (this.#made.size >= VOTES_MAX && oldest !== undefined) this.#made.delete(oldest);
    this.#made.set(key, made);
    return made;
  }
}

/** One per layer and boot. */
export class ValidatorPen {
  readonly #rules: ConsensusRules<unknown>;
  readonly #host: ConsensusHost<unknown>;
  #viewId: BlockHash | undefined;
  #view: PosView | undefined;

  constructor(rules: ConsensusRules<unknown>, host: ConsensusHost<unknown>) {
    this.#rules = rules;
    this.#host = host;
  }

  get self(): PublicKey {
    return this.#host.identity ?? publicKey('00'.repeat(32));
  }

  /** The own vote that these bytes say. */
  ownVote(body: Uint8Array): Vote | undefined {
    const message = readPosMessage(body);
    return message?.kind === 'vote' && message.vote.validator === this.self ? message.vote : undefined;
  }

  /** The own proposal that these bytes say. */
  ownProposal(body: Uint8Array): Proposal | undefined {
    const message = readPosMessage(body);
    return message?.kind === 'proposal' && message.proposal.proposer === this.self
      ? message.proposal
      : undefined;
  }

  /** The view of the head: sets of its height and the two after it. */
  view(): PosView | undefined {
    const { id } = this.#host.head();
    if (id === this.#viewId) return this.#view;
    const view = this.#host.view(id);
    const known = view === undefined ? undefined : posViewCodec.decodeView(this.#rules.encodeView(view));
    this.#viewId = id;
    this.#view = known === undefined || 'code' in known ? undefined : known;
    return this.#view;
  }

  /** A vote signed with the own key; undefined: the head's view is not kept. */
  vote(content: VoteContent): Vote | undefined {
    const chain = this.view()?.chain;
    if (chain === undefined) return undefined;
    const signature = this.#host.sign({ tag: 'vote', bytes: voteSignBytes(chain, content) });
    return { ...content, validator: this.self, signature };
  }

  /** The bytes of a proposal that is signed with the own key, with its block when that is small; undefined: the head's view is not kept. */
  proposal(content: ProposalContent, block: Block): Uint8Array | undefined {
    const chain = this.view()?.chain;
    if (chain === undefined) return undefined;
    const signature = this.#host.sign({ tag: 'proposal', bytes: proposalSignBytes(chain, content) });
    return proposalBytes({ ...content, proposer: this.self, signature }, block);
  }

  /** A valid block on the head for that round, in which it must be the own turn; undefined: what it needs is not kept. */
  build(round: number, beneficiary: AccountAddress): Block | undefined {
    const { id } = this.#host.head();
    const view = this.view();
    if (view === undefined) return undefined;
    const commit = commitOfCertificate(this.#host.certificate(id));
    if ((commit === undefined) !== (view.last === undefined)) return undefined;
    return this.#host.build({
      parent: id,
      timestampMs:
        commit === undefined || view.last === undefined ? view.timestampMs : bftTime(commit, view.last),
      beneficiary,
      consensus: encodeRoundField({
        round,
        proposer: this.self,
        validatorsHash: validatorsHash(view.current),
        nextValidatorsHash: validatorsHash(view.next),
      }),
      system: { evidence: [], lastCommit: commit === undefined ? '' : bytesToHex(encodeCommit(commit)) },
    });
  }
}
