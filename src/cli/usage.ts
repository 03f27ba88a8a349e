/** What the user asked for and cannot have: shown without a stack, exit code 2. */
export class UsageError extends Error {
  readonly code = 'USAGE';
  override readonly name = 'UsageError';
}
