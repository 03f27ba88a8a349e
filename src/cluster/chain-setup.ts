/** The chain that a cluster runs: genesis, keys, engine, one program for each host and code version; all from its plan. */

import { PREFIX } from '../chain/blockstore/records.ts';
import type { ConsensusRules } from '../chain/consensus/consensus.ts';
import { addressOf } from '../chain/crypto/address.ts';
import type { ExecutionContext } from '../chain/execution/context.ts';
import { buildGenesis } from '../chain/execution/genesis.ts';
import { senderOf } from '../chain/execution/signed-item.ts';
import { meterNode, type NodeMeter } from '../chain/metered-node.ts';
import { createNode } from '../chain/node.ts';
import type { NodeConfig } from '../chain/node-config.ts';
import type { ChainWorld } from '../chain/types/command.ts';
import type { Genesis, GenesisValidator, UpgradeSchedule } from '../chain/types/genesis.ts';
import type { Message } from '../chain/types/message.ts';
import { createMessageCodec } from '../chain/types/message-codec.ts';
import { isRejection } from '../chain/types/rejection.ts';
import type { Transaction } from '../chain/types/transaction.ts';
import {
  type AccountAddress,
  amount,
  type BlockHash,
  gas,
  height,
  type PublicKey,
} from '../chain/types/units.ts';
import { assert } from '../env/assert.ts';
import { bytesToHex } from '../env/bytes.ts';
import type { CostKind, Env } from '../env/program.ts';
import { address, type ConnectionId, type KeyId, keyId, unixMs } from '../env/units.ts';
import type { OrderConfig } from '../sim/chosen-order.ts';
import {
  type Cost,
  type HostConfig,
  type HostProgram,
  type SimulatorConfig,
  WALL_START_US,
} from '../sim/config.ts';
import type { CryptoSuite } from '../sim/crypto-suite.ts';
import type { SimDisk } from '../sim/disk/disk.ts';
import { type AtlasHost, createFaultAtlas } from '../sim/disk/fault-atlas.ts';
import { createModelledCrypto } from '../sim/modelled-crypto.ts';
import type { MessageException } from '../sim/network/ports.ts';
import { createStream } from '../sim/seeds.ts';
import type { Watcher } from '../sim/watcher.ts';
import { isArmedLoss, taintTimes } from './assumptions.ts';
import { type ByzantineHosts, byzantineHosts, keyHolderOf } from './byzantine/byzantine-hosts.ts';
import { type EngineSetup, engineSetup } from './engines.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Keys, keysOf, Signer } from './load/wallet.ts';
import { networkConfig } from './network-config.ts';
import { type OtherCode, OtherPrograms } from './other-code.ts';
import type { ClusterPlan, CodeVersion, CpuPlan, HostPlan, ProposalPlan } from './plan.ts';
import { createPortableSuite } from './portable-suite.ts';
import { SnapshotOperator } from './snapshot-operator.ts';
import { type Dials, planDials } from './topology.ts';

/** What a cluster tells of itself to who records it. */
export interface ClusterWatcher extends Watcher<ChainWorld> {
  /** A Byzantine host did what no honest one does. */
  onDeviation(host: number, behaviour: string, atUs: number): void;
}

/** What a run may be given beside its plan. */
export interface ClusterOptions {
  /** Shares nothing between hosts: slower, the same hash. */
  readonly isolate?: boolean;
  /** Another order of simultaneous events; 0 is the run's own. */
  readonly permuteTies?: number;
  /** Real signatures by native code; absent: portable code. */
  readonly nativeSuite?: CryptoSuite;
  /** Sees the run event by event, for recordings. */
  readonly watcher?: ClusterWatcher;
  /** False: only the bench, to measure what the trace costs. */
  readonly trace?: boolean;
  /** Names of the oracles that judge; absent: all. */
  readonly oracles?: readonly string[];
  /** Wraps or replaces the program of a host: planted bugs. Byzantine behaviours stand in the plan. */
  readonly program?: (
    host: number,
    honest: HostProgram<ChainWorld>,
    config: NodeConfig,
  ) => HostProgram<ChainWorld>;
  /** Counts what a boot of a host does; changes nothing in the run. */
  readonly meterOf?: (host: number) => NodeMeter;
  /** From that moment on everything is drawn from another seed: the same past, another future. */
  readonly branch?: { readonly atUs: number; readonly seed: string };
  /** Told of each message that was lost, delayed or corrupted. */
  readonly onMessageFault?: (fault: MessageException) => void;
  /** Who chooses in which order messages arrive; absent: their latencies. */
  readonly order?: OrderConfig;
  /** Messages that suffer something beside what the plan does to them. */
  readonly messageExceptions?: readonly MessageException[];
  /** All wall clocks, and genesis with them, begin so much later. */
  readonly wallShiftMs?: number;
  /** Proof of work of nodes that make all their hashes: so many for a block at first. Absent: it is modelled. */
  readonly realWork?: bigint;
  /** Replaces the rules of the engine for everybody, the oracles included: planted bugs of rules. */
  readonly rules?: (honest: ConsensusRules<unknown>) => ConsensusRules<unknown>;
  /** Code of the chain that honest hosts run in place of this one: planted bugs. Oracles and Byzantine hosts run this one. */
  readonly other?: OtherCode;
}

/** The chain of a cluster. */
export interface ChainSetup {
  readonly context: ExecutionContext<unknown>;
  readonly genesisId: BlockHash;
  readonly suite: CryptoSuite;
  readonly signer: Signer;
  /** Accounts of each load of the plan. */
  readonly wallets: readonly (readonly Keys[])[];
  readonly hostKeys: readonly Keys[];
  readonly dials: Dials;
  senderOf(transaction: Transaction): AccountAddress;
  /** Whom nodes that start from a snapshot ask which one to trust; undefined: nobody makes any. */
  readonly operator: SnapshotOperator | undefined;
  /**
   * For each host when its disk first stopped keeping what was promised; undefined: not yet, nor at a known time of its plan. The
   * run adds crashes at an effect that struck.
   */
  readonly taints: (number | undefined)[];
  /** What a host is told that boots at that simulated time. */
  nodeConfig(host: number, code: CodeVersion, nowUs: number): NodeConfig;
  /** The body of a Propose command about the key of a host; undefined: the engine takes no proposals. */
  proposalBody(what: ProposalPlan['what'], target: number): string | undefined;
}

/** What each account of a workload owns at the start: enough for every fee of every scenario. */
const FORTUNE = amount(1_000_000_000_000n);
/** Where chains begin: with the wall clocks. */
const GENESIS_MS = unixMs(Math.floor(WALL_START_US / 1_000));
const PROTOCOL_OF_CODE: Readonly<Record<CodeVersion, number>> = { v1: 1, v2: 2 };
const NODE_KEY = keyId('node');
/** Records of one step of a scrub: simulated time is cheap, and each record that is read is not. */
const SCRUB_RECORDS = 64;

/** Signatures of one process are kept: a transaction of a workload is the same in every run with that suite. */
const signers = new WeakMap<CryptoSuite, Signer>();

function signerOf(suite: CryptoSuite): Signer {
  const known = signers.get(suite);
  if (known !== undefined) return known;
  const made = new Signer(suite);
  signers.set(suite, made);
  return made;
}

/** One for each suite: what was signed and checked in one run serves the next. */
const modelled = new WeakMap<CryptoSuite, CryptoSuite>();

function modelledOf(real: CryptoSuite): CryptoSuite {
  const known = modelled.get(real);
  if (known !== undefined) return known;
  const made = createModelledCrypto((bytes) => real.sha256(bytes));
  modelled.set(real, made);
  return made;
}

function loadWallets(plan: ClusterPlan, suite: CryptoSuite): readonly (readonly Keys[])[] {
  return plan.loads.map((load, i) =>
    Array.from({ length: load.kind === 'stakes' ? 0 : load.accounts }, (_, j) =>
      keysOf(suite, `load/${i}/${j}`),
    ),
  );
}

/** Keys of hosts that stake, each once: their accounts have money from the start. */
function stakersOf({ loads }: ClusterPlan, hostKeys: readonly Keys[]): readonly Keys[] {
  const hosts = new Set(loads.flatMap(({ stakes }) => stakes?.hosts ?? []));
  return [...new Map([...hosts].map((i) => [hostKeys[i]?.address, hostKeys[i] as Keys])).values()];
}

function byText<T>(items: readonly T[], textOf: (item: T) => string): readonly T[] {
  return [...items].sort((a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0));
}

function genesisOf(
  plan: ClusterPlan,
  engine: EngineSetup,
  wallets: readonly Keys[],
  validators: readonly GenesisValidator[],
  wallShiftMs: number,
): Genesis {
  return {
    name: 'aureon-test',
    shard: 0,
    engine: engine.rules.name,
    engineConfig: engine.config,
    parameters: {
      blockGasMax: gas(100_000_000),
      blockBytesMax: plan.chain.blockBytesMax,
      gasPerByte: gas(10),
      gasPerSignature: gas(3_000),
      gasPerNewAccount: gas(25_000),
      gasPriceMin: amount(1n),
    },
    allocation: byText(wallets, (keys) => keys.address).map((keys) => ({
      address: keys.address,
      balance: FORTUNE,
    })),
    validators: byText(validators, ({ key }) => key),
    timestampMs: unixMs(GENESIS_MS + wallShiftMs),
    version: 1,
  };
}

/** Hosts with power, each key once. */
function validatorsOf(
  plan: ClusterPlan,
  engine: EngineSetup,
  hostKeys: readonly Keys[],
): readonly GenesisValidator[] {
  const powers = new Map<PublicKey, bigint>();
  for (const [i, { key }] of hostKeys.entries()) {
    const power = engine.powerOf(plan.hosts[keyHolderOf(plan.hosts, i)] as HostPlan);
    if (power > 0n) powers.set(key, power);
  }
  return [...powers].map(([key, power]) => ({ key, power: amount(power) }));
}

/** Builds genesis and keys. The seed decides topology alone: every run of a scenario has the same genesis. */
export function createChainSetup(plan: ClusterPlan, options: ClusterOptions): ChainSetup {
  const real = options.nativeSuite ?? createPortableSuite();
  const suite = plan.signatures === 'modelled' ? modelledOf(real) : real;
  const wallets = loadWallets(plan, suite);
  const hostKeys = plan.hosts.map((_, i) => {
    const holder = plan.hosts[keyHolderOf(plan.hosts, i)];
    return keysOf(suite, `host/${holder?.name}`);
  });
  const engine = withRules(engineSetup(plan, options.realWork), options.rules);
  const genesis = genesisOf(
    plan,
    engine,
    [...wallets.flat(), ...stakersOf(plan, hostKeys)],
    validatorsOf(plan, engine, hostKeys),
    options.wallShiftMs ?? 0,
  );
  const schedule: UpgradeSchedule =
    plan.chain.upgrade === undefined
      ? []
      : [{ height: height(plan.chain.upgrade.height), version: plan.chain.upgrade.version }];
  const built = buildGenesis(genesis, engine.rules);
  assert(!isRejection(built), 'a plan that was checked gives a valid genesis');
  const dials = planDials(plan.network.topology, plan.hosts.length, createStream(plan.seed, 'topology'));
  const { snapshots } = plan.chain;
  const struck = plan.faults.filter((fault) => !isArmedLoss(fault));
  const taints = [...taintTimes({ hosts: plan.hosts, faults: struck })];
  const operator =
    snapshots === undefined ? undefined : new SnapshotOperator(snapshots.every, plan.hosts.length);
  return {
    context: {
      genesis,
      genesisId: built.id,
      schedule,
      rules: engine.rules,
      sha256: (bytes) => real.sha256(bytes),
    },
    genesisId: built.id,
    suite,
    signer: signerOf(suite),
    wallets,
    hostKeys,
    dials,
    senderOf,
    operator,
    taints,
    nodeConfig: (host, code, nowUs) =>
      nodeConfig(plan, { genesis, schedule, engine, hostKeys, dials, operator, taints }, host, code, nowUs),
    proposalBody(what, target) {
      const keys = hostKeys[target];
      const body = keys === undefined ? undefined : engine.proposalOf?.(what, keys.key);
      return body === undefined ? undefined : bytesToHex(body);
    },
  };
}

function withRules(engine: EngineSetup, replace: ClusterOptions['rules']): EngineSetup {
  if (replace === undefined) return engine;
  const rules = replace(engine.rules);
  return { ...engine, rules, consensusOf: (host) => ({ ...engine.consensusOf(host), rules }) };
}

interface NodeParts {
  readonly genesis: Genesis;
  readonly schedule: UpgradeSchedule;
  readonly engine: EngineSetup;
  readonly hostKeys: readonly Keys[];
  readonly dials: Dials;
  readonly operator: SnapshotOperator | undefined;
  /** For each host when its disk first stops keeping what was promised. */
  readonly taints: readonly (number | undefined)[];
}

function nodeConfig(
  plan: ClusterPlan,
  parts: NodeParts,
  host: number,
  code: CodeVersion,
  nowUs: number,
): NodeConfig {
  const { features } = plan;
  const hostPlan = plan.hosts[host];
  const keys = parts.hostKeys[host];
  assert(hostPlan !== undefined && keys !== undefined, 'a program is built for a host of the plan');
  const network = addressesOf(plan);
  const peers = (parts.dials[host] ?? []).map((other) => network(other));
  const discovery = plan.network.topology.kind === 'discovery';
  const protocolMax = PROTOCOL_OF_CODE[code];
  const { snapshots } = plan.chain;
  const trusted = hostPlan.fromSnapshot ? parts.operator?.trustedFor(host) : undefined;
  return {
    genesis: parts.genesis,
    // Old code does not know of an upgrade: it finds out by the first header that it cannot read.
    schedule: parts.schedule.filter((step) => step.version <= protocolMax),
    protocolMax,
    consensus: parts.engine.consensusOf(hostPlan),
    identity: NODE_KEY,
    isVouched: (parts.taints[host] ?? Number.POSITIVE_INFINITY) > nowUs,
    beneficiary: addressOf(keys.key),
    listen: network(host),
    bootstrap: peers,
    ...(discovery ? {} : { staticPeers: peers }),
    createSearch: parts.engine.searchOf(hostPlan),
    features: {
      discovery,
      pings: features.pings,
      transactionGossip: features.transactionGossip,
      compactBlocks: features.compactBlocks ? 'on' : 'off',
      requestTimeouts: features.timeouts,
      relayStale: features.relayStale,
    },
    ...(trusted === undefined ? {} : { snapshot: { trusted } }),
    store: {
      undoDepth: plan.chain.undoDepth,
      ...(features.flushBlocks === undefined ? {} : { flushBlocks: features.flushBlocks }),
      ...(features.baseDepth === undefined ? {} : { baseDepth: features.baseDepth }),
      scrubIntervalMs: Math.round(features.scrubEveryUs / 1_000),
      scrubRecords: SCRUB_RECORDS,
      snapshotInterval: snapshots?.every ?? 0,
      ...(snapshots === undefined ? {} : { snapshotChunkBytes: snapshots.chunkBytes }),
    },
    limits: features.mempoolMax === undefined ? {} : { mempoolCountMax: features.mempoolMax },
  };
}

/** Host i listens at its own name. */
function addressesOf(plan: ClusterPlan): (host: number) => NodeConfig['listen'] {
  return (host) => {
    const name = plan.hosts[host]?.name;
    assert(name !== undefined, 'an address is that of a host of the plan');
    return address(name);
  };
}

/** How many units one µs pays for: a price of whole ns becomes a price of whole µs for a thousand units. */
const NS_PER_US = 1_000;

function costTable(cpu: CpuPlan): ReadonlyMap<CostKind, Cost> {
  const prices: readonly (readonly [CostKind, Cost])[] = [
    ['hash', { us: cpu.hashNs, units: NS_PER_US }],
    ['verify', { us: cpu.verifyUs, units: 1 }],
    ['sign', { us: cpu.signUs, units: 1 }],
    ['execute', { us: cpu.executeNsPerGas, units: NS_PER_US }],
    ['decode', { us: cpu.decodeNsPerByte, units: NS_PER_US }],
  ];
  return new Map(prices.filter(([, cost]) => cost.us > 0));
}

function hostConfigs(plan: ClusterPlan, setup: ChainSetup, byzantine: ByzantineHosts): readonly HostConfig[] {
  const cpu = plan.cpu === undefined ? undefined : costTable(plan.cpu);
  return plan.hosts.map((host, i): HostConfig => {
    const keys = setup.hostKeys[i] as Keys;
    return {
      variant: host.code,
      keys: new Map<KeyId, Uint8Array>([[NODE_KEY, keys.secret], ...byzantine.secretsOf(i)]),
      clock: { skewUs: host.skewUs, driftPpm: host.driftPpm },
      ...(cpu === undefined ? {} : { cpu }),
      disk: { writeUs: host.diskWriteUs, flushUs: host.diskFlushUs },
      startUs: host.isAbsent ? 'never' : host.joinsUs,
    };
  });
}

/** Blocks are what only peers can bring back: one good copy of each stays somewhere. */
function atlasHost(disk: SimDisk): AtlasHost {
  return {
    disk,
    itemOf: (key) => (key[0] === PREFIX.block ? bytesToHex(key) : undefined),
    isSource: () => true,
  };
}

/** No trace: nobody folds, and nothing is fingerprinted for it. */
const UNTRACED = {
  trace: false,
  fingerprintEvent: () => 0,
  fingerprintCommand: () => 0,
} as const;

/** What a simulation asks of the run that it is part of. */
export interface RunPorts {
  readonly byzantine: ByzantineHosts;
  /** Simulated time, for what a host is told when it boots. */
  nowUs(): number;
  /** Sees what programs sign … */
  onSign(secret: Uint8Array, bytes: Uint8Array): void;
  /** … and what leaves their hosts. */
  onSend(host: number, to: ConnectionId, message: Message): void;
}

/** The world of a host, with an eye on what leaves it: a crash inside a handler keeps back what follows it. */
function watched(
  env: Env<ChainWorld>,
  onSend: (to: ConnectionId, message: Message) => void,
): Env<ChainWorld> {
  const send: Env<ChainWorld>['network']['send'] = (to, message) => {
    const answer = env.network.send(to, message);
    if (answer === 'queued') onSend(to, message);
    return answer;
  };
  return { ...env, network: { ...env.network, send } };
}

/** What the simulator is given for a plan. @param run what programs and signatures of the same run lead to. */
export function simulatorConfig(
  plan: ClusterPlan,
  setup: ChainSetup,
  options: ClusterOptions,
  run: RunPorts,
): SimulatorConfig<ChainWorld> {
  const { byzantine } = run;
  const codec = byzantine.raw.codec(createMessageCodec());
  const others = options.other === undefined ? undefined : new OtherPrograms(options.other, plan);
  const dishonest = byzantineHosts(plan);
  const programOf = (code: CodeVersion): HostProgram<ChainWorld> => {
    return (outer, host) => {
      const env = watched(outer, (to, message) => run.onSend(host, to, message));
      const node = (config: NodeConfig): HostProgram<ChainWorld> => {
        const isOther = others?.runs(host) === true && !dishonest.has(host);
        const honest: HostProgram<ChainWorld> = isOther
          ? others.program(host, config)
          : (e) => createNode(config)(e);
        const chosen = options.program?.(host, honest, config) ?? honest;
        const { meterOf } = options;
        if (meterOf === undefined) return chosen;
        return (e) =>
          meterNode(
            (inner) => chosen(inner, host),
            () => meterOf(host),
          )(e);
      };
      return byzantine.program(host, setup.nodeConfig(host, code, run.nowUs()), node)(env, host);
    };
  };
  return {
    seed: plan.seed,
    programs: new Map([
      ['v1', programOf('v1')],
      ['v2', programOf('v2')],
    ]),
    hosts: hostConfigs(plan, setup, byzantine),
    network: networkConfig(plan, createStream(plan.seed, 'network')),
    codec: options.trace === false ? { ...codec, fingerprint: () => 0 } : codec,
    isRaw: (message) => byzantine.raw.isRaw(message),
    fingerprintEvent: fingerprintOf,
    fingerprintCommand: fingerprintOf,
    crypto: {
      ...setup.suite,
      sign(secret, bytes) {
        run.onSign(secret, bytes);
        return setup.suite.sign(secret, bytes);
      },
    },
    faults: plan.faults,
    messageExceptions: [...(plan.messageFaults ?? []), ...(options.messageExceptions ?? [])],
    drawMessageFaults: plan.messageFaults === undefined,
    atlas: (disks) => createFaultAtlas({ hosts: disks.map(atlasHost), sameKeys: true, onLastCopy: 'refuse' }),
    ...(options.trace === false ? UNTRACED : {}),
    ...(options.watcher === undefined ? {} : { watcher: options.watcher }),
    wallStartUs: WALL_START_US + (options.wallShiftMs ?? 0) * 1_000,
    isolate: options.isolate === true,
    permuteTies: options.permuteTies ?? 0,
    ...(options.order === undefined ? {} : { order: options.order }),
  };
}
