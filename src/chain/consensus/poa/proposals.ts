/**
 * What this signer proposes, by order of its operator: kept durably, and cast as votes until it is withdrawn. EIP-225, Voting
 * strategies: a proposal that has passed may be reorganised away, so that it stays.
 */
import { concatBytes, hexToBytes } from '../../../env/bytes.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import { publicKeyField } from '../../types/layout/fields.ts';
import { type Layout, unsigned } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { PublicKey } from '../../types/units.ts';
import type { ConsensusHost } from '../consensus.ts';
import { signerLimit } from './signers.ts';
import type { PoaView } from './view.ts';
import { isCountable, tallyOf, VOTES_OF_SIGNER_MAX, type Vote } from './votes.ts';

/** What an operator may tell a signer to propose, as it is encoded. */
export const PROPOSE = { drop: 0, add: 1, withdraw: 2 } as const;

/** An operator's order. */
export interface Proposal {
  readonly target: PublicKey;
  readonly what: (typeof PROPOSE)[keyof typeof PROPOSE];
}

const proposalLayout: Layout<Proposal> = struct<Proposal>({
  target: publicKeyField,
  what: unsigned<Proposal['what']>(8, PROPOSE.withdraw),
});

/** Proposals have keys behind those of sign records, which begin with a height below 2^53. */
const PROPOSAL_PREFIX = Uint8Array.of(0xff);
const PROPOSAL_BYTES = 33;

/** The body of a Propose command: 33 bytes. */
export function encodeProposal(proposal: Proposal): Uint8Array {
  return encodeLayout(proposalLayout, proposal);
}

/** The proposals of one signer, at most as many as can stand as votes. */
export class Proposals {
  readonly #host: ConsensusHost<PoaView>;
  /** What is durable or will be, by target. */
  readonly #votes = new Map<PublicKey, Vote>();

  constructor(host: ConsensusHost<PoaView>) {
    this.#host = host;
  }

  get size(): number {
    return this.#votes.size;
  }

  /** Reads what earlier boots recorded. A record that cannot be read is none: its operator is asked again. */
  open(): void {
    for (const { value } of this.#host.read({ start: PROPOSAL_PREFIX })) {
      const proposal = decodeLayout(proposalLayout, value, PROPOSAL_BYTES);
      if (!isDecodeRejection(proposal)) this.#keep(proposal);
    }
  }

  /** @param reply when it is durable, or with the reason why it is refused. */
  order(body: Uint8Array, reply: (refused: string | undefined) => void): void {
    const proposal = decodeLayout(proposalLayout, body, PROPOSAL_BYTES);
    if (isDecodeRejection(proposal))
      return reply(`a key and 0 (drop), 1 (add) or 2 (withdraw): ${proposal.detail}`);
    const { target } = proposal;
    const isNew = proposal.what !== PROPOSE.withdraw && !this.#votes.has(target);
    if (isNew && this.#votes.size >= VOTES_OF_SIGNER_MAX)
      return reply(`${VOTES_OF_SIGNER_MAX} proposals stand already: withdraw one first`);
    this.#keep(proposal);
    const key = concatBytes(PROPOSAL_PREFIX, hexToBytes(target) ?? new Uint8Array(0));
    const op =
      proposal.what === PROPOSE.withdraw
        ? ({ kind: 'delete', key } as const)
        : ({ kind: 'put', key, value: body } as const);
    this.#host.record([op], () => reply(undefined));
  }

  /**
   * The vote of the next block on this view: drawn among what is not cast yet, and what has its majority but waits to be
   * touched. EIP-225: a random proposal for every block. Undefined: nothing is left to propose.
   */
  next(view: PoaView, signer: PublicKey): Vote | undefined {
    const open = [...this.#votes.values()].filter((vote) => isOpen(view, signer, vote));
    return open.length === 0 ? undefined : open[this.#host.random.below(open.length)];
  }

  #keep({ target, what }: Proposal): void {
    if (what === PROPOSE.withdraw) this.#votes.delete(target);
    else this.#votes.set(target, { target, add: what === PROPOSE.add });
  }
}

function isOpen({ signers, votes }: PoaView, signer: PublicKey, vote: Vote): boolean {
  if (!isCountable(signers, vote)) return false;
  const isCast = votes.some((cast) => cast.signer === signer && cast.target === vote.target);
  return !isCast || tallyOf(votes, vote) >= signerLimit(signers.length);
}
