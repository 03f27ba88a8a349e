/** TestCluster: n nodes of the real chain in the simulator, with their load, faults and oracles; steps, waits, judges. */

import { openRecord } from '../chain/blockstore/records.ts';
import type { CommitteeMember } from '../chain/consensus/consensus.ts';
import { sha256 } from '../chain/crypto/sha256.ts';
import type { State } from '../chain/state/state.ts';
import type { ChainWorld } from '../chain/types/command.ts';
import type { DomainEvent } from '../chain/types/event.ts';
import type { BlockHash } from '../chain/types/units.ts';
import { assert } from '../env/assert.ts';
import { hexToBytes } from '../env/bytes.ts';
import type { Storage } from '../env/storage.ts';
import { createSimulator } from '../sim/create-simulator.ts';
import type { RunStatus, Simulator } from '../sim/simulator.ts';
import { isArmedLoss } from './assumptions.ts';
import type { Budget } from './budget.ts';
import { ByzantineHosts } from './byzantine/byzantine-hosts.ts';
import { type ChainSetup, type ClusterOptions, createChainSetup, simulatorConfig } from './chain-setup.ts';
import type { Condition } from './conditions.ts';
import { type Core, drawCore } from './core.ts';
import { Judgement } from './judgement.ts';
import type { Load, LoadHost } from './load/load.ts';
import { createLoads } from './load/loads.ts';
import { MessageFaults } from './message-faults.ts';
import type { Observation } from './observation.ts';
import type { StoredChains } from './oracles/stored-chains.ts';
import type { ClusterPlan } from './plan.ts';
import { scheduleProposals } from './proposals.ts';
import type { Violation } from './result.ts';
import type { Rounds } from './rounds.ts';
import type { SignLog } from './sign-log.ts';
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
  readonly judgement: Judgement;
  readonly messageFaults: MessageFaults;
  readonly byzantine: ByzantineHosts;
  readonly loads: readonly Load[];
  /** Of a branch: the trace hash where it left the run. */
  branchHash: string | undefined;
  #core: ReadonlySet<number> | undefined;

  constructor(plan: ClusterPlan, options: ClusterOptions = {}) {
    this.plan = plan;
    this.setup = createChainSetup(plan, options);
    this.messageFaults = new MessageFaults(plan.faults);
    this.byzantine = new ByzantineHosts(
      plan,
      { ...this.setup, chainId: this.setup.genesisId },
      {
        nowUs: () => this.simulator.nowUs(),
        onDeviation: (host, behaviour) => {
          this.judgement.note(host, { kind: 'Deviated', behaviour }, this.nowUs);
          options.watcher?.onDeviation(host, behaviour, this.nowUs);
        },
      },
    );
    this.simulator = createSimulator({
      ...simulatorConfig(plan, this.setup, options, {
        byzantine: this.byzantine,
        nowUs: () => this.simulator.nowUs(),
        onSign: (secret, bytes) => this.judgement.onSign(secret, bytes),
        onSend: (host, to, message) => this.judgement.onSend(host, to, message),
      }),
      onMessageFault: (fault) => {
        this.messageFaults.onMessage(fault, this.simulator.nowUs());
        options.onMessageFault?.(fault);
      },
    });
    this.judgement = new Judgement(
      {
        plan,
        setup: this.setup,
        nowUs: () => this.simulator.nowUs(),
        inspect: (host) => this.simulator.inspect(host),
        disk: (host) => this.simulator.disk(host).pristine,
        corruption: (host) => this.simulator.disk(host).report(),
        isByzantineKey: (key) => this.byzantine.ownsKey(key),
        loads: () => this.loads,
        commonHead: () => this.commonHead(),
      },
      { isReplaced: options.program !== undefined, oracles: options.oracles },
    );
    this.nodes = plan.hosts.map(
      (host, i) => new TestNode(i, host.name, this.simulator, this.observation, this.setup.taints),
    );
    this.loads = createLoads(plan, this.setup, (kind) => this.#loadHost(kind));
    this.simulator.observe((host, event, atUs) => this.#onEvent(host, event, atUs));
    this.simulator.observeHosts((host, change, atUs) => {
      if (change.kind === 'ended')
        this.judgement.note(host, { kind: 'HostDown', how: change.end.kind }, atUs);
      else this.#noteLoss(host, atUs);
    });
    this.#schedule(options.branch);
  }

  get observation(): Observation {
    return this.judgement.observation;
  }

  get rounds(): Rounds {
    return this.judgement.rounds;
  }

  get signLog(): SignLog {
    return this.judgement.signLog;
  }

  get chains(): StoredChains {
    return this.judgement.chains;
  }

  get budget(): Budget {
    return this.judgement.budget;
  }

  /** The first violations, in the order in which they were found; at most one a law. */
  get violations(): readonly Violation[] {
    return this.judgement.violations;
  }

  /** Simulated time at which all live nodes first agreed again after the faults, on a newer head; undefined: not yet. */
  get convergedAtUs(): number | undefined {
    return this.judgement.convergedAtUs;
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
    return this.judgement.isHonest(host);
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
    return this.judgement.oracleChecks();
  }

  /** The last judgement: scrubs the disks, then asks every oracle. Once, when the run has ended. */
  judge(): void {
    for (const node of this.nodes) {
      this.simulator
        .disk(node.index)
        .scrub((key, value) => value !== undefined && openRecord(sha256, key, value) !== 'corrupt');
    }
    this.judgement.end();
  }

  /** State after a block of a judged chain; undefined before `judge`. */
  stateAt(id: BlockHash): State | undefined {
    return this.judgement.stateAt(id);
  }

  /** Who votes on the block after this one of a judged chain; undefined before `judge`, or where the engine has no votes. */
  committee(id: BlockHash): readonly CommitteeMember[] | undefined {
    return this.judgement.committee(id);
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
      this.judgement.look();
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
    this.judgement.beginQuiet();
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
    if (event.kind === 'CorruptionDetected') {
      const key = hexToBytes(event.key);
      if (key !== undefined) this.simulator.disk(host).detected(key);
    }
    if (event.kind === 'SnapshotMade') this.setup.operator?.onMade(host, event);
    this.judgement.onEvent(host, event, atUs);
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
        if (this.isHonest(host))
          this.judgement.report('acceptance', { rule, kind: 'safety', hosts: [host], fact });
      },
    };
  }
}
