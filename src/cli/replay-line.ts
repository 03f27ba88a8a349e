/** The one line that repeats a run. */
import type { Job } from '../lab/job.ts';

const PLAIN = /^[A-Za-z0-9_./:=,@%+-]+$/;

/** Quotes for a POSIX shell where that is needed. */
export function quoteShell(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `npx aureon run …` with every parameter that the outcome depends on. */
export function replayLine(job: Job, verify: boolean): string {
  const words = ['npx', 'aureon', 'run', job.file, '--seed', job.seed];
  for (const override of job.overrides) words.push('--set', `${override.path}=${override.value}`);
  if (job.isolate) words.push('--isolate');
  if (job.permuteTies > 0) words.push('--permute-ties', String(job.permuteTies));
  if (verify) words.push('--verify');
  return words.map(quoteShell).join(' ');
}
