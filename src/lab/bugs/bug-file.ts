/** The bug gallery as files: `bugs/NN-name/bug.yaml` says what is mutated, who runs it, and who must notice. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { ORACLE_NAMES } from '../../cluster/scenario/oracle-names.ts';
import { BugError, type Mutation } from './mutation.ts';

/** Root of the repository, seen from here and from the built file alike. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url));

/** Environment variable that names the bug of a process that is planted whole. */
export const BUG_VARIABLE = 'AUREON_BUG';

const NAME = /^(\d\d)-[a-z0-9-]+$/;

const mutation = z.strictObject({
  file: z.string().regex(/^src\/chain\/.+\.ts$/, 'a file below src/chain was expected'),
  find: z.string().min(1),
  replace: z.string(),
});

const common = {
  title: z.string().min(1).max(100),
  mutations: z.array(mutation).min(1).max(8),
};

const clusterBug = z.strictObject({
  kind: z.literal('cluster'),
  ...common,
  /** On which chains it can tell; for readers. */
  engine: z.enum(['any', 'pow', 'poa', 'pos']),
  /** Kinds of faults and of behaviours: in a run without any of them the changed code does what it did before. */
  onlyWith: z.array(z.string().min(1)).min(1).optional(),
  /** Which honest hosts have it. */
  runs: z.enum(['all', 'half']).default('all'),
  /** Who must notice: a crash of the program, or an oracle by its name. */
  oracles: z.array(z.enum(['crash', ...ORACLE_NAMES])).min(1),
  /** Starts that are known to find it soon, by their first seed: what the quick score runs. */
  quick: z.number().int().min(1).optional(),
  /** Why no start of the score finds it: a known miss. */
  missed: z.string().min(1).optional(),
});

const unitBug = z.strictObject({
  kind: z.literal('unit'),
  ...common,
  /** Test files of which at least one must fail. */
  tests: z
    .array(z.string().regex(/\.test\.ts$/))
    .min(1)
    .max(4),
});

const bugFile = z.discriminatedUnion('kind', [clusterBug, unitBug]);

/** One planted bug. */
export type Bug = z.infer<typeof bugFile> & {
  /** Its folder, such as `01-used-nonce`. */
  readonly name: string;
  /** Its two digits. */
  readonly number: string;
  readonly mutations: readonly Mutation[];
};

/** A bug that whole clusters must show. */
export type ClusterBug = Extract<Bug, { readonly kind: 'cluster' }>;
/** A bug that properties and tests must show. */
export type UnitBug = Extract<Bug, { readonly kind: 'unit' }>;

/** @throws {BugError} for a file that is no bug. */
export function parseBug(name: string, text: string): Bug {
  const number = NAME.exec(name)?.[1];
  if (number === undefined)
    throw new BugError(`bugs/${name}: two digits, a dash and a name in lower case were expected`);
  const read = bugFile.safeParse(parse(text));
  if (read.success) return { ...read.data, name, number };
  const [issue] = read.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `, ${issue.path.map(String).join('.')}`;
  throw new BugError(`bugs/${name}/bug.yaml${where}: ${issue?.message ?? 'no bug'}`);
}

/**
 * All bugs, by number. @param folder for tests.
 * @throws {BugError} outside the repository, for a file that is no bug, or for two bugs of one number.
 */
export function readBugs(folder: string = join(ROOT, 'bugs')): readonly Bug[] {
  if (!existsSync(folder))
    throw new BugError(
      `${folder}: the bug gallery is not part of the package, since bugs are planted into its TypeScript sources; clone the repository`,
    );
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort((a, b) => (a < b ? -1 : 1));
  const bugs = names.map((name) => parseBug(name, readFileSync(join(folder, name, 'bug.yaml'), 'utf8')));
  for (const [i, bug] of bugs.entries())
    if (bugs[i - 1]?.number === bug.number)
      throw new BugError(`bugs/${bug.name}: its number is that of ${bugs[i - 1]?.name ?? ''}`);
  return bugs;
}

/** The bug of that number or name. @throws {BugError} when there is none. */
export function findBug(bugs: readonly Bug[], wanted: string): Bug {
  const bug = bugs.find(({ name, number }) => name === wanted || number === wanted.padStart(2, '0'));
  if (bug !== undefined) return bug;
  const known = bugs.map(({ name }) => name).join(', ');
  throw new BugError(`bug ${wanted}: a number or a name of the gallery was expected: ${known}`);
}
