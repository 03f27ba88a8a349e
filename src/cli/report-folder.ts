/** What `--report DIR` writes: results.jsonl, a text for each failure, records of runs that differ, and summary.txt. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '../cluster/result.ts';
import { UsageError } from './usage.ts';

/** Comparisons of records that are kept: each has a megabyte, and they mostly tell of one bug. */
const RECORDS_KEPT_MAX = 10;
/** Of a seed in a file's name: file systems allow 255 bytes in all. */
const SEED_NAME_MAX = 64;

export interface Report {
  /** Keeps the records of a run that is no function of its seed; answers the file, undefined past the first ten. */
  keepRecords(result: RunResult, lines: readonly string[]): string | undefined;
  add(line: string, failure: { readonly result: RunResult; readonly text: string } | undefined): void;
  finish(summary: string): void;
}

function safe(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, SEED_NAME_MAX);
}

/**
 * Starts a report; an earlier results.jsonl in the folder is replaced.
 * @throws {UsageError} when the folder cannot be written.
 */
export function createReport(folder: string): Report {
  const results = join(folder, 'results.jsonl');
  const failures: string[] = [];
  const records: string[] = [];
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(results, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UsageError(`--report ${folder}: the folder cannot be written (${code})`);
  }

  /** Two seeds may differ only in characters that no file name has: the second gets a number. */
  function fileNameOf(kind: string, result: RunResult, taken: string[]): string {
    const stem = `${kind}-${safe(result.scenario)}-${safe(result.seed)}`;
    let name = `${stem}.txt`;
    for (let n = 2; taken.includes(name); n++) name = `${stem}-${n}.txt`;
    taken.push(name);
    return name;
  }

  return {
    keepRecords(result, lines) {
      if (records.length === RECORDS_KEPT_MAX) return undefined;
      const path = join(folder, fileNameOf('records', result, records));
      writeFileSync(path, `${lines.join('\n')}\n`);
      return path;
    },
    add(line, failure) {
      appendFileSync(results, `${line}\n`);
      if (failure === undefined) return;
      const name = fileNameOf('failure', failure.result, failures);
      writeFileSync(join(folder, name), `${failure.text}\n`);
    },
    finish(summary) {
      writeFileSync(join(folder, 'summary.txt'), `${[summary, ...failures, ...records].join('\n')}\n`);
    },
  };
}
