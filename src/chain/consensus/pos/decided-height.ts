/** The height of the head, which was decided: what is still said of it completes its last commit, or accuses who signs twice. */
import type { Block } from '../../types/block.ts';
import type { PeerId } from '../../types/units.ts';
import type { ConsensusHost } from '../consensus.ts';
import { lastCommitOf } from './commit-check.ts';
import type { HeightDriver } from './driver.ts';
import { duplicateProposal, duplicateVote, type PosEvidence } from './evidence.ts';
import { FAULT_PENALTY } from './height-process.ts';
import type { LastCommit } from './last-commit.ts';
import { signedItemOf } from './messages.ts';
import type { Proposal } from './proposal.ts';
import { proposerOf } from './proposer-priority.ts';
import { placeOf } from './validator-set.ts';
import type { PosView } from './view.ts';
import { VOTE, type Vote } from './vote.ts';

/** What is known of the height. */
export interface Decided {
  /** Of the head. */
  readonly view: PosView;
  /** Its votes and proposals; undefined: the head came without them. */
  readonly driver: HeightDriver | undefined;
  /** What the next block says of it. */
  readonly lastCommit: LastCommit | undefined;
}

export class DecidedHeight {
  readonly #host: ConsensusHost<PosView>;
  readonly #decided: Decided;
  readonly #accuse: (evidence: PosEvidence) => void;

  constructor(host: ConsensusHost<PosView>, decided: Decided, accuse: (evidence: PosEvidence) => void) {
    this.#host = host;
    this.#decided = decided;
    this.#accuse = accuse;
  }

  /** A precommit: one more in the last commit, or a second one of who signed it. */
  onVote(from: PeerId, vote: Vote): void {
    const { view, driver, lastCommit } = this.#decided;
    const place = view.last === undefined ? undefined : placeOf(view.last, vote.validator);
    if (place === undefined || vote.type !== VOTE.precommit) return;
    const isWanted = (): boolean => lastCommit?.wants(vote, place) === true;
    if (!isWanted() && driver?.keeper.wants(vote, place) !== true) return;
    this.#check(from, vote, () => {
      if (isWanted()) lastCommit?.add(vote, place);
      const outcome = driver?.addVote(vote);
      if (outcome?.kind === 'conflict') this.#tell(duplicateVote(outcome.first, vote));
    });
  }

  /** A proposal: of interest is only a second one of a round. */
  onProposal(from: PeerId, proposal: Proposal): void {
    const { driver } = this.#decided;
    if (driver?.proposal(proposal.round) === undefined || !driver.wantsProposal(proposal)) return;
    if (proposerOf(driver.set, proposal.round).key !== proposal.proposer) return;
    this.#check(from, proposal, () => {
      const outcome = driver.addProposal(proposal);
      if (outcome.kind === 'conflict') this.#tell(duplicateProposal(outcome.first, proposal));
    });
  }

  /** The last commit of the next block shows precommits that did not come here: who has sent another one here is accused. */
  compare({ system }: Block): void {
    const commit = lastCommitOf(system);
    const { keeper } = this.#decided.driver ?? {};
    if (commit === undefined || keeper === undefined) return;
    const { height, round, block } = commit;
    for (const other of keeper.values('precommit', round)) {
      if (other.block === block) continue;
      for (const { validator: place, timestampMs, signature } of commit.votes) {
        const known = other.votes[place];
        if (known === undefined) continue;
        const { type, validator } = known;
        this.#tell(duplicateVote(known, { type, height, round, block, timestampMs, validator, signature }));
      }
    }
  }

  #check(from: PeerId, message: Vote | Proposal, then: () => void): void {
    this.#host.verify([signedItemOf(this.#decided.view.chain, message)], ([isValid]) => {
      if (isValid === true) then();
      else this.#host.fault(from, 'wrong signature', FAULT_PENALTY);
    });
  }

  #tell(evidence: PosEvidence | undefined): void {
    if (evidence !== undefined) this.#accuse(evidence);
  }
}
