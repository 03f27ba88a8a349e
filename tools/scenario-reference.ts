/** The tables of docs/scenarios.md: every key of a scenario file, what it may be, what it means; from the schema. */
import { describeSchemas, type JsonSchema } from '../src/cluster/scenario/expected.ts';
import { scenarioJsonSchema } from '../src/cluster/scenario/parse.ts';

/** Between these lines of the page stands what this file writes. */
const BEGIN = '<!-- npm run schema writes from here -->';
const END = '<!-- to here -->';

/** Keys with a section or a row of their own. */
const EXPLAINED: readonly string[] = ['hosts', 'link'];

/** Words of a value in code, so that they can be copied: `all`, `kill`. */
function valueText(schema: JsonSchema): string {
  const { items } = schema;
  const isLong =
    items?.oneOf ?? items?.properties ?? items?.anyOf?.find((branch) => branch.oneOf !== undefined);
  if (isLong !== undefined) return 'a list, see below';
  const branches = schema.anyOf ?? schema.oneOf ?? [schema];
  return branches
    .map((branch) => {
      const words = branch.enum ?? (branch.const === undefined ? [] : [branch.const]);
      if (words.length > 0) return words.map((word) => `\`${String(word)}\``).join(', ');
      const text = describeSchemas([branch]);
      const [only] = Object.entries(branch.properties ?? {});
      if (only === undefined) return text;
      if (Object.keys(branch.properties ?? {}).length > 1) return `${keyList(branch)}`;
      return `{ \`${only[0]}\`: ${valueText(only[1])} }`;
    })
    .join(' or ');
}

function keyList(schema: JsonSchema): string {
  const keys = Object.keys(schema.properties ?? {}).map((key) => `\`${key}\``);
  return keys.length > 12 ? 'a mapping from names to counts' : `{ ${keys.join(', ')} }`;
}

function table(schema: JsonSchema, without: readonly string[] = []): string {
  const rows = Object.entries(schema.properties ?? {})
    .filter(([key]) => !without.includes(key))
    .map(([key, field]) => {
      const must = schema.required?.includes(key) === true ? ' (required)' : '';
      return `| \`${key}\`${must} | ${valueText(field)} | ${field.description ?? ''} |`;
    });
  return ['| key | value | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** One row a kind; keys that all kinds share stand above. */
function kinds(lines: readonly JsonSchema[], shared: readonly string[]): string {
  const rows = lines.map((line) => {
    const kind = String(line.properties?.['kind']?.const);
    const keys = Object.entries(line.properties ?? {})
      .filter(([key]) => key !== 'kind' && !shared.includes(key))
      .map(([key, field]) => {
        const optional = line.required?.includes(key) === true ? '' : ', optional';
        if (EXPLAINED.includes(key)) return `\`${key}\`${optional}`;
        return `\`${key}\`${optional}: ${valueText(field)}. ${field.description ?? ''}`;
      });
    return `| \`${kind}\` | ${line.description ?? ''} | ${keys.join('<br>')} |`;
  });
  return ['| `kind` | what happens | keys of its own |', '|---|---|---|', ...rows].join('\n');
}

/** Names alone, or mappings with a kind. */
function behaviours(schema: JsonSchema): string {
  const lines = schema.items?.anyOf?.find((branch) => branch.oneOf !== undefined)?.oneOf ?? [];
  const [first] = lines;
  if (first === undefined) throw new Error('the schema has behaviours');
  const window = { properties: { from: at(first, 'from'), until: at(first, 'until') } };
  return `A name alone, or a mapping with its \`kind\` and keys. What each does and who answers it: [byzantine.md](byzantine.md).\nTwo hosts with one key are counted as \`twin\`.\n\n${table(window)}\n\n${kinds(lines, ['from', 'until'])}`;
}

function at(schema: JsonSchema, ...keys: readonly string[]): JsonSchema {
  let here = schema;
  for (const key of keys) {
    const next = here.properties?.[key];
    if (next === undefined) throw new Error(`the schema has no ${keys.join('.')}`);
    here = next;
  }
  return here;
}

/** Sections with one table each. */
function scenarioReference(): string {
  const root = scenarioJsonSchema();
  const faults = at(root, 'faults').items?.oneOf ?? [];
  const loads = at(root, 'load').items?.oneOf ?? [];
  const [partition] = faults;
  const [transfers] = loads;
  const clog = faults.find((line) => line.properties?.['kind']?.const === 'clog');
  const rule = at(root, 'hosts').items;
  const proposal = at(root, 'proposals').items;
  const isWhole = rule !== undefined && proposal !== undefined;
  if (partition === undefined || transfers === undefined || clog === undefined || !isWhole)
    throw new Error('the schema has lines of faults, of load, of hosts and of proposals');
  const timing = { properties: { ...partition.properties }, required: partition.required };
  const own = ['kind', 'groups', 'isolate', 'split', 'oneWay'];
  const sections: readonly (readonly [string, string])[] = [
    ['The file', table(root)],
    ['`chain`', table(at(root, 'chain'))],
    ['`chain.upgrade`', table(at(root, 'chain', 'upgrade'))],
    ['`chain.poa`', table(at(root, 'chain', 'poa'))],
    ['`network`', table(at(root, 'network'))],
    ['`network.bandwidth`', table(at(root, 'network', 'bandwidth').anyOf?.[1] ?? {})],
    ['`node`', table(at(root, 'node'))],
    ['`hosts`, a list of', table(rule)],
    ['`hosts[].disk`', table(at(rule, 'disk'))],
    ['`byzantine`', table(at(root, 'byzantine'))],
    ['`hosts[].byzantine` and `byzantine.of`, lists of', behaviours(at(rule, 'byzantine'))],
    ['`cpu`', table(at(root, 'cpu'))],
    [
      '`load`, a list of',
      `${table(transfers, ['kind', 'accounts', 'hotPercent'])}\n\n${kinds(loads, ['perSecond', 'from', 'until'])}`,
    ],
    ['`proposals`, a list of', table(proposal)],
    ['`faults`, a list of', `${table(timing, own)}\n\n${kinds(faults, ['at', 'every', 'until', 'for'])}`],
    ['`link`, where a fault needs one', table(at(clog, 'link'))],
    ['`expect`', `| value | the run passes when |\n|---|---|\n${expectRows(at(root, 'expect'))}`],
    ['`atLeast`', table(at(root, 'atLeast'))],
  ];
  return sections.map(([title, text]) => `### ${title}\n\n${text}`).join('\n\n');
}

function expectRows(schema: JsonSchema): string {
  const violation = schema.anyOf?.find((branch) => branch.properties?.['violation'] !== undefined);
  const laws = violation?.properties?.['violation']?.enum ?? [];
  return [
    '| `pass` | no law is violated, all agree in the quiet end, and `atLeast` is reached |',
    '| `stall` | nothing is violated but `convergence`: there is no agreement in time |',
    '| `deadlock` | the same, with a proof that it lasts for ever: no live host may extend its own head, and no head is better |',
    `| { \`violation\`: … } | this law is violated, and no other: ${laws.map((law) => `\`${String(law)}\``).join(', ')} |`,
  ].join('\n');
}

/** The page with its tables brought up to date. */
export function withReference(page: string): string {
  return withWritten(page, scenarioReference());
}

/** The page with that text between its two lines. */
export function withWritten(page: string, text: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page needs the lines ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`;
}
