/**
 * The judgement of one run: what is known of it, what oracles see of that, and what they find. Fed by a simulated cluster as it runs,
 * or by the records that real nodes leave; it does not know which.
 */
import type { CommitteeMember } from '../chain/consensus/consensus.ts';
import type { State } from '../chain/state/state.ts';
import type { NodeSnapshot } from '../chain/types/command.ts';
import type { DomainEvent } from '../chain/types/event.ts';
import { genesisHash } from '../chain/types/genesis-codec.ts';
import type { Message } from '../chain/types/message.ts';
import type { BlockHash, Hash, PublicKey } from '../chain/types/units.ts';
import { bytesToHex } from '../env/bytes.ts';
import type { Storage } from '../env/storage.ts';
import type { ConnectionId } from '../env/units.ts';
import type { CorruptionReport } from '../sim/disk/disk.ts';
import { type Broken, depthAssumption, flipsBits } from './assumptions.ts';
import { type Budget, faultBudget } from './budget.ts';
import { byzantineHosts } from './byzantine/byzantine-hosts.ts';
import type { ChainSetup } from './chain-setup.ts';
import { EventLog, type LoggedEvent } from './event-log.ts';
import type { Load } from './load/load.ts';
import { Observation } from './observation.ts';
import type { ClusterView, Executed, Finding, Oracle, SignedPower } from './oracles/oracle.ts';
import { createOracles } from './oracles/oracles.ts';
import { StoredChains } from './oracles/stored-chains.ts';
import type { ClusterPlan } from './plan.ts';
import { describeEvent, type Focus, type Names, selectRelevant } from './relevant-events.ts';
import type { EventLine, Verdict, Violation } from './result.ts';
import { Rounds } from './rounds.ts';
import { eventsOfMissing } from './shortfall.ts';
import { carriedIn, SignLog } from './sign-log.ts';

/** A block that a node calls its head. */
export interface Head {
  readonly id: BlockHash;
  readonly height: number;
}

/** The cluster that is judged, as far as it is not told what happened. */
export interface Judged {
  readonly plan: ClusterPlan;
  readonly setup: ChainSetup;
  /** Since the start of the run. */
  nowUs(): number;
  /** Undefined when the host is down. */
  inspect(host: number): NodeSnapshot | undefined;
  /** What the program wrote, without the faults of its disk. */
  disk(host: number): Pick<Storage, 'get' | 'scan'>;
  /** True: that block may be missing there, as `disk` is of a later time than now. Absent: it is of now. */
  hasDropped?(host: number, height: number, id: BlockHash): boolean;
  corruption(host: number): CorruptionReport;
  isByzantineKey(key: string): boolean;
  loads(): readonly Load[];
  /** The head of all live honest nodes; undefined while they differ, or none lives. */
  commonHead(): Head | undefined;
}

/** How it is judged. */
export interface JudgementOptions {
  /** Programs were replaced: a node may then send what no honest node sends. */
  readonly isReplaced: boolean;
  /** Names of the oracles that judge; absent: all. */
  readonly oracles: readonly string[] | undefined;
}

export class Judgement {
  readonly observation: Observation;
  readonly rounds = new Rounds();
  readonly signLog: SignLog;
  readonly chains: StoredChains;
  /** What the engine promises with the Byzantine hosts that there are. */
  readonly budget: Budget;
  /** The first violations, in the order in which they were found; at most one a law. */
  readonly violations: Violation[] = [];
  /** When all live nodes first agreed again after the faults, on a newer head; undefined: not yet. */
  convergedAtUs: number | undefined;
  readonly #judged: Judged;
  readonly #honest: readonly boolean[];
  /** The first host that holds a key. */
  readonly #owners = new Map<PublicKey, number>();
  /** The same by its secret. */
  readonly #signers = new Map<string, number>();
  /** Hash of the genesis, which every vote names. */
  readonly #chain: Hash;
  readonly #log = new EventLog();
  readonly #names: Names;
  /** What re-execution found, by block. */
  readonly #executed = new Map<BlockHash, Executed>();
  /** What happened just before each violation, as later events soon push it out. */
  readonly #eventsBefore = new Map<Violation, readonly EventLine[]>();
  /** What oracles look at just now. */
  #trigger = 'check';
  readonly #oracles: readonly Oracle[];
  readonly #depth: Broken | undefined;
  /** What nodes show of themselves, once for all oracles that look at this moment. */
  readonly #snapshots = new Map<number, NodeSnapshot>();
  readonly #isAltered: boolean;
  #quietHeight: number | undefined;
  #lastSent: Message | undefined;

  constructor(judged: Judged, options: JudgementOptions) {
    const { plan, setup } = judged;
    this.#judged = judged;
    this.chains = new StoredChains((bytes) => setup.suite.sha256(bytes));
    this.signLog = new SignLog(plan.hosts.length);
    this.#chain = genesisHash(setup.context.genesis);
    for (const [i, { secret, key }] of setup.hostKeys.entries()) {
      if (this.#owners.has(key)) continue;
      this.#owners.set(key, i);
      this.#signers.set(bytesToHex(secret), i);
    }
    const byzantine = byzantineHosts(plan);
    this.#honest = plan.hosts.map((_, host) => !byzantine.has(host));
    this.budget = faultBudget(plan, setup.dials);
    const hosts = new Map<string, number>(setup.hostKeys.map(({ key }, i) => [key, i]));
    this.#names = { nameOf: (host) => this.nameOf(host), hostOf: (peer) => hosts.get(peer) };
    this.observation = new Observation(plan.hosts.length, setup.genesisId);
    this.#depth = this.depthBroken();
    this.#isAltered = options.isReplaced || flipsBits(plan);
    this.#oracles = createOracles(
      this.#view(),
      (oracle, finding) => this.report(oracle, finding),
      options.oracles,
    );
  }

  nameOf(host: number): string {
    return this.#judged.plan.hosts[host]?.name ?? `host ${host}`;
  }

  isHonest(host: number): boolean {
    return this.#honest[host] === true;
  }

  /** From when on finality is not promised, and why; undefined: it always is. */
  depthBroken(): Broken | undefined {
    const { finality } = this.budget;
    return finality === undefined ? depthAssumption(this.#judged.plan) : { fromUs: 0, why: finality };
  }

  /** Why finality is not judged; undefined while it is. */
  depthNote(): string | undefined {
    return this.#depth?.why;
  }

  /** How often each oracle's law was checked. */
  oracleChecks(): readonly { readonly name: string; readonly checked: number }[] {
    return this.#oracles.map((oracle) => ({ name: oracle.name, checked: oracle.checked() }));
  }

  /** State after a block of a judged chain; undefined before `end`. */
  stateAt(id: BlockHash): State | undefined {
    return this.#executed.get(id)?.state;
  }

  /** Who votes on the block after this one of a judged chain; undefined before `end`, or where the engine has no votes. */
  committee(id: BlockHash): readonly CommitteeMember[] | undefined {
    const { rules } = this.#judged.setup.context;
    const executed = this.#executed.get(id);
    const members = executed === undefined ? [] : (rules.committee?.(executed.view) ?? []);
    return members.length === 0 ? undefined : members;
  }

  /** Something that is for people alone: what happened to a host, or what a Byzantine one did. */
  note(host: number, event: LoggedEvent, atUs: number): void {
    this.#log.add(host, event, atUs);
  }

  /** A node has emitted this. */
  onEvent(host: number, event: DomainEvent, atUs: number): void {
    this.#log.add(host, event, atUs);
    const moved = this.observation.onEvent(host, event, this.isHonest(host));
    if (this.isHonest(host)) {
      this.rounds.onEvent(host, event);
      this.#trigger = event.kind;
      for (const oracle of this.#oracles) oracle.onEvent?.(host, event);
      this.#trigger = 'check';
    }
    if (moved) this.#onHeadMoved(atUs);
  }

  /** Bytes that a key signs, before anybody else sees them. */
  onSign(secret: Uint8Array, bytes: Uint8Array): void {
    const host = this.#signers.get(bytesToHex(secret));
    if (host !== undefined) this.signLog.onSigned(host, bytes);
  }

  /** A message leaves a host. */
  onSend(host: number, to: ConnectionId, message: Message): void {
    if (message.kind === 'SyncRequest')
      for (const oracle of this.#oracles) oracle.onAsked?.(host, to, message);
    // To many peers goes one object: what it promises is said with the first.
    if (message === this.#lastSent) return;
    this.#lastSent = message;
    for (const { key, height, text } of carriedIn(this.#judged.setup.context.rules, this.#chain, message)) {
      const owner = this.#owners.get(key);
      const sent = owner === undefined ? undefined : this.signLog.onSent(owner, height, text);
      if (owner === undefined || sent === undefined) continue;
      this.#trigger = 'promise';
      for (const oracle of this.#oracles) oracle.onPromised?.(owner, sent);
      this.#trigger = 'check';
    }
  }

  /** As `onSend`, where nobody has seen what keys sign: each signature that the message carries is checked, and counts as made. */
  onSeen(host: number, to: ConnectionId, message: Message): void {
    const { context, suite } = this.#judged.setup;
    for (const { key, height, text, item } of carriedIn(context.rules, this.#chain, message)) {
      const owner = this.#owners.get(key);
      if (owner === undefined) continue;
      const isKnown = this.signLog.at(owner, height).some((promise) => promise.text === text);
      if (!isKnown && suite.verify(item)) this.signLog.onSigned(owner, item.message);
    }
    this.onSend(host, to, message);
  }

  /** From here on nothing new goes wrong, and all must agree on something new. */
  beginQuiet(): void {
    const heads = this.observation.heads.filter((_, host) => this.isHonest(host));
    this.#quietHeight = Math.max(0, ...heads.map((head) => head.height));
    this.rounds.beginQuiet(this.#quietHeight);
  }

  /** A look of the oracles that look now and then. */
  look(): void {
    for (const oracle of this.#oracles) oracle.onCheck?.();
    this.#snapshots.clear();
  }

  /** The last judgement, once, when the run has ended. */
  end(): void {
    this.#trigger = 'end';
    for (const oracle of this.#oracles) oracle.onEnd?.();
    this.#snapshots.clear();
  }

  /** Adds a violation, unless that law was broken before. */
  report(oracle: string, finding: Finding): void {
    if (this.violations.some((known) => known.oracle === oracle && known.rule === finding.rule)) return;
    const hosts = finding.hosts.map((host) => this.nameOf(host));
    const { rule, kind, fact } = finding;
    const atUs = this.#judged.nowUs();
    const violation = { oracle, rule, kind, hosts, atUs, trigger: this.#trigger, fact };
    this.violations.push(violation);
    this.#eventsBefore.set(violation, this.#lastEvents({ kind: 'hosts', hosts: finding.hosts }));
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
    return this.#judged.plan.hosts.flatMap(({ name }, host) => (names.includes(name) ? [host] : []));
  }

  #onHeadMoved(atUs: number): void {
    if (this.#quietHeight === undefined || this.convergedAtUs !== undefined) return;
    const head = this.#judged.commonHead();
    if (head !== undefined && head.height > this.#quietHeight) this.convergedAtUs = atUs;
  }

  /** Who votes on the block of a height, by host, -1 for keys of no host; undefined: nobody, or it is not known. */
  #committeeAt(height: number): readonly { readonly host: number; readonly power: bigint }[] | undefined {
    const { rules } = this.#judged.setup.context;
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

  #inspect(host: number): NodeSnapshot | undefined {
    const known = this.#snapshots.get(host);
    if (known !== undefined) return known;
    const snapshot = this.#judged.inspect(host);
    if (snapshot !== undefined) this.#snapshots.set(host, snapshot);
    return snapshot;
  }

  #view(): ClusterView {
    const judged = this.#judged;
    const { plan, setup } = judged;
    return {
      hostCount: plan.hosts.length,
      setup,
      genesisId: setup.genesisId,
      nowUs: () => judged.nowUs(),
      nameOf: (host) => this.nameOf(host),
      isHonest: (host) => this.isHonest(host),
      isByzantineKey: (key) => judged.isByzantineKey(key),
      inspect: (host) => this.#inspect(host),
      disk: (host) => judged.disk(host),
      hasDropped: (host, height, id) => judged.hasDropped?.(host, height, id) === true,
      disks: () => plan.hosts.map((_, host) => judged.disk(host)),
      corruption: (host) => judged.corruption(host),
      chains: this.chains,
      executed: this.#executed,
      loads: () => judged.loads(),
      depthBroken: () =>
        this.#depth !== undefined && this.#depth.fromUs <= judged.nowUs() ? this.#depth.why : undefined,
      finalityBroken: () => this.budget.finality,
      hasAltered: () => this.#isAltered,
      signLog: this.signLog,
      signedPower: (height, matches) =>
        this.#powerAt(height, (host) => this.signLog.at(host, height).some(matches)),
      powerOf: (height, isMeant) => this.#powerAt(height, isMeant)?.signed,
      isTainted: (host) => (setup.taints[host] ?? Number.POSITIVE_INFINITY) <= judged.nowUs(),
    };
  }
}
