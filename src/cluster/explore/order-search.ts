/**
 * Exhaustive search: every order of deliveries up to commutation, by running the cluster from its start again and again.
 *
 * Two deliveries commute when they go to different hosts and neither moves time: the handler of one reads and writes its own
 * host alone; what it sends joins the end of its own connections; a message under way stays under way whatever else
 * arrives; and clocks are read in ms, while the order of two such deliveries differs by µs. A step that moves time commutes
 * with nothing.
 *
 * Dynamic partial order reduction by source sets, with sleep sets (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014; Flanagan and
 * Godefroid, POPL 2005): after each run its races say where another step must be tried, and a step that was tried sleeps until something
 * comes that it does not commute with. Where all steps sleep, an equal order was run before, and the run is given up. As soon as
 * a step moves time, everything is tried, and sleep sets alone reduce.
 */
import { assert } from '../../env/assert.ts';
import { NO_MORE_CHOICES } from '../../sim/chosen-order.ts';
import type { Step } from '../../sim/chosen-steps.ts';
import { type Delivered, reversalsOf } from './races.ts';
import { keyOf, type Strategy } from './strategy.ts';

/** Steps of one run: past it the search is too deep to end. */
const SEARCH_DEPTH_MAX = 10_000;

/** A step that can come; `delivered` as it would be, undefined: it moves time, and commutes with nothing. */
interface Move {
  readonly key: string;
  readonly delivered: Delivered | undefined;
}

interface Frame {
  readonly moves: readonly Move[];
  /** To be tried here. */
  readonly wanted: Set<string>;
  /** Tried before, here or on the way here, in an order that commutes with whatever follows. */
  readonly sleeping: Map<string, Move>;
  current: number;
}

/** How far a search has come. */
export interface SearchCounts {
  /** Orders that were run to their end. */
  readonly schedules: number;
  /** Runs that were given up, since an order that commutes with theirs was run before. */
  readonly pruned: number;
  /** Steps of the longest order. */
  readonly deepest: number;
  /** Orders that were cut off at the limit of steps: with any, the search is not exhaustive. */
  readonly cut: number;
}

export interface SearchOptions {
  /** False: every order, commuting or not, for comparison. */
  readonly isReducing: boolean;
  /** Chosen steps of one run; default SEARCH_DEPTH_MAX, and at most that. */
  readonly stepsMax?: number;
  /** Called between two events where a run comes to a place of the search for the first time. */
  readonly onState?: (steps: readonly Step[]) => void;
}

/** Depth first; a run at a time: `choose` within it, `advance` after it. */
export class OrderSearch implements Strategy {
  readonly #options: SearchOptions;
  readonly #stepsMax: number;
  readonly #frames: Frame[] = [];
  #movesTime = false;
  #depth = 0;
  #isBlocked = false;
  #isCut = false;
  #schedules = 0;
  #pruned = 0;
  #deepest = 0;
  #cut = 0;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#stepsMax = Math.min(options.stepsMax ?? SEARCH_DEPTH_MAX, SEARCH_DEPTH_MAX);
  }

  get counts(): SearchCounts {
    return { schedules: this.#schedules, pruned: this.#pruned, deepest: this.#deepest, cut: this.#cut };
  }

  /** True when the run need not go on: an equal one was run before. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  choose(steps: readonly Step[], nowUs: number): number {
    if (this.#isBlocked || this.#isCut) return NO_MORE_CHOICES;
    const known = this.#frames[this.#depth];
    if (known !== undefined) {
      this.#depth++;
      const { moves } = known;
      const isSame = moves.length === steps.length && steps.every((step, i) => keyOf(step) === moves[i]?.key);
      assert(isSame, 'the same choices lead to the same place');
      return known.current;
    }
    this.#isCut = this.#depth >= this.#stepsMax;
    return this.#isCut ? NO_MORE_CHOICES : this.#open(steps, nowUs);
  }

  /** After a run: turns to the next order. False: there is none left. */
  advance(): boolean {
    if (this.#isBlocked) this.#pruned++;
    else this.#schedules++;
    if (this.#isCut) this.#cut++;
    this.#isBlocked = false;
    this.#isCut = false;
    this.#depth = 0;
    this.#reverse();
    for (let top = this.#frames.at(-1); top !== undefined; top = this.#frames.at(-1)) {
      const tried = top.moves[top.current];
      if (tried !== undefined) top.sleeping.set(tried.key, tried);
      const { sleeping, wanted } = top;
      top.current = top.moves.findIndex(({ key }) => wanted.has(key) && !sleeping.has(key));
      if (top.current >= 0) return true;
      this.#frames.pop();
    }
    return false;
  }

  /** A place that no run has come to. */
  #open(steps: readonly Step[], nowUs: number): number {
    this.#options.onState?.(steps);
    const moves = steps.map((step): Move => ({ key: keyOf(step), delivered: deliveredOf(step, nowUs) }));
    const sleeping = this.#inherited();
    const current = moves.findIndex(({ key }) => !sleeping.has(key));
    const first = moves[current];
    if (first === undefined) {
      this.#isBlocked = true;
      return NO_MORE_CHOICES;
    }
    this.#movesTime ||= moves.some(({ delivered }) => delivered === undefined);
    this.#frames.push({ moves, sleeping, wanted: new Set([first.key]), current });
    this.#depth++;
    this.#deepest = Math.max(this.#deepest, this.#depth);
    return current;
  }

  /** What slept where the last step was chosen, and commutes with it. */
  #inherited(): Map<string, Move> {
    const sleeping = new Map<string, Move>();
    const before = this.#frames.at(-1);
    const chosen = before?.moves[before.current];
    if (before === undefined || chosen === undefined || !this.#options.isReducing) return sleeping;
    for (const [key, move] of before.sleeping) if (commutes(move, chosen)) sleeping.set(key, move);
    return sleeping;
  }

  /** Says where else the order that was run could have gone another way. */
  #reverse(): void {
    if (!this.#options.isReducing || this.#movesTime) {
      for (const { moves, wanted } of this.#frames) for (const { key } of moves) wanted.add(key);
      return;
    }
    const order = this.#frames.flatMap(({ moves, current }) => moves[current]?.delivered ?? []);
    for (const { at, initials } of reversalsOf(order)) {
      const frame = this.#frames[at];
      const initial = initials[0];
      if (frame === undefined || initial === undefined) continue;
      if (!initials.some((key) => frame.wanted.has(key))) frame.wanted.add(initial);
    }
  }
}

function deliveredOf(step: Step, nowUs: number): Delivered | undefined {
  if (step.kind !== 'delivery' || step.atUs > nowUs + 1) return undefined;
  const { from, to, leftUs, atUs } = step;
  return { key: keyOf(step), from, to, leftUs, atUs };
}

function commutes({ delivered: a }: Move, { delivered: b }: Move): boolean {
  return a !== undefined && b !== undefined && a.to !== b.to;
}
