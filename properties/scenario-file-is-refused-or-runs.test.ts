import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createScenarioRun } from '../src/cluster/run.ts';
import { parseScenario } from '../src/cluster/scenario/parse.ts';
import { ScenarioError } from '../src/cluster/scenario/problem.ts';
import { GALLERY } from '../tests/cluster/gallery.ts';
import { SUITE } from '../tests/cluster/support.ts';

/** Larger clusters take long to build. */
const NODES_MAX = 20;
const EVENTS = 200;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Path = readonly string[];

/** What people type by mistake, and what lies at the ends of ranges. */
const ODD: readonly Json[] = [
  0,
  -1,
  1,
  2,
  3,
  1e9,
  1.5,
  '0s',
  '1us',
  '1ms',
  '3h',
  '5000h',
  '1s..2s',
  '2s..1s',
  '',
  'x',
  true,
  null,
  [],
  {},
  [0],
  'all',
  { random: 0 },
  { random: 1 },
];

function pathsOf(value: Json, path: Path = []): readonly Path[] {
  if (value === null || typeof value !== 'object') return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

/** The same with another value at that place. */
function changed(value: Json, [key, ...rest]: Path, odd: Json): Json {
  if (key === undefined) return odd;
  if (Array.isArray(value)) return value.map((item, i) => (`${i}` === key ? changed(item, rest, odd) : item));
  if (value === null || typeof value !== 'object') return odd;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === key ? changed(inner, rest, odd) : inner]),
  );
}

const FILES = GALLERY.map((name) => {
  const text = readFileSync(new URL(`../scenarios/${name}`, import.meta.url), 'utf8');
  const file: Json = parse(text);
  return { name, file, paths: pathsOf(file).filter(({ length }) => length > 0) };
});

const mutants = fc.constantFrom(...FILES).chain(({ name, file, paths }) =>
  fc.record({
    name: fc.constant(name),
    file: fc.constant(file),
    path: fc.constantFrom(...paths),
    odd: fc.constantFrom(...ODD),
  }),
);

describe('A scenario file with one odd value', () => {
  it('is refused at a line, or runs', () => {
    let refused = 0;
    let ran = 0;
    fc.assert(
      fc.property(mutants, ({ name, file, path, odd }) => {
        const source = JSON.stringify(changed(file, path, odd), null, 1);
        let scenario: ReturnType<typeof parseScenario>;
        try {
          scenario = parseScenario(name, source);
        } catch (error) {
          expect(error).toBeInstanceOf(ScenarioError);
          refused++;
          return;
        }
        if (scenario.nodes > NODES_MAX) return;
        const run = createScenarioRun(scenario, { seed: '1', nativeSuite: SUITE });
        run.step(EVENTS);
        const status = run.cluster.simulator.status();
        const error = status.kind === 'ended' && 'error' in status.reason ? status.reason.error : undefined;
        expect(error).toBeUndefined();
        ran++;
      }),
      { numRuns: 1_500, seed: 2026 },
    );
    expect(refused).toBeGreaterThan(300);
    expect(ran).toBeGreaterThan(50);
  });
});
