/** What `--report DIR` writes: results.jsonl, one text for each failure, and summary.txt. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '../cluster/result.ts';
import { UsageError } from './usage.ts';

export interface Report {
  add(line: string, failure: { readonly result: RunResult; readonly text: string } | undefined): void;
  finish(summary: string): void;
}

function fileNameOf(result: RunResult): string {
  const seed = result.seed.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
  return `failure-${result.scenario.replaceAll(/[^A-Za-z0-9_-]/g, '_')}-${seed}.txt`;
}

/**
 * Starts a report; an earlier results.jsonl in the folder is replaced.
 * @throws {UsageError} when the folder cannot be written.
 */
export function createReport(folder: string): Report {
  const results = join(folder, 'results.jsonl');
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(results, '');
  } catch (error) {
    throw new UsageError(
      `--report ${folder}: the folder cannot be written (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  return {
    add(line, failure) {
      appendFileSync(results, `${line}\n`);
      if (failure !== undefined) writeFileSync(join(folder, fileNameOf(failure.result)), `${failure.text}\n`);
    },
    finish(summary) {
      writeFileSync(join(folder, 'summary.txt'), `${summary}\n`);
    },
  };
}
