/** The text and stack of what ended a run: they differ between engines, so that they are added outside the simulation. */
import type { RunResult } from '../cluster/result.ts';
import { AssertionError } from '../env/assert.ts';

/** Numbers of an assertion that names some: another seed has others. */
const NUMBERS = /\d+/g;

/**
 * The result with the words of the error in its verdict; unchanged when nothing was thrown. The sentence of an assertion is ours,
 * alike in every engine, and tells one failure from another: it joins the fingerprint.
 */
export function withThrown(result: RunResult, thrown: unknown): RunResult {
  if (result.verdict.kind !== 'crashed' || !(thrown instanceof Error)) return result;
  const error = `${thrown.name}: ${thrown.message}`;
  const fingerprint =
    thrown instanceof AssertionError
      ? `${result.fingerprint}: ${thrown.message.replaceAll(NUMBERS, '#')}`
      : result.fingerprint;
  return { ...result, fingerprint, verdict: { ...result.verdict, error, stack: thrown.stack ?? '' } };
}
