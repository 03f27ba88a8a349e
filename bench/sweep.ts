/** What sweeps cost: seeds an hour by number of threads, and the memory of one process over ten thousand seeds. `[seeds] [small seeds]`. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownedFolder, runTool, spawnOwned } from '../tests/support/tool.ts';

const WORKLOAD = 'bench/scenarios/sweep.yaml';
const SMALL = 'bench/scenarios/sweep-small.yaml';
/** Between two looks at the memory. */
const LOOK_MS = 500;
/** Looks that are printed. */
const SHOWN = 10;

const seeds = Number(process.argv[2] ?? 200);
const smallSeeds = Number(process.argv[3] ?? 10_000);
const folder = ownedFolder('aureon-bench-');

interface Outcome {
  readonly ran: number;
  readonly wallMs: number;
  readonly totals: { readonly passed: number; readonly seeds: number };
}

interface Look {
  readonly seeds: number;
  readonly rssMb: number;
}

function rssMb(pid: number): number | undefined {
  const path = `/proc/${pid}/status`;
  const kb = existsSync(path) ? /VmRSS:\s+(\d+)/.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
  return kb === undefined ? undefined : Number(kb) / 1_000;
}

function rowsIn(out: string): number {
  const file = join(out, 'sweep.db');
  if (!existsSync(file)) return 0;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS n FROM runs').get()?.['n']);
  } catch {
    // The tables are being made.
    return 0;
  } finally {
    database.close();
  }
}

/** Runs the command and watches its process. */
async function sweep(
  file: string,
  count: number,
  jobs: number,
): Promise<readonly [Outcome, readonly Look[]]> {
  const out = join(folder, `${jobs}-${count}`);
  const args = ['src/cli/main.ts', 'sweep', file, '--seeds', `1..${count}`, '--jobs', String(jobs)];
  const child = spawnOwned(process.execPath, [...args, '--out', out, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const looks: Look[] = [];
  while (child.exitCode === null) {
    const rss = rssMb(child.pid ?? 0);
    if (rss !== undefined) looks.push({ seeds: rowsIn(out), rssMb: rss });
    await Promise.race([closed, sleep(LOOK_MS)]);
  }
  await closed;
  return [(JSON.parse(text) as { sweep: Outcome }).sweep, looks];
}

await runTool(async () => {
  console.log(`| ${WORKLOAD}, threads | seeds | passed | seeds an hour | against one thread | peak |`);
  console.log('|---|---|---|---|---|---|');
  let alone: number | undefined;
  for (let jobs = 1; jobs <= availableParallelism(); jobs *= 2) {
    const [{ ran, wallMs, totals }, looks] = await sweep(WORKLOAD, seeds, jobs);
    const hourly = (ran * 3_600_000) / wallMs;
    alone ??= hourly;
    const peak = Math.max(...looks.map((look) => look.rssMb));
    console.log(
      `| ${jobs} | ${ran} | ${totals.passed} | ${hourly.toFixed(0)} | ${(hourly / alone).toFixed(2)} × | ${peak.toFixed(0)} MB |`,
    );
  }
  const [{ ran, wallMs }, looks] = await sweep(SMALL, smallSeeds, 1);
  console.log(
    `\n${SMALL}, one thread, ${ran} seeds in ${(wallMs / 1_000).toFixed(0)} s; memory of the process:\n`,
  );
  console.log('| seeds | RSS |\n|---|---|');
  for (let i = 1; i <= SHOWN; i++) {
    const look = looks.findLast((one) => one.seeds <= (i * smallSeeds) / SHOWN);
    if (look !== undefined) console.log(`| ${look.seeds} | ${look.rssMb.toFixed(0)} MB |`);
  }
  const mean = (part: readonly Look[]): number =>
    part.reduce((sum, look) => sum + look.rssMb, 0) / Math.max(1, part.length);
  const early = mean(looks.filter((look) => look.seeds > smallSeeds * 0.2 && look.seeds <= smallSeeds * 0.4));
  const late = mean(looks.filter((look) => look.seeds > smallSeeds * 0.8));
  console.log(`\nMean of the last fifth against that of the second: ${(late / early).toFixed(2)} ×`);
  return 0;
});
