/** `aureon sweep`: resumed after SIGKILL it comes to the same table; Ctrl-C, refusals, files that are not what they should be. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { tablesOf } from '../support/sweep-tables.ts';
import { atWork, createWorkshop, ENDLESS, finished, main, node, PASSES, STALLS } from './cli-runner.ts';

const shop = createWorkshop();
/** Two engines, a few seconds each. */
const SPACE = `name: small
shows: Small clusters for the tests.
clusters:
  - engine: pos
    nodes: '4'
    duration: 24s
    quiet: 12s
    blockInterval: 1s
    latency: 10ms
    spread: 10ms
    behaviours: [silent, garbage]
  - engine: pow
    nodes: '3'
    duration: 40s
    quiet: 20s
    blockInterval: 2s
    finalityDepth: '6'
    latency: 10ms
    spread: 10ms
`;
shop.write('small.yaml', SPACE);
shop.write('passes.yaml', PASSES);
shop.write('stalls.yaml', STALLS);
shop.write('endless.yaml', ENDLESS);
afterAll(() => shop.remove());

function start(...args: readonly string[]): ChildProcess {
  return shop.start(node, [main, 'sweep', ...args]);
}

/** Rows that are durable in a folder, read beside the process that writes them. */
function rowsOf(folder: string): number {
  if (!existsSync(shop.path(`${folder}/sweep.db-wal`))) return 0;
  try {
    return tablesOf(shop.path(folder))['runs']?.length ?? 0;
  } catch {
    return 0;
  }
}

async function untilRows(folder: string, rows: number): Promise<void> {
  for (let tries = 0; rowsOf(folder) < rows; tries++) {
    if (tries > 2_000) throw new Error(`${folder} has ${rowsOf(folder)} rows, not ${rows}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a sweep', () => {
  it('that is killed three times with SIGKILL and resumed comes to the table of one that was left alone.', async () => {
    const alone = await shop.aureon(['sweep', 'small.yaml', '--seeds', '1..70', '--out', 'alone']);
    expect(alone.stderr).toBe('');
    for (const rows of [10, 25, 40]) {
      const child = start('small.yaml', '--seeds', '1..70', '--out', 'killed', '--jobs', '2');
      const end = finished(child);
      await untilRows('killed', rows);
      child.kill('SIGKILL');
      await end;
    }
    const before = rowsOf('killed');
    expect(before).toBeGreaterThanOrEqual(40);
    expect(before).toBeLessThan(70);
    const last = await shop.aureon(['sweep', 'small.yaml', '--seeds', '1..70', '--out', 'killed', '--json']);
    expect(last.code).toBe(alone.code);
    const { sweep } = JSON.parse(last.stdout);
    expect(sweep).toMatchObject({ ran: 70 - before, left: 0 });
    const tables = tablesOf(shop.path('alone'));
    expect(tablesOf(shop.path('killed'))).toEqual(tables);
    expect(tables['runs']).toHaveLength(70);
    for (const table of ['faults', 'byzantine', 'assertions', 'behaviours', 'effects'])
      expect(tables[table]?.length, table).toBeGreaterThan(2);
    const modes = tables['runs']?.map(({ mode }) => mode);
    for (const mode of ['shared', 'isolated', 'twice']) expect(modes).toContain(mode);
  }, 300_000);

  it('that is done runs nothing, and tells the same again.', async () => {
    const first = await shop.aureon(['sweep', 'passes.yaml', '--seeds', '1..6', '--out', 'done']);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('sweep of the scenario passes, seeds 1..6');
    expect(first.stdout).toMatch(/crash +6 +6 +6 +6/);
    expect(first.stdout).toContain('6 passed, 0 failed');
    const again = await shop.aureon(['sweep', 'passes.yaml', '--seeds', '1..6', '--out', 'done']);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('6 passed, 0 failed  nothing was left to run');
    const rest = (text: string): string => text.slice(text.indexOf('faults'), text.indexOf('6 passed'));
    expect(rest(again.stdout)).toBe(rest(first.stdout));
    const more = await shop.aureon(['sweep', 'passes.yaml', '--seeds', '1..9', '--out', 'done', '--json']);
    expect(JSON.parse(more.stdout).sweep).toMatchObject({ ran: 3, totals: { seeds: 9, passed: 9 } });
  });

  it('tells failures by kind, with a file of the simplest and the line that repeats it.', async () => {
    const { code, stdout } = await shop.aureon(['sweep', 'stalls.yaml', '--seeds', '1..4', '--quiet']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ pow convergence\//);
    expect(stdout).toContain('4 seeds; simplest: seed ');
    const replay = /replay {2}(.*)/.exec(stdout)?.[1];
    if (replay === undefined) throw new Error(`no line repeats it: ${stdout}`);
    expect(replay).toContain('reports/sweep-stalls/capsules/');
    const again = await finished(shop.start('bash', ['-c', replay]));
    expect(again.code).toBe(3);
  });

  it('runs some seeds twice, and calls a difference nondeterminism.', async () => {
    const plant = {
      module: 'src/cluster/run.ts',
      anchor: 'traceHash: simulator.traceHash(),',
      bug: '// @ts-ignore\ntraceHash: `${simulator.traceHash().slice(4)}${String(globalThis.planted.count++).padStart(4, "0")}`,',
    };
    const args = ['sweep', 'passes.yaml', '--seeds', '1..3', '--out', 'odd', '--jobs', '1'];
    const { code, stdout } = await shop.aureon(args, { plant });
    expect(code).toBe(5);
    expect(stdout).toContain('✗ nondeterminism  1 seed; simplest: seed 1');
    expect(stdout).toContain('run again with nothing shared the trace differs');
    expect(stdout).toMatch(/replay .* --seed 1 --verify/);
  });

  it('ends with the first failure where it is told to, and goes on later.', async () => {
    const cut = await shop.aureon([
      'sweep',
      'stalls.yaml',
      '--seeds',
      '1..5',
      '--fail-fast',
      '--out',
      'fast',
    ]);
    expect(cut.code).toBe(3);
    expect(cut.stdout).toContain('0 passed, 1 failed in 1 kind, 4 not run (--fail-fast)');
    expect(tablesOf(shop.path('fast'))['runs']).toHaveLength(1);
  });

  it('prints the scenario of a seed.', async () => {
    const shown = await shop.aureon(['sweep', 'small.yaml', '--show', '7']);
    shop.write('seed-7.yaml', shown.stdout);
    const run = await shop.aureon(['run', 'seed-7.yaml', '--seed', '7', '--json']);
    const { traceHash } = JSON.parse(run.stdout);
    expect(tablesOf(shop.path('alone'))['runs']?.find(({ seed }) => seed === 7)).toMatchObject({
      trace_hash: traceHash,
    });
  });
});

describe('Ctrl-C', () => {
  it('ends with the table so far and the line that goes on.', async () => {
    const child = start('small.yaml', '--seeds', '1..5000', '--out', 'cut');
    const end = finished(child);
    await untilRows('cut', 3);
    child.kill('SIGINT');
    const { code, stdout } = await end;
    expect(code).toBe(130);
    expect(stdout).toMatch(/\d+ passed, .* not run \(interrupted\)/);
    const resume = /resume {2}(.*)/.exec(stdout)?.[1];
    expect(resume).toMatch(/sweep small\.yaml --seeds 1\.\.5000 --out cut$/);
    expect(tablesOf(shop.path('cut'))['runs']?.length).toBeGreaterThanOrEqual(3);
    expect(readFileSync(shop.path('cut/summary.txt'), 'utf8')).toContain('(interrupted)');
  });

  it('keeps nothing of a run that was cut short.', async () => {
    const child = start('endless.yaml', '--seeds', '1..2', '--out', 'endless', '--json');
    const end = finished(child);
    await atWork(child);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await end;
    expect(code).toBe(130);
    expect(JSON.parse(stdout).sweep).toMatchObject({ ended: 'interrupted', left: 2, totals: { seeds: 0 } });
    expect(stderr).toMatch(/^resume {2}/);
  });
});

describe('what is refused', () => {
  it('is another file, or a range that leaves out what was run: nothing is touched.', async () => {
    await shop.aureon(['sweep', 'passes.yaml', '--seeds', '1..3', '--out', 'mine']);
    const before = readFileSync(shop.path('mine/sweep.db'));
    const other = await shop.aureon(['sweep', 'stalls.yaml', '--seeds', '1..3', '--out', 'mine']);
    expect([other.code, other.stdout]).toEqual([2, '']);
    expect(other.stderr).toContain(
      '--out mine: a sweep of something else is there; what differs: the content of the file (then passes.yaml, now stalls.yaml)',
    );
    expect(other.stderr).toContain('--restart');
    const less = await shop.aureon(['sweep', 'passes.yaml', '--seeds', '2..3', '--out', 'mine']);
    expect([less.code, less.stdout]).toEqual([2, '']);
    expect(less.stderr).toContain('seeds 1..3 were run there');
    expect(readFileSync(shop.path('mine/sweep.db'))).toEqual(before);
    const anew = await shop.aureon([
      'sweep',
      'stalls.yaml',
      '--seeds',
      '1..2',
      '--out',
      'mine',
      '--restart',
      '--quiet',
    ]);
    expect(anew.code).toBe(3);
    expect(tablesOf(shop.path('mine'))['runs']).toHaveLength(2);
  });

  it('is other code.', async () => {
    await shop.aureon(['sweep', 'passes.yaml', '--seeds', '1..2', '--out', 'old']);
    const plant = {
      module: 'src/lab/code-digest.ts',
      anchor: "createHash('sha256')",
      bug: "createHash('sha256').update('other')",
    };
    const { code, stderr } = await shop.aureon(['sweep', 'passes.yaml', '--seeds', '1..2', '--out', 'old'], {
      plant,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/what differs: the code that simulates \(then \w{16}, now \w{16}\)/);
  });

  it('is a second sweep in one folder.', async () => {
    const child = start('endless.yaml', '--seeds', '1..2', '--out', 'busy');
    const end = finished(child);
    await atWork(child);
    const { code, stderr } = await shop.aureon(['sweep', 'endless.yaml', '--seeds', '1..2', '--out', 'busy']);
    child.kill('SIGKILL');
    await end;
    expect([code, stderr.split(';')[0]]).toEqual([2, 'busy: another sweep is at work in this folder']);
  });

  it.each([
    ['no database', 'this is no database, whatever its name says'.repeat(200), 'file is not a database'],
    ['a foreign one', undefined, 'a database, but not one of a sweep'],
  ])('is %s.', async (_, content, what) => {
    const folder = `odd-${what.length}`;
    mkdirSync(shop.path(folder));
    const file = shop.path(`${folder}/sweep.db`);
    if (content !== undefined) writeFileSync(file, content);
    else execFileSync(node, ['-e', FOREIGN, file]);
    const before = readFileSync(file);
    const { code, stderr } = await shop.aureon(['sweep', 'passes.yaml', '--seeds', '1..2', '--out', folder]);
    expect(code).toBe(2);
    expect(stderr).toContain(what);
    expect(stderr).toContain('it is left as it is');
    expect(readFileSync(file)).toEqual(before);
  });

  it('is a database that was damaged.', async () => {
    await shop.aureon(['sweep', 'passes.yaml', '--seeds', '1..9', '--out', 'damaged']);
    const file = shop.path('damaged/sweep.db');
    const bytes = readFileSync(file);
    bytes.fill(0xff, 4096, 4096 * 6);
    writeFileSync(file, bytes);
    const { code, stderr } = await shop.aureon([
      'sweep',
      'passes.yaml',
      '--seeds',
      '1..9',
      '--out',
      'damaged',
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/damaged\/sweep\.db: .*(damaged|malformed)/);
    expect(stderr).not.toContain('    at ');
  });

  it.skipIf(process.platform !== 'linux')('is a folder that cannot be made.', async () => {
    const { code, stderr } = await shop.aureon([
      'sweep',
      'passes.yaml',
      '--seeds',
      '1..2',
      '--out',
      '/proc/sweep',
    ]);
    expect([code, stderr]).toEqual([2, '--out /proc/sweep: the folder cannot be made (ENOENT)\n']);
  });

  it.each([
    [['--seeds', '5..1'], '--seeds 5..1: a range such as 1..20000 was expected'],
    [['--minutes', '0'], '--minutes 0: a whole number from 1 to 10080'],
    [['--queue', 'http://x'], '--queue http://x: redis://host:port'],
    [['--queue', 'redis://x', '--jobs', '2'], '--queue and --jobs'],
    [['missing.yaml'], 'missing.yaml: there is no such file'],
    [['.'], '.: a folder; one file was expected'],
  ])('is %j.', async (args, what) => {
    const { code, stdout, stderr } = await shop.aureon(['sweep', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(what);
  });
});

describe('what cannot be written', () => {
  it.skipIf(process.platform !== 'linux')(
    'is told: the database; what was written stays, and is gone on with.',
    async () => {
      const sweep = `${node} ${main} sweep passes.yaml --seeds 1..40 --out limited --quiet`;
      // Files of at most so many kilobytes, and no signal that ends the process for it: as a full disk.
      const limited = await finished(shop.start('bash', ['-c', `trap '' XFSZ; ulimit -f 150; ${sweep}`]));
      expect([limited.code, limited.stdout]).toEqual([2, '']);
      expect(limited.stderr).toMatch(
        /^limited\/sweep\.db: cannot be written: .*\nwhat was written before is kept/,
      );
      const kept = tablesOf(shop.path('limited'))['runs']?.length ?? 0;
      expect(kept).toBeGreaterThan(0);
      const whole = await shop.aureon([...sweep.split(' ').slice(2), '--json']);
      expect(JSON.parse(whole.stdout).sweep).toMatchObject({
        ran: 40 - kept,
        totals: { seeds: 40, passed: 40 },
      });
    },
  );

  it.skipIf(process.platform !== 'linux')('is told: a full disk behind standard output.', () => {
    const command = `${node} ${main} sweep passes.yaml --seeds 1..2 --out full >/dev/full; echo "code $?"`;
    const stdout = execFileSync('bash', ['-c', `${command} 2>errors.txt`], {
      cwd: shop.folder,
      encoding: 'utf8',
    });
    expect(stdout).toBe('code 2\n');
  });
});

/** Makes a database of somebody else. */
const FOREIGN = `
const { DatabaseSync } = require('node:sqlite');
const db = new DatabaseSync(process.argv[1]);
db.exec('CREATE TABLE theirs (x)');
db.close();`;
