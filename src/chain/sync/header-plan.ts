/** Headers that can only be judged when their parents are executed: in order, from one peer, who answers for them. */
import type { MissingBlock } from '../ledger/ledger.ts';
import type { Header } from '../types/block.ts';
import type { BlockHash, PeerId } from '../types/units.ts';

/** Answers of headers that a plan holds: one whose bodies are fetched, and one that comes meanwhile. */
const ANSWERS_MAX = 2;

export class HeaderPlan {
  readonly #answerMax: number;
  #blocks: MissingBlock[] = [];
  readonly #ids = new Set<BlockHash>();
  #source: PeerId | undefined;

  /** @param answerMax headers of one answer. */
  constructor(answerMax: number) {
    this.#answerMax = answerMax;
  }

  /** Who gave it, or extended it last; undefined: there is none. */
  get source(): PeerId | undefined {
    return this.#source;
  }

  get last(): BlockHash | undefined {
    return this.#blocks.at(-1)?.id;
  }

  /** Another answer finds room. */
  get isOpen(): boolean {
    return this.#blocks.length <= (ANSWERS_MAX - 1) * this.#answerMax;
  }

  has(id: BlockHash): boolean {
    return this.#ids.has(id);
  }

  /** The lowest blocks. */
  first(count: number): readonly MissingBlock[] {
    return this.#blocks.slice(0, count);
  }

  /** False when it is full. A header on an earlier one, or on none, takes the place of what followed there. */
  add(source: PeerId, id: BlockHash, { parent, height }: Header): boolean {
    if (this.#blocks.length > 0 && this.last !== parent) this.#cutAfter(parent);
    if (this.#blocks.length >= ANSWERS_MAX * this.#answerMax) return false;
    this.#source = source;
    this.#blocks.push({ id, height });
    this.#ids.add(id);
    return true;
  }

  /** Forgets what is executed. */
  prune(isExecuted: (id: BlockHash) => boolean): void {
    let done = 0;
    for (const { id } of this.#blocks) {
      if (!isExecuted(id)) break;
      this.#ids.delete(id);
      done++;
    }
    if (done === this.#blocks.length) this.clear();
    else if (done > 0) this.#blocks = this.#blocks.slice(done);
  }

  clear(): void {
    this.#blocks = [];
    this.#ids.clear();
    this.#source = undefined;
  }

  #cutAfter(parent: BlockHash): void {
    const cut = this.#blocks.splice(this.#blocks.findIndex(({ id }) => id === parent) + 1);
    for (const { id } of cut) this.#ids.delete(id);
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [{ name: 'sync.plan', size: this.#blocks.length, max: ANSWERS_MAX * this.#answerMax }];
  }
}
