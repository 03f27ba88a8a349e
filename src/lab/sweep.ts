/** What the assertions of many runs add up to: a law that was never checked, or an event never seen, fails a sweep. */
import type { AssertionCount, RunResult } from '../cluster/result.ts';

/** One assertion over all runs of a sweep. */
export interface SweepAssertion {
  readonly name: string;
  readonly kind: AssertionCount['kind'];
  /** Runs whose scenario gives occasion for it. */
  readonly askedRuns: number;
  /** Runs that checked it, or in which it was seen or reached. */
  readonly runs: number;
  /** Checks over all runs, for `always`. */
  readonly checked: number;
  /** The first run that checked, saw or reached it, in the order of the runs. */
  readonly first: { readonly scenario: string; readonly seed: string } | undefined;
  /** Why the sweep fails over it; undefined: it does not. */
  readonly problem: 'neverChecked' | 'neverSeen' | 'reached' | undefined;
}

interface Sum {
  readonly name: string;
  readonly kind: AssertionCount['kind'];
  askedRuns: number;
  runs: number;
  askedReached: number;
  checked: number;
  first: SweepAssertion['first'];
  firstAsked: SweepAssertion['first'];
}

/** Whether the run checked a law, or saw the event. */
function happened({ kind, checked, held }: AssertionCount): boolean {
  if (kind === 'always') return checked > 0;
  return kind === 'sometimes' ? held > 0 : held < checked;
}

function problemOf({ kind, askedRuns, runs, askedReached }: Sum): SweepAssertion['problem'] {
  if (kind === 'unreachable') return askedReached > 0 ? 'reached' : undefined;
  if (askedRuns === 0 || runs > 0) return undefined;
  return kind === 'always' ? 'neverChecked' : 'neverSeen';
}

/** One per sweep; the runs come in their order, whatever the number of threads. */
export class Sweep {
  readonly #sums = new Map<string, Sum>();
  #runs = 0;

  add({ assertions, scenario, seed }: Pick<RunResult, 'assertions' | 'scenario' | 'seed'>): void {
    this.#runs++;
    for (const assertion of assertions) {
      const sum = this.#sumOf(assertion);
      const did = happened(assertion);
      sum.checked += assertion.checked;
      if (assertion.isAsked) sum.askedRuns++;
      if (did) sum.runs++;
      if (did) sum.first ??= { scenario, seed };
      if (!did || !assertion.isAsked) continue;
      sum.askedReached++;
      sum.firstAsked ??= { scenario, seed };
    }
  }

  get runs(): number {
    return this.#runs;
  }

  /** In the order of the assertions of one run. */
  assertions(): readonly SweepAssertion[] {
    return [...this.#sums.values()].map((sum) => {
      const { name, kind, askedRuns, checked } = sum;
      const problem = problemOf(sum);
      // Where it may be reached it proves nothing: what fails the sweep is told alone.
      const isReached = problem === 'reached';
      const runs = isReached ? sum.askedReached : sum.runs;
      const first = isReached ? sum.firstAsked : sum.first;
      return { name, kind, askedRuns, runs, checked, first, problem };
    });
  }

  #sumOf({ name, kind }: AssertionCount): Sum {
    const known = this.#sums.get(name);
    if (known !== undefined) return known;
    const sum: Sum = {
      name,
      kind,
      askedRuns: 0,
      runs: 0,
      askedReached: 0,
      checked: 0,
      first: undefined,
      firstAsked: undefined,
    };
    this.#sums.set(name, sum);
    return sum;
  }
}
