/** `npm run swarm`: random clusters under random faults, many seeds; exit code 1 when one did not pass. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { drawScenario, type SwarmDraw } from '../src/cluster/space/draw.ts';
import { parseSpace } from '../src/cluster/space/parse.ts';
import { runPool } from '../src/lab/pool.ts';
import { seedsOf } from './seeds.ts';
import { SwarmTable } from './table.ts';

const USAGE = `usage: npm run swarm -- [--space spaces/default.yaml] [--seeds 1..1000]
                          [--threads N (default: one a core)] [--show SEED (prints its scenario)]`;
const FAILURES_TOLD_MAX = 50;
const PROGRESS_EVERY = 500;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      space: { type: 'string', default: 'spaces/default.yaml' },
      seeds: { type: 'string', default: '1..1000' },
      threads: { type: 'string' },
      show: { type: 'string' },
    },
  });
  const space = parseSpace(values.space, readFileSync(values.space, 'utf8'));
  if (values.show !== undefined) {
    writeFileSync(1, `${JSON.stringify(drawScenario(space, values.show).scenario, null, 2)}\n`);
    return 0;
  }
  const seeds = seedsOf(values.seeds);
  const table = new SwarmTable();
  const draws = new Map<string, SwarmDraw>();
  const jobs = seeds.map((seed) => {
    const draw = drawScenario(space, seed);
    draws.set(seed, draw);
    const source = JSON.stringify(draw.scenario);
    return { file: `swarm-${seed}`, source, overrides: [], seed, isolate: false, permuteTies: 0 };
  });
  const startedMs = performance.now();
  await runPool(jobs, {
    jobs: values.threads === undefined ? availableParallelism() : Number(values.threads),
    signal: new AbortController().signal,
    onProgress: () => {},
    onOutcome(job, { result }) {
      const draw = draws.get(job.seed);
      const failed = draw === undefined ? undefined : table.add(draw, result);
      draws.delete(job.seed);
      if (failed !== undefined) console.error(`seed ${failed.seed}: ${failed.text}`);
      if (table.seeds % PROGRESS_EVERY === 0)
        console.error(`${table.seeds} of ${jobs.length}, ${table.failures.length} failed`);
    },
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  for (const { seed, text } of table.failures.slice(0, FAILURES_TOLD_MAX))
    console.log(`seed ${seed}: ${text}`);
  for (const line of table.lines()) console.log(line);
  console.log(
    `${seconds.toFixed(0)} s of wall, ${((process.cpuUsage().user + process.cpuUsage().system) / 1e6).toFixed(0)} s of CPU`,
  );
  return table.failures.length === 0 && table.seeds === jobs.length ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
