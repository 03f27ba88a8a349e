/** `aureon explore` as users meet it: flags, a failure with its order, and the line that replays exactly that. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkshop, PASSES, type Plant, root, type Workshop } from './cli-runner.ts';

/** Who sees a polka precommits, and takes no lock: lines 37 and 38 of algorithm 1 are gone. */
const NO_LOCK: Plant = {
  module: 'src/chain/consensus/pos/round-state.ts',
  anchor: 'return precommitted({ ...valid, locked: { round, block } }, block);',
  bug: 'return precommitted(valid, block);',
};
const FOUR = readFileSync(join(root, 'scenarios/explore/pos-four.yaml'), 'utf8');
/** Two validators: 5 deliveries a height. */
const TWO = PASSES.replace(
  /chain: .*\n/,
  'chain: { engine: pos, blockInterval: 1s }\nnetwork: { latency: { fixed: 1us } }\n',
)
  .replace('nodes: 3', 'nodes: 2')
  .replace('duration: 120s', 'duration: 4s')
  .replace(/load: .*\nfaults: .*\n/, '')
  .replace(/atLeast: .*\n/, '');

describe('aureon explore', () => {
  let shop: Workshop;
  beforeAll(() => {
    shop = createWorkshop();
    shop.write('four.yaml', FOUR);
    shop.write('two.yaml', TWO);
  });
  afterAll(() => shop.remove());

  it('finds a missing lock, prints who got what when, and the line that replays exactly that order', async () => {
    const args = [
      'explore',
      'four.yaml',
      '--timers',
      'choice',
      '--depth',
      '2',
      '--seed',
      '3',
      '--runs',
      '400',
    ];
    const found = await shop.aureon(args, { plant: NO_LOCK });
    expect(found.stdout).toContain('signing/');
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/n\d gets from n\d: (?:prevote|precommit), height 1, round \d, /);
    const trace = /trace\s+([0-9a-f]{16})/.exec(found.stdout)?.[1];
    const schedule = /--replay '([^']+)'/.exec(found.stdout)?.[1] ?? '';
    const replay = ['explore', 'four.yaml', '--seed=3', '--replay', schedule];
    const again = await shop.aureon(replay, { plant: NO_LOCK });
    expect(again.code).toBe(1);
    expect(again.stdout).toContain('signing/');
    expect(/trace\s+([0-9a-f]{16})/.exec(again.stdout)?.[1]).toBe(trace);
    // The same order of messages, and no bug.
    const clean = await shop.aureon(replay);
    expect([clean.code, clean.stdout]).toEqual([0, expect.stringContaining('✓')]);
  });

  it('tells what an exhaustive search visited', async () => {
    const { code, stdout } = await shop.aureon(['explore', 'two.yaml', '--strategy', 'exhaustive', '--json']);
    expect(code).toBe(0);
    const { state, runs, failures } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(failures).toEqual([]);
    expect(state.counts).toMatchObject({ schedules: runs, pruned: 0, cut: 0 });
    expect(state.visited).toBeGreaterThan(runs);
  });

  it('finds by every order of a few messages what a validator forgets when its power is lost', async () => {
    const file = join(root, 'scenarios', 'explore', 'pos-three-power.yaml');
    const window = ['--from', '990ms', '--to', '1000002us', '--until', '1310ms', '--hold', '1s'];
    const search = ['explore', file, '--strategy', 'exhaustive', '--timers', 'choice', ...window];
    const found = await shop.aureon([...search, '--bug', '02']);
    expect([found.code, found.stderr]).toEqual([1, '']);
    expect(found.stdout).toContain('signing/said-twice violated by n2');
    const schedule = /--replay '([^']+)'/.exec(found.stdout)?.[1] ?? '';
    const again = await shop.aureon(['explore', file, '--bug', '02', '--replay', schedule]);
    expect([again.code, again.stdout]).toEqual([1, expect.stringContaining('signing/said-twice')]);
    const clean = await shop.aureon([...search, '--json']);
    expect(clean.code).toBe(0);
    const { state, failures } = JSON.parse(clean.stdout.trim().split('\n').at(-1) ?? '');
    expect([failures, state.counts.cut]).toEqual([[], 0]);
    expect(state.counts.schedules).toBeGreaterThan(100);
  });

  it.each([
    [['explore', 'four.yaml', '--strategy', 'luck'], '--strategy luck: one of pct, random, exhaustive'],
    [['explore', 'four.yaml', '--depth', '9'], '--depth 9: a whole number from 1 to 8'],
    [['explore', 'four.yaml', '--hold', 'soon'], '--hold soon: a duration'],
    [['explore', 'four.yaml', '--from', '2s', '--until', '1s'], '--until: a time after --from'],
    [['explore', 'four.yaml', '--from', '2s', '--to', '1s'], '--to: a time from --from to --until'],
    [['explore', 'four.yaml', '--to', '3s', '--until', '2s'], '--to: a time from --from to --until'],
    [['explore', 'four.yaml', '--until', '7s'], 'a time in which something may go wrong'],
    [['explore', 'four.yaml', '--replay', 'n0>n9:Consensus#1+1us'], 'two of the hosts n0 to n3'],
    [['explore', 'none.yaml'], 'none.yaml: there is no such file'],
  ])('refuses %j', async (args, text) => {
    const { code, stdout, stderr } = await shop.aureon(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
  });
});
