/** Which seeds of a sweep are run in another way than the rest, and what that finds. */

/** One seed in so many runs with nothing shared between its hosts. */
const ISOLATED_EVERY = 16;
/** One in so many, others than those, runs twice: shared, then again with nothing shared. */
const TWICE_EVERY = 64;
/** One in so many runs once more without one kind of its faults: about 5 % of the sweep's time. */
const EFFECT_EVERY = 20;

/** How a seed is run. */
export interface Probes {
  readonly mode: 'shared' | 'isolated' | 'twice';
  /** Whether the effect of one kind of its faults is measured. */
  readonly measuresEffect: boolean;
  /** Which of the kinds: a number, of which the remainder counts. */
  readonly turn: number;
}

/** What probing a seed found. */
export interface Findings {
  /** Features of the run; see `cluster/behaviours.ts`. */
  readonly behaviours: readonly string[];
  /** Whether the hosts told anything else without this kind of fault; absent: it was not measured. */
  readonly effect?: { readonly kind: string; readonly differs: boolean };
}

/** A function of the seed alone: a sweep that is resumed asks the same. */
export function probesOf(seed: number): Probes {
  const mode = seed % ISOLATED_EVERY === 0 ? 'isolated' : seed % TWICE_EVERY === 1 ? 'twice' : 'shared';
  return { mode, measuresEffect: seed % EFFECT_EVERY === 3, turn: Math.floor(seed / EFFECT_EVERY) };
}
