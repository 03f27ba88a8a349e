/** The text and stack of what ended a run: they differ between engines, so that they are added outside the simulation. */
import type { RunResult } from '../cluster/result.ts';

/** The result with the words of the error in its verdict; unchanged when nothing was thrown. */
export function withThrown(result: RunResult, thrown: unknown): RunResult {
  if (result.verdict.kind !== 'crashed' || !(thrown instanceof Error)) return result;
  const error = `${thrown.name}: ${thrown.message}`;
  return { ...result, verdict: { ...result.verdict, error, stack: thrown.stack ?? '' } };
}
