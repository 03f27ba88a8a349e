/** Chaos on real processes, the short form: `npm run chaos` is the long one. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkshop, root, type Workshop } from './cli-runner.ts';

const RUN_MS = 600_000;

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
      const file = join(root, 'scenarios/chaos/short.yaml');
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
