/** `aureon sweep --queue` against a real redis-server: two workers, one of them killed, come to the table of a sweep without a queue. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkshop, finished, main, node, type Plant, printed } from '../e2e/cli-runner.ts';
import { freePort } from '../support/free-port.ts';
import { tablesOf } from '../support/sweep-tables.ts';

const shop = createWorkshop();
/** Short runs of one engine. */
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
`;
const SEEDS = ['small.yaml', '--seeds', '1..60'];
/** Code that simulates otherwise, as far as its digest says. */
const OTHER_CODE: Plant = {
  module: 'src/lab/code-digest.ts',
  anchor: "createHash('sha256')",
  bug: "createHash('sha256').update('other')",
};

let redis: ChildProcess;
let url: string;
const children: ChildProcess[] = [];

/** @throws when there is no redis-server: these tests are nothing without it. */
async function startRedis(port: number): Promise<ChildProcess> {
  mkdirSync(shop.path('redis'), { recursive: true });
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', shop.path('redis')];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([
    printed(child, 'Ready to accept connections'),
    new Promise<never>((_, reject) =>
      child.on('error', (error) =>
        reject(new Error('redis-server is needed: apt-get install -y redis-server', { cause: error })),
      ),
    ),
  ]);
  return child;
}

function startWorker(plant?: Plant): ChildProcess {
  const [command = node, ...words] = shop.words(plant === undefined ? {} : { plant });
  const child = shop.start(command, [...words, 'worker', '--queue', url, '--jobs', '1']);
  children.push(child);
  return child;
}

function startSweep(out: string): ChildProcess {
  const child = shop.start(node, [main, 'sweep', ...SEEDS, '--out', out, '--queue', url]);
  children.push(child);
  return child;
}

/** Rows that are written, read beside the process that writes them. */
function rowsOf(out: string): number {
  try {
    return tablesOf(shop.path(out))['runs']?.length ?? 0;
  } catch {
    return 0;
  }
}

async function untilRows(out: string, rows: number): Promise<void> {
  for (let tries = 0; rowsOf(out) < rows; tries++) {
    if (tries > 6_000) throw new Error(`${out} has ${rowsOf(out)} rows, not ${rows}`);
    await sleep(50);
  }
}

/** Resolves once standard error has the text. */
async function complained(child: ChildProcess, text: string): Promise<void> {
  let seen = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(text)) resolve();
    });
    child.on('close', () => reject(new Error(`the process ended without saying ${text}: ${seen}`)));
  });
}

beforeAll(async () => {
  shop.write('small.yaml', SPACE);
  const port = await freePort();
  url = `redis://127.0.0.1:${port}/2`;
  redis = await startRedis(port);
  await shop.aureon(['sweep', ...SEEDS, '--out', 'alone', '--quiet']);
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  redis?.kill('SIGKILL');
  shop.remove();
});

describe('a sweep over a queue', () => {
  it('comes to the table of one without, though one of two workers is killed in the middle.', async () => {
    const doomed = startWorker();
    const other = startWorker();
    const sweep = startSweep('queued');
    const end = finished(sweep);
    await untilRows('queued', 16);
    doomed.kill('SIGKILL');
    const { code, stdout, stderr } = await end;
    expect(stderr).not.toContain('    at ');
    expect(stdout).toContain(`by workers at ${url}`);
    expect([0, 1]).toContain(code);
    expect(tablesOf(shop.path('queued'))).toEqual(tablesOf(shop.path('alone')));
    const otherEnd = finished(other);
    other.kill('SIGTERM');
    expect(await otherEnd).toMatchObject({ code: 0, stderr: '' });
  });

  it('is resumed after its own process was killed: rows that came meanwhile are not lost, and none counts twice.', async () => {
    startWorker();
    const killed = startSweep('again');
    const killedEnd = finished(killed);
    await untilRows('again', 8);
    killed.kill('SIGKILL');
    await killedEnd;
    const sweep = await finished(startSweep('again'));
    expect([0, 1]).toContain(sweep.code);
    expect(tablesOf(shop.path('again'))).toEqual(tablesOf(shop.path('alone')));
    for (const child of children) child.kill('SIGKILL');
  });

  it('is refused by a worker of other code, and both say so.', async () => {
    const sweep = startSweep('refused');
    const end = finished(sweep);
    await complained(sweep, 'no worker is at work');
    const worker = startWorker(OTHER_CODE);
    const workerEnd = finished(worker);
    await Promise.all([
      complained(worker, 'refused: the sweep small is of other code'),
      complained(sweep, 'no worker of this code'),
    ]);
    worker.kill('SIGTERM');
    expect((await workerEnd).stdout).toContain('0 seeds run, 0 failed');
    sweep.kill('SIGINT');
    const { code, stdout } = await end;
    expect(code).toBe(130);
    expect(stdout).toContain('60 not run (interrupted)');
    expect(stdout).toContain(`--queue ${url}`);
    expect(rowsOf('refused')).toBe(0);
  });

  it('waits while Redis is away, and says so.', async () => {
    const port = await freePort();
    const before = url;
    url = `redis://127.0.0.1:${port}`;
    const first = await startRedis(port);
    const worker = startWorker();
    const sweep = startSweep('away');
    const end = finished(sweep);
    await untilRows('away', 8);
    const told = complained(sweep, 'waiting for it');
    first.kill('SIGKILL');
    await told;
    const second = await startRedis(port);
    await complained(sweep, 'is back');
    const { code } = await end;
    worker.kill('SIGKILL');
    second.kill('SIGKILL');
    url = before;
    expect([0, 1]).toContain(code);
    expect(tablesOf(shop.path('away'))).toEqual(tablesOf(shop.path('alone')));
  });

  it('can be ended while Redis is away, and so can a worker.', async () => {
    const port = await freePort();
    const before = url;
    url = `redis://127.0.0.1:${port}`;
    const server = await startRedis(port);
    const worker = startWorker();
    const sweep = startSweep('ended');
    const ends = [finished(sweep), finished(worker)];
    await untilRows('ended', 8);
    const told = [sweep, worker].map((child) => complained(child, 'waiting for it'));
    server.kill('SIGKILL');
    await Promise.all(told);
    sweep.kill('SIGINT');
    worker.kill('SIGTERM');
    const [swept, served] = await Promise.all(ends);
    url = before;
    expect([swept?.code, served?.code]).toEqual([130, 0]);
    expect(swept?.stdout).toContain('not run (interrupted)');
  });

  it('needs a Redis to begin with.', async () => {
    const port = await freePort();
    for (const command of [['sweep', ...SEEDS, '--out', 'none'], ['worker']]) {
      const { code, stderr } = await shop.aureon([
        ...command,
        '--queue',
        `redis://:secret@127.0.0.1:${port}`,
      ]);
      expect(code).toBe(2);
      expect(stderr).toContain(`no Redis that lets us in answers there (ECONNREFUSED)`);
      expect(stderr).not.toContain('secret');
      expect(stderr).not.toContain('    at ');
    }
  });
});
