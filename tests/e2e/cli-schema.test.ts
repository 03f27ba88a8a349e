/** The scenario schema as users meet it: in the editor, in the gallery, and in docs/scenarios.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ORACLES } from '../../src/cluster/oracles/oracles.ts';
import type { JsonSchema } from '../../src/cluster/scenario/expected.ts';
import { ORACLE_NAMES } from '../../src/cluster/scenario/oracle-names.ts';
import { scenarioJsonSchema } from '../../src/cluster/scenario/parse.ts';
import { parseSpace } from '../../src/cluster/space/parse.ts';
import { withReference } from '../../tools/scenario-reference.ts';
import { scenarioSchemaText, spaceSchemaText } from '../../tools/scenario-schema.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const gallery = readdirSync(`${root}scenarios`).filter((name) => name.endsWith('.yaml'));

/** Every property of the schema with the path to it; unions and lists add nothing to the path. */
function properties(schema: JsonSchema, path = ''): readonly (readonly [string, JsonSchema])[] {
  const inner = [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.items === undefined ? [] : [schema.items]),
  ];
  const here = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [[at, value] as const, ...properties(value, at)];
  });
  return [...here, ...inner.flatMap((branch) => properties(branch, path))];
}

const fields = properties(scenarioJsonSchema());

describe('schemas/space.schema.json', () => {
  it('is what npm run schema writes, and describes the spaces that come with the package.', () => {
    expect(read('schemas/space.schema.json')).toBe(spaceSchemaText());
    const spaces = readdirSync(`${root}spaces`);
    expect(spaces).toContain('default.yaml');
    for (const name of spaces) {
      expect(read(`spaces/${name}`)).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/schemas\/space\.schema\.json\n/,
      );
      expect(parseSpace(name, read(`spaces/${name}`)).name).toBe(name.replace('.yaml', ''));
    }
  });
});

describe('schemas/scenario.schema.json', () => {
  it('is what npm run schema writes.', () => {
    expect(read('schemas/scenario.schema.json')).toBe(scenarioSchemaText());
  });

  it('describes every field, kind and line of a scenario.', () => {
    expect(fields.length).toBeGreaterThan(150);
    const silent = fields
      .filter(([path, field]) => field.description === undefined && !path.endsWith('.kind'))
      .map(([path]) => path);
    expect(silent).toEqual([]);
    const lines = [...(scenarioJsonSchema().properties?.['faults']?.items?.oneOf ?? [])];
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter((line) => line.description === undefined)).toEqual([]);
  });

  it('lets a scenario expect each law that is judged, and no other.', () => {
    expect([...ORACLE_NAMES].sort()).toEqual([...ORACLES.keys(), 'acceptance', 'convergence'].sort());
  });
});

describe('the gallery', () => {
  it.each(gallery)('names the schema at the top of %s, for editors.', (name) => {
    const [first] = read(`scenarios/${name}`).split('\n');
    expect(first).toBe('# yaml-language-server: $schema=../schemas/scenario.schema.json');
  });
});

describe('docs/scenarios.md', () => {
  const text = read('docs/scenarios.md');

  it('has the tables that npm run schema writes.', () => {
    expect(withReference(text)).toBe(text);
  });

  it('mentions every key that a scenario may have.', () => {
    const keys = new Set(fields.map(([path]) => path.slice(path.lastIndexOf('.') + 1)));
    expect([...keys].filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
  });

  it('mentions every kind of fault and of load, every law, and every other word of the schema.', () => {
    const words = new Set<string>();
    for (const [, field] of fields) {
      for (const branch of [field, ...(field.anyOf ?? []), ...(field.oneOf ?? [])]) {
        for (const word of [branch.const, ...(branch.enum ?? [])])
          if (typeof word === 'string') words.add(word);
      }
    }
    expect(words.size).toBeGreaterThan(60);
    expect([...words].filter((word) => !text.includes(`\`${word}\``))).toEqual([]);
  });
});
