/** The file of finished runs: one JSON line each, appended as they end, so that a validation that was stopped goes on. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, globSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FinishedJob, ValidateJob, ValidateOutcome } from './jobs.ts';
import type { ValidateOptions } from './settings.ts';
import type { Histogram } from './statistics.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** What a run is made of. Which runs there are stands in the jobs, and what is concluded from them is free to change. */
const CODE = [
  'src/**/*.ts',
  'validate/{authority-misses,authority-model,authority-partition,double-spend,experiment,propagation,real-compact,selfish,statistics,worker}.ts',
];

/** A results file that can not be gone on with. */
export class ResultsError extends Error {
  readonly code = 'RESULTS_UNUSABLE';
  override readonly name = 'ResultsError';
}

/** The first line: of what code and of which experiments the others are. */
interface Head {
  readonly code: string;
  readonly form: string;
}

interface Line extends FinishedJob {
  readonly job: ValidateJob;
}

/** Sixteen hexadecimal digits over every source file that decides how a run goes. */
function codeDigest(): string {
  const hash = createHash('sha256');
  const files = CODE.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  for (const file of files.sort()) hash.update(`${file}\n`).update(readFileSync(`${ROOT}${file}`));
  return hash.digest('hex').slice(0, 16);
}

function formOf({ short, misSet }: ValidateOptions): string {
  return `${short ? 'short' : 'full'}${misSet === undefined ? '' : `, mis-set ${misSet}`}`;
}

/** Histograms are mostly zeros: [cells, [ms, count]...]. */
function replaceCounts(_key: string, value: unknown): unknown {
  if (!(value instanceof Float64Array)) return value;
  const cells: (readonly [number, number])[] = [];
  for (const [ms, count] of value.entries()) if (count > 0) cells.push([ms, count]);
  return { length: value.length, cells };
}

function reviveCounts(key: string, value: unknown): unknown {
  if (key !== 'counts') return value;
  const { length, cells } = value as { length: number; cells: [number, number][] };
  const counts: Histogram['counts'] = new Float64Array(length);
  for (const [ms, count] of cells) counts[ms] = count;
  return counts;
}

/** Finished runs of one validation, in memory and, when a file is given, on disk. */
export class Results {
  readonly #path: string | undefined;
  readonly #finished = new Map<string, FinishedJob>();

  /**
   * @param path is created when it does not exist; absent: nothing is kept.
   * @throws {ResultsError} when the file holds runs of other code or another form, or something else.
   */
  constructor(path: string | undefined, options: ValidateOptions) {
    this.#path = path;
    if (path === undefined) return;
    const head: Head = { code: codeDigest(), form: formOf(options) };
    if (existsSync(path)) this.#read(path, head);
    else writeFileSync(path, `${JSON.stringify(head)}\n`);
  }

  has(job: ValidateJob): boolean {
    return this.#finished.has(JSON.stringify(job));
  }

  add(job: ValidateJob, finished: FinishedJob): void {
    this.#finished.set(JSON.stringify(job), finished);
    if (this.#path === undefined) return;
    const line: Line = { job, ...finished };
    appendFileSync(this.#path, `${JSON.stringify(line, replaceCounts)}\n`);
  }

  /** Outcomes of those of the jobs that are finished, in their order. */
  outcomesOf(jobs: readonly ValidateJob[]): readonly ValidateOutcome[] {
    return this.#finishedOf(jobs).map(({ outcome }) => outcome);
  }

  cpuMsOf(jobs: readonly ValidateJob[]): number {
    return this.#finishedOf(jobs).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  }

  #finishedOf(jobs: readonly ValidateJob[]): readonly FinishedJob[] {
    return jobs
      .map((job) => this.#finished.get(JSON.stringify(job)))
      .filter((finished) => finished !== undefined);
  }

  #read(path: string, wanted: Head): void {
    const text = readFileSync(path, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [first = '', ...lines] = whole.split('\n').slice(0, -1);
    const { code, form } = parse<Partial<Head>>(path, 1, first);
    if (code === undefined || form === undefined)
      throw new ResultsError(`${path}:1: not a file of finished runs of validate`);
    if (form !== wanted.form)
      throw new ResultsError(`${path} holds runs of the form '${form}', not '${wanted.form}'`);
    if (code !== wanted.code)
      throw new ResultsError(`${path} holds runs of other code (${code}, and this is ${wanted.code})`);
    lines.forEach((line, i) => {
      const { job, outcome, cpuMs } = parse<Line>(path, i + 2, line);
      this.#finished.set(JSON.stringify(job), { outcome, cpuMs });
    });
    // A line that a stop cut off would spoil the next one.
    if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  }
}

function parse<T extends object>(path: string, line: number, text: string): T {
  try {
    const value: unknown = JSON.parse(text, reviveCounts);
    if (typeof value === 'object' && value !== null) return value as T;
  } catch {
    // Said below.
  }
  throw new ResultsError(`${path}:${line}: not a line of finished runs of validate`);
}
