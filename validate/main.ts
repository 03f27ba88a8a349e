/** `npm run validate`: measures the simulator against published results, prints a table, exits with 1 on any FAIL. */
import { parseArgs } from 'node:util';
import { judge, type Line } from './judge.ts';
import { runJobs } from './run-jobs.ts';
import { MIS_SETS, type MisSet, PARTS, type Part, planJobs, type ValidateOptions } from './settings.ts';

const THREADS = 2;
const USAGE = `usage: npm run validate -- [--short] [--only ${PARTS.join(' | ')}] [--mis-set ${MIS_SETS.join(' | ')}]`;
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

function parseOptions(args: readonly string[]): ValidateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      'mis-set': { type: 'string' },
    },
  });
  return {
    short: values.short,
    only: oneOf<Part>('only', values.only, PARTS),
    misSet: oneOf<MisSet>('mis-set', values['mis-set'], MIS_SETS),
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

async function validate(options: ValidateOptions): Promise<number> {
  const jobs = planJobs(options);
  const startedMs = performance.now();
  const isShown = process.stderr.isTTY === true;
  const outcomes = await runJobs(jobs, THREADS, (_, finished) => {
    if (isShown) process.stderr.write(`\r${finished} of ${jobs.length} runs`);
  });
  if (isShown) process.stderr.write('\r\x1b[K');
  const lines = judge(outcomes, options.short);
  const failed = lines.filter((line) => line.verdict === 'FAIL').length;
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  console.log(tableText(lines));
  console.log(`\n${jobs.length} runs in ${seconds} s: ${failed === 0 ? 'ok' : `${failed} FAIL`}`);
  return failed === 0 ? EXIT.passed : EXIT.failed;
}

let options: ValidateOptions | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  console.error(USAGE);
  process.exitCode = EXIT.usage;
}
if (options !== undefined) process.exitCode = await validate(options);
