/** How a law is checked: fixed cases in CI, others or more of them by environment, and a failure that says how to repeat it. */
import { relative } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';

/** The seed of every law where nothing else is said: CI checks the same cases each time. */
const SEED = 2026;

/** What the environment asks of every law that runs. */
export interface LawSettings {
  /** AUREON_SEED: other cases. */
  readonly seed: number | undefined;
  /** AUREON_PATH: the one case of that seed, as a failure printed it. */
  readonly path: string | undefined;
  /** AUREON_TIMES: so many times as many cases. */
  readonly times: number;
}

/** @throws {TypeError} when a variable is none. */
export function lawSettings(env: Readonly<Record<string, string | undefined>>): LawSettings {
  const path = env['AUREON_PATH'] === '' ? undefined : env['AUREON_PATH'];
  if (path !== undefined && !/^\d+(:\d+)*$/.test(path))
    throw new TypeError(`AUREON_PATH=${path}: numbers joined by ':' were expected, as a failure prints them`);
  const seed = wholeNumber('AUREON_SEED', env['AUREON_SEED']);
  if (path !== undefined && seed === undefined)
    throw new TypeError(`AUREON_PATH=${path}: AUREON_SEED was expected beside it, as the failure printed it`);
  const times = wholeNumber('AUREON_TIMES', env['AUREON_TIMES']) ?? 1;
  if (times < 1) throw new TypeError(`AUREON_TIMES=${times}: at least 1 was expected`);
  return { seed, path, times };
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new TypeError(`${name}=${text}: a whole number was expected`);
  return Number(text);
}

/** How many cases a law has, and which. */
export interface LawRuns {
  /** Cases in CI: at most some twenty seconds of them. */
  readonly numRuns: number;
}

/** What `checkLaw` gives fast-check. */
export function lawParameters<T>(
  { numRuns }: LawRuns,
  { seed = SEED, path, times }: LawSettings,
): fc.Parameters<T> {
  // One case is meant: the one that failed, as small as it had become.
  if (path !== undefined) return { seed, path, numRuns: 1, endOnFailure: true };
  return { seed, numRuns: numRuns * times };
}

/**
 * Checks a law in the running test.
 * @throws {Error} with the smallest case that breaks it and the line that repeats it.
 */
export function checkLaw<T>(property: fc.IProperty<T>, runs: LawRuns): void {
  const details = fc.check(property, lawParameters<T>(runs, lawSettings(process.env)));
  if (details.failed) throw new Error(failureText(details), { cause: details.errorInstance });
}

/** What a broken law prints: the case, and how to repeat it. */
export function failureText<T>(details: fc.RunDetails<T>): string {
  const report = fc.defaultReportMessage(details) ?? '';
  const { testPath = '', currentTestName = '' } = expect.getState();
  const file = relative(process.cwd(), testPath);
  const name = currentTestName.replaceAll(/[^A-Za-z0-9 >,_-]/g, '.');
  const again = `AUREON_SEED=${details.seed} AUREON_PATH=${details.counterexamplePath} npm test -- ${file} -t "${name}"`;
  return `${report}\n\nRepeat it:\n  ${again}`;
}
