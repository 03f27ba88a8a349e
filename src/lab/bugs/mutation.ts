/** A mutation: a few words of one source file that are replaced. Pure text; an anchor that does not stand there exactly once is an error. */

/** One replacement in one file. */
export interface Mutation {
  /** From the root of the repository, such as `src/chain/node.ts`. */
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  /** What takes its place. */
  readonly replace: string;
}

/** A bug that cannot be planted: it says what is wrong, where, and what to do. */
export class BugError extends Error {
  readonly code = 'BUG';
  override readonly name = 'BugError';
}

function occurrences(source: string, text: string): number {
  let count = 0;
  for (let at = source.indexOf(text); at >= 0; at = source.indexOf(text, at + 1)) count++;
  return count;
}

/**
 * The source of `file` with all mutations of that file. Anchors are looked for in the untouched source, so that none of them
 * finds what another one wrote. @param bug the name of the bug, for the error.
 * @throws {BugError} for an anchor that stands there not at all or more than once, or that changes nothing.
 */
export function mutate(source: string, file: string, mutations: readonly Mutation[], bug: string): string {
  let mutated = source;
  for (const mutation of mutations) {
    if (mutation.file !== file) continue;
    const { find, replace } = mutation;
    const count = occurrences(source, find);
    if (count !== 1) throw new BugError(anchorText(bug, mutation, count));
    if (find === replace)
      throw new BugError(`${bug}: what replaces ${quote(find)} in ${file} is the same text`);
    mutated = mutated.split(find).join(replace);
  }
  return mutated;
}

function anchorText(bug: string, { file, find }: Mutation, count: number): string {
  const how =
    count === 0
      ? 'does not stand there; the code was changed: find where the same mistake could be made now'
      : `stands there ${count} times; take more of the text around the right one`;
  return `bugs/${bug}/bug.yaml: ${quote(find)} must stand in ${file} exactly once and ${how}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
