/** Processes of one height in memory: drivers without hosts, a network that delays, reorders, drops and repeats, and validators that say what they like. */
import type { DriverOutput } from '../../src/chain/consensus/pos/driver.ts';
import { HeightDriver } from '../../src/chain/consensus/pos/driver.ts';
import type { Proposal } from '../../src/chain/consensus/pos/proposal.ts';
import { createValidatorSet, proposerOf } from '../../src/chain/consensus/pos/proposer-priority.ts';
import type { RoundBlock, TimedStep } from '../../src/chain/consensus/pos/round-state.ts';
import { NO_SIGNATURE } from '../../src/chain/consensus/pos/test-chain.ts';
import type { ValidatorSet } from '../../src/chain/consensus/pos/validator-set.ts';
import { VOTE, type Vote, type VoteType } from '../../src/chain/consensus/pos/vote.ts';
import { testRandom } from '../../src/chain/consensus/test-host.ts';
import { testKey } from '../../src/chain/execution/test-chain.ts';
import { amount, type BlockHash, blockHash, height, type PublicKey } from '../../src/chain/types/units.ts';
import type { Random } from '../../src/env/random.ts';
import { unixMs } from '../../src/env/units.ts';

/** Rounds that a run may need after the last fault: each correct validator proposes within as many as there are. */
const QUIET_ROUNDS_MAX = 60;

type Wire =
  | { readonly kind: 'proposal'; readonly proposal: Proposal }
  | { readonly kind: 'vote'; readonly vote: Vote };

interface Machine {
  readonly key: PublicKey;
  readonly driver: HeightDriver;
  readonly timers: { readonly step: TimedStep; readonly round: number }[];
  decided: RoundBlock | undefined;
}

/** What a schedule is drawn from. */
export interface MachinesPlan {
  readonly powers: readonly number[];
  /** Indexes of those that say what they like; their power is less than 1/3. */
  readonly faulty: readonly number[];
  readonly seed: number;
  /** Steps before the network is quiet. */
  readonly steps: number;
  /** Of 100 messages so many are lost, until the network is quiet. */
  readonly lossPercent: number;
}

/** One height from its start to the decision of all. */
export class Machines {
  readonly set: ValidatorSet;
  readonly machines: readonly Machine[];
  readonly #random: Random;
  readonly #faulty: ReadonlySet<PublicKey>;
  readonly #plan: MachinesPlan;
  /** Everything that somebody correct has sent or received. */
  readonly #log = new Set<Wire>();
  readonly #mail: { readonly to: Machine; readonly wire: Wire }[] = [];
  readonly #invalid = new Set<BlockHash>();
  readonly #known: BlockHash[] = [];
  #blocks = 0;

  constructor(plan: MachinesPlan) {
    this.#plan = plan;
    this.#random = testRandom(plan.seed);
    const members = plan.powers.map((power, index) => ({
      key: testKey(index),
      power: amount(BigInt(power)),
    }));
    this.set = createValidatorSet(members);
    this.#faulty = new Set(plan.faulty.map(testKey));
    this.machines = members
      .filter(({ key }) => !this.#faulty.has(key))
      .map(({ key }) => ({ key, driver: new HeightDriver(this.set, key), timers: [], decided: undefined }));
  }

  /** Blocks that were decided: none twice. */
  decisions(): readonly BlockHash[] {
    return [
      ...new Set(this.machines.flatMap(({ decided }) => (decided === undefined ? [] : [decided.block]))),
    ];
  }

  /** True when this block may not be decided. */
  isInvalid(block: BlockHash): boolean {
    return this.#invalid.has(block);
  }

  /** Anything may happen: messages in any order, some lost, some twice, time-outs whenever. */
  storm(): void {
    for (const machine of this.machines) {
      if (this.#random.below(4) > 0) this.#act(machine, machine.driver.start());
    }
    for (let step = 0; step < this.#plan.steps; step++) {
      const what = this.#random.below(20);
      if (what === 0) this.#fireSome();
      else if (what === 1) this.#lie();
      else if (what === 2) this.#repeat();
      else this.#deliver(true);
    }
  }

  /** What one correct process holds reaches all; time-outs fire when nothing is under way. @returns rounds that it took. */
  calm(): number {
    for (const machine of this.machines) this.#act(machine, machine.driver.start());
    const from = Math.max(...this.machines.map(({ driver }) => driver.state.round));
    for (let turn = 0; turn < 6 * QUIET_ROUNDS_MAX; turn++) {
      this.#spread();
      if (this.machines.every(({ decided }) => decided !== undefined)) break;
      if (this.#random.below(4) === 0) this.#lie();
      this.#fireFirst();
    }
    return Math.max(...this.machines.map(({ driver }) => driver.state.round)) - from;
  }

  #spread(): void {
    for (let size = -1; size !== this.#log.size || this.#mail.length > 0; ) {
      size = this.#log.size;
      while (this.#mail.length > 0) this.#deliver(false);
      for (const { driver } of this.machines)
        for (const { key, driver: other } of this.machines) driver.keeper.show(key, shownBy(other));
      for (const wire of this.#log) for (const machine of this.machines) this.#receive(machine, wire);
    }
  }

  #act(machine: Machine, outputs: readonly DriverOutput[]): void {
    for (const output of outputs) {
      if (output.kind === 'schedule') machine.timers.push(output);
      else if (output.kind === 'decide') machine.decided = { round: output.round, block: output.block };
      else if (output.kind === 'vote')
        this.#say({ kind: 'vote', vote: this.#vote(machine.key, output.type, output.round, output.block) });
      else this.#propose(machine, output.round, output.valid);
    }
  }

  #propose({ key }: Machine, round: number, valid: RoundBlock | undefined): void {
    const block = valid?.block ?? this.#newBlock(true);
    this.#say({ kind: 'proposal', proposal: this.#proposal(key, round, block, valid?.round) });
  }

  #newBlock(isValid: boolean): BlockHash {
    const block = blockHash((++this.#blocks).toString(16).padStart(64, '0'));
    if (!isValid) this.#invalid.add(block);
    this.#known.push(block);
    return block;
  }

  #say(wire: Wire): void {
    this.#log.add(wire);
    for (const to of this.machines) this.#mail.push({ to, wire });
  }

  #deliver(mayLose: boolean): void {
    const at = this.#random.below(Math.max(1, this.#mail.length));
    const letter = this.#mail[at];
    const last = this.#mail.pop();
    if (letter === undefined || last === undefined) return;
    if (letter !== last) this.#mail[at] = last;
    if (mayLose && this.#random.below(100) < this.#plan.lossPercent) return;
    this.#receive(letter.to, letter.wire);
  }

  #receive(machine: Machine, wire: Wire): void {
    const { driver } = machine;
    this.#log.add(wire);
    if (wire.kind === 'vote') driver.addVote(wire.vote);
    else driver.addProposal(wire.proposal);
    for (const block of driver.missing()) driver.judge(block, !this.#invalid.has(block), unixMs(0));
    this.#act(machine, driver.advance());
  }

  #repeat(): void {
    const wires = [...this.#log];
    const wire = wires[this.#random.below(Math.max(1, wires.length))];
    if (wire !== undefined) this.#say(wire);
  }

  #fireSome(): void {
    const machine = this.machines[this.#random.below(this.machines.length)];
    if (machine === undefined) return;
    if (machine.driver.state.step === 'waiting') return this.#act(machine, machine.driver.start());
    const [timer] = machine.timers.splice(this.#random.below(Math.max(1, machine.timers.length)), 1);
    if (timer !== undefined) this.#act(machine, machine.driver.onTimeout(timer.step, timer.round));
  }

  /** The time-outs of the lowest round that one waits in, as where they grow with the round. */
  #fireFirst(): void {
    const rounds = this.machines.flatMap(({ timers }) => timers.map(({ round }) => round));
    const lowest = Math.min(...rounds);
    for (const machine of this.machines) {
      const due = machine.timers.filter(({ round }) => round === lowest);
      const left = machine.timers.filter(({ round }) => round !== lowest);
      machine.timers.splice(0, machine.timers.length, ...left);
      for (const { step, round } of due) this.#act(machine, machine.driver.onTimeout(step, round));
    }
  }

  /** Each of the faulty proposes and votes this and that, to some. */
  #lie(): void {
    const round =
      Math.max(0, ...this.machines.map(({ driver }) => driver.state.round)) + this.#random.below(2);
    for (const key of this.#faulty) {
      if (proposerOf(this.set, round).key === key) {
        const validRound = this.#random.below(2) === 0 || round === 0 ? undefined : this.#random.below(round);
        const block = this.#someBlock() ?? this.#newBlock(this.#random.below(3) > 0);
        this.#whisper({ kind: 'proposal', proposal: this.#proposal(key, round, block, validRound) });
      }
      for (const type of ['prevote', 'precommit'] as const) {
        const of = Math.max(0, round - this.#random.below(3));
        this.#whisper({ kind: 'vote', vote: this.#vote(key, type, of, this.#someBlock()) });
      }
    }
  }

  #someBlock(): BlockHash | undefined {
    return this.#known[this.#random.below(this.#known.length + 1)];
  }

  #whisper(wire: Wire): void {
    for (const to of this.machines) if (this.#random.below(2) === 0) this.#mail.push({ to, wire });
  }

  #vote(key: PublicKey, type: VoteType, round: number, block: BlockHash | undefined): Vote {
    return {
      type: VOTE[type],
      height: height(1),
      round,
      block,
      timestampMs: unixMs(1),
      validator: key,
      signature: NO_SIGNATURE,
    };
  }

  #proposal(key: PublicKey, round: number, block: BlockHash, validRound: number | undefined): Proposal {
    return { height: height(1), round, validRound, block, proposer: key, signature: NO_SIGNATURE };
  }
}

/** Blocks with a polka or a commit, as a status shows them. */
function shownBy({ keeper, state }: HeightDriver): readonly BlockHash[] {
  return [keeper.commit?.block, state.valid?.block, keeper.polka(state.round)].filter(
    (block) => block !== undefined,
  );
}
