/** What many seeds of a swarm add up to: verdicts, work done, and which faults were tried how often. */
import type { RunResult } from '../src/cluster/result.ts';
import type { SwarmDraw } from '../src/cluster/space/draw.ts';

/** One kind of fault or behaviour over all seeds. */
interface Row {
  runs: number;
  injected: number;
  effective: number;
}

/** A seed that did not pass. */
export interface Failure {
  readonly seed: string;
  readonly text: string;
}

/** Blocks from which on a run counts as a whole one. */
const BLOCKS_WANTED = 20;

export class SwarmTable {
  readonly failures: Failure[] = [];
  #seeds = 0;
  #events = 0;
  #simulatedS = 0;
  #blocks = 0;
  #whole = 0;
  #excused = 0;
  readonly #rows = new Map<string, Row>();
  readonly #families = new Map<string, number>();

  /** Answers the failure, where it is one. */
  add(draw: SwarmDraw, result: RunResult): Failure | undefined {
    this.#seeds++;
    this.#events += result.events;
    this.#simulatedS += result.simulatedUs / 1_000_000;
    this.#blocks += result.counts.blocks;
    if (result.counts.blocks >= BLOCKS_WANTED) this.#whole++;
    if (result.notes.some((note) => note.includes('excused'))) this.#excused++;
    for (const family of draw.families) this.#families.set(family, (this.#families.get(family) ?? 0) + 1);
    for (const { kind, injected, effective } of result.faults) this.#count(kind, injected, effective);
    for (const { behaviour, times } of result.byzantine) this.#count(`byzantine: ${behaviour}`, 1, times);
    const text = failureOf(result);
    if (text === undefined) return undefined;
    const failure = { seed: result.seed, text };
    this.failures.push(failure);
    return failure;
  }

  get seeds(): number {
    return this.#seeds;
  }

  lines(): readonly string[] {
    const rows = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    const width = Math.max(0, ...rows.map(([kind]) => kind.length));
    return [
      `${this.#seeds} seeds, ${Math.round(this.#simulatedS)} simulated seconds, ${this.#events} events, ${this.#blocks} blocks`,
      `${this.#whole} runs of ${BLOCKS_WANTED} blocks or more, ${this.#seeds - this.#whole} of fewer`,
      `${this.failures.length} failed; liveness excused in ${this.#excused}`,
      `families: ${[...this.#families].map(([family, runs]) => `${family} in ${runs}`).join(', ')}`,
      `${'fault'.padEnd(width)}  ${'runs'.padStart(7)} ${'injected'.padStart(9)} ${'effective'.padStart(9)}`,
      ...rows.map(
        ([kind, row]) =>
          `${kind.padEnd(width)}  ${String(row.runs).padStart(7)} ${String(row.injected).padStart(9)} ${String(row.effective).padStart(9)}`,
      ),
    ];
  }

  #count(kind: string, injected: number, effective: number): void {
    const row = this.#rows.get(kind) ?? { runs: 0, injected: 0, effective: 0 };
    this.#rows.set(kind, row);
    if (injected === 0) return;
    row.runs++;
    row.injected += injected;
    row.effective += effective;
  }
}

/** In one line; undefined: it passed. */
function failureOf({ verdict }: RunResult): string | undefined {
  switch (verdict.kind) {
    case 'passed':
      return undefined;
    case 'violated': {
      const { oracle, rule, atUs, fact } = verdict.violation;
      return `${oracle}/${rule} at ${(atUs / 1_000_000).toFixed(1)}s: ${fact}`;
    }
    case 'crashed':
      return `${verdict.host} threw ${verdict.error}`;
    default:
      return verdict.kind;
  }
}
