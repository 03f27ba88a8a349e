/** A run whose hosts fill the metrics that a real node has, read at intervals of simulated time. */
import type { NodeMeter } from '../chain/metered-node.ts';
import type { ScenarioRun } from '../cluster/run.ts';
import type { TestCluster } from '../cluster/test-cluster.ts';
import { createNodeMetrics, type NodeMetrics } from '../node/metrics/node-metrics.ts';
import { openMetricsOf, type Scrape } from '../node/metrics/open-metrics.ts';
import { familiesOf } from '../node/metrics/samples.ts';
import { WALL_START_US } from '../sim/config.ts';

const US_PER_MS = 1_000;
const US_PER_S = 1_000_000;
/** Of each host: a point for every few pixels of a plot, and at most so many lines of each series. */
const SCRAPES_MAX = 240;
/** Events between two looks at the simulated clock. */
const SLICE_EVENTS = 16;

/** One per run: its `meterOf` is given to the cluster, which is then attached. */
export class MeteredRun {
  readonly #metrics = new Map<number, NodeMetrics>();
  readonly #scrapes: Scrape[] = [];
  #cluster: TestCluster | undefined;

  /** Begins anew at each boot, as the counters of a process do. */
  meterOf(host: number): NodeMeter {
    const metrics = createNodeMetrics(() => (this.#cluster?.nowUs ?? 0) / US_PER_MS);
    this.#metrics.set(host, metrics);
    return metrics;
  }

  /** Runs to the end. Answers the samples as an OpenMetrics text: times are those of the simulated world, from its start in 2023 on. */
  async run(run: ScenarioRun, onProgress: () => void): Promise<string> {
    const { cluster } = run;
    this.#cluster = cluster;
    const everyUs = Math.max(US_PER_S, Math.ceil(cluster.plan.durationUs / SCRAPES_MAX));
    let nextUs = 0;
    let sampledUs = -1;
    while (run.step(SLICE_EVENTS)) {
      if (run.nowUs < nextUs) continue;
      sampledUs = run.nowUs;
      nextUs = sampledUs + everyUs;
      await this.#scrape(cluster);
      onProgress();
    }
    if (run.nowUs > sampledUs) await this.#scrape(cluster);
    return openMetricsOf(this.#scrapes);
  }

  async #scrape(cluster: TestCluster): Promise<void> {
    const { simulator, nodes } = cluster;
    const atMs = Math.floor((WALL_START_US + cluster.nowUs) / US_PER_MS);
    for (const { index, name } of nodes) {
      const metrics = this.#metrics.get(index);
      const snapshot = simulator.inspect(index);
      if (metrics === undefined || snapshot === undefined) continue;
      metrics.sample({ snapshot, keys: simulator.disk(index).entryCount });
      this.#scrapes.push({ instance: name, atMs, families: await familiesOf(metrics.registry) });
    }
  }
}
