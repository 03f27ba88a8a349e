/** Assertions: what only a bug can break. On in production; one that fails stops the host. */

/** An invariant did not hold: a bug in the program or in its world, never in what a peer, user or disk sent. */
export class AssertionError extends Error {
  readonly code = 'ASSERTION';
  override readonly name = 'AssertionError';
}

/**
 * States an invariant as a sentence.
 * @throws {AssertionError} when `condition` is false.
 */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new AssertionError(invariant);
}

/**
 * Ends a switch over a closed union: a new kind does not compile until it is handled here too.
 * @throws {AssertionError} always.
 */
export function assertNever(value: never): never {
  throw new AssertionError(`every kind of a closed union is handled, but not ${JSON.stringify(value)}`);
}
