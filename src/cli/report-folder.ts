/** What `--report DIR` writes: results.jsonl, one text for each failure, and summary.txt. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '../cluster/result.ts';
import { UsageError } from './usage.ts';

/** Of a seed in a file's name: file systems allow 255 bytes in all. */
const SEED_NAME_MAX = 64;

export interface Report {
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
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(results, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UsageError(`--report ${folder}: the folder cannot be written (${code})`);
  }

  /** Two seeds may differ only in characters that no file name has: the second gets a number. */
  function fileNameOf(result: RunResult): string {
    const stem = `failure-${safe(result.scenario)}-${safe(result.seed)}`;
    let name = `${stem}.txt`;
    for (let n = 2; failures.includes(name); n++) name = `${stem}-${n}.txt`;
    failures.push(name);
    return name;
  }

  return {
    add(line, failure) {
      appendFileSync(results, `${line}\n`);
      if (failure !== undefined) writeFileSync(join(folder, fileNameOf(failure.result)), `${failure.text}\n`);
    },
    finish(summary) {
      writeFileSync(join(folder, 'summary.txt'), `${[summary, ...failures].join('\n')}\n`);
    },
  };
}
