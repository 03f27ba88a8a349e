/** `aureon run --metrics` as users meet it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkshop, type Workshop } from './cli-runner.ts';

const SCENARIO = `name: short
shows: Two nodes for ten seconds.
duration: 10s
nodes: 2
signatures: modelled
chain: { blockInterval: 1s }
expect: pass
`;

describe('aureon run --metrics', () => {
  let shop: Workshop;
  beforeAll(() => {
    shop = createWorkshop();
    shop.write('short.yaml', SCENARIO);
    shop.write('file', '');
  });
  afterAll(() => shop.remove());

  it('writes what Prometheus would have read, the same for the same seed', async () => {
    for (const name of ['a.txt', 'b.txt']) {
      const { code, stderr } = await shop.aureon(['run', 'short.yaml', '--metrics', `out/${name}`]);
      expect([code, stderr]).toEqual([0, '']);
    }
    const text = readFileSync(shop.path('out/a.txt'), 'utf8');
    expect(text).toMatch(
      /^# TYPE aureon_blocks_produced counter\n# HELP aureon_blocks_produced Blocks that /,
    );
    expect(text).toMatch(/\naureon_chain_height\{job="aureon",instance="n1"\} \d+ 1700000010\.000\n/);
    expect(readFileSync(shop.path('out/b.txt'), 'utf8')).toBe(text);
  });

  it.each([
    [
      ['--seeds', '1..2', '--metrics', 'm.txt'],
      '--metrics m.txt: one run has one file of metrics; these are 2 runs\n',
    ],
    [['--metrics', 'file/m.txt'], '--metrics file/m.txt: the file cannot be written ('],
  ])('refuses %j before anything runs', async (flags, words) => {
    const { code, stdout, stderr } = await shop.aureon(['run', 'short.yaml', ...flags]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  });
});
