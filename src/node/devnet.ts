/** The folder of a devnet: a chain, keys, funded accounts, and the settings of each node, all on loopback. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AccountAddress, amount, type BlockHash } from '../chain/types/units.ts';
import { unixMs } from '../env/units.ts';
import { type FileProblem, isFileProblem } from './file-problem.ts';
import { formatChainFile, parseChainFile, readChainFile } from './genesis-file.ts';
import { type NodeKey, nodeKeyOf, readKeyFile, writeKeyFile } from './key-file.ts';
import { type NewEngine, newGenesis } from './new-genesis.ts';
import type { SignatureSuite } from './signatures/system-crypto.ts';

const GENESIS_NAME = 'genesis.json';
const SETTINGS_NAME = 'aureon.toml';
const KEY_NAME = 'node.key';
const ACCOUNT_NAME = /^account-\d+\.key$/;
const NODE_NAME = /^n\d+$/;
const SECRET_BYTES = 32;
const HOST = '127.0.0.1';
/** What each account has: a million units of a token with nine digits. */
const FORTUNE = amount(1_000_000_000_000_000n);
const POWER = amount(1_000_000n);
/** pow: hashes of the first blocks for each node, a second of one thread. */
const WORK_PER_NODE = 500_000n;

/** What a devnet is made of. */
export interface DevnetPlan {
  readonly folder: string;
  readonly nodes: number;
  readonly engine: NewEngine;
  readonly intervalMs: number;
  readonly accounts: number;
  /** Node i listens at `port` + i, its API at `apiPort` + i. */
  readonly port: number;
  readonly apiPort: number;
}

/** One that is there. */
export interface Devnet {
  readonly id: BlockHash;
  readonly engine: string;
  /** It was made just now: its keys have signed nothing. */
  readonly isNew: boolean;
  readonly nodes: readonly { readonly name: string; readonly settings: string }[];
  readonly accounts: readonly { readonly file: string; readonly address: AccountAddress }[];
}

/** Makes it, or opens what is there; then its own chain, nodes and accounts stay as they are. */
export function openDevnet(plan: DevnetPlan, suite: SignatureSuite): Devnet | FileProblem {
  const { folder } = plan;
  const isNew = !existsSync(join(folder, GENESIS_NAME));
  if (isNew && existsSync(folder) && readdirSync(folder).length > 0)
    return {
      code: 'EXISTS',
      what: `${folder}: this folder is not empty, and no devnet`,
      advice: 'an empty or a new folder (--dir)',
    };
  if (isNew) {
    const problem = makeDevnet(plan, suite);
    if (problem !== undefined) return problem;
  }
  return readDevnet(folder, isNew, suite);
}

function makeDevnet(plan: DevnetPlan, suite: SignatureSuite): FileProblem | undefined {
  const { folder, nodes, engine, intervalMs, port, apiPort } = plan;
  const names = Array.from({ length: nodes }, (_, i) => `n${i}`);
  for (const name of names) mkdirSync(join(folder, name), { recursive: true });
  const made = names.map((name) => keep(join(folder, name, KEY_NAME), suite));
  const accounts = Array.from({ length: plan.accounts }, (_, i) =>
    keep(join(folder, `account-${i}.key`), suite),
  );
  const keys: NodeKey[] = [];
  for (const key of [...made, ...accounts]) {
    if (isFileProblem(key)) return key;
    keys.push(key);
  }
  const genesis = newGenesis({
    name: 'aureon-devnet',
    engine,
    intervalMs,
    validators: engine === 'pow' ? [] : keys.slice(0, nodes).map(({ key }) => ({ key, power: POWER })),
    allocation: keys.map(({ address }) => ({ address, balance: FORTUNE })),
    timestampMs: unixMs(Date.now()),
    work: WORK_PER_NODE * BigInt(nodes),
  });
  const text = formatChainFile(genesis, []);
  const chain = parseChainFile(join(folder, GENESIS_NAME), text);
  if (isFileProblem(chain)) return chain;
  const at = (i: number): string => `${HOST}:${port + i}`;
  for (const [i, name] of names.entries()) {
    const peers = names.flatMap((_, other) => (other === i ? [] : [JSON.stringify(at(other))]));
    const lines = [
      '[node]',
      `genesis = ${JSON.stringify(`../${GENESIS_NAME}`)}`,
      '',
      '[p2p]',
      `listen = ${JSON.stringify(at(i))}`,
      `peers = [${peers.join(', ')}]`,
      '',
      '[http]',
      `listen = ${JSON.stringify(`${HOST}:${apiPort + i}`)}`,
      ...(engine === 'pow' ? ['', '[mining]', 'threads = 1'] : []),
    ];
    writeFileSync(join(folder, name, SETTINGS_NAME), `${lines.join('\n')}\n`);
  }
  // Last: a folder that has it is whole.
  writeFileSync(join(folder, GENESIS_NAME), text);
  return undefined;
}

function keep(path: string, suite: SignatureSuite): NodeKey | FileProblem {
  const key = nodeKeyOf(new Uint8Array(randomBytes(SECRET_BYTES)), suite);
  return writeKeyFile(path, key) ?? key;
}

function readDevnet(folder: string, isNew: boolean, suite: SignatureSuite): Devnet | FileProblem {
  const chain = readChainFile(join(folder, GENESIS_NAME));
  if (isFileProblem(chain)) return chain;
  const entries = readdirSync(folder).sort((a, b) => numberIn(a) - numberIn(b));
  const accounts: { file: string; address: AccountAddress }[] = [];
  for (const name of entries.filter((entry) => ACCOUNT_NAME.test(entry))) {
    const file = join(folder, name);
    const key = readKeyFile(file, suite);
    if (isFileProblem(key)) return key;
    accounts.push({ file, address: key.address });
  }
  const nodes = entries
    .filter((entry) => NODE_NAME.test(entry))
    .map((name) => ({ name, settings: join(folder, name, SETTINGS_NAME) }));
  return { id: chain.id, engine: chain.genesis.engine, isNew, nodes, accounts };
}

function numberIn(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? -1);
}
