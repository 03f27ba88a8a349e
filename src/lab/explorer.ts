/** Explores in this thread: runs of a strategy, a whole search, or the replay of a schedule. */
import { describeStep } from '../cluster/explore/describe-step.ts';
import { type Explored, ExploredRun } from '../cluster/explore/explored-run.ts';
import { OrderSearch } from '../cluster/explore/order-search.ts';
import { createPct } from '../cluster/explore/pct.ts';
import { createRandomWalk } from '../cluster/explore/random-walk.ts';
import { formatSchedule, parseSchedule } from '../cluster/explore/schedule.ts';
import { stateHash } from '../cluster/explore/state-hash.ts';
import { keyOf, type Strategy } from '../cluster/explore/strategy.ts';
import type { ClusterPlan } from '../cluster/plan.ts';
import { resolveScenario } from '../cluster/resolve.ts';
import type { RunResult } from '../cluster/result.ts';
import { createPlanRun } from '../cluster/run.ts';
import { parseScenario } from '../cluster/scenario/parse.ts';
import type { Step } from '../sim/chosen-steps.ts';
import { createStream } from '../sim/seeds.ts';
import type { ExploreFailure, ExploreJob, ExploreRan, SearchState } from './explore-job.ts';
import type { Plant } from './job.ts';
import { createNativeSuite } from './native-suite.ts';
import { withThrown } from './thrown-text.ts';

/** Events of a run without a strategy between two looks: it is run to its end anyway. */
const SLICE_EVENTS = 100_000;
/** Runs of a probe beside the one in the order of time. */
const PROBES = 4;
const SUITE = createNativeSuite();

/** In the order of time: what comes first by itself. */
const IN_TIME: Strategy = {
  choose(steps) {
    let first = 0;
    for (const [i, step] of steps.entries()) if (step.atUs < (steps[first] ?? step).atUs) first = i;
    return first;
  },
};

/** Sums up runs in their order. */
class Sum {
  runs = 0;
  #steps = 0;
  #chains = 0;
  readonly #failures: ExploreFailure[] = [];

  add({ steps, chains }: Pick<Explored, 'steps' | 'chains'>, failure: ExploreFailure | undefined): void {
    this.runs++;
    this.#steps = Math.max(this.#steps, steps.length);
    this.#chains = Math.max(this.#chains, chains);
    if (failure !== undefined) this.#failures.push(failure);
  }

  get hasFailed(): boolean {
    return this.#failures.length > 0;
  }

  ran(): ExploreRan {
    return { runs: this.runs, failures: this.#failures, steps: this.#steps, chains: this.#chains };
  }
}

/** A scenario that is explored; everything it is asked for is a function of the job. */
export class Explorer {
  readonly #explore: ExploreJob;
  readonly #plan: ClusterPlan;
  readonly #plant: Plant;

  /** @throws {ScenarioError} for a scenario that cannot be run. */
  constructor(explore: ExploreJob, plant: Plant) {
    this.#explore = explore;
    this.#plan = this.#planOf(explore.job.seed);
    this.#plant = plant;
  }

  /** One run in the order of time, and a few of PCT, in which rounds fail and orders grow longer. */
  probe(): ExploreRan {
    const { job } = this.#explore;
    const walks = Array.from({ length: PROBES }, (_, i) =>
      createPct({ depth: 1, steps: 1, stream: createStream(job.seed, `explore/probe/${i}`) }),
    );
    const sum = new Sum();
    for (const strategy of [IN_TIME, ...walks]) sum.add(this.#begin(strategy).finish().explored(), undefined);
    return sum.ran();
  }

  /** Ends with the first failure. */
  runs(from: number, count: number): ExploreRan {
    if (this.#explore.strategy === 'seeds') return this.#seeds(from, count);
    const strategies = Array.from({ length: count }, (_, i) => this.#strategyOf(from + i));
    return this.#runAll(strategies, from);
  }

  /** Every order up to commutation. @param onProgress after each run. */
  search(
    all: boolean,
    onProgress: (state: SearchState) => void,
  ): { readonly state: SearchState; readonly ran: ExploreRan } {
    const visited = new Set<string>();
    const finals = new Set<string>();
    const sum = new Sum();
    let run: ExploredRun | undefined;
    const onState = (steps: readonly Step[]): void => {
      if (run !== undefined) visited.add(stateHash(run.run.cluster, steps.map(keyOf)));
    };
    const search = new OrderSearch({ isReducing: true, stepsMax: this.#explore.bounds.stepsMax, onState });
    const state = (): SearchState => ({ counts: search.counts, visited: visited.size, finals: finals.size });
    for (let hasMore = true; hasMore && (all || !sum.hasFailed); hasMore = search.advance()) {
      run = this.#begin(search);
      run.finish(() => search.isBlocked);
      if (!search.isBlocked) {
        const explored = run.explored();
        sum.add(explored, this.#failureOf(sum.runs, explored));
        finals.add(stateHash(run.run.cluster));
      }
      onProgress(state());
    }
    return { state: state(), ran: sum.ran() };
  }

  /** @throws {RangeError} for a text that is no schedule of this cluster. */
  replay(schedule: string): RunResult {
    const delays = parseSchedule(schedule, this.#plan.hosts.length);
    if ('wrong' in delays) throw new RangeError(`a schedule: ${delays.wrong}`);
    const run = createPlanRun(this.#plan, { ...this.#options(), messageExceptions: delays });
    while (run.step(SLICE_EVENTS));
    return withThrown(run.result(), run.thrown);
  }

  #seeds(from: number, count: number): ExploreRan {
    const sum = new Sum();
    for (let i = from; i < from + count && !sum.hasFailed; i++) {
      const run = createPlanRun(this.#planOf(String(i + 1)), this.#options());
      while (run.step(SLICE_EVENTS));
      const result = withThrown(run.result(), run.thrown);
      const failure = { run: i, result, schedule: undefined, steps: [] };
      sum.add({ steps: [], chains: 0 }, result.verdict.kind === 'passed' ? undefined : failure);
    }
    return sum.ran();
  }

  #runAll(strategies: readonly Strategy[], from: number): ExploreRan {
    const sum = new Sum();
    for (const strategy of strategies) {
      const explored = this.#begin(strategy).finish().explored();
      sum.add(explored, this.#failureOf(from + sum.runs, explored));
      if (sum.hasFailed) break;
    }
    return sum.ran();
  }

  #begin(strategy: Strategy): ExploredRun {
    return new ExploredRun(this.#plan, this.#options(), this.#explore.bounds, strategy);
  }

  #strategyOf(run: number): Strategy {
    const { strategy, depth, steps, job } = this.#explore;
    const stream = createStream(job.seed, `explore/${strategy}/${run}`);
    return strategy === 'random' ? createRandomWalk(stream) : createPct({ depth, steps, stream });
  }

  #failureOf(run: number, { result, thrown, delays, steps }: Explored): ExploreFailure | undefined {
    if (result.verdict.kind === 'passed') return undefined;
    const nameOf = (host: number): string => this.#plan.hosts[host]?.name ?? `host ${host}`;
    return {
      run,
      result: withThrown(result, thrown),
      schedule: formatSchedule(delays),
      steps: steps.map((step) => ({ atUs: step.atUs, text: describeStep(step, nameOf) })),
    };
  }

  #planOf(seed: string): ClusterPlan {
    const { file, source, overrides } = this.#explore.job;
    return resolveScenario(parseScenario(file, source, overrides), seed);
  }

  #options() {
    const { isolate, permuteTies } = this.#explore.job;
    return { isolate, permuteTies, nativeSuite: SUITE, ...this.#plant };
  }
}
