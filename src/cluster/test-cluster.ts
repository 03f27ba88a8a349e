/** TestCluster: n nodes of the real chain in the simulator, with their load, faults and oracles; steps, waits, judges. */

import { openRecord } from '../chain/blockstore/records.ts';
import type { CommitteeMember } from '../chain/consensus/consensus.ts';
import { sha256 } from '../chain/crypto/sha256.ts';
import type { State } from '../chain/state/state.ts';
import type { ChainWorld, NodeSnapshot } from '../chain/types/command.ts';
import type { DomainEvent } from '../chain/types/event.ts';
import { genesisHash } from '../chain/types/genesis-codec.ts';
import type { Message } from '../chain/types/message.ts';
import type { BlockHash, Hash, PublicKey } from '../chain/types/units.ts';
import { assert } from '../env/assert.ts';
import { bytesToHex, hexToBytes } from '../env/bytes.ts';
import type { Storage } from '../env/storage.ts';
import type { ConnectionId } from '../env/units.ts';
import { createSimulator } from '../sim/create-simulator.ts';
import type { RunStatus, Simulator } from '../sim/simulator.ts';
import { type Broken, depthAssumption, flipsBits, isArmedLoss } from './assumptions.ts';
import { type Budget, faultBudget } from './budget.ts';
import { ByzantineHosts, byzantineHosts } from './byzantine/byzantine-hosts.ts';
import { type ChainSetup, type ClusterOptions, createChainSetup, simulatorConfig } from './chain-setup.ts';
import type { Condition } from './conditions.ts';
import { type Core, drawCore } from './core.ts';
import { EventLog } from './event-log.ts';
import type { Load, LoadHost } from './load/load.ts';
import { createLoads } from './load/loads.ts';
import { MessageFaults } from './message-faults.ts';
import { Observation } from './observation.ts';
import type { ClusterView, Executed, Finding, Oracle, SignedPower } from './oracles/oracle.ts';
import { createOracles } from './oracles/oracles.ts';
import { StoredChains } from './oracles/stored-chains.ts';
import type { ClusterPlan } from './plan.ts';
import { scheduleProposals } from './proposals.ts';
import { describeEvent, type Focus, type Names, selectRelevant } from './relevant-events.ts';
import type { EventLine, Verdict, Violation } from './result.ts';
import { Rounds } from './rounds.ts';
import { eventsOfMissing } from './shortfall.ts';
import { carriedIn, SignLog } from './sign-log.ts';
import { watchSnapshots } from './snapshot-operator.ts';
import { TestNode } from './test-node.ts';

/** Between two looks of the oracles that look now and then, at least; a block interval where that is longer. */
const CHECK_EVERY_US = 30_000_000;
/** Events between two looks at a condition that is waited for. */
const WAIT_EVENTS = 64;

/** A wait ended at its limit of simulated time, or the run ended. */
export class WaitError extends Error {
  readonly code = 'WAIT_FAILED';
  override readonly name = 'WaitError';
}

export class TestCluster {
  readonly plan: ClusterPlan;
  readonly setup: ChainSetup;
  readonly simulator: Simulator<ChainWorld>;
  readonly nodes: readonly TestNode[];
  readonly observation: Observation;
  readonly rounds = new Rounds();
  readonly messageFaults: MessageFaults;
  readonly byzantine: ByzantineHosts;
  /** What the engine promises with the Byzantine hosts that there are. */
  readonly budget: Budget;
  readonly #honest: readonly boolean[];
  readonly signLog: SignLog;
  /** The first host that holds a key, by its secret. */
  readonly #signers = new Map<string, number>();
  /** The same by key. */
  readonly #owners = new Map<PublicKey, number>();
  /** Hash of the genesis, which every vote names. */
  readonly #chain: Hash;
  readonly #log = new EventLog();
  readonly #names: Names;
  readonly chains: StoredChains;
  /** What the judgement executed, by block. */
  readonly #executed = new Map<BlockHash, Executed>();
  readonly loads: readonly Load[];
  /** The first violations, in the order in which they were found; at most one a law. */
  readonly violations: Violation[] = [];
  /** What happened just before each, as later events soon push it out. */
  readonly #eventsBefore = new Map<Violation, readonly EventLine[]>();
  /** Simulated time at which all live nodes first agreed again after the faults, on a newer head; undefined: not yet. */
  convergedAtUs: number | undefined;
  /** Of a branch: the trace hash where it left the run. */
  branchHash: string | undefined;
  /** What oracles look at just now. */
  #trigger = 'check';
  readonly #oracles: readonly Oracle[];
  readonly #depth: Broken | undefined;
  readonly #snapshots = new Map<number, NodeSnapshot>();
  readonly #altered: boolean;
  #quietHeight: number | undefined;
  #lastSent: Message | undefined;
  #core: ReadonlySet<number> | undefined;

  constructor(plan: ClusterPlan, options: ClusterOptions = {}) {
    this.plan = plan;
    this.setup = createChainSetup(plan, options);
    this.chains = new StoredChains((bytes) => this.setup.suite.sha256(bytes));
    this.messageFaults = new MessageFaults(plan.faults);
    this.signLog = new SignLog(plan.hosts.length);
    this.#chain = genesisHash(this.setup.context.genesis);
    for (const [i, { secret, key }] of this.setup.hostKeys.entries()) {
      if (this.#owners.has(key)) continue;
      this.#owners.set(key, i);
      this.#signers.set(bytesToHex(secret), i);
    }
    const byzantine = byzantineHosts(plan);
    this.#honest = plan.hosts.map((_, host) => !byzantine.has(host));
    this.budget = faultBudget(plan, this.setup.dials);
    this.byzantine = new ByzantineHosts(
      plan,
      { ...this.setup, chainId: this.setup.genesisId },
      {
        nowUs: () => this.simulator.nowUs(),
        onDeviation: (host, behaviour) => {
          this.#log.add(host, { kind: 'Deviated', behaviour }, this.nowUs);
          options.watcher?.onDeviation(host, behaviour, this.nowUs);
        },
      },
    );
    this.simulator = createSimulator({
      ...simulatorConfig(plan, this.setup, options, {
        byzantine: this.byzantine,
        nowUs: () => this.simulator.nowUs(),
        onSign: (secret, bytes) => this.#onSign(secret, bytes),
        onSend: (host, to, message) => this.#onSend(host, to, message),
      }),
      onMessageFault: (fault) => {
        this.messageFaults.onMessage(fault, this.simulator.nowUs());
        options.onMessageFault?.(fault);
      },
    });
    this.#names = this.#createNames();
    this.observation = new Observation(plan.hosts.length, this.setup.genesisId);
    this.nodes = plan.hosts.map(
      (host, i) => new TestNode(i, host.name, this.simulator, this.observation, this.setup.taints),
    );
    this.#depth = this.depthBroken();
    this.#altered = options.program !== undefined || flipsBits(plan);
    this.#oracles = createOracles(
      this.#view(),
      (oracle, finding) => this.#report(oracle, finding),
      options.oracles,
    );
    this.loads = createLoads(plan, this.setup, (kind) => this.#loadHost(kind));
    this.simulator.observe((host, event, atUs) => this.#onEvent(host, event, atUs));
    this.simulator.observeHosts((host, change, atUs) => {
      if (change.kind === 'ended') this.#log.add(host, { kind: 'HostDown', how: change.end.kind }, atUs);
      else this.#noteLoss(host, atUs);
    });
    this.#schedule(options.branch);
  }

  get nowUs(): number {
    return this.simulator.nowUs();
  }

  node(index: number): TestNode {
    const node = this.nodes[index];
    assert(node !== undefined, 'a node is asked for by its number');
    return node;
  }

  /** Honest nodes that are up, have not stopped by themselves, and are not lost for ever in liveness mode. */
  live(): readonly TestNode[] {
    return this.nodes.filter((node) => this.#counts(node));
  }

  isHonest(host: number): boolean {
    return this.#honest[host] === true;
  }

  /** From when on finality is not promised, and why; undefined: it always is. */
  depthBroken(): Broken | undefined {
    const { finality } = this.budget;
    return finality === undefined ? depthAssumption(this.plan) : { fromUs: 0, why: finality };
  }

  /** The head of all live honest nodes; undefined while they differ, or none lives. */
  commonHead(): { readonly id: BlockHash; readonly height: number } | undefined {
    let common: { readonly id: BlockHash; readonly height: number } | undefined;
    for (const node of this.nodes) {
      if (!this.#counts(node)) continue;
      if (common !== undefined && common.id !== node.head.id) return undefined;
      common ??= node.head;
    }
    return common;
  }

  /** What the programs wrote, by host. */
  disks(): readonly Pick<Storage, 'get' | 'scan'>[] {
    return this.nodes.map(({ index }) => this.simulator.disk(index).pristine);
  }

  /** Simulates up to so many events, none after the end of the plan. */
  step(maxEvents: number): RunStatus {
    return this.simulator.step(maxEvents, this.plan.durationUs);
  }

  /** Simulates that much time. */
  run(us: number): this {
    const untilUs = this.nowUs + us;
    for (let status = this.simulator.step(10_000, untilUs); status.kind === 'running'; )
      status = this.simulator.step(10_000, untilUs);
    return this;
  }

  /**
   * Simulates until the condition holds.
   * @throws {WaitError} when it does not hold within `withinUs`, or the run ends.
   */
  until(condition: Condition, withinUs: number): this {
    const untilUs = this.nowUs + withinUs;
    while (!condition.holds(this)) {
      const status = this.simulator.step(WAIT_EVENTS, untilUs);
      if (status.kind === 'running' || (status.kind === 'reached' && condition.holds(this))) continue;
      if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
      throw new WaitError(
        `${condition.name}: not within ${withinUs / 1_000_000}s (${status.kind} at ${this.nowUs / 1_000_000}s)`,
      );
    }
    return this;
  }

  /** How often each oracle's law was checked. */
  oracleChecks(): readonly { readonly name: string; readonly checked: number }[] {
    return this.#oracles.map((oracle) => ({ name: oracle.name, checked: oracle.checked() }));
  }

  /** The last judgement: scrubs the disks, then asks every oracle. Once, when the run has ended. */
  judge(): void {
    for (const node of this.nodes) {
      this.simulator
        .disk(node.index)
        .scrub((key, value) => value !== undefined && openRecord(sha256, key, value) !== 'corrupt');
    }
    this.#trigger = 'end';
    for (const oracle of this.#oracles) oracle.onEnd?.();
    this.#snapshots.clear();
  }

  /** State after a block of a judged chain; undefined before `judge`. */
  stateAt(id: BlockHash): State | undefined {
    return this.#executed.get(id)?.state;
  }

  /** Who votes on the block after this one of a judged chain; undefined before `judge`, or where the engine has no votes. */
  committee(id: BlockHash): readonly CommitteeMember[] | undefined {
    const { rules } = this.setup.context;
    const executed = this.#executed.get(id);
    const members = executed === undefined ? [] : (rules.committee?.(executed.view) ?? []);
    return members.length === 0 ? undefined : members;
  }

  /** The events that help to understand a verdict: those before a violation, else those before now. */
  lastEvents(verdict: Verdict): readonly EventLine[] {
    switch (verdict.kind) {
      case 'crashed':
        return this.#lastEvents({ kind: 'hosts', hosts: this.#indexesOf([verdict.host]) });
      case 'tooLittle':
        return this.#lastEvents({ kind: 'kinds', kinds: eventsOfMissing(verdict.missing) });
      case 'violated': {
        const { violation } = verdict;
        const before = this.#eventsBefore.get(violation);
        return before ?? this.#lastEvents({ kind: 'hosts', hosts: this.#indexesOf(violation.hosts) });
      }
      default:
        return this.#lastEvents({ kind: 'unusual' });
    }
  }

  #lastEvents(focus: Focus): readonly EventLine[] {
    return selectRelevant(this.#log, focus, this.#names).map((seen) => describeEvent(seen, this.#names));
  }

  #indexesOf(names: readonly string[]): readonly number[] {
    return this.nodes.flatMap((node) => (names.includes(node.name) ? [node.index] : []));
  }

  #createNames(): Names {
    const hosts = new Map<string, number>(this.setup.hostKeys.map(({ key }, i) => [key, i]));
    return { nameOf: (host) => this.node(host).name, hostOf: (peer) => hosts.get(peer) };
  }

  /** Why finality is not judged; undefined while it is. */
  depthNote(): string | undefined {
    return this.#depth?.why;
  }

  #schedule(branch: ClusterOptions['branch']): void {
    if (branch !== undefined)
      this.simulator.at(branch.atUs, () => {
        this.branchHash = this.simulator.traceHash();
        this.simulator.rekey(branch.seed);
        this.byzantine.rekey(branch.seed);
      });
    for (const load of this.loads) load.start();
    scheduleProposals(this.plan, this.setup, {
      nowUs: () => this.nowUs,
      at: (atUs, run) => this.simulator.at(atUs, run),
      command: (host, command, onAnswer) =>
        this.simulator.command(host, command, ({ kind }) => onAnswer(kind === 'Done')),
    });
    this.#watchSnapshots();
    const everyUs = Math.max(CHECK_EVERY_US, this.plan.chain.blockIntervalUs);
    const look = (): void => {
      for (const oracle of this.#oracles) oracle.onCheck?.();
      this.#snapshots.clear();
      if (this.nowUs + everyUs < this.plan.durationUs) this.simulator.at(this.nowUs + everyUs, look);
    };
    this.simulator.at(everyUs, look);
    const target = this.plan.stopAtHeight;
    if (target !== undefined) this.#endAtHeight(target);
    this.simulator.at(this.plan.quietFromUs, () => this.#beginQuiet());
  }

  #endAtHeight(target: number): void {
    const everyUs = Math.max(1, Math.floor(this.plan.chain.blockIntervalUs / 2));
    const look = (): void => {
      if (this.live().every((node) => node.height >= target)) this.simulator.end('stopAtHeight');
      else this.simulator.at(this.nowUs + everyUs, look);
    };
    this.simulator.at(everyUs, look);
  }

  /** From here on nothing new goes wrong: what is down comes back, and all must agree on something new. */
  #beginQuiet(): void {
    if (this.plan.liveness === 'core') this.#keepCore(drawCore(this.plan, this.simulator.stream('core')));
    // A crash at an effect that no handler came to would strike in the quiet end.
    for (const fault of this.plan.faults)
      if (fault.kind === 'crash' && fault.at !== undefined && fault.off !== true)
        this.simulator.heal(fault.id);
    for (const node of this.nodes) {
      if (node.isUp || !this.#isInCore(node) || this.plan.hosts[node.index]?.isAbsent === true) continue;
      node.start();
    }
    const heads = this.observation.heads.filter((_, host) => this.isHonest(host));
    this.#quietHeight = Math.max(0, ...heads.map((head) => head.height));
    this.rounds.beginQuiet(this.#quietHeight);
  }

  /** Makes the faults of everybody else permanent. */
  #keepCore(core: Core): void {
    this.#core = core.hosts;
    const atUs = this.nowUs;
    const { down, apart } = core;
    if (down.length > 0) {
      this.simulator.inject({
        id: 'permanent/down',
        atUs,
        kind: 'crash',
        hosts: down,
        how: 'power',
        downUs: 'forever',
        disk: 'keep',
      });
    }
    if (apart.length > 0) {
      this.simulator.inject({
        id: 'permanent/apart',
        atUs,
        kind: 'link',
        change: { kind: 'isolate', hosts: apart },
        forUs: 'forever',
      });
    }
  }

  #counts(node: TestNode): boolean {
    return node.isLive && this.isHonest(node.index) && this.#isInCore(node);
  }

  #isInCore(node: TestNode): boolean {
    return this.#core === undefined || this.#core.has(node.index);
  }

  #onEvent(host: number, event: DomainEvent, atUs: number): void {
    this.#log.add(host, event, atUs);
    const moved = this.observation.onEvent(host, event, this.isHonest(host));
    if (event.kind === 'CorruptionDetected') {
      const key = hexToBytes(event.key);
      if (key !== undefined) this.simulator.disk(host).detected(key);
    }
    if (event.kind === 'SnapshotMade') this.setup.operator?.onMade(host, event);
    if (this.isHonest(host)) {
      this.rounds.onEvent(host, event);
      this.#trigger = event.kind;
      for (const oracle of this.#oracles) oracle.onEvent?.(host, event);
      this.#trigger = 'check';
    }
    if (moved) this.#onHeadMoved(atUs);
  }

  #watchSnapshots(): void {
    const { operator } = this.setup;
    if (operator === undefined) return;
    const hosts = this.nodes.map(({ index }) => index).filter((host) => this.plan.hosts[host]?.fromSnapshot);
    watchSnapshots(operator, hosts, {
      nowUs: () => this.nowUs,
      at: (atUs, run) => this.simulator.at(atUs, run),
      isWaiting: (host) => this.simulator.inspect(host)?.sync.phase === 'snapshot',
      restart: (host) => this.simulator.restart(host),
    });
  }

  /** A boot begins: a crash at an effect may have taken the disk that it was to find. */
  #noteLoss(host: number, atUs: number): void {
    const { taints } = this.setup;
    if (taints[host] !== undefined) return;
    const armed = this.plan.faults.filter((fault) => isArmedLoss(fault) && fault.hosts.includes(host));
    if (armed.length === 0) return;
    const ids = new Set(armed.map(({ id }) => id));
    if (this.simulator.faultCounts().some(({ id, effective }) => ids.has(id) && effective > 0))
      taints[host] = atUs;
  }

  #onSign(secret: Uint8Array, bytes: Uint8Array): void {
    const host = this.#signers.get(bytesToHex(secret));
    if (host !== undefined) this.signLog.onSigned(host, bytes);
  }

  #onSend(host: number, to: ConnectionId, message: Message): void {
    if (message.kind === 'SyncRequest')
      for (const oracle of this.#oracles) oracle.onAsked?.(host, to, message);
    // To many peers goes one object: what it promises is said with the first.
    if (message === this.#lastSent) return;
    this.#lastSent = message;
    for (const { key, height, text } of carriedIn(this.setup.context.rules, this.#chain, message)) {
      const owner = this.#owners.get(key);
      const sent = owner === undefined ? undefined : this.signLog.onSent(owner, height, text);
      if (owner === undefined || sent === undefined) continue;
      this.#trigger = 'promise';
      for (const oracle of this.#oracles) oracle.onPromised?.(owner, sent);
      this.#trigger = 'check';
    }
  }

  /** Who votes on the block of a height, by host, -1 for keys of no host; undefined: nobody, or it is not known. */
  #committeeAt(height: number): readonly { readonly host: number; readonly power: bigint }[] | undefined {
    const { rules } = this.setup.context;
    const before = [...this.#executed.values()].find((executed) => executed.height === height - 1);
    if (before === undefined) return undefined;
    return rules.committee?.(before.view).map(({ key, power }) => {
      return { host: this.#owners.get(key) ?? -1, power };
    });
  }

  #powerAt(height: number, isMeant: (host: number) => boolean): SignedPower | undefined {
    const members = this.#committeeAt(height);
    if (members === undefined || members.length === 0) return undefined;
    let signed = 0n;
    let total = 0n;
    for (const { host, power } of members) {
      total += power;
      if (isMeant(host)) signed += power;
    }
    return { signed, total };
  }

  #onHeadMoved(atUs: number): void {
    if (this.#quietHeight === undefined || this.convergedAtUs !== undefined) return;
    const head = this.commonHead();
    if (head !== undefined && head.height > this.#quietHeight) this.convergedAtUs = atUs;
  }

  /** What a node shows of itself, once for all oracles that look at this moment. */
  #inspect(host: number): NodeSnapshot | undefined {
    const known = this.#snapshots.get(host);
    if (known !== undefined) return known;
    const snapshot = this.simulator.inspect(host);
    if (snapshot !== undefined) this.#snapshots.set(host, snapshot);
    return snapshot;
  }

  #report(oracle: string, finding: Finding): void {
    if (this.violations.some((known) => known.oracle === oracle && known.rule === finding.rule)) return;
    const hosts = finding.hosts.map((host) => this.node(host).name);
    const { rule, kind, fact } = finding;
    const violation = { oracle, rule, kind, hosts, atUs: this.nowUs, trigger: this.#trigger, fact };
    this.violations.push(violation);
    this.#eventsBefore.set(violation, this.#lastEvents({ kind: 'hosts', hosts: finding.hosts }));
  }

  #view(): ClusterView {
    const { simulator } = this;
    return {
      hostCount: this.plan.hosts.length,
      setup: this.setup,
      genesisId: this.setup.genesisId,
      nowUs: () => simulator.nowUs(),
      nameOf: (host) => this.node(host).name,
      isHonest: (host) => this.isHonest(host),
      isByzantineKey: (key) => this.byzantine.ownsKey(key),
      inspect: (host) => this.#inspect(host),
      disk: (host) => simulator.disk(host).pristine,
      disks: () => this.disks(),
      corruption: (host) => simulator.disk(host).report(),
      chains: this.chains,
      executed: this.#executed,
      loads: () => this.loads,
      depthBroken: () =>
        this.#depth !== undefined && this.#depth.fromUs <= simulator.nowUs() ? this.#depth.why : undefined,
      finalityBroken: () => this.budget.finality,
      hasAltered: () => this.#altered,
      signLog: this.signLog,
      signedPower: (height, matches) =>
        this.#powerAt(height, (host) => this.signLog.at(host, height).some(matches)),
      powerOf: (height, isMeant) => this.#powerAt(height, isMeant)?.signed,
      isTainted: (host) => (this.setup.taints[host] ?? Number.POSITIVE_INFINITY) <= simulator.nowUs(),
    };
  }

  #loadHost(kind: string): LoadHost {
    const { simulator } = this;
    return {
      hostCount: this.plan.hosts.length,
      chainId: this.setup.genesisId,
      signer: this.setup.signer,
      stream: simulator.stream(`load/${kind}`),
      routing: simulator.stream(`routing/${kind}`),
      nowUs: () => simulator.nowUs(),
      at: (atUs, run) => simulator.at(atUs, run),
      command: (host, command, onAnswer) => simulator.command(host, command, onAnswer),
      report: (rule, host, fact) => {
        if (this.isHonest(host)) this.#report('acceptance', { rule, kind: 'safety', hosts: [host], fact });
      },
    };
  }
}
