/** One node of a TestCluster: what a test sees of it and does to it. */

import type { Answer, ChainWorld, Command, NodeSnapshot } from '../chain/types/command.ts';
import type { BlockHash } from '../chain/types/units.ts';
import { assert } from '../env/assert.ts';
import type { Simulator } from '../sim/simulator.ts';
import type { Observation } from './observation.ts';

export class TestNode {
  readonly index: number;
  readonly name: string;
  readonly #simulator: Simulator<ChainWorld>;
  readonly #observation: Observation;
  readonly #taints: (number | undefined)[];

  /** @param taints of all hosts, as ChainSetup has them: an emptied disk is noted there. */
  constructor(
    index: number,
    name: string,
    simulator: Simulator<ChainWorld>,
    observation: Observation,
    taints: (number | undefined)[],
  ) {
    this.index = index;
    this.name = name;
    this.#simulator = simulator;
    this.#observation = observation;
    this.#taints = taints;
  }

  get isUp(): boolean {
    return this.#simulator.isUp(this.index);
  }

  /** Up, and not stopped by itself. */
  get isLive(): boolean {
    return this.isUp && this.#observation.halted[this.index] !== true;
  }

  /** As of its last event; genesis before the first. */
  get head(): { readonly id: BlockHash; readonly height: number } {
    const head = this.#observation.heads[this.index];
    assert(head !== undefined, 'every host has a head');
    return head;
  }

  get height(): number {
    return this.head.height;
  }

  /** Undefined when it is down. */
  inspect(): NodeSnapshot | undefined {
    return this.#simulator.inspect(this.index);
  }

  /** A local request, answered in simulated time. False when the node is down. */
  command(command: Command, onAnswer: (answer: Answer) => void = () => {}): boolean {
    return this.#simulator.command(this.index, command, onAnswer);
  }

  /** Ends its boot now. */
  crash(how: 'kill' | 'power', downUs: number | 'forever', disk: 'keep' | 'empty' = 'keep'): void {
    const atUs = this.#simulator.nowUs();
    if (disk === 'empty') this.#taints[this.index] = Math.min(this.#taints[this.index] ?? atUs, atUs);
    const id = `test-crash/${this.name}/${this.#simulator.bootOf(this.index)}`;
    this.#simulator.inject({ id, atUs, kind: 'crash', hosts: [this.index], how, downUs, disk });
  }

  /** Starts it when it is down. */
  start(): boolean {
    return this.#simulator.start(this.index);
  }
}
