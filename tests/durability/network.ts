/** A small network of real nodes for tests of durability: its folder, its processes, a load of transfers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decodePosConfig, encodePosConfig } from '../../src/chain/consensus/pos/config.ts';
import { decodeJson, toJsonText } from '../../src/chain/types/layout/codec.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import { transactionLayout, transactionSignBytes } from '../../src/chain/types/transaction-codec.ts';
import type { PublicKey } from '../../src/chain/types/units.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { isDecodeRejection } from '../../src/env/network.ts';
import { createNativeSuite } from '../../src/lab/native-suite.ts';
import { ClientError, type NodeClient, type SignedTransaction } from '../../src/node/client/client.ts';
import { openDevnet } from '../../src/node/devnet.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { formatChainFile, readChainFile } from '../../src/node/genesis-file.ts';
import { type NodeKey, readKeyFile } from '../../src/node/key-file.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE = join(ROOT, 'node_modules/.bin/node');
const MAIN = join(ROOT, 'src/cli/main.ts');
const NODES = 4;
/** The last one never runs: each vote of the others is needed, and its turns bring rounds that decide nothing. */
export const RUNNING = NODES - 1;
const INTERVAL_MS = 150;
/** Rounds of machines that are next to each other, and busy. */
const ROUND_MS = { propose: 600, vote: 300 } as const;
/** Processes of a busy machine start slowly. */
export const PATIENCE_MS = 300_000;
const TRANSACTION_JSON_MAX_BYTES = 65_536;
const SUITE = createNativeSuite();

/** Folders and keys of a network. */
export interface Network {
  readonly folder: string;
  /** Node i listens at `port` + i, its API at `apiPort` + i. */
  readonly port: number;
  readonly apiPort: number;
  readonly keys: readonly PublicKey[];
  readonly account: NodeKey;
}

/** Makes the folders: proof of stake, four validators of one power, short rounds. */
export function makeNetwork(folder: string, port: number): Network {
  const apiPort = port + NODES;
  const plan = {
    folder,
    nodes: NODES,
    engine: 'pos',
    intervalMs: INTERVAL_MS,
    accounts: 2,
    port,
    apiPort,
  } as const;
  checked(openDevnet(plan, SUITE));
  const path = join(folder, 'genesis.json');
  const { genesis, schedule } = checked(readChainFile(path));
  const config = decodePosConfig(genesis.engineConfig);
  if (isRejection(config)) throw new Error(config.code);
  const engineConfig = encodePosConfig({
    ...config,
    proposeMs: ROUND_MS.propose,
    prevoteMs: ROUND_MS.vote,
    precommitMs: ROUND_MS.vote,
  });
  writeFileSync(path, formatChainFile({ ...genesis, engineConfig }, schedule));
  const keyOf = (...names: readonly string[]): NodeKey => checked(readKeyFile(join(folder, ...names), SUITE));
  const keys = Array.from({ length: NODES }, (_, i) => keyOf(`n${i}`, 'node.key').key);
  return { folder, port, apiPort, keys, account: keyOf('account-0.key') };
}

function checked<T extends object>(value: T): Exclude<T, { readonly advice: string }> {
  if (isFileProblem(value)) throw new Error(`${value.what}; expected: ${value.advice}`);
  return value as Exclude<T, { readonly advice: string }>;
}

/** How a node is started. */
export interface StartPlan {
  readonly settings: string;
  /** The log goes here. */
  readonly log: string;
  readonly flags?: readonly string[];
  /** What runs it: strace. */
  readonly wrapper?: readonly string[];
}

/** A node process; its log is JSON, every level. */
export interface NodeProcess {
  readonly child: ChildProcess;
  readonly log: string;
}

export function startNodeProcess({ settings, log, flags = [], wrapper = [] }: StartPlan): NodeProcess {
  const out = openSync(log, 'a');
  const words = [
    ...wrapper,
    NODE,
    MAIN,
    'node',
    '--config',
    settings,
    '--log-format',
    'json',
    '--log-level',
    'debug',
    ...flags,
  ];
  const env = { ...process.env, NODE_COMPILE_CACHE: join(ROOT, '.cache', 'compile') };
  const child = spawn(words[0] ?? NODE, words.slice(1), { stdio: ['ignore', out, out], env });
  closeSync(out);
  return { child, log };
}

/** How a process ended: a code, or a signal. */
export async function ended({ child }: NodeProcess): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode ?? 'no code';
}

/** Looks until there is an answer. @throws {Error} after so long. */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(20);
  }
}

/** What a client answers; undefined where nobody does, yet. */
export async function asked<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ClientError) return undefined;
    throw error;
  }
}

/** Events of a log, whatever else is in it. */
export function eventsOf(log: string): readonly Readonly<Record<string, unknown>>[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line));
}

/** Sends transfers of growing nonces until it is told to end. */
export class Load {
  readonly #client: NodeClient;
  readonly #network: Network;
  #isOver = false;
  readonly #running: Promise<void>;
  #sent = 0;

  constructor(client: NodeClient, network: Network) {
    this.#client = client;
    this.#network = network;
    this.#running = this.#run();
    // What went wrong, `end` tells.
    this.#running.catch(() => {});
  }

  /** So many were accepted. */
  async end(): Promise<number> {
    this.#isOver = true;
    await this.#running;
    return this.#sent;
  }

  async #run(): Promise<void> {
    const { account } = this.#network;
    const { id, genesis } = await until('the load: an answer', PATIENCE_MS, () =>
      asked(() => this.#client.genesis()),
    );
    for (let nonce = 0; !this.#isOver; await sleep(40)) {
      const form: SignedTransaction = {
        version: 1,
        chainId: id,
        senderKey: account.key,
        nonce,
        validUntilHeight: 0,
        gasLimit: 200_000,
        gasPrice: genesis.parameters.gasPriceMin,
        action: { kind: 'transfer', to: (nonce + 1).toString(16).padStart(64, '0'), amount: '1000' },
        signature: '0'.repeat(128),
      };
      const accepted = await asked(() => this.#client.submit(signedBy(form, account)));
      if (accepted !== undefined) {
        nonce++;
        this.#sent++;
      }
    }
  }
}

function signedBy(form: SignedTransaction, key: NodeKey): SignedTransaction {
  const bytes = new TextEncoder().encode(JSON.stringify(form));
  const transaction = decodeJson(transactionLayout, bytes, TRANSACTION_JSON_MAX_BYTES);
  if (isDecodeRejection(transaction)) throw new Error(transaction.detail);
  const signature = SUITE.sign(key.secret, transactionSignBytes(transaction));
  return { ...JSON.parse(toJsonText(transactionLayout, transaction)), signature: bytesToHex(signature) };
}
