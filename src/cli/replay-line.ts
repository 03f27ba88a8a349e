/** The one line that repeats a run. */
import { fileURLToPath } from 'node:url';
import type { Job } from '../lab/job.ts';

const PLAIN = /^[A-Za-z0-9_./:=,@%+-]+$/;

/** Quotes for a POSIX shell where that is needed. */
export function quoteShell(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The words that start `aureon run` again from the folder `cwd`: the installed command; in a clone of the repository, which
 * installs no command, `npm start --` at its root and the file itself elsewhere.
 * @param moduleUrl of a module of `src/cli`, or of the built one.
 */
export function startWords(moduleUrl: string, cwd: string): readonly string[] {
  if (!moduleUrl.endsWith('.ts')) return ['npx', 'aureon', 'run'];
  const root = fileURLToPath(new URL('../..', moduleUrl));
  if (`${cwd}/` === root) return ['npm', 'start', '--'];
  return [`${root}node_modules/.bin/node`, `${root}src/cli/main.ts`, 'run'];
}

/** The words that start another command of `aureon` from the folder `cwd`. @param moduleUrl as for `startWords`. */
export function commandWords(moduleUrl: string, cwd: string, command: string): readonly string[] {
  if (!moduleUrl.endsWith('.ts')) return ['npx', 'aureon', command];
  const root = fileURLToPath(new URL('../..', moduleUrl));
  if (`${cwd}/` === root) return ['npm', 'run', '-s', 'aureon', '--', command];
  return [`${root}node_modules/.bin/node`, `${root}src/cli/main.ts`, command];
}

/** Every parameter that the outcome depends on, behind the words that start the command. */
export function replayLine(job: Job, verify: boolean, start: readonly string[]): string {
  const words = [...start];
  // A file or a value that begins with a dash must not be read as a flag.
  words.push(job.file.startsWith('-') ? `./${job.file}` : job.file);
  words.push(job.seed.startsWith('-') ? `--seed=${job.seed}` : '--seed');
  if (!job.seed.startsWith('-')) words.push(job.seed);
  for (const override of job.overrides) words.push('--set', `${override.path}=${override.value}`);
  if (job.bug !== undefined) words.push('--bug', job.bug);
  if (job.isReal === true) words.push('--real');
  if (job.isolate) words.push('--isolate');
  if (job.permuteTies > 0) words.push('--permute-ties', String(job.permuteTies));
  if (verify) words.push('--verify');
  return words.map(quoteShell).join(' ');
}
