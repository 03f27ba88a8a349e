/** The node that is tried: a process of its own, the only validator of its chain, with limits that are not what is tried set high. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNativeSuite } from '../../src/lab/native-suite.ts';
import { NodeClient } from '../../src/node/client/client.ts';
import { openDevnet } from '../../src/node/devnet.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { type ChainFile, readChainFile } from '../../src/node/genesis-file.ts';
import { type NodeKey, readKeyFile } from '../../src/node/key-file.ts';
import { freePorts } from '../support/free-port.ts';
import {
  asked,
  ended,
  type NodeProcess,
  PATIENCE_MS,
  startNodeProcess,
  until,
} from '../support/node-process.ts';
import { ownedFolder, removeFolder } from '../support/tool.ts';

const SUITE = createNativeSuite();
const INTERVAL_MS = 500;
/** A request that is not here whole by then is given up. */
const REQUEST_TIMEOUT_MS = 2_000;

/** A node that runs. */
export interface Target {
  readonly client: NodeClient;
  readonly chain: ChainFile;
  readonly p2pPort: number;
  readonly apiPort: number;
  /** An account with money. */
  readonly account: NodeKey;
  /** @throws {Error} when it does not live, is not well, or has met a bug. */
  checkHealth(): Promise<number>;
  /** Resident memory. */
  residentBytes(): number;
  /** In order; the exit code. Its folder is removed. */
  stop(): Promise<number | string>;
}

export async function startTarget(): Promise<Target> {
  const folder = ownedFolder('aureon-bad-input-');
  const port = await freePorts(2);
  const plan = {
    folder,
    nodes: 1,
    engine: 'pos',
    intervalMs: INTERVAL_MS,
    accounts: 1,
    port,
    apiPort: port + 1,
  } as const;
  const made = openDevnet(plan, SUITE);
  if (isFileProblem(made)) throw new Error(made.what);
  const settings = join(folder, 'n0', 'aureon.toml');
  const lines = readFileSync(settings, 'utf8')
    .replace('[p2p]', '[p2p]\ninbound_max = 4096\ninbound_per_address_max = 4096')
    .replace('[http]', `[http]\nrate_per_second = 1000000\nrequest_timeout_ms = ${REQUEST_TIMEOUT_MS}`);
  writeFileSync(settings, lines);
  const chain = readChainFile(join(folder, 'genesis.json'));
  const account = readKeyFile(join(folder, 'account-0.key'), SUITE);
  if (isFileProblem(chain) || isFileProblem(account))
    throw new Error('a devnet has a genesis and an account');
  const log = join(folder, 'n0.log');
  const node = startNodeProcess({ settings, log, flags: ['--vouch', '--log-level', 'warn'] });
  const client = new NodeClient(`http://127.0.0.1:${port + 1}`);
  const target: Target = {
    client,
    chain,
    p2pPort: port,
    apiPort: port + 1,
    account,
    checkHealth: () => healthOf(node, client),
    residentBytes: () => residentBytesOf(node.child.pid ?? 0),
    async stop() {
      node.child.kill('SIGTERM');
      const code = await ended(node);
      removeFolder(folder);
      return code;
    },
  };
  await until('the node: its first block', PATIENCE_MS, async () => {
    if (node.child.exitCode !== null || node.child.signalCode !== null)
      throw new Error(`the node has ended: ${readFileSync(log, 'utf8').slice(-2_000)}`);
    return ((await asked(() => client.health()))?.height ?? 0) > 0 ? true : undefined;
  });
  return target;
}

async function healthOf({ child, log }: NodeProcess, client: NodeClient): Promise<number> {
  const words = (): string => readFileSync(log, 'utf8').slice(-2_000);
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`the node has ended, ${child.exitCode ?? child.signalCode}: ${words()}`);
  const health = await client.health();
  if (health.status !== 'ok') throw new Error(`the node is ${health.status}, ${health.why}: ${words()}`);
  // What only a bug throws is logged so, and answered with 500.
  if (/"msg":"API: /.test(readFileSync(log, 'utf8'))) throw new Error(`the API has met a bug: ${words()}`);
  return health.height;
}

function residentBytesOf(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) * 1_024;
}
