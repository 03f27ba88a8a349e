/** Writes docs/mutation-testing.md from what `npm run mutation` measured: the score of each file, and every mutant that survived. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { z } from 'zod';

const RESULT = 'reports/mutation/mutation.json';
const PAGE = 'docs/mutation-testing.md';
/** Mutants of a few words fit a line; of longer ones the beginning does. */
const REPLACEMENT_MAX = 70;

const mutantSchema = z.object({
  mutatorName: z.string(),
  replacement: z.string().default(''),
  status: z.enum([
    'Killed',
    'Timeout',
    'Survived',
    'NoCoverage',
    'Ignored',
    'RuntimeError',
    'CompileError',
    'Pending',
  ]),
  location: z.object({ start: z.object({ line: z.int(), column: z.int() }) }),
});
const reportSchema = z.object({ files: z.record(z.string(), z.object({ mutants: z.array(mutantSchema) })) });

type Mutant = z.infer<typeof mutantSchema>;

interface Score {
  readonly killed: number;
  readonly survived: number;
  readonly uncovered: number;
}

function scoreOf(mutants: readonly Mutant[]): Score {
  const count = (...statuses: readonly Mutant['status'][]): number =>
    mutants.filter(({ status }) => statuses.includes(status)).length;
  return {
    killed: count('Killed', 'Timeout', 'RuntimeError'),
    survived: count('Survived'),
    uncovered: count('NoCoverage'),
  };
}

function percent({ killed, survived, uncovered }: Score): string {
  const all = killed + survived + uncovered;
  return all === 0 ? '-' : ((100 * killed) / all).toFixed(1);
}

function row(name: string, mutants: readonly Mutant[]): string {
  const score = scoreOf(mutants);
  return `| ${name} | ${score.killed} | ${score.survived} | ${score.uncovered} | ${percent(score)} |`;
}

/** One line of code as it became. */
function lineOf({ location, mutatorName, replacement, status }: Mutant): string {
  const text = replacement.replaceAll(/\s+/g, ' ').replaceAll('`', "'");
  const shown = text.length > REPLACEMENT_MAX ? `${text.slice(0, REPLACEMENT_MAX)} …` : text;
  const { line, column } = location.start;
  return `- ${line}:${column} ${mutatorName}: \`${shown === '' ? ' ' : shown}\`${status === 'NoCoverage' ? ', reached by no test' : ''}`;
}

const { files } = reportSchema.parse(JSON.parse(readFileSync(RESULT, 'utf8')));
const named = Object.entries(files)
  .map(([name, { mutants }]) => ({ name: name.replace('src/chain/consensus/', ''), mutants }))
  .filter(({ mutants }) => mutants.length > 0)
  .sort((a, b) => (a.name < b.name ? -1 : 1));
const all = named.flatMap(({ mutants }) => mutants);
const ignored = all.filter(({ status }) => status === 'Ignored').length;
const lines = [
  '# Mutation testing of `src/chain/consensus`',
  '',
  `Written by \`npm run mutation\` (Stryker; ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown machine'}). Each mutant changes one place of the code; the fast tests beside the code that reach it are run, and one of them must fail.`,
  `Mutants in what runs once while modules load are left out (${ignored}): they would need a process each. A mutant that runs for ever is killed by time.`,
  '',
  '| file | killed | survived | reached by no test | score, % |',
  '|---|---|---|---|---|',
  row('**all**', all),
  ...named.map(({ name, mutants }) => row(name, mutants)),
  '',
  '| change | killed | survived | reached by no test | score, % |',
  '|---|---|---|---|---|',
  ...[...new Set(all.map(({ mutatorName }) => mutatorName))].sort().map((kind) =>
    row(
      kind,
      all.filter(({ mutatorName }) => mutatorName === kind),
    ),
  ),
  '',
  'The fast tests are those beside the code, 8 s of them. What they leave is also run by simulated clusters, laws and the bug gallery, which would take minutes for each mutant.',
  'Many survivors change nothing that can be seen: a cache that is not used, a text in a rejection or an event, a bound that another bound comes before. The others are a list of tests that are missing.',
  '',
  '## Survivors',
];
for (const { name, mutants } of named) {
  const left = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  if (left.length === 0) continue;
  lines.push(
    '',
    `### ${name}`,
    '',
    ...left.sort((a, b) => a.location.start.line - b.location.start.line).map(lineOf),
  );
}
writeFileSync(PAGE, `${lines.join('\n')}\n`);
console.log(`${PAGE}: ${percent(scoreOf(all))} % of ${all.length - ignored} mutants`);
