/** What the commands of a node share: flags of a new chain, and files that have to be good. */
import { parseDurationUs } from '../cluster/scenario/duration.ts';
import { type FileProblem, isFileProblem } from '../node/file-problem.ts';
import { NEW_ENGINES, type NewEngine } from '../node/new-genesis.ts';
import { type Flags, text } from './flags.ts';
import { UsageError } from './usage.ts';

/** The engine that a flag names; pos where it does not. @throws {UsageError} for another. */
export function engineOf(flags: Flags, name: string): NewEngine {
  const stated = text(flags, name) ?? 'pos';
  const engine = NEW_ENGINES.find((one) => one === stated);
  if (engine !== undefined) return engine;
  throw new UsageError(`--${name} ${stated}: one of ${NEW_ENGINES.join(', ')} was expected`);
}

/** --interval in whole ms. @param range its ends as people write them. @throws {UsageError} outside of it. */
export function intervalMsOf(
  flags: Flags,
  initial: string,
  [least, most]: readonly [string, string],
): number {
  const stated = text(flags, 'interval') ?? initial;
  const us = parseDurationUs(stated) ?? 0;
  if (us >= (parseDurationUs(least) ?? 0) && us <= (parseDurationUs(most) ?? 0) && us % 1_000 === 0)
    return us / 1_000;
  throw new UsageError(
    `--interval ${stated}: a duration from ${least} to ${most} was expected, such as ${initial}`,
  );
}

/** What was asked for. @throws {UsageError} in words, where it is a problem. */
export function used<T extends object>(found: T | FileProblem): T {
  if (isFileProblem(found)) throw refusal(found);
  return found;
}

/** A problem in words. */
export function refusal({ what, advice }: FileProblem): UsageError {
  return new UsageError(`${what}\n  expected: ${advice}`);
}
