/**
 * Cuts a failure down: leaves out whatever can be left out while the run still fails in the same way. Lists by ddmin (Zeller and
 * Hildebrandt, Simplifying and Isolating Failure-Inducing Input, IEEE TSE 28(2), 2002), again and again until nothing can go.
 */
import { formatDurationUs, parseDurationUs } from '../../cluster/scenario/duration.ts';
import { quietUsOf } from '../../cluster/scenario/quiet.ts';
import { type ScenarioFile, scenarioSchema } from '../../cluster/scenario/schema.ts';
import { findImpossible } from '../../cluster/scenario/sense.ts';
import type { MessageException } from '../../sim/network/ports.ts';
import { DIMENSIONS, type Dimension, drawsFates, trimmed } from './dimensions.ts';

/** Candidates that are simulated side by side, whatever the number of threads: which of them is taken must not depend on it. */
const BATCH = 4;
const US_PER_S = 1_000_000;

/** What came of a candidate. */
export interface Trial {
  readonly fingerprint: string | undefined;
  readonly failedUs: number;
  /** Messages that suffered by draw. */
  readonly messageFaults: readonly MessageException[];
}

export interface ShrinkOptions {
  /** Of the failure that is kept. */
  readonly fingerprint: string;
  readonly isLiveness: boolean;
  /** Runs at most. */
  readonly budget: number;
  /** Simulates the candidates, in their order; undefined: interrupted. */
  run(candidates: readonly ScenarioFile[]): Promise<readonly Trial[] | undefined>;
  /** A step was accepted, or another list is tried. */
  onProgress(progress: ShrinkProgress): void;
}

export interface ShrinkProgress {
  readonly runs: number;
  readonly trying: string;
  readonly file: ScenarioFile;
}

/** `isMinimal`: nothing more can be left out; else the budget or the user ended it. */
export interface Shrunk {
  readonly file: ScenarioFile;
  readonly runs: number;
  readonly isMinimal: boolean;
}

/** The budget is used up, or somebody interrupts. */
class Ended extends Error {
  readonly code = 'SHRINK_ENDED';
  override readonly name = 'Ended';
}

class Shrinker {
  readonly #options: ShrinkOptions;
  #file: ScenarioFile;
  #best: Trial;
  #runs = 0;
  #trying = '';
  /** Texts of candidates that do not fail so. */
  readonly #refused = new Set<string>();

  constructor(file: ScenarioFile, first: Trial, options: ShrinkOptions) {
    this.#file = file;
    this.#best = first;
    this.#options = options;
  }

  async shrink(): Promise<Shrunk> {
    try {
      for (let changed = true; changed; ) {
        changed = await this.#cutTime();
        if (await this.#stateMessages()) changed = true;
        for (const dimension of DIMENSIONS) if (await this.#reduce(dimension)) changed = true;
        if ((await this.#tryAny([trimmed(this.#file)])) >= 0) changed = true;
        while (await this.#roundTimes()) changed = true;
      }
      return { file: this.#file, runs: this.#runs, isMinimal: true };
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      return { file: this.#file, runs: this.#runs, isMinimal: false };
    }
  }

  /** Takes the first candidate that fails in the same way. */
  async #tryAny(candidates: readonly ScenarioFile[]): Promise<number> {
    const now = JSON.stringify(this.#file);
    for (let from = 0; from < candidates.length; from += BATCH) {
      const batch = candidates
        .slice(from, from + BATCH)
        .map((file, i) => ({ file, place: from + i, text: JSON.stringify(file) }))
        .filter(({ file, text }) => text !== now && !this.#refused.has(text) && canBe(file));
      if (batch.length === 0) continue;
      if (this.#runs + batch.length > this.#options.budget) throw new Ended();
      const trials = await this.#options.run(batch.map(({ file }) => file));
      if (trials === undefined) throw new Ended();
      this.#runs += batch.length;
      for (const [i, { file, place, text }] of batch.entries()) {
        const trial = trials[i];
        if (trial?.fingerprint === this.#options.fingerprint) {
          this.#file = file;
          this.#best = trial;
          this.#tell();
          return place;
        }
        this.#refused.add(text);
      }
      this.#tell();
    }
    return -1;
  }

  #tell(): void {
    this.#options.onProgress({ runs: this.#runs, trying: this.#trying, file: this.#file });
  }

  /** ddmin: ever smaller parts are left out, until no single one can be. */
  async #reduce(dimension: Dimension): Promise<boolean> {
    this.#trying = dimension.name;
    let changed = false;
    let size = dimension.size(this.#file);
    for (let pieces = 1; size > 0; ) {
      const length = Math.ceil(size / pieces);
      const base = this.#file;
      const candidates = Array.from({ length: Math.ceil(size / length) }, (_, piece) => {
        const kept = Array.from({ length: size }, (_, i) => i).filter(
          (i) => Math.floor(i / length) !== piece,
        );
        return dimension.keep(base, new Set(kept));
      });
      if ((await this.#tryAny(candidates)) >= 0) {
        changed = true;
        size = dimension.size(this.#file);
        pieces = Math.min(Math.max(1, pieces - 1), Math.max(1, size));
      } else if (length === 1) break;
      else pieces = Math.min(size, 2 * pieces);
    }
    return changed;
  }

  /**
   * What comes after the failure goes. Of a failure to agree the quiet end keeps its length, since every shorter one would be a
   * failure too: there the faults end earlier.
   */
  async #cutTime(): Promise<boolean> {
    this.#trying = 'time';
    let changed = false;
    for (;;) {
      const totalUs = parseDurationUs(this.#file.duration) ?? 0;
      const quietUs = quietUsOf(this.#file);
      // What is judged when the run has ended says nothing of when it went wrong.
      const isJudgedLate = this.#best.failedUs >= totalUs;
      const failedUs = isJudgedLate ? 0 : this.#best.failedUs;
      const leastUs = this.#options.isLiveness ? quietUs : Math.min(failedUs + US_PER_S, totalUs);
      const shares = [0, 0.25, 0.5, 0.75];
      const targets = shares.map((share) => roundUp(leastUs + share * (totalUs - leastUs)));
      const shorter = [...new Set(targets)].filter((us) => us < totalUs && us >= US_PER_S);
      const candidates = shorter.map((us) => this.#lasting(us, quietUs, totalUs));
      if ((await this.#tryAny(candidates)) < 0) return changed;
      changed = true;
    }
  }

  #lasting(us: number, quietUs: number, totalUs: number): ScenarioFile {
    // Of a violation the moment at which the quiet end begins stays: it starts who is down.
    const quiet = this.#options.isLiveness ? Math.min(quietUs, us) : Math.max(0, us - (totalUs - quietUs));
    const file = { ...this.#file, duration: formatDurationUs(us), quiet: formatDurationUs(quiet) };
    // Cut short, it need not agree any more: only what it violates counts.
    return this.#options.isLiveness ? file : { ...file, liveness: 'excused' };
  }

  /** Draws no fate of a message any more: those that suffered are named, and can be left out one by one. */
  async #stateMessages(): Promise<boolean> {
    if (this.#file.messageFaults !== undefined || !drawsFates(this.#file)) return false;
    this.#trying = 'messages that suffer';
    const messageFaults = [...this.#best.messageFaults];
    return (
      (await this.#tryAny([
        { ...this.#file, messageFaults: [] },
        { ...this.#file, messageFaults },
      ])) >= 0
    );
  }

  /** Faults at whole seconds, or tenths, are easier to think about. */
  async #roundTimes(): Promise<boolean> {
    this.#trying = 'round times';
    for (const unitUs of [US_PER_S, US_PER_S / 10]) {
      const round = (us: number): number => Math.round(us / unitUs) * unitUs;
      const plan = this.#file.plan ?? [];
      const rounded = plan.map((fault) => ({ ...fault, atUs: round(fault.atUs) }));
      const all = { ...this.#file, plan: rounded };
      const each = plan.map((_, i) => ({
        ...this.#file,
        plan: plan.map((fault, j) => (i === j ? (rounded[i] ?? fault) : fault)),
      }));
      const isNew = (file: ScenarioFile): boolean => JSON.stringify(file) !== JSON.stringify(this.#file);
      const found = await this.#tryAny([all, ...each].filter(isNew));
      if (found >= 0) return true;
    }
    return false;
  }
}

function roundUp(us: number): number {
  return Math.ceil(us / US_PER_S) * US_PER_S;
}

/** Whether a scenario fits its schema and makes sense. */
function canBe(file: ScenarioFile): boolean {
  const read = scenarioSchema.safeParse(file);
  return read.success && findImpossible(read.data).length === 0;
}

/** @param first what the whole run came to. */
export function shrinkScenario(file: ScenarioFile, first: Trial, options: ShrinkOptions): Promise<Shrunk> {
  return new Shrinker(file, first, options).shrink();
}
