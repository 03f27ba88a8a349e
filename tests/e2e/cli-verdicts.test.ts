/** `aureon run` as a process: verdicts, exit codes, and what a failure prints. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createWorkshop, PASSES, type Plant, root, STALLS, TOO_LITTLE } from './cli-runner.ts';

const shop = createWorkshop();
shop.write('passes.yaml', PASSES);
shop.write('stalls.yaml', STALLS);
shop.write('too-little.yaml', TOO_LITTLE);
afterAll(() => shop.remove());

/** A node throws when it builds on the third block. */
const CRASH: Plant = {
  module: 'src/chain/execution/assemble-block.ts',
  anchor: '  const at = height(parent.header.height + 1);',
  bug: "  const at = height(parent.header.height + 1);\n  if (at === 4) throw new Error('planted crash');",
};
/** The oracle takes what all agree on for a conflict. */
const UNSAFE: Plant = {
  module: 'src/cluster/oracles/agreement.ts',
  anchor: 'else if (first.id !== event.finalId) {',
  bug: 'else if (height === 2) {',
};
/** A seal is found so many milliseconds later as the thread's number says. */
const UNREPEATABLE: Plant = {
  module: 'src/chain/consensus/pow/modelled-search.ts',
  anchor: 'return (scaled + unit / 2n) / unit;',
  bug: 'return (scaled + unit / 2n) / unit + BigInt(globalThis.planted.thread);',
};
/** What should not depend on the order of events counts the runs instead. */
const ORDERED: Plant = {
  module: 'src/cluster/order-free.ts',
  anchor: 'return `${law} ',
  bug: 'return `${globalThis.planted.count++}${law} ',
};
/** The oracle of agreement judges nothing. */
const IDLE_ORACLE: Plant = {
  module: 'src/cluster/oracles/agreement.ts',
  anchor: '    checked++;',
  bug: '    if (checked === 0) return;',
};
/** The thread ends in the middle of seed 2. */
const DYING: Plant = {
  module: 'src/lab/worker.ts',
  anchor: '  const startedMs = performance.now();\n  const {',
  bug: "  if (job.seed === '2') process.exit(7);\n  const startedMs = performance.now();\n  const {",
};

/** The JSON objects of the lines. */
function objects(text: string): readonly Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Those of runs: of several seeds the last line is about all of them. */
function runsOf(text: string): readonly Record<string, unknown>[] {
  return objects(text).filter((object) => object['sweep'] === undefined);
}

describe('exit code', () => {
  it('0: what was expected came to pass.', async () => {
    const { code, stdout, stderr } = await shop.aureon(['run', 'passes.yaml']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Aureon \S+: 1 scenario, on 1 thread\n✓ passes /);
    expect(stdout).toContain('Three nodes agree, and nothing goes wrong.');
    expect(stdout).toMatch(
      /1 passed, 0 failed {2}120s simulated in [\d.]+s, [\d,]+x real time, [\d,]+ events\n$/,
    );
  });

  it('1: a safety check failed.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'passes.yaml'], { plant: UNSAFE });
    expect(code).toBe(1);
    expect(stdout).toMatch(/safety: agreement\/depth-finality-conflict violated by n\d, n\d at [\d.]+s/);
  });

  it('1: too little happened, with what was wanted and counted.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'too-little.yaml']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/blocks: at least 5000, counted (\d\d): 49\d\d too few/);
    expect(stdout).toContain('because  120s at a block every 5s are about 24 blocks');
    expect(stdout).toContain('change   a longer duration, a shorter chain.blockInterval, or a lower number');
    expect(stdout).not.toContain('BlockImported');
  });

  it('1: an expected stall, or violation, did not come.', async () => {
    const stall = await shop.aureon(['run', 'passes.yaml', '--set', 'expect=stall']);
    expect([stall.code, stall.stdout.includes('but expect says stall')]).toEqual([1, true]);
    const law = await shop.aureon(['run', 'passes.yaml', '--set', 'expect={ violation: agreement }']);
    expect([law.code, law.stdout.includes('but expect says violation: agreement')]).toEqual([1, true]);
  });

  it('0: an expected stall, or violation, came.', async () => {
    expect((await shop.aureon(['run', 'stalls.yaml', '--set', 'expect=stall'])).code).toBe(0);
    const expected = ['run', 'passes.yaml', '--set', 'expect={ violation: agreement }'];
    expect((await shop.aureon(expected, { plant: UNSAFE })).code).toBe(0);
  });

  it('3: no agreement within the stated time.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'stalls.yaml']);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /liveness: convergence\/no-common-head violated at 120s\n {4}no common new head within 1s after the last fault, with a block every 5s; /,
    );
  });

  it('4: the program under test crashed, with its host, time and stack.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'passes.yaml'], { plant: CRASH });
    expect(code).toBe(4);
    expect(stdout).toMatch(/crashed: n\d at [\d.]+s: Error: planted crash\n\s+at /);
    expect(stdout).toContain('assemble-block.ts');
  });

  it('4: a thread that ends is a crash of its run, and of no other.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'passes.yaml', '--seeds', '1..3', '--json'], {
      plant: DYING,
    });
    expect(code).toBe(4);
    expect(runsOf(stdout).map(({ seed, verdict }) => [seed, verdict])).toEqual([
      ['1', 'passed'],
      ['2', 'crashed'],
      ['3', 'passed'],
    ]);
  });

  it('5: two runs of one seed differ, with the first event that does.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'passes.yaml', '--verify'], { plant: UNREPEATABLE });
    expect(code).toBe(5);
    expect(stdout).toMatch(/nondeterminism: event \d+ differs/);
    expect(stdout).toMatch(/\n\s+A #\d+ .*\n\s+B #\d+ .*\n\s+it differs in /);
    expect(stdout).toMatch(/caused, in (?:both|A), by\n\s+(?:#\d+|scheduled) /);
    expect(stdout).toContain('records not kept: --report DIR writes the last 4,096 of both runs there');
  });

  it('5: with all that two such runs remember, side by side, in the folder of --report.', async () => {
    const args = ['run', 'passes.yaml', '--verify', '--report', 'differs'];
    const { code, stdout } = await shop.aureon(args, { plant: UNREPEATABLE });
    expect(code).toBe(5);
    expect(stdout).toContain('side by side: differs/records-passes-1.txt');
    const lines = readFileSync(shop.path('differs/records-passes-1.txt'), 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.every((line) => /^(?: {3}|>> )#\d+ /.test(line))).toBe(true);
    expect(lines.some((line) => line.startsWith('>> ') && line.includes('  <>  '))).toBe(true);
    expect(readFileSync(shop.path('differs/failure-passes-1.txt'), 'utf8')).toContain('nondeterminism:');
  });

  it('5: the outcome depends on the order of simultaneous events.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'passes.yaml', '--permute-ties', '2', '--jobs', '1'], {
      plant: ORDERED,
    });
    expect(code).toBe(5);
    expect(stdout).toContain(
      'nondeterminism: the outcome depends on the order of simultaneous events (order 1)',
    );
    expect(stdout).toContain('--permute-ties 1');
  });

  it('4 before 1 before 3 before 0, when several runs end differently.', async () => {
    const files = ['passes.yaml', 'stalls.yaml', 'too-little.yaml'];
    expect((await shop.aureon(['run', ...files, '--quiet'])).code).toBe(1);
    expect((await shop.aureon(['run', ...files.slice(0, 2), '--quiet'])).code).toBe(3);
    expect((await shop.aureon(['run', ...files, '--quiet', '--seed', '2'], { plant: DYING })).code).toBe(4);
  });
});

describe('several seeds', () => {
  const args = ['run', 'passes.yaml', '--seeds', '1..3'];

  it('end with what their assertions add up to, the same on any number of threads.', async () => {
    const table = async (...flags: readonly string[]): Promise<string> => {
      const { code, stdout } = await shop.aureon([...args, ...flags]);
      expect(code).toBe(0);
      return /assertions over 3 runs\n(?: {2}.*\n)+/.exec(stdout)?.[0] ?? '';
    };
    const one = await table('--jobs', '1');
    expect(one).toMatch(/\n {2}always {7}agreement {2,}checked \d+ times in 3 of 3 runs\n/);
    expect(one).toMatch(/\n {2}always {7}corruption {2,}not checked: no scenario gives occasion\n/);
    expect(one).toMatch(
      /\n {2}sometimes {4}a block in compact form {2,}seen in 3 of 3 runs, first in passes seed 1\n/,
    );
    expect(one).toMatch(/\n {2}unreachable {2}an upgrade that nobody planned {2,}not reached\n/);
    expect(await table('--jobs', '3')).toBe(one);
  });

  it('fail when a law was never checked, and say which; one seed does not.', async () => {
    const { code, stdout } = await shop.aureon([...args, '--quiet', '--report', 'idle'], {
      plant: IDLE_ORACLE,
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^assertions over 3 runs\n✗ always {7}agreement {2}NEVER CHECKED, though 3 runs should have\n3 passed, 0 failed, 1 assertion over all runs failed /,
    );
    expect(readFileSync(shop.path('idle/summary.txt'), 'utf8')).toContain('NEVER CHECKED');
    expect((await shop.aureon(['run', 'passes.yaml'], { plant: IDLE_ORACLE })).code).toBe(0);
  });

  it('tell it in JSON as one last line.', async () => {
    const { code, stdout } = await shop.aureon([...args, '--json'], { plant: IDLE_ORACLE });
    expect(code).toBe(1);
    expect(runsOf(stdout)).toHaveLength(3);
    const sweep = objects(stdout).at(-1)?.['sweep'];
    expect(sweep).toMatchObject({ runs: 3, exitCode: 1 });
    expect(sweep).toHaveProperty(
      'assertions',
      expect.arrayContaining([
        { name: 'agreement', kind: 'always', askedRuns: 3, runs: 0, checked: 0, problem: 'neverChecked' },
      ]),
    );
  });
});

describe('--fail-fast', () => {
  it('ends with the first failure, in the order of the runs, whoever ends first.', async () => {
    const args = ['run', 'passes.yaml', 'stalls.yaml', 'too-little.yaml', 'passes.yaml', '--fail-fast'];
    for (const jobs of ['1', '4']) {
      const { code, stdout } = await shop.aureon([...args, '--jobs', jobs]);
      expect(code).toBe(3);
      expect(stdout).not.toContain('too-little');
      expect(stdout).toMatch(/\n1 passed, 1 failed, 2 not run \(--fail-fast\) /);
    }
    const { stdout } = await shop.aureon(['run', 'stalls.yaml', 'passes.yaml', '--fail-fast', '--verify']);
    expect(stdout).toContain('0 passed, 1 failed, 1 not run (--fail-fast)');
  });
});

describe('--list', () => {
  it('says what the scenarios are, and runs none.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'passes.yaml', 'stalls.yaml', '--list']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'passes.yaml  3 nodes · 120s · crash',
        '  Three nodes agree, and nothing goes wrong.',
        'stalls.yaml  3 nodes · 120s · partition',
        '  Three nodes agree, and nothing goes wrong.',
        '',
      ].join('\n'),
    );
  });

  it('lists the gallery, as JSON one object a scenario.', async () => {
    const { code, stdout } = await shop.aureon(['run', '--list', '--json'], { cwd: root });
    expect(code).toBe(0);
    expect(objects(stdout).length).toBeGreaterThanOrEqual(18);
    expect(objects(stdout)[0]).toMatchObject({
      file: 'scenarios/01-partition-and-heal.yaml',
      name: 'partition-and-heal',
      nodes: 6,
      faults: ['partition'],
      load: ['transfers'],
      expect: 'pass',
    });
  });

  it('refuses what cannot be run.', async () => {
    shop.write('wrong/bad.yaml', PASSES.replace('nodes: 3', 'nodes: 0'));
    const { code, stdout, stderr } = await shop.aureon(['run', 'wrong', '--list']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('nodes: found 0');
  });
});

describe('a failure', () => {
  it('prints seed, parameters, violation, faults, events, and one line that replays it.', async () => {
    const args = [
      'run',
      'stalls.yaml',
      '--seed',
      "it's $HOME",
      '--set',
      'nodes=4',
      '--set',
      "chain.blockInterval='4s'",
    ];
    const { stdout } = await shop.aureon(args);
    for (const part of [
      "FAILED stalls, seed it's $HOME",
      '4 nodes · 120s, quiet from 119s · modelled signatures',
      'block every 4s',
      'partition n0 | n1, n2 for 99s',
      'unusual and last events',
      '--set nodes=4',
    ])
      expect(stdout).toContain(part);
    const events = /last events\n((?: {4}.*\n)+)/.exec(stdout)?.[1] ?? '';
    expect(events.trim().split('\n').length).toBeLessThanOrEqual(12);
    expect(events).toMatch(/\d+\.\d{3}s {2}n\d/);

    const replay = /replay {2}(.*)\n/.exec(stdout)?.[1] ?? '';
    const again = spawnSync('sh', ['-c', `${replay} --json`], { cwd: shop.folder, encoding: 'utf8' });
    expect(again.status).toBe(3);
    const [run] = objects(again.stdout);
    expect(stdout).toContain(`trace   ${String(run?.['traceHash'])}`);
    expect(run?.['replay']).toBe(replay);
  });

  it('is replayed through npm at the root of a clone, which installs no command.', async () => {
    const args = ['run', shop.path('stalls.yaml'), '--seed', 'a \'b\' "c" $(d) \\e'];
    const { stdout } = await shop.aureon(args, { cwd: root.slice(0, -1) });
    const replay = /replay {2}(.*)\n/.exec(stdout)?.[1] ?? '';
    expect(replay).toMatch(/^npm start -- /);
    const again = spawnSync('sh', ['-c', replay], { cwd: root, encoding: 'utf8' });
    expect(again.status).toBe(3);
    expect(again.stdout).toContain(/trace {3}\S+/.exec(stdout)?.[0]);
    expect(again.stdout).toContain('FAILED stalls, seed a \'b\' "c" $(d) \\e');
  });
});

describe('results', () => {
  it('are one JSON object a run, with scenario, seed, trace hash and verdict.', async () => {
    const { stdout, stderr } = await shop.aureon(['run', 'passes.yaml', 'stalls.yaml', '--json']);
    expect(stderr).toBe('');
    const runs = objects(stdout);
    expect(runs.map(({ scenario, seed, verdict, exitCode }) => [scenario, seed, verdict, exitCode])).toEqual([
      ['passes', '1', 'passed', 0],
      ['stalls', '1', 'violated', 3],
    ]);
    for (const run of runs) expect(run['traceHash']).toMatch(/^[0-9a-f]{16,}$/);
  });

  it('are the same and in the same order, whatever the number of threads, shared or isolated, alone or twice.', async () => {
    const hashes = async (...flags: readonly string[]): Promise<readonly unknown[]> => {
      const { code, stdout } = await shop.aureon([
        'run',
        'passes.yaml',
        '--seeds',
        '1..4',
        '--json',
        ...flags,
      ]);
      expect(code).toBe(0);
      return runsOf(stdout).map(({ seed, traceHash }) => `${String(seed)} ${String(traceHash)}`);
    };
    const one = await hashes('--jobs', '1');
    expect(new Set(one).size).toBe(4);
    expect(await hashes('--jobs', '2')).toEqual(one);
    expect(await hashes('--jobs', '4')).toEqual(one);
    expect(await hashes('--isolate')).toEqual(one);
    expect(await hashes('--verify')).toEqual(one);
  });

  it('differ in their trace, not in their verdict, when simultaneous events change their order.', async () => {
    const { code, stdout } = await shop.aureon(['run', 'passes.yaml', '--permute-ties', '2', '--json']);
    expect(code).toBe(0);
    const runs = objects(stdout);
    expect(runs.map(({ order, verdict }) => [order, verdict])).toEqual([
      [0, 'passed'],
      [1, 'passed'],
      [2, 'passed'],
    ]);
    expect(new Set(runs.map(({ traceHash }) => traceHash)).size).toBe(3);
  });

  it('take any text for a seed, and the file says the default.', async () => {
    const seeds = async (...args: readonly string[]): Promise<unknown> =>
      objects((await shop.aureon(['run', 'passes.yaml', '--json', ...args])).stdout)[0]?.['seed'];
    const hash = '9fceb02d0ae598e95dc970b74767f19372d61af8';
    expect(await seeds('--seed', hash)).toBe(hash);
    expect(await seeds('--set', 'seed=from-the-file')).toBe('from-the-file');
    expect(await seeds('--seed=-1')).toBe('-1');
  });

  it('are kept in the folder of --report, failures with their whole text.', async () => {
    const args = ['run', 'passes.yaml', 'stalls.yaml', '--seed', 'a/b', '--quiet', '--report', 'kept/here'];
    const { stdout } = await shop.aureon(args, { env: { FORCE_COLOR: '1' } });
    expect(readdirSync(shop.path('kept/here')).sort()).toEqual([
      'capsule-stalls-a_b.json',
      'failure-stalls-a_b.html',
      'failure-stalls-a_b.txt',
      'results.jsonl',
      'summary.txt',
    ]);
    const kept = (name: string): string => readFileSync(shop.path(`kept/here/${name}`), 'utf8');
    expect(objects(kept('results.jsonl')).map(({ verdict }) => verdict)).toEqual(['passed', 'violated']);
    expect(kept('summary.txt')).toMatch(/^1 passed, 1 failed .*\nfailure-stalls-a_b\.txt\n$/);
    expect(kept('failure-stalls-a_b.txt')).toMatch(/^FAILED stalls, seed a\/b\n/);
    expect(kept('failure-stalls-a_b.txt') + kept('summary.txt')).not.toContain('\u001b');
    expect(kept('failure-stalls-a_b.html')).toMatch(/^<!doctype html>/);
    expect(stdout).not.toContain('passes');
  });
});
