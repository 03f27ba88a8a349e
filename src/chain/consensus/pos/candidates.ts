/** Bodies of one height's blocks that are not decided: kept while they may be needed, executed once, fetched until they come. */
import type { Block } from '../../types/block.ts';
import type { BlockHash, PeerId } from '../../types/units.ts';

/** Bodies of up to 1 MiB: those of the proposal, the valid and the locked value, and a few of rounds that failed. */
export const BODIES_MAX = 8;

export interface CandidatePorts {
  fetch(id: BlockHash, from: PeerId): void;
  peers(): readonly PeerId[];
  /** Executes; `onJudged` of the owner follows as a later event. */
  validate(id: BlockHash, block: Block): void;
  /** False: nobody has signed for it in this height. */
  isWanted(id: BlockHash): boolean;
  /** True for the few that the next rule may ask for: fewer than BODIES_MAX. */
  isNeeded(id: BlockHash): boolean;
  onDropped(id: BlockHash): void;
}

interface Asked {
  tries: number;
}

export class Candidates {
  readonly #ports: CandidatePorts;
  readonly #bodies = new Map<BlockHash, Block>();
  readonly #asked = new Map<BlockHash, Asked>();

  constructor(ports: CandidatePorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#bodies.size;
  }

  get(id: BlockHash): Block | undefined {
    return this.#bodies.get(id);
  }

  /** A body that was executed here already, or was built here. */
  keep(id: BlockHash, block: Block): void {
    this.#bodies.set(id, block);
    if (this.#bodies.size <= BODIES_MAX) return;
    for (const old of this.#bodies.keys()) {
      if (old === id || this.#ports.isNeeded(old)) continue;
      this.#bodies.delete(old);
      this.#ports.onDropped(old);
      return;
    }
  }

  /** A body from outside, which its id was checked against. */
  onBody(id: BlockHash, block: Block): void {
    if (this.#bodies.has(id) || !this.#ports.isWanted(id)) return;
    this.#asked.delete(id);
    this.keep(id, block);
    this.#ports.validate(id, block);
  }

  /** Asks for what is missing and was not asked for; with `again` also for what did not come. @param first whom to ask first. */
  fetch(missing: readonly BlockHash[], first: PeerId | undefined, again: boolean): void {
    for (const id of missing) {
      if (this.#bodies.has(id)) continue;
      const asked = this.#asked.get(id);
      if (asked !== undefined && !again) continue;
      const peers = this.#ports.peers();
      const tries = asked?.tries ?? 0;
      const peer = tries === 0 && first !== undefined ? first : peers[tries % Math.max(1, peers.length)];
      if (peer === undefined) continue;
      this.#asked.set(id, { tries: tries + 1 });
      this.#ports.fetch(id, peer);
    }
  }
}
