/** The chain as it is on the node's own adapters: nodes of one process over TCP, each with its database. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createNode } from '../../src/chain/node.ts';
import type { NodeConfig } from '../../src/chain/node-config.ts';
import type { Answer, ChainWorld, Command } from '../../src/chain/types/command.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import { height } from '../../src/chain/types/units.ts';
import { type ChainSetup, createChainSetup } from '../../src/cluster/chain-setup.ts';
import { transferDraft } from '../../src/cluster/load/wallet.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { type Address, address } from '../../src/env/units.ts';
import { type HostEnd, type RunningHost, startHost } from '../../src/node/host.ts';
import { DEFAULT_TCP_LIMITS, listenTcp } from '../../src/node/tcp-network.ts';
import { SUITE, small } from '../cluster/support.ts';

const LOOPBACK = '127.0.0.1';
const PATIENCE = { timeout: 30_000, interval: 20 };

/** One node, over its boots. */
interface RealNode {
  readonly events: DomainEvent[];
  readonly ends: HostEnd[];
  running: RunningHost<ChainWorld> | undefined;
  boot(): Promise<void>;
  command(command: Command): Promise<Answer>;
}

class RealCluster {
  readonly nodes: readonly RealNode[];
  readonly setup: ChainSetup;
  readonly #folder = mkdtempSync(join(tmpdir(), 'aureon-nodes-'));
  readonly #ports: (number | undefined)[];

  constructor(engine: 'pos' | 'poa', count: number) {
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
    this.#ports = Array.from({ length: count }, () => undefined);
    this.nodes = this.#ports.map((_, i) => this.#node(i));
  }

  async dispose(): Promise<void> {
    for (const node of this.nodes) await node.running?.close();
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
          program: createNode(config),
          codec: createMessageCodec(),
          listener,
          own: [config.listen],
          limits: DEFAULT_TCP_LIMITS,
          tls: undefined,
          folder: join(this.#folder, `${index}`),
          suite: SUITE,
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

  /** Nodes know those that were started before them. */
  #configOf(index: number): NodeConfig {
    const at = (port: number): Address => address(`${LOOPBACK}:${port}`);
    const others = this.#ports.flatMap((port, i) => (i === index || port === undefined ? [] : [at(port)]));
    const own = at(this.#ports[index] ?? 0);
    return {
      ...this.setup.nodeConfig(index, 'v1', 0),
      listen: own,
      bootstrap: others,
      staticPeers: others,
      isVouched: true,
    };
  }
}

describe.each(['pos', 'poa'] as const)('real nodes with %s', (engine) => {
  let cluster: RealCluster | undefined;
  afterEach(async () => {
    await cluster?.dispose();
  });

  it('agree on blocks, take a transaction, and go on after a stop and a kill', async () => {
    cluster = new RealCluster(engine, 4);
    const { nodes, setup } = cluster;
    const heights = (): readonly number[] => cluster?.heights() ?? [];
    for (const node of nodes) await node.boot();
    await expect.poll(() => Math.min(...heights()), PATIENCE).toBeGreaterThanOrEqual(3);

    const [from, to] = setup.wallets[0] ?? [];
    if (from === undefined || to === undefined) throw new Error('a load has its accounts');
    const transaction = setup.signer.sign(from, transferDraft(0, 0, to.address, setup.genesisId, 1));
    const taken = await nodes[0]?.command({ kind: 'SubmitTransaction', transaction });
    expect(taken?.kind).toBe('Accepted');
    const balances = async (): Promise<readonly unknown[]> =>
      Promise.all(
        nodes.map(async (node) => {
          const answer = await node.command({ kind: 'GetAccount', address: from.address, prove: false });
          return answer.kind === 'Account' ? answer.account.nonce : answer.kind;
        }),
      );
    await expect.poll(balances, PATIENCE).toEqual([1, 1, 1, 1]);

    // One is stopped in order, another is cut off as a kill would; both come back with what they had.
    const [, second, third] = nodes;
    expect(await second?.running?.stop(5_000)).toBe(true);
    for (const node of [second, third]) {
      await node?.running?.close();
      await node?.boot();
    }
    const reached = Math.max(...heights());
    await expect.poll(() => Math.min(...heights()), PATIENCE).toBeGreaterThanOrEqual(reached + 3);
    const common = Math.min(...heights());
    const ids = await Promise.all(
      nodes.map(async (node) => {
        const answer = await node.command({ kind: 'GetBlock', at: { height: height(common) } });
        return answer.kind === 'Block' ? answer.id : answer.kind;
      }),
    );
    expect(new Set(ids).size).toBe(1);
    expect(nodes.flatMap(({ ends }) => ends)).toEqual([]);
    const bad = nodes
      .flatMap(({ events }) => events)
      .filter(({ kind }) => kind === 'PeerScored' || kind === 'CorruptionDetected');
    expect(bad).toEqual([]);
  });
});
