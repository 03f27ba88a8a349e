/** What `--report DIR` writes: results.jsonl, a text and a capsule for each failure, records of runs that differ, and summary.txt. */
import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { RunResult } from '../cluster/result.ts';
import { type Capsule, capsuleText } from '../lab/capsule.ts';
import { systemCode, UsageError } from './usage.ts';

/** Comparisons of records that are kept: each has a megabyte, and they mostly tell of one bug. */
const RECORDS_KEPT_MAX = 10;
/** Of a seed in a file's name: file systems allow 255 bytes in all. */
const SEED_NAME_MAX = 64;

/** What cannot be written is left out, and told at the end: a run is worth more than its report. */
export interface Report {
  /** Keeps the records of a run that is no function of its seed; answers the file, undefined past the first ten. */
  keepRecords(result: RunResult, lines: readonly string[]): string | undefined;
  add(line: string, failure: { readonly result: RunResult; readonly text: string } | undefined): void;
  /** Keeps a failure as a file that `aureon replay` takes; answers the file, undefined when it could not be written. */
  keepCapsule(capsule: Capsule): string | undefined;
  /** Writes the summary; answers what could not be written, undefined when all was. */
  finish(summary: string): string | undefined;
}

function safe(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, SEED_NAME_MAX);
}

/** Two seeds may differ only in characters that no file name has: the second gets a number. */
export function fileNameOf(
  kind: string,
  result: Pick<RunResult, 'scenario' | 'seed'>,
  taken: string[],
  extension = 'txt',
): string {
  const stem = `${kind}-${safe(result.scenario)}-${safe(result.seed)}`;
  let name = `${stem}.${extension}`;
  for (let n = 2; taken.includes(name); n++) name = `${stem}-${n}.${extension}`;
  taken.push(name);
  return name;
}

/** Makes a folder and those above it, one by one: `recursive` never returns where the system forbids new entries, as in /proc. */
export function makeFolder(folder: string): void {
  const lacking: string[] = [];
  let path = resolve(folder);
  while (statSync(path, { throwIfNoEntry: false }) === undefined) {
    lacking.push(path);
    path = dirname(path);
  }
  for (const next of lacking.reverse()) mkdirSync(next);
}

/**
 * Starts a report; an earlier results.jsonl in the folder is replaced.
 * @throws {UsageError} when the folder cannot be written.
 */
export function createReport(folder: string): Report {
  const results = join(folder, 'results.jsonl');
  const failures: string[] = [];
  const records: string[] = [];
  let problem: string | undefined;
  if (folder === '') throw new UsageError('--report: a folder was expected, got an empty name');
  try {
    makeFolder(folder);
    writeFileSync(results, '');
  } catch (error) {
    throw new UsageError(`--report ${folder}: the folder cannot be written (${systemCode(error)})`);
  }

  function attempt(path: string, write: (path: string) => void): boolean {
    try {
      write(path);
      return true;
    } catch (error) {
      problem ??= `${path} cannot be written (${systemCode(error)})`;
      return false;
    }
  }

  return {
    keepCapsule(capsule) {
      const { scenario, seed } = capsule;
      const path = join(folder, `capsule-${safe(scenario.name)}-${safe(seed)}.json`);
      return attempt(path, () => writeFileSync(path, capsuleText(capsule))) ? path : undefined;
    },
    keepRecords(result, lines) {
      if (records.length === RECORDS_KEPT_MAX) return undefined;
      const path = join(folder, fileNameOf('records', result, records));
      return attempt(path, () => writeFileSync(path, `${lines.join('\n')}\n`)) ? path : undefined;
    },
    add(line, failure) {
      attempt(results, (path) => appendFileSync(path, `${line}\n`));
      if (failure === undefined) return;
      const name = fileNameOf('failure', failure.result, failures);
      attempt(join(folder, name), (path) => writeFileSync(path, `${failure.text}\n`));
    },
    finish(summary) {
      const lines = [summary, ...failures, ...records];
      attempt(join(folder, 'summary.txt'), (path) => writeFileSync(path, `${lines.join('\n')}\n`));
      return problem;
    },
  };
}
