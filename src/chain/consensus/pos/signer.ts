/** Signer of one height: what the driver asks to be said is signed, recorded, and said when the record is durable. */
import { bytesToHex } from '../../../env/bytes.ts';
import { type UnixMs, unixMs } from '../../../env/units.ts';
import type { Block } from '../../types/block.ts';
import { blockId } from '../../types/header-codec.ts';
import { type BlockHash, type Height, height, type PublicKey } from '../../types/units.ts';
import type { Candidate, ConsensusHost } from '../consensus.ts';
import { bftTime } from './bft-time.ts';
import { encodeCommit } from './commit.ts';
import type { HeightDriver } from './driver.ts';
import type { Gossip } from './gossip.ts';
import type { LastCommit } from './last-commit.ts';
import { proposalBytes, voteBytes } from './messages.ts';
import type { Polka, PromiseRecord, Promises } from './promises.ts';
import { proposalSignBytes } from './proposal.ts';
import { encodeRoundField } from './round.ts';
import type { RoundBlock } from './round-state.ts';
import { placeOf } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';
import type { PosView } from './view.ts';
import { VOTE, type Vote, type VoteType, voteSignBytes } from './vote.ts';

/** What signers of all heights share. */
export interface SharedBySigners {
  readonly host: ConsensusHost<PosView>;
  readonly promises: Promises;
  readonly gossip: Gossip;
  /** True: the key may sign in this height. */
  readonly maySign: (at: Height) => boolean;
  /** Encoded evidence for a block on this view. */
  readonly evidenceFor: (view: PosView) => readonly string[];
}

/** What is signed on. */
export interface SignerContext extends SharedBySigners {
  readonly head: Candidate;
  /** Of the head. */
  readonly view: PosView;
  readonly lastCommit: LastCommit | undefined;
}

export interface SignerPorts {
  bodyOf(id: BlockHash): Block | undefined;
  onBuilt(id: BlockHash, block: Block): void;
  /** Something was said, and counts here too. */
  onSaid(): void;
}

/** A vote that was due before the key might sign. */
interface KeptVote {
  readonly type: VoteType;
  readonly round: number;
  readonly block: BlockHash | undefined;
}

export class Signer {
  readonly #context: SignerContext;
  readonly #driver: HeightDriver;
  readonly #ports: SignerPorts;
  readonly #height: Height;
  /** Undefined: not in the set, so that nothing is signed. */
  readonly #key: PublicKey | undefined;
  #recordedValid: RoundBlock | undefined;
  /** Of one round, at most one of each type. */
  #kept: KeptVote[] = [];

  constructor(context: SignerContext, driver: HeightDriver, ports: SignerPorts) {
    this.#context = context;
    this.#driver = driver;
    this.#ports = ports;
    this.#height = height(context.head.header.height + 1);
    const { identity } = context.host;
    const isMember = identity !== undefined && placeOf(driver.set, identity) !== undefined;
    this.#key = isMember ? identity : undefined;
    this.#recordedValid = driver.state.valid;
  }

  /** Lines 14 to 19. False: nothing will be proposed. */
  propose(round: number, valid: RoundBlock | undefined): boolean {
    const { promises, maySign, host, view } = this.#context;
    if (promises.find(round, 'proposal') !== undefined) {
      const record = promises.recorded(round, 'proposal');
      if (record !== undefined) this.#say(record);
      return record !== undefined;
    }
    const proposer = this.#key;
    if (proposer === undefined || !maySign(this.#height)) return false;
    const block = valid === undefined ? this.#build(round, proposer) : this.#ports.bodyOf(valid.block);
    if (block === undefined) return false;
    const content = {
      height: this.#height,
      round,
      validRound: valid?.round,
      block: blockId(block.header),
    };
    const bytes = proposalSignBytes(view.chain, content);
    const proposal = { ...content, proposer, signature: host.sign({ tag: 'proposal', bytes }) };
    // What is recorded are the bytes that leave: with the block, when it is small.
    const body = proposalBytes(proposal, block);
    const message = { kind: 'proposal', proposal, block: undefined } as const;
    promises.promise(message, body, { block }, (record) => this.#say(record));
    return true;
  }

  /** getValue(), line 18. */
  #build(round: number, proposer: PublicKey): Block | undefined {
    const { head, view, lastCommit, host } = this.#context;
    const commit = lastCommit?.commit();
    if ((commit === undefined) !== (view.last === undefined)) return undefined;
    const timestampMs =
      commit === undefined || view.last === undefined ? view.timestampMs : bftTime(commit, view.last);
    const block = host.build({
      parent: head.id,
      timestampMs,
      beneficiary: host.beneficiary,
      consensus: encodeRoundField({
        round,
        proposer,
        validatorsHash: validatorsHash(view.current),
        nextValidatorsHash: validatorsHash(view.next),
      }),
      system: {
        evidence: this.#context.evidenceFor(view),
        lastCommit: commit === undefined ? '' : bytesToHex(encodeCommit(commit)),
      },
    });
    if (block !== undefined) this.#ports.onBuilt(blockId(block.header), block);
    return block;
  }

  /** Lines 24 to 63, wherever something is voted. The same again is said again; anything else where a vote is recorded, never. */
  vote(type: VoteType, round: number, block: BlockHash | undefined): void {
    const { promises, maySign, host, view } = this.#context;
    const known = promises.find(round, type);
    if (known !== undefined) {
      const record = promises.recorded(round, type);
      if (record?.message.kind === 'vote' && record.message.vote.block === block) this.#say(record);
      return;
    }
    const validator = this.#key;
    if (validator === undefined) return;
    if (!maySign(this.#height)) {
      this.#keepBack({ type, round, block });
      return;
    }
    const body = block === undefined ? undefined : this.#ports.bodyOf(block);
    // A lock whose block a crash could lose is no lock.
    if (block !== undefined && body === undefined) return;
    const timestampMs = this.#voteTime(body);
    const content = { type: VOTE[type], height: this.#height, round, block, timestampMs };
    const bytes = voteSignBytes(view.chain, content);
    const vote = { ...content, validator, signature: host.sign({ tag: 'vote', bytes }) };
    const proof = type === 'precommit' && body !== undefined ? this.#proofOf(round, body) : {};
    promises.promise({ kind: 'vote', vote }, voteBytes(vote), proof, (record) => this.#say(record));
  }

  #keepBack(vote: KeptVote): void {
    if (this.#kept.some(({ round }) => round !== vote.round)) this.#kept = [];
    if (this.#kept.every(({ type }) => type !== vote.type)) this.#kept.push(vote);
  }

  /** Signing may begin: what would have been voted in the newest round is, for the others may wait for it. */
  voteKept(): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const { type, round, block } of kept) this.vote(type, round, block);
  }

  /** What a precommit stands on: it must outlive any crash together with it. Lines 38 and 39. */
  #proofOf(round: number, body: Block): { readonly block: Block; readonly polka: Polka } {
    const block = blockId(body.header);
    const { valid } = this.#driver.state;
    if (valid?.round === round && valid.block === block) this.#recordedValid = valid;
    return { block: body, polka: this.#polkaOf({ round, block }) };
  }

  #polkaOf({ round, block }: RoundBlock): Polka {
    return { round, block, votes: present(this.#driver.keeper.votes('prevote', round, block)) };
  }

  /** Later than the block: BFT time only grows. */
  #voteTime(block: Block | undefined): UnixMs {
    const { head, host } = this.#context;
    const { timestampMs } = block?.header ?? head.header;
    return unixMs(Math.max(host.clock.wallMs(), timestampMs + 1));
  }

  /** Lines 42 and 43: what became valid without a precommit is recorded too, for a later proposal. Harmless when it is. */
  keepValid(valid: RoundBlock): void {
    if (valid === this.#recordedValid || this.#key === undefined) return;
    this.#recordedValid = valid;
    const body = this.#ports.bodyOf(valid.block);
    if (body !== undefined) this.#context.promises.keepValid(this.#polkaOf(valid), body);
  }

  /** Sends what is durable, and counts it here. */
  #say({ message, bytes }: PromiseRecord): void {
    this.#context.gossip.broadcast(bytes);
    if (message.kind === 'vote') this.#driver.addVote(message.vote);
    else this.#driver.addProposal(message.proposal);
    this.#ports.onSaid();
  }

  /** At the start of a boot: what was signed in this height before. */
  sayAgain(): void {
    for (const record of this.#context.promises.durable()) this.#say(record);
  }
}

function present(votes: readonly (Vote | undefined)[]): readonly Vote[] {
  return votes.filter((vote) => vote !== undefined);
}
