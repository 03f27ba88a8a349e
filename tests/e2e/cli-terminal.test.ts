/** `aureon run` in a terminal, in a pipe and under signals: progress, colour, Ctrl-C, and readers that go away. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createWorkshop,
  ENDLESS,
  finished,
  main,
  node,
  PASSES,
  type Plant,
  printed,
  STALLS,
} from './cli-runner.ts';

const shop = createWorkshop();
shop.write('passes.yaml', PASSES);
shop.write('stalls.yaml', STALLS);
shop.write('endless.yaml', ENDLESS);
afterAll(() => shop.remove());

/** The threads never end, so that only the second signal does it. */
const STUCK: Plant = {
  module: 'src/lab/worker-handle.ts',
  anchor: 'await worker?.terminate();',
  bug: 'await new Promise(() => { setInterval(() => {}, 1000); });',
};
const ESCAPE = '\u001b';

/** Debian's bsdutils have it, as most systems do. */
const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

/** Runs a shell command in a terminal of its own. */
function inTerminal(
  command: string,
  env: Readonly<Record<string, string>> = {},
): ReturnType<typeof finished> {
  return finished(shop.start('script', ['-qec', command, '/dev/null'], { env: { TERM: 'xterm', ...env } }));
}

describe('without a terminal', () => {
  it('there is no progress and no colour.', async () => {
    const { stdout, stderr } = await shop.aureon(['run', 'passes.yaml', 'stalls.yaml']);
    expect(stderr).toBe('');
    expect(stdout).not.toContain(ESCAPE);
  });

  it('FORCE_COLOR colours what is printed, and NO_COLOR wins over it.', async () => {
    const colour = async (env: Readonly<Record<string, string>>): Promise<boolean> =>
      (await shop.aureon(['run', 'passes.yaml'], { env })).stdout.includes(`${ESCAPE}[32m✓`);
    expect(await colour({ FORCE_COLOR: '1' })).toBe(true);
    expect(await colour({ FORCE_COLOR: '0' })).toBe(false);
    expect(await colour({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
    expect(await colour({ FORCE_COLOR: '1', NO_COLOR: '' })).toBe(true);
  });
});

describe.skipIf(!hasScript)('in a terminal', () => {
  it('progress is shown and wiped away, and the verdict is coloured.', async () => {
    const { code, stdout } = await inTerminal(`${node} ${main} run passes.yaml`);
    expect(code).toBe(0);
    expect(stdout).toContain(`\r${ESCAPE}[K0/1 done · passes.yaml seed 1 at 0s`);
    expect(stdout).toContain(`${ESCAPE}[32m✓`);
    const last = stdout.slice(stdout.lastIndexOf(`${ESCAPE}[K`));
    expect(last).toContain('1 passed');
  });

  it('progress goes to standard error only: results in a file stay clean.', async () => {
    const { stdout } = await inTerminal(`${node} ${main} run passes.yaml --json >out.jsonl`);
    expect(stdout).toContain('0/1 done');
    const out = readFileSync(shop.path('out.jsonl'), 'utf8');
    expect(out).not.toContain(ESCAPE);
    expect(JSON.parse(out)).toMatchObject({ scenario: 'passes', verdict: 'passed' });
  });

  it('progress is silent when only standard output is one.', async () => {
    const { stdout } = await inTerminal(`${node} ${main} run passes.yaml 2>errors.txt`);
    expect(stdout).not.toContain('done');
    expect(readFileSync(shop.path('errors.txt'), 'utf8')).toBe('');
  });

  it('NO_COLOR takes the colour away, and so does a dumb terminal.', async () => {
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }] as const) {
      const { stdout } = await inTerminal(`${node} ${main} run passes.yaml`, env);
      expect(stdout).toContain('✓ passes');
      for (const colour of [1, 2, 31, 32]) expect(stdout).not.toContain(`${ESCAPE}[${colour}m`);
    }
  });
});

describe('Ctrl-C', () => {
  it('ends what runs, and prints the verdict over what was finished.', async () => {
    const [command = '', ...words] = shop.words();
    const child = shop.start(command, [
      ...words,
      'run',
      'passes.yaml',
      'stalls.yaml',
      'endless.yaml',
      '--jobs',
      '1',
    ]);
    const end = finished(child);
    await printed(child, 'replay');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await end;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toMatch(/\n1 passed, 1 failed, 1 not run \(interrupted\) {2}.*\n$/);
  });

  it('keeps standard output to JSON, and the report complete.', async () => {
    const [command = '', ...words] = shop.words();
    const args = ['run', 'passes.yaml', 'endless.yaml', '--jobs', '1', '--json', '--report', 'cut'];
    const child = shop.start(command, [...words, ...args]);
    const end = finished(child);
    await printed(child, '"verdict":"passed"');
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await end;
    expect(code).toBe(130);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { scenario: string }).scenario),
    ).toEqual(['passes']);
    expect(stderr).toMatch(/^1 passed, 0 failed, 1 not run \(interrupted\)/);
    expect(readFileSync(shop.path('cut/summary.txt'), 'utf8')).toBe(stderr);
    expect(readFileSync(shop.path('cut/results.jsonl'), 'utf8')).toBe(stdout);
  });

  it('ends a comparison of two runs as well.', async () => {
    const [command = '', ...words] = shop.words();
    const child = shop.start(command, [...words, 'run', 'passes.yaml', 'endless.yaml', '--verify']);
    const end = finished(child);
    await printed(child, '✓ passes');
    child.kill('SIGINT');
    const { code, stdout } = await end;
    expect(code).toBe(130);
    expect(stdout).toContain('1 passed, 0 failed, 1 not run (interrupted)');
  });

  it('a second time leaves at once, whatever still runs.', async () => {
    const [command = '', ...words] = shop.words({ plant: STUCK });
    const child = shop.start(command, [...words, 'run', 'passes.yaml', 'endless.yaml', '--jobs', '1']);
    const end = finished(child);
    await printed(child, '✓ passes');
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(child.exitCode).toBeNull();
    // Two that come at once are heard as one.
    const again = setInterval(() => child.kill('SIGINT'), 500);
    await once(child, 'exit');
    clearInterval(again);
    const { code, stdout } = await end;
    expect(code).toBe(130);
    expect(stdout).not.toContain('interrupted');
  });
});

describe('what cannot be written', () => {
  it.skipIf(process.platform !== 'linux')('is told, and no such run counts as passed: a full disk.', () => {
    const run = (file: string): string => {
      const command = `${node} ${main} run ${file} >/dev/full; echo "code $?"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: shop.folder, encoding: 'utf8' });
      expect(stderr).toBe('aureon: standard output could not be written (ENOSPC)\n');
      return stdout;
    };
    expect(run('passes.yaml')).toBe('code 2\n');
    expect(run('stalls.yaml')).toBe('code 3\n');
  });

  it('is told, and the runs go on: a report.', async () => {
    mkdirSync(shop.path('odd/summary.txt'), { recursive: true });
    mkdirSync(shop.path('odd/failure-stalls-1.txt'), { recursive: true });
    const passed = await shop.aureon(['run', 'passes.yaml', '--report', 'odd', '--quiet']);
    expect([passed.code, passed.stderr]).toEqual([
      2,
      '--report: odd/summary.txt cannot be written (EISDIR)\n',
    ]);
    const failed = await shop.aureon(['run', 'stalls.yaml', 'passes.yaml', '--report', 'odd']);
    expect([failed.code, failed.stderr]).toEqual([
      3,
      '--report: odd/failure-stalls-1.txt cannot be written (EISDIR)\n',
    ]);
    expect(failed.stdout).toContain('1 passed, 1 failed');
  });
});

describe('a reader that goes away', () => {
  it('does no harm: no message, and the exit code is still the verdict.', () => {
    const pipe = (files: string): readonly string[] => {
      const command = `${node} ${main} run ${files} --jobs 1 2>errors.txt | head -n 1; echo "code \${PIPESTATUS[0]}"`;
      const { stdout } = spawnSync('bash', ['-c', command], { cwd: shop.folder, encoding: 'utf8' });
      expect(readFileSync(shop.path('errors.txt'), 'utf8')).toBe('');
      return stdout.trim().split('\n');
    };
    expect(pipe('passes.yaml passes.yaml')).toEqual([expect.stringMatching(/^Aureon/), 'code 0']);
    expect(pipe('stalls.yaml passes.yaml stalls.yaml')).toEqual([expect.stringMatching(/^Aureon/), 'code 3']);
  });

  it('may close standard error too.', () => {
    const command = `${node} ${main} run unknown.yaml 2>&1 | true; echo "code \${PIPESTATUS[0]}"`;
    const { stdout } = spawnSync('bash', ['-c', command], { cwd: shop.folder, encoding: 'utf8' });
    expect(stdout).toBe('code 2\n');
  });
});
