/** Chaos on real processes, the short form: `npm run chaos` is the long one. All of them pass simulated too. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { createPlanRun } from '../../src/cluster/run.ts';
import { parseScenario } from '../../src/cluster/scenario/parse.ts';
import { SUITE } from '../cluster/support.ts';
import { createWorkshop, root, type Workshop } from './cli-runner.ts';

const RUN_MS = 600_000;
const STEP_EVENTS = 100_000;
const FOLDER = join(root, 'scenarios/chaos');
const FILES = readdirSync(FOLDER).sort();

interface Told {
  readonly detail: unknown;
  readonly counts: { readonly restarts: number };
  readonly assertions: readonly { readonly name: string; readonly checked: number; readonly held: number }[];
}

describe('chaos on four real validators under load', () => {
  let shop: Workshop;
  beforeAll(() => {
    shop = createWorkshop();
  });
  afterAll(() => shop.remove());

  it(
    'loses nothing that was acknowledged, and no oracle finds anything',
    async () => {
      const file = join(FOLDER, 'short.yaml');
      const { code, stdout, stderr } = await shop.aureon(['run', file, '--real', '--json']);
      const told = JSON.parse(stdout) as Told;
      expect([code, told.detail, stderr]).toEqual([0, { kind: 'passed' }, '']);
      expect(told.counts.restarts).toBeGreaterThanOrEqual(3);
      const acknowledged = told.assertions.find(({ name: law }) => law === 'acknowledged');
      expect(acknowledged?.checked).toBeGreaterThan(0);
      expect(acknowledged?.held).toBe(acknowledged?.checked);
    },
    RUN_MS,
  );
});

describe('the files of chaos', () => {
  const readFile = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

  it.each(FILES)('may run on real nodes: %s', (name) => {
    expect(parseScenario(name, readFile(name), [], 'real').expect).toBe('pass');
  });

  it.each(FILES.filter((name) => name.startsWith('short')))('pass simulated, judged by depth: %s', (name) => {
    const quick = [{ path: 'signatures', value: 'modelled' }];
    for (const seed of ['1', '2']) {
      const plan = resolveScenario(parseScenario(name, readFile(name), quick), seed);
      const run = createPlanRun(plan, { nativeSuite: SUITE });
      while (run.step(STEP_EVENTS));
      const { verdict, notes } = run.result();
      expect([seed, verdict, notes.filter((note) => note.includes('not judged'))]).toEqual([
        seed,
        { kind: 'passed' },
        [],
      ]);
    }
  });
});
