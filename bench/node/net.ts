/** Real nodes for the bench: processes of `aureon node` on loopback, with funded accounts. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDevnet } from '../../src/node/devnet.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { type NodeKey, readKeyFile } from '../../src/node/key-file.ts';
import { createNativeSignatures } from '../../src/node/signatures/native-signatures.ts';
import { freePorts } from '../../tests/support/free-port.ts';
import { ownedFolder, removeFolder, spawnOwned } from '../../tests/support/tool.ts';

const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
/** Ticks of a second that /proc counts CPU time in: the same on every Linux that Node runs on. */
const TICKS_PER_S = 100;
/** Enough that no sender's limit of 64 waiting transactions binds. */
const ACCOUNTS = 400;
const PATIENCE_MS = 60_000;

/** What is measured with: nothing of the operator's limits, and a log that says only what is wrong. */
const ENVIRONMENT = {
  AUREON_HTTP_RATE_PER_SECOND: '1000000',
  AUREON_MEMPOOL_COUNT_MAX: '100000',
  AUREON_LOG_LEVEL: 'warn',
};

/** One process. */
export interface BenchNode {
  readonly name: string;
  readonly apiPort: number;
  readonly p2pPort: number;
  readonly data: string;
  /** Of all its threads. */
  cpuS(): number;
  residentMb(): number;
  /** Of that what is the process's own: heap and buffers. The rest is files, above all what it has read and written of its database. */
  ownMb(): number;
}

/** All of them. */
export interface BenchNet {
  readonly chain: string;
  readonly accounts: readonly NodeKey[];
  readonly nodes: readonly BenchNode[];
  /** One more, with an empty folder and a key that has no vote. */
  join(): Promise<BenchNode>;
  stop(): Promise<void>;
}

/** @param environment settings beside those of every bench. */
export async function startNet(
  nodes: number,
  intervalMs: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<BenchNet> {
  const folder = ownedFolder('aureon-bench-');
  const suite = createNativeSignatures();
  const port = await freePorts(2 * (nodes + 1));
  const apiPort = port + nodes + 1;
  const devnet = openDevnet(
    { folder: join(folder, 'net'), nodes, engine: 'pos', intervalMs, accounts: ACCOUNTS, port, apiPort },
    suite,
  );
  if (isFileProblem(devnet)) throw new Error(devnet.what);
  const accounts = devnet.accounts.map(({ file }) => {
    const key = readKeyFile(file, suite);
    if (isFileProblem(key)) throw new Error(key.what);
    return key;
  });
  const children: ChildProcess[] = [];

  async function start(name: string, index: number, args: readonly string[]): Promise<BenchNode> {
    const { node, child } = await startProcess({
      name,
      apiPort: apiPort + index,
      p2pPort: port + index,
      data: join(folder, 'net', name, 'data'),
      folder,
      args,
      environment,
    });
    children.push(child);
    return node;
  }

  const started: BenchNode[] = [];
  for (const [i, { name, settings }] of devnet.nodes.entries())
    started.push(await start(name, i, ['--config', settings, '--vouch']));

  return {
    chain: devnet.id,
    accounts,
    nodes: started,
    join() {
      const key = devnet.accounts[0]?.file ?? '';
      const peers = started.map(({ p2pPort }) => `127.0.0.1:${p2pPort}`).join(',');
      return start('joiner', nodes, [
        ...['--node-genesis', join(folder, 'net/genesis.json'), '--node-key', key],
        ...['--node-data', join(folder, 'net/joiner/data'), '--p2p-listen', `127.0.0.1:${port + nodes}`],
        ...['--http-listen', `127.0.0.1:${apiPort + nodes}`, '--p2p-bootstrap', peers],
      ]);
    },
    async stop() {
      await Promise.all(children.map(stopProcess));
      removeFolder(folder);
    },
  };
}

/** What one process is made of. */
interface ProcessPlan extends Pick<BenchNode, 'name' | 'apiPort' | 'p2pPort' | 'data'> {
  /** Where it runs. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts `aureon node`, and waits for its API. */
export async function startProcess({
  folder,
  args,
  environment,
  ...named
}: ProcessPlan): Promise<{ readonly node: BenchNode; readonly child: ChildProcess }> {
  const child = spawnOwned(process.execPath, [main, 'node', ...args], {
    env: { ...process.env, ...ENVIRONMENT, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
    cwd: folder,
  });
  await answers(named.apiPort);
  const node: BenchNode = {
    ...named,
    cpuS: () => cpuOf(child.pid ?? 0),
    residentMb: () => memoryOf(child.pid ?? 0, 'VmRSS'),
    ownMb: () => memoryOf(child.pid ?? 0, 'RssAnon'),
  };
  return { node, child };
}

/** In order. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Bytes of the database on the disk, as far as they are written. */
export function diskMb(node: BenchNode): number {
  return (statSync(join(node.data, 'chain/data.mdb')).blocks * 512) / 1e6;
}

async function answers(port: number): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/healthz`);
      return;
    } catch {
      if (performance.now() > deadlineMs) throw new Error(`no node answers at port ${port}`);
      await sleep(50);
    }
  }
}

function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

function memoryOf(pid: number, name: 'VmRSS' | 'RssAnon'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1_000;
}
