import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BROWSERS, type Browser, type BrowserKind, findBrowser } from './browsers.ts';
import { type EngineRun, problemsOf } from './judge.ts';
import type { Answer, Report, Task } from './report.ts';
import { startServer } from './server.ts';
import { visit } from './visit.ts';

const TASK: Task = {
  name: 'a.yaml, seed 1',
  file: 'a.yaml',
  source: '',
  overrides: [],
  seed: '1',
  place: 'worker',
  plant: undefined,
  eventsMax: undefined,
};
const ANSWER: Answer = {
  task: TASK.name,
  verdict: 'passed',
  error: '',
  traceHash: '00cc3896175cbaaa',
  events: 10,
  marks: [],
  simulatedUs: 1,
  wallMs: 1,
};
const NODE: EngineRun = {
  engine: 'node',
  agent: '',
  tasks: [TASK],
  answers: [ANSWER],
  checks: { expected: [], made: [] },
  problems: [],
  wallMs: 1,
};
const OPENED: Report = { kind: 'opened', agent: 'fake' };
const BEGAN: Report = { kind: 'began', task: TASK.name };
const FINISHED: Report = { kind: 'finished' };

function answered(changes: Partial<Answer> = {}): Report {
  return { kind: 'answer', answer: { ...ANSWER, ...changes } };
}

/** A script in place of a browser: posts these reports to the server of the test, then does what it is told. */
function fakeBrowser(reports: readonly Report[], then: string): Browser {
  const script = `
    const [profile, url] = process.argv.slice(1);
    const page = await (await fetch(url)).text();
    if (!page.includes('page.js')) throw new Error('no page');
    for (const report of ${JSON.stringify(reports)})
      await fetch(new URL('report', url), { method: 'POST', body: JSON.stringify(report) });
    ${then}`;
  const kind: BrowserKind = {
    name: 'fake',
    variable: 'FAKE',
    commands: ['fake'],
    debian: 'fake',
    settings: { 'settings.txt': 'x' },
    args: (profile, url) => ['--input-type=module', '--eval', script, profile, url],
  };
  return { kind, executable: process.execPath };
}

const STAY = 'setInterval(() => {}, 1000);';

async function problemsWith(
  reports: readonly Report[],
  then: string,
  silenceMs = 60_000,
): Promise<readonly string[]> {
  const server = await startServer(new Map(), [TASK]);
  try {
    const limits = { openMs: reports.length > 0 ? 60_000 : silenceMs, silenceMs };
    return problemsOf(NODE, [await visit(fakeBrowser(reports, then), server, [TASK], [], limits)]);
  } finally {
    await server.close();
  }
}

describe('a visit of a browser', () => {
  it('ends well when its page did everything', async () => {
    expect(await problemsWith([OPENED, BEGAN, answered(), FINISHED], STAY)).toEqual([]);
  });

  it('leaves no process and no profile behind', async () => {
    const profiles = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('aureon-fake-'));
    const folder = mkdtempSync(join(tmpdir(), 'aureon-visit-'));
    try {
      const mark = join(folder, 'pids');
      const child = `spawn(process.execPath, ['-e', '${STAY}'], { stdio: 'ignore' })`;
      const then = `
        const { spawn } = await import('node:child_process');
        const { appendFileSync } = await import('node:fs');
        appendFileSync(${JSON.stringify(mark)}, [process.pid, ${child}.pid].join(' '));
        await fetch(new URL('report', url), { method: 'POST', body: '{"kind":"finished"}' });
        ${STAY}`;
      expect(await problemsWith([OPENED, answered()], then)).toEqual([]);
      const pids = readFileSync(mark, 'utf8').split(' ').map(Number);
      expect(pids).toHaveLength(2);
      // The signal was sent; the system may take its time.
      await expect.poll(() => pids.filter(isRunning)).toEqual([]);
      expect(profiles()).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('fails with browser and scenario when a trace differs', async () => {
    const other = answered({ traceHash: '9e8fda73f248c4a0' });
    const problems = await problemsWith([OPENED, BEGAN, other, FINISHED], STAY);
    expect(problems).toMatchObject([
      expect.stringMatching(/^fake: a\.yaml, seed 1: passed, trace 9e8fda73f248c4a0/),
    ]);
  });

  it('fails when its page says that it is through and did nothing', async () => {
    expect(await problemsWith([OPENED, FINISHED], STAY)).toEqual([
      'fake: 1 runs without an answer: a.yaml, seed 1',
    ]);
  });

  it('fails with what the page threw', async () => {
    const failed: Report = { kind: 'failed', text: 'TypeError: planted' };
    expect(await problemsWith([OPENED, BEGAN, failed], STAY)).toContain(
      'fake: the page failed in a.yaml, seed 1: TypeError: planted',
    );
  });

  it('fails when the page hangs, and says where', async () => {
    expect(await problemsWith([OPENED, BEGAN], STAY, 5_000)).toContain(
      'fake: nothing was heard for 5 s; it was in a.yaml, seed 1',
    );
  });

  it('fails when the browser never opens its page', async () => {
    expect(await problemsWith([], STAY, 300)).toContain('fake: the page was not opened within 0.3 s');
  });

  it('fails when the browser ends too early, with what it printed', async () => {
    const problems = await problemsWith([OPENED], "console.error('no display'); process.exit(3);");
    expect(problems[0]).toBe(
      'fake: the browser ended before the page was through: exit code 3; it printed:\nno display\n',
    );
  });
});

/** False for a zombie too: it has ended, and waits to be counted. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = `/proc/${pid}/stat`;
    return !(existsSync(stat) && readFileSync(stat, 'utf8').includes(') Z '));
  } catch {
    return false;
  }
}

describe('the browsers of this machine', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-path-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function plant(name: string, mode: number, text = ''): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  it('are found on the path, under any of their names, when they can be run', () => {
    const [chromium, firefox] = BROWSERS as readonly [BrowserKind, BrowserKind];
    plant('chromium', 0o644);
    const executable = plant('google-chrome', 0o755);
    expect(findBrowser(chromium, { PATH: folder })).toMatchObject({ executable });
    expect(findBrowser(firefox, { PATH: folder })).toBeUndefined();
    const stated = plant('my-firefox', 0o755);
    expect(findBrowser(firefox, { PATH: '', FIREFOX: stated })).toMatchObject({ executable: stated });
    expect(findBrowser(firefox, { PATH: folder, FIREFOX: '/nowhere' })).toBeUndefined();
  });

  function command(args: readonly string[], env: NodeJS.ProcessEnv): { code: number | null; stderr: string } {
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
      encoding: 'utf8',
      env,
      // Below the time that a visit waits for a page: nobody waits for a browser that has ended.
      timeout: 50_000,
    });
    return { code: status, stderr };
  }

  it('fail the command when one is missing, with how to get it', () => {
    const { code, stderr } = command([], { PATH: folder });
    expect(code).toBe(1);
    expect(stderr).toContain('chromium was not found: looked for chromium, chromium-browser');
    expect(stderr).toContain('Debian: apt-get install firefox-esr; or name its executable: FIREFOX=');
  });

  it('fail the command when one ends at once, without a wait for its page', () => {
    const broken = plant('broken', 0o755, '#!/bin/sh\necho no display\nexit 3\n');
    const scenario = fileURLToPath(new URL('../../scenarios/09-disk-full.yaml', import.meta.url));
    const { code, stderr } = command(['--browser', 'firefox', scenario], { FIREFOX: broken });
    expect(code).toBe(1);
    expect(stderr).toContain(
      '✗ firefox: the browser ended before the page was through: exit code 3; it printed:\nno display',
    );
    expect(stderr).toContain('✗ firefox: 2 runs without an answer');
  });

  it('cannot be installed where there is no apt-get', () => {
    const { code, stderr } = command(['--install'], { PATH: folder });
    expect(code).toBe(1);
    expect(stderr).toContain('there is no apt-get here');
    expect(stderr).toContain('firefox was not found');
  });

  it('are none but those', () => {
    expect(command(['--browser', 'netscape'], { PATH: folder })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no such browser: netscape'),
    });
  });
});
