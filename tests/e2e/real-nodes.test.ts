/** The chain as it is on the node's own adapters: nodes of one process over TCP, each with its database. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { decodePowConfig, encodePowConfig, POW_NAME } from '../../src/chain/consensus/pow/config.ts';
import { REBUILD_MS } from '../../src/chain/consensus/pow/engine.ts';
import { createPow } from '../../src/chain/consensus/pow/pow.ts';
import { buildGenesis } from '../../src/chain/execution/genesis.ts';
import { createNode } from '../../src/chain/node.ts';
import type { NodeConfig } from '../../src/chain/node-config.ts';
import type { Answer, ChainWorld, Command } from '../../src/chain/types/command.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import type { Genesis } from '../../src/chain/types/genesis.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import { amount, type BlockHash, hash, height } from '../../src/chain/types/units.ts';
import { type ChainSetup, createChainSetup } from '../../src/cluster/chain-setup.ts';
import { transferDraft } from '../../src/cluster/load/wallet.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { type Address, address } from '../../src/env/units.ts';
import { type HostEnd, type RunningHost, startHost } from '../../src/node/host.ts';
import { createMiner, type Miner } from '../../src/node/mining/miner.ts';
import { DEFAULT_TCP_LIMITS, listenTcp } from '../../src/node/network/tcp-network.ts';
import { verifyHere } from '../../src/node/signatures/system-crypto.ts';
import { systemRandom } from '../../src/node/system-random.ts';
import { SUITE, small } from '../cluster/support.ts';

const LOOPBACK = '127.0.0.1';
/** Flushes of a busy disk take seconds. */
const STOP_MS = 60_000;

/** One node, over its boots. */
interface RealNode {
  readonly events: DomainEvent[];
  readonly ends: HostEnd[];
  running: RunningHost<ChainWorld> | undefined;
  boot(): Promise<void>;
  command(command: Command): Promise<Answer>;
}

/** Seals cost what they say: a hundred thousand hashes at first, some tenths of a second on one thread. */
function realWork(genesis: Genesis): Genesis {
  const config = decodePowConfig(genesis.engineConfig);
  if (isRejection(config)) throw new Error(config.code);
  const initialTarget = hash(((1n << 256n) / 100_000n).toString(16).padStart(64, '0'));
  return { ...genesis, engineConfig: encodePowConfig({ ...config, initialTarget, powScale: amount(1n) }) };
}

class RealCluster {
  readonly nodes: readonly RealNode[];
  readonly minerErrors: Error[] = [];
  readonly setup: ChainSetup;
  readonly genesisId: BlockHash;
  readonly #genesis: Genesis;
  readonly #miners: Miner[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'aureon-nodes-'));
  readonly #ports: (number | undefined)[];

  constructor(engine: 'pos' | 'poa' | 'pow', count: number) {
    const chain =
      engine === 'pos'
        ? {
            engine,
            blockInterval: '200ms',
            rounds: { propose: '400ms', prevote: '200ms', precommit: '200ms' },
          }
        : { engine, blockInterval: '300ms' };
    const plan = resolveScenario(
      small({
        nodes: count,
        signatures: 'real',
        chain,
        load: [{ kind: 'transfers', perSecond: 1, accounts: 2 }],
      }),
      '1',
    );
    // Chains of scenarios begin in 2023; this one begins now.
    this.setup = createChainSetup(plan, { nativeSuite: SUITE, wallShiftMs: Date.now() - 1_700_000_000_000 });
    const { genesis, rules } = this.setup.context;
    this.#genesis = engine === 'pow' ? realWork(genesis) : genesis;
    const built = buildGenesis(this.#genesis, rules);
    if (isRejection(built)) throw new Error(built.code);
    this.genesisId = built.id;
    this.#ports = Array.from({ length: count }, () => undefined);
    this.nodes = this.#ports.map((_, i) => this.#node(i));
  }

  async dispose(): Promise<void> {
    for (const node of this.nodes) await node.running?.close();
    for (const miner of this.#miners) await miner.stop();
    rmSync(this.#folder, { recursive: true });
  }

  heights(): readonly number[] {
    return this.nodes.map(({ running }) => running?.inspect()?.head.height ?? -1);
  }

  #node(index: number): RealNode {
    const keys = this.setup.hostKeys[index];
    const node: RealNode = {
      events: [],
      ends: [],
      running: undefined,
      boot: async () => {
        const listener = await listenTcp({ host: LOOPBACK, port: this.#ports[index] ?? 0 }, undefined);
        this.#ports[index] = (listener.address() as AddressInfo).port;
        const config = this.#configOf(index);
        node.running = startHost<ChainWorld>({
          program: (enter) => createNode(this.#mining(config, enter)),
          codec: createMessageCodec(),
          listener,
          own: [config.listen],
          limits: DEFAULT_TCP_LIMITS,
          tls: undefined,
          folder: join(this.#folder, `${index}`),
          suite: SUITE,
          verify: verifyHere(SUITE),
          secrets: new Map(keys === undefined ? [] : [[config.identity, keys.secret]]),
          onEvent: (event) => node.events.push(event),
          onEnded: (why) => node.ends.push(why),
        });
      },
      command: (command) =>
        new Promise((resolve, reject) => {
          if (node.running?.command(command, resolve) !== true) reject(new Error('the node is down'));
        }),
    };
    return node;
  }

  /** Where work decides, each node works on a thread of its own. */
  #mining(config: NodeConfig, enter: (run: () => void) => void): NodeConfig {
    if (config.genesis.engine !== POW_NAME) return config;
    const miner = createMiner(1, systemRandom, (error) => this.minerErrors.push(error));
    this.#miners.push(miner);
    return {
      ...config,
      consensus: createPow({ mine: true, hashRate: 0, rebuildMs: REBUILD_MS }),
      createSearch: () => miner.search(enter),
    };
  }

  /** Nodes know those that were started before them. */
  #configOf(index: number): NodeConfig {
    const at = (port: number): Address => address(`${LOOPBACK}:${port}`);
    const others = this.#ports.flatMap((port, i) => (i === index || port === undefined ? [] : [at(port)]));
    const own = at(this.#ports[index] ?? 0);
    return {
      ...this.setup.nodeConfig(index, 'v1', 0),
      genesis: this.#genesis,
      listen: own,
      bootstrap: others,
      staticPeers: others,
      isVouched: true,
    };
  }
}

describe.each(['pos', 'poa', 'pow'] as const)('real nodes with %s', (engine) => {
  let cluster: RealCluster | undefined;
  afterEach(async () => {
    await cluster?.dispose();
  });

  it('agree on blocks, take a transaction, and go on after a stop and a kill', async () => {
    cluster = new RealCluster(engine, 4);
    const { nodes, setup } = cluster;
    const heights = (): readonly number[] => cluster?.heights() ?? [];
    for (const node of nodes) await node.boot();
    await expect.poll(() => Math.min(...heights())).toBeGreaterThanOrEqual(3);

    const [from, to] = setup.wallets[0] ?? [];
    if (from === undefined || to === undefined) throw new Error('a load has its accounts');
    const transaction = setup.signer.sign(from, transferDraft(0, 0, to.address, cluster.genesisId, 1));
    const taken = await nodes[0]?.command({ kind: 'SubmitTransaction', transaction });
    expect(taken?.kind).toBe('Accepted');
    const balances = async (): Promise<readonly unknown[]> =>
      Promise.all(
        nodes.map(async (node) => {
          const answer = await node.command({ kind: 'GetAccount', address: from.address, prove: false });
          return answer.kind === 'Account' ? answer.account.nonce : answer.kind;
        }),
      );
    await expect.poll(balances).toEqual([1, 1, 1, 1]);

    // One is stopped in order, another is cut off as a kill would; both come back with what they had.
    const [, second, third] = nodes;
    expect(await second?.running?.stop(STOP_MS)).toBe(true);
    for (const node of [second, third]) {
      await node?.running?.close();
      await node?.boot();
    }
    const reached = Math.max(...heights());
    await expect.poll(() => Math.min(...heights())).toBeGreaterThanOrEqual(reached + 3);
    // The newest blocks may differ for a moment, where work decides.
    const idsAt = async (at: number): Promise<number> => {
      const answers = nodes.map((node) => node.command({ kind: 'GetBlock', at: { height: height(at) } }));
      const ids = (await Promise.all(answers)).map((answer) =>
        answer.kind === 'Block' ? answer.id : answer.kind,
      );
      return new Set(ids).size;
    };
    await expect.poll(() => idsAt(reached)).toBe(1);
    // All at once, as a devnet does.
    const stopped = await Promise.all(
      nodes.map(async (node) => (await node.running?.stop(STOP_MS)) ?? false),
    );
    expect(stopped).toEqual([true, true, true, true]);
    for (const node of nodes) await node.running?.close();
    expect([...nodes.flatMap(({ ends }) => ends), ...cluster.minerErrors]).toEqual([]);
    const bad = nodes
      .flatMap(({ events }) => events)
      .filter(({ kind }) => kind === 'PeerScored' || kind === 'CorruptionDetected');
    expect(bad).toEqual([]);
  });
});
