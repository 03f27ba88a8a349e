/**
 * Amnesia: a validator that forgets what it is locked on. In later rounds it prevotes whatever is proposed, and proposes new
 * blocks, though no polka frees it. CometBFT, spec/light-client/accountability, "amnesia".
 */
import { z } from 'zod';
import type { ConsensusHost, ConsensusRules } from '../../chain/consensus/consensus.ts';
import { encodePosMessage } from '../../chain/consensus/pos/messages.ts';
import { readProposalSignBytes } from '../../chain/consensus/pos/proposal.ts';
import { readVoteSignBytes, VOTE } from '../../chain/consensus/pos/vote.ts';
import type { Block } from '../../chain/types/block.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import type { BlockHash, Signature } from '../../chain/types/units.ts';
import { defineBehaviour, type Seat, WINDOW } from './behaviour.ts';
import { withHandlers, withHost } from './engine-door.ts';
import { readPosMessage, ValidatorPen } from './validator-pen.ts';

/** Messages in place of the engine's that are remembered: only those of the current height are asked for. */
const REPLACED_MAX = 64;

export const amnesia = defineBehaviour({
  schema: z.strictObject({ kind: z.literal('amnesia'), ...WINDOW }).meta({
    description:
      'Once it has precommitted a block, prevotes and proposes others in later rounds without cause.',
  }),
  engines: ['pos'],
  create(seat, _line, { config }) {
    let memory: Forgetful | undefined;
    return {
      consensus: (honest) =>
        withHost(
          honest,
          (host) => {
            const own = new Forgetful(seat, config.consensus.rules, host);
            memory = own;
            return {
              sign: (what) => (seat.isActive() ? own.sign(what) : undefined) ?? host.sign(what),
              send: (to, body) => host.send(to, own.inPlaceOf(body)),
            };
          },
          (engine) =>
            withHandlers(engine, {
              onMessage(from, body) {
                memory?.hear(body);
                return engine.onMessage(from, body);
              },
              blockOf: (id) => memory?.blockOf(id) ?? engine.blockOf(id),
            }),
        ),
    };
  },
});

/** What it has signed in the newest height, and what it has heard there. */
class Forgetful {
  readonly #seat: Seat;
  readonly #host: ConsensusHost<unknown>;
  readonly #pen: ValidatorPen;
  #height = -1;
  #lock: { readonly round: number; readonly block: BlockHash } | undefined;
  /** The first block proposed in each round. */
  #proposed = new Map<number, BlockHash>();
  /** The newest block that it has proposed in place of a valid one. */
  #built: Block | undefined;
  /** Messages as they leave, by the signature that the engine has put under another one. */
  readonly #replaced = new Map<Signature, Uint8Array>();

  constructor(seat: Seat, rules: ConsensusRules<unknown>, host: ConsensusHost<unknown>) {
    this.#seat = seat;
    this.#host = host;
    this.#pen = new ValidatorPen(rules, host);
  }

  blockOf(id: BlockHash): Block | undefined {
    return this.#built !== undefined && blockId(this.#built.header) === id ? this.#built : undefined;
  }

  hear(body: Uint8Array): void {
    const message = readPosMessage(body);
    if (message?.kind !== 'proposal') return;
    const { height, round, block } = message.proposal;
    if (this.#moveTo(height) && !this.#proposed.has(round)) this.#proposed.set(round, block);
  }

  inPlaceOf(body: Uint8Array): Uint8Array {
    const message = readPosMessage(body);
    if (message?.kind === 'vote') return this.#replaced.get(message.vote.signature) ?? body;
    if (message?.kind === 'proposal') return this.#replaced.get(message.proposal.signature) ?? body;
    return body;
  }

  /** The signature of something else than was asked for; undefined: the engine may have its own. */
  sign({ tag, bytes }: Parameters<ConsensusHost<unknown>['sign']>[0]): Signature | undefined {
    if (tag === 'vote') return this.#vote(bytes);
    return tag === 'proposal' ? this.#propose(bytes) : undefined;
  }

  #vote(bytes: Uint8Array): Signature | undefined {
    const vote = readVoteSignBytes(bytes);
    if (vote === undefined || !this.#moveTo(vote.height)) return undefined;
    const { type, round, block } = vote;
    if (type === VOTE.precommit && block !== undefined) this.#lock = { round, block };
    const other = this.#proposed.get(round);
    if (type === VOTE.precommit || other === undefined || other === block) return undefined;
    if (this.#lock === undefined || this.#lock.round >= round || this.#lock.block === other) return undefined;
    const prevote = this.#pen.vote({ ...vote, block: other });
    if (prevote === undefined) return undefined;
    this.#seat.deviated();
    return this.#replace(prevote.signature, encodePosMessage({ kind: 'vote', vote: prevote }));
  }

  /** A new block in place of the one that it knows to be valid. */
  #propose(bytes: Uint8Array): Signature | undefined {
    const proposal = readProposalSignBytes(bytes);
    if (proposal === undefined || !this.#moveTo(proposal.height)) return undefined;
    const { height, round, validRound } = proposal;
    const isNew = validRound === undefined || this.#lock === undefined;
    const block = isNew ? undefined : this.#pen.build(round, this.#host.beneficiary);
    if (block === undefined) return undefined;
    const id = blockId(block.header);
    const body = this.#pen.proposal({ height, round, validRound: undefined, block: id }, block);
    const message = body === undefined ? undefined : readPosMessage(body);
    if (body === undefined || message?.kind !== 'proposal') return undefined;
    this.#seat.deviated();
    this.#proposed.set(round, id);
    this.#built = block;
    return this.#replace(message.proposal.signature, body);
  }

  #replace(signature: Signature, body: Uint8Array): Signature {
    const [oldest] = this.#replaced.keys();
    if (oldest !== undefined && this.#replaced.size >= REPLACED_MAX) this.#replaced.delete(oldest);
    this.#replaced.set(signature, body);
    return signature;
  }

  /** True when it is the newest height. */
  #moveTo(height: number): boolean {
    if (height < this.#height) return false;
    if (height > this.#height) {
      this.#height = height;
      this.#lock = undefined;
      this.#proposed = new Map();
    }
    return true;
  }
}
