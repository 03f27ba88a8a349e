/** A simulated world of nodes for tests of the node: a toy engine that builds on a timer, liars, and what they emitted. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Consensus, ConsensusHost, Engine } from '../../src/chain/consensus/consensus.ts';
import { addressOf } from '../../src/chain/crypto/address.ts';
import { buildGenesis } from '../../src/chain/execution/genesis.ts';
import { createNode } from '../../src/chain/node.ts';
import type { NodeConfig } from '../../src/chain/node-config.ts';
import { EMPTY_SYSTEM } from '../../src/chain/types/block-codec.ts';
import type { Answer, ChainWorld, NodeSnapshot } from '../../src/chain/types/command.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import type { Genesis } from '../../src/chain/types/genesis.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import {
  accountAddress,
  amount,
  type BlockHash,
  height,
  type PublicKey,
  publicKey,
} from '../../src/chain/types/units.ts';
import { fingerprintOf } from '../../src/cluster/fingerprint.ts';
import { keysOf, Signer } from '../../src/cluster/load/wallet.ts';
import { assert } from '../../src/env/assert.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import type { Program } from '../../src/env/program.ts';
import { type Address, address, keyId, ms, unixMs } from '../../src/env/units.ts';
import {
  type HostConfig,
  type HostProgram,
  type SimulatorConfig,
  WALL_START_US,
} from '../../src/sim/config.ts';
import { createSimulator } from '../../src/sim/create-simulator.ts';
import { createModelledCrypto } from '../../src/sim/modelled-crypto.ts';
import { plainNetwork } from '../../src/sim/network/config.ts';
import type { Simulator } from '../../src/sim/simulator.ts';
import { type ToyView, toyGenesis, toyRules } from './ledger-world.ts';

/** Between two blocks of one producer. */
export const PERIOD_MS = 1_000;

/** Builds a block on its head every period, `difficulty` each; 0 builds nothing. @param system put into each of them. */
export function toyConsensus(
  difficulty: number,
  until = Number.MAX_SAFE_INTEGER,
  system = EMPTY_SYSTEM,
): Consensus<ToyView> {
  return {
    rules: toyRules({ kind: 'depth', depth: 6 }),
    create: (host) => toyEngine(host, difficulty, until, system),
  };
}

function toyEngine(
  host: ConsensusHost<ToyView>,
  difficulty: number,
  until: number,
  system = EMPTY_SYSTEM,
): Engine {
  const build = (): void => {
    const head = host.head();
    if (head.header.height < until) {
      const block = host.build({
        parent: head.id,
        timestampMs: unixMs(Math.max(head.header.timestampMs + 1, host.clock.wallMs())),
        beneficiary: host.beneficiary,
        consensus: Uint8Array.of(difficulty),
        system,
      });
      assert(block !== undefined, 'the head is executed');
      host.submit({ ...block, header: { ...block.header, seal: 'aa' } });
    }
    host.clock.setTimer('toy', ms(PERIOD_MS), build);
  };
  return {
    onStart: () => {
      if (difficulty > 0) host.clock.setTimer('toy', ms(PERIOD_MS), build);
    },
    onHead: () => undefined,
    onPeerUp: () => undefined,
    onPeerDown: () => undefined,
    onMessage: () => ({ kind: 'fault', fault: 'the toy engine says nothing', penalty: 100 }),
    onBlock: () => undefined,
    blockOf: () => undefined,
    onMempool: () => undefined,
    onProposal: (_body, reply) => reply('nothing is proposed here'),
    onStop: () => undefined,
    status: () => ({ kind: 'idle' }),
    bounds: () => [],
  };
}

/** One host: a node by its config, or any other program. */
export interface HostPlan {
  readonly consensus?: Consensus;
  /** Hosts that it dials. */
  readonly dials?: readonly number[];
  /** In place of `dials`: bootstrap addresses of these hosts, and discovery. */
  readonly discovers?: readonly number[];
  /** A function is asked at every boot: what an operator does then. */
  readonly config?: Partial<NodeConfig> | (() => Partial<NodeConfig>);
  readonly program?: (honest: Program<ChainWorld>) => Program<ChainWorld>;
  readonly startUs?: HostConfig['startUs'];
  /** Where it is found; absent: `host-` and its number. */
  readonly address?: string;
}

/** What a test sees of a run. */
export class NodeWorld {
  readonly simulator: Simulator<ChainWorld>;
  readonly events: (readonly [number, DomainEvent])[] = [];
  readonly genesis: Genesis;
  readonly genesisId: BlockHash;
  readonly #signer: Signer;
  readonly #wallets;

  /** @param chain changes genesis, given the keys of the nodes; its engine must be the hosts'. */
  constructor(
    plans: readonly HostPlan[],
    overrides: Partial<SimulatorConfig<ChainWorld>> = {},
    chain: (nodeKeys: readonly PublicKey[]) => Partial<Genesis> = () => ({}),
  ) {
    const suite = createModelledCrypto(sha256);
    const secrets = plans.map((_, i) => sha256(Uint8Array.of(i)));
    const nodeKeys = secrets.map((secret) => publicKey(bytesToHex(suite.publicKey(secret))));
    this.#wallets = Array.from({ length: 20 }, (_, i) => keysOf(suite, `wallet-${i}`));
    this.#signer = new Signer(suite);
    const allocation = this.#wallets.map((keys) => ({
      address: keys.address,
      balance: amount(10_000_000_000n),
    }));
    allocation.sort((a, b) => (a.address < b.address ? -1 : 1));
    this.genesis = {
      ...toyGenesis(),
      allocation,
      timestampMs: unixMs(WALL_START_US / 1_000),
      ...chain(nodeKeys),
    };
    const built = buildGenesis(this.genesis, (plans[0]?.consensus ?? toyConsensus(0)).rules);
    assert(!('code' in built), 'the toy genesis is valid');
    this.genesisId = built.id;
    const addresses = plans.map((plan, i) => address(plan.address ?? `host-${i}`));
    const all = plans.map((plan, i) => this.#program(plan, i, addresses));
    const program: HostProgram<ChainWorld> = (env, host) => {
      const own = all[host];
      assert(own !== undefined, 'every host has a program');
      return own(env);
    };
    const hosts = plans.map((plan, i) => ({
      variant: 'node',
      keys: new Map([[keyId('node'), secrets[i] ?? new Uint8Array(32)]]),
      ...(plan.startUs === undefined ? {} : { startUs: plan.startUs }),
    }));
    this.simulator = createSimulator<ChainWorld>({
      seed: 'node-test',
      programs: new Map([['node', program]]),
      hosts,
      network: plainNetwork(addresses, 20_000),
      codec: createMessageCodec(),
      fingerprintEvent: fingerprintOf,
      fingerprintCommand: fingerprintOf,
      crypto: suite,
      ...overrides,
    });
    this.simulator.observe((host, event) => this.events.push([host, event]));
  }

  /** Simulates that many milliseconds. */
  run(forMs: number): this {
    const untilUs = this.simulator.nowUs() + forMs * 1_000;
    let status = this.simulator.step(100_000, untilUs);
    while (status.kind === 'running') status = this.simulator.step(100_000, untilUs);
    if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
    assert(status.kind !== 'ended', `the run goes on, but ${JSON.stringify(status)}`);
    return this;
  }

  of<K extends DomainEvent['kind']>(kind: K, host?: number): readonly Extract<DomainEvent, { kind: K }>[] {
    const found: Extract<DomainEvent, { kind: K }>[] = [];
    for (const [at, event] of this.events) {
      if (event.kind === kind && (host === undefined || at === host))
        found.push(event as Extract<DomainEvent, { kind: K }>);
    }
    return found;
  }

  inspect(host: number): NodeSnapshot {
    const snapshot = this.simulator.inspect(host);
    assert(snapshot !== undefined, 'the host is up');
    return snapshot;
  }

  heights(): number[] {
    return this.#all().map((snapshot) => snapshot.head.height);
  }

  /** How many different heads the nodes have. */
  headCount(): number {
    return new Set(this.#all().map((snapshot) => snapshot.head.id)).size;
  }

  /** Bounded collections that are above their bound. */
  overBounds(): readonly string[] {
    return this.#all().flatMap(({ bounds }) => bounds.filter((b) => b.size > b.max).map((b) => b.name));
  }

  transfer(from: number, nonce: number, to = 19): Transaction {
    const keys = this.#wallets[from];
    const target = this.#wallets[to];
    assert(keys !== undefined && target !== undefined, 'a wallet is named by its number');
    return this.#signer.sign(keys, {
      version: 1,
      chainId: this.genesisId,
      nonce,
      gasPrice: amount(1n),
      validUntilHeight: height(0),
      action: { kind: 'transfer', to: accountAddress(target.address), amount: amount(5n) },
    });
  }

  submit(host: number, transaction: Transaction): Answer[] {
    const answers: Answer[] = [];
    this.simulator.command(host, { kind: 'SubmitTransaction', transaction }, (answer) =>
      answers.push(answer),
    );
    return answers;
  }

  #all(): readonly NodeSnapshot[] {
    const snapshots: NodeSnapshot[] = [];
    for (let host = 0; host < this.simulator.hostCount; host++) {
      const snapshot = this.simulator.inspect(host);
      if (snapshot !== undefined && 'head' in snapshot) snapshots.push(snapshot);
    }
    return snapshots;
  }

  #program(plan: HostPlan, i: number, addresses: readonly Address[]): Program<ChainWorld> {
    const { config = {} } = plan;
    const changes = typeof config === 'function' ? config : () => config;
    const configured = (): NodeConfig => ({
      genesis: this.genesis,
      schedule: [],
      protocolMax: 1,
      consensus: plan.consensus ?? toyConsensus(0),
      identity: keyId('node'),
      beneficiary: addressOf(keysOf(createModelledCrypto(sha256), `beneficiary-${i}`).key),
      listen: addresses[i] as Address,
      bootstrap: (plan.discovers ?? []).map((to) => addresses[to] as Address),
      ...(plan.discovers === undefined
        ? { staticPeers: (plan.dials ?? []).map((to) => addresses[to] as Address) }
        : {}),
      createSearch: () => () => () => undefined,
      ...changes(),
    });
    const honest: Program<ChainWorld> = (env) => createNode(configured())(env);
    return plan.program === undefined ? honest : plan.program(honest);
  }
}
