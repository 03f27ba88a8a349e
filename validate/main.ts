/** `npm run validate`: measures the simulator against published results, prints a table, exits with 1 on any FAIL. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { judge } from './judge.ts';
import type { Line } from './line.ts';
import { Results, ResultsError } from './results.ts';
import { runJobs } from './run-jobs.ts';
import { MIS_SETS, type MisSet, PARTS, type Part, planJobs, type ValidateOptions } from './settings.ts';

/** More threads than any machine has cores are a slip of the pen. */
const THREADS_MAX = 1_024;
const USAGE = `usage: npm run validate -- [--short] [--only ${PARTS.join(' | ')}] [--mis-set ${MIS_SETS.join(' | ')}]
                           [--threads N (default: one a core)]
                           [--results FILE (finished runs are added to it, and not made again)]`;
const EXIT = { passed: 0, failed: 1, usage: 2 } as const;

function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found === undefined) throw new TypeError(`--${name} is ${known.join(' or ')}, not ${value}`);
  return found;
}

interface Flags extends ValidateOptions {
  readonly threads: number;
  readonly results: string | undefined;
}

function threadsOf(value: string | undefined): number {
  if (value === undefined) return availableParallelism();
  const threads = Number(value);
  if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX)
    throw new TypeError(`--threads is a number from 1 to ${THREADS_MAX}, not ${value}`);
  return threads;
}

function parseFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      'mis-set': { type: 'string' },
      threads: { type: 'string' },
      results: { type: 'string' },
    },
  });
  return {
    short: values.short,
    only: oneOf<Part>('only', values.only, PARTS),
    misSet: oneOf<MisSet>('mis-set', values['mis-set'], MIS_SETS),
    threads: threadsOf(values.threads),
    results: values.results,
  };
}

/** Columns as wide as what they hold. */
function tableText(lines: readonly Line[]): string {
  const head = {
    part: '',
    what: 'measured',
    value: 'value',
    published: 'published',
    tolerance: 'tolerance',
    verdict: '',
  };
  const columns = ['part', 'what', 'value', 'published', 'tolerance', 'verdict'] as const;
  const widths = columns.map((column) => Math.max(...[head, ...lines].map((line) => line[column].length)));
  return [head, ...lines]
    .map((line) =>
      columns
        .map((column, i) => line[column].padEnd(widths[i] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

async function validate(flags: Flags, results: Results): Promise<number> {
  const jobs = planJobs(flags);
  const open = jobs.filter((job) => !results.has(job));
  const known = jobs.length - open.length;
  let finished = known;
  const isShown = process.stderr.isTTY === true;
  await runJobs(open, flags.threads, (job, done) => {
    results.add(job, done);
    finished++;
    if (isShown) process.stderr.write(`\r${finished} of ${jobs.length} runs`);
  });
  if (isShown) process.stderr.write('\r\x1b[K');
  const lines = judge(results.outcomesOf(jobs));
  const failed = lines.filter((line) => line.verdict === 'FAIL').length;
  const seconds = (results.cpuMsOf(jobs) / 1_000).toFixed(0);
  console.log(tableText(lines));
  const made = flags.results === undefined ? '' : `, ${known} of them made before`;
  console.log(`\n${jobs.length} runs${made}, ${seconds} s of CPU: ${failed === 0 ? 'ok' : `${failed} FAIL`}`);
  return failed === 0 ? EXIT.passed : EXIT.failed;
}

/** Flags and the file that they name; undefined when either is no good, which was said. */
function open(args: readonly string[]): { readonly flags: Flags; readonly results: Results } | undefined {
  try {
    const flags = parseFlags(args);
    return { flags, results: new Results(flags.results, flags) };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    if (!(error instanceof ResultsError)) console.error(USAGE);
    return undefined;
  }
}

const opened = open(process.argv.slice(2));
process.exitCode = opened === undefined ? EXIT.usage : await validate(opened.flags, opened.results);
