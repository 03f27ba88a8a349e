/** A small network of real nodes for tests of durability: its folder, its processes, a load of transfers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodePosConfig, encodePosConfig } from '../../src/chain/consensus/pos/config.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import type { PublicKey } from '../../src/chain/types/units.ts';
import { createNativeSuite } from '../../src/lab/native-suite.ts';
import type { NodeClient } from '../../src/node/client/client.ts';
import { signTransaction } from '../../src/node/client/sign-transaction.ts';
import { openDevnet } from '../../src/node/devnet.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { formatChainFile, readChainFile } from '../../src/node/genesis-file.ts';
import { type NodeKey, readKeyFile } from '../../src/node/key-file.ts';
import { asked, PATIENCE_MS, until } from '../support/node-process.ts';

const NODES = 4;
/** The last one never runs: each vote of the others is needed, and its turns bring rounds that decide nothing. */
export const RUNNING = NODES - 1;
const INTERVAL_MS = 150;
/** Rounds of machines that are next to each other, and busy. */
const ROUND_MS = { propose: 600, vote: 300 } as const;
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
      const draft = {
        version: 1,
        chainId: id,
        senderKey: account.key,
        nonce,
        validUntilHeight: 0,
        gasLimit: 200_000,
        gasPrice: genesis.parameters.gasPriceMin,
        action: { kind: 'transfer', to: (nonce + 1).toString(16).padStart(64, '0'), amount: '1000' },
      } as const;
      const accepted = await asked(() => this.#client.submit(signTransaction(draft, account.secret)));
      if (accepted !== undefined) {
        nonce++;
        this.#sent++;
      }
    }
  }
}
