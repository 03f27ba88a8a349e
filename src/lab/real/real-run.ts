/** One run of a plan on real processes: nodes, links, faults and clients, until its time is over or something ends it. */
import { rmSync } from 'node:fs';
import { type ChainSetup, createChainSetup } from '../../cluster/chain-setup.ts';
import type { Load, LoadHost } from '../../cluster/load/load.ts';
import { createLoads } from '../../cluster/load/loads.ts';
import type { Finding } from '../../cluster/oracles/oracle.ts';
import type { ClusterPlan } from '../../cluster/plan.ts';
import { assert } from '../../env/assert.ts';
import { NodeClient } from '../../node/client.ts';
import { WALL_START_US } from '../../sim/config.ts';
import type { FaultCount } from '../../sim/fault.ts';
import { createStream } from '../../sim/seeds.ts';
import { createNativeSuite } from '../native-suite.ts';
import { askNode } from './client.ts';
import { breakDisk, compileDiskShim, type DiskFailure, type DiskShim, healDisk } from './disk-shim.ts';
import { FaultDriver } from './fault-driver.ts';
import { createLinkProxies, type LinkProxies } from './link-proxies.ts';
import { type ChildEnd, NodeChild } from './node-child.ts';
import { createReaper, type Reaper } from './reaper.ts';
import { choosePlaces, type HostPlaces, writeRunFolder } from './run-folder.ts';
import { type SeenMessage, Tap } from './tap.ts';

/** A node that has not opened its chain by then never will. */
const START_MAX_MS = 120_000;
/** At the end of a run each node has so long to stop in order. */
const STOP_MAX_MS = 30_000;
/** Clients of a short run look after their transactions often. */
const RESYNC_US = 2_000_000;
/** How often the run is told of. */
const PROGRESS_EVERY_MS = 500;

/** A process came or went. */
export interface UpOrDown {
  readonly wallMs: number;
  readonly host: number;
  readonly how: 'up' | 'kill' | 'stopped' | 'halted';
}

/** A process that ended by itself, or did not end. */
export interface Casualty {
  readonly host: number;
  readonly wallMs: number;
  readonly what: string;
  readonly lines: readonly string[];
}

/** What a run leaves, beside the files of its nodes. */
export interface RunTraces {
  readonly plan: ClusterPlan;
  readonly setup: ChainSetup;
  readonly places: readonly HostPlaces[];
  /** Time 0 of the run. */
  readonly startedWallMs: number;
  /** When all nodes were there after the last fault; a run that was cut short has no such time. */
  readonly quietFromUs: number | undefined;
  readonly endedUs: number;
  /** Promises and questions on the links, and how many messages there were in all. */
  readonly seen: readonly SeenMessage[];
  readonly messages: number;
  readonly changes: readonly UpOrDown[];
  /** Hosts that ran until the end, and stopped in order. */
  readonly survivors: ReadonlySet<number>;
  readonly casualty: Casualty | undefined;
  readonly faults: readonly FaultCount[];
  readonly loads: readonly Load[];
  /** What clients hold against nodes. */
  readonly findings: readonly Finding[];
}

/** How nodes are started. */
export interface RealRunOptions {
  /** An empty folder of its own. */
  readonly folder: string;
  /** Aborted: every process is killed. */
  readonly signal: AbortSignal;
  /** Modules that a host loads before the node, and what they are told. */
  preloads(host: number): {
    readonly imports: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
  };
  onProgress(nowUs: number): void;
}

interface Host {
  child: NodeChild | undefined;
  /** The last process is not gone yet: the folder is still its own. */
  leaving: Promise<void> | undefined;
  boot: number;
  isPaused: boolean;
  isTainted: boolean;
}

/** Exit codes of nodes that stopped by their own word: a failed disk, an operator that is needed. */
const HALTED_CODES: readonly (number | null)[] = [6, 7];

/** Runs it. Undefined: it was aborted. Whatever happens, no process of it is left. */
export async function runForReal(plan: ClusterPlan, options: RealRunOptions): Promise<RunTraces | undefined> {
  const run = await RealRun.prepare(plan, options);
  try {
    return await run.carryOut();
  } finally {
    await run.end();
  }
}

class RealRun {
  readonly #plan: ClusterPlan;
  readonly #options: RealRunOptions;
  readonly #setup: ChainSetup;
  readonly #places: readonly HostPlaces[];
  readonly #links: LinkProxies;
  readonly #tap: Tap;
  readonly #shim: DiskShim | undefined;
  readonly #reaper: Reaper = createReaper();
  readonly #hosts: readonly Host[];
  readonly #clients: readonly NodeClient[];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #changes: UpOrDown[] = [];
  readonly #findings: Finding[] = [];
  #startedMs: number | undefined;
  #startedWallMs = 0;
  #quietFromUs: number | undefined;
  #isOver = false;
  #casualty: Casualty | undefined;
  #onOver: () => void = () => {};
  readonly #over: Promise<void>;

  static async prepare(plan: ClusterPlan, options: RealRunOptions): Promise<RealRun> {
    const wallShiftMs = Date.now() - Math.floor(WALL_START_US / 1_000);
    const setup = createChainSetup(plan, { nativeSuite: createNativeSuite(), wallShiftMs });
    const places = await choosePlaces(options.folder, plan.hosts.length);
    const hasDiskFaults = plan.faults.some(({ kind }) => kind === 'disk');
    const shim = hasDiskFaults ? compileDiskShim(options.folder) : undefined;
    const tap = new Tap();
    const links = await createLinkProxies(
      setup.dials,
      (host) => places[host]?.port ?? 0,
      Math.ceil(plan.network.stallResetUs / 1_000),
      { onBytes: (from, _to, stream, bytes) => tap.onBytes(from, stream, bytes) },
    );
    writeRunFolder(options.folder, plan, setup, places, (from, to) => links.portOf(from, to));
    return new RealRun(plan, options, { setup, places, tap, links, shim });
  }

  private constructor(
    plan: ClusterPlan,
    options: RealRunOptions,
    parts: {
      readonly setup: ChainSetup;
      readonly places: readonly HostPlaces[];
      readonly tap: Tap;
      readonly links: LinkProxies;
      readonly shim: DiskShim | undefined;
    },
  ) {
    this.#plan = plan;
    this.#options = options;
    this.#setup = parts.setup;
    this.#places = parts.places;
    this.#tap = parts.tap;
    this.#links = parts.links;
    this.#shim = parts.shim;
    this.#hosts = plan.hosts.map(() => {
      return { child: undefined, leaving: undefined, boot: 0, isPaused: false, isTainted: false };
    });
    this.#clients = parts.places.map(({ apiPort }) => new NodeClient(`http://127.0.0.1:${apiPort}`));
    this.#over = new Promise((resolve) => {
      this.#onOver = resolve;
    });
    if (options.signal.aborted) this.#onOver();
    options.signal.addEventListener('abort', () => this.#onOver(), { once: true });
  }

  async carryOut(): Promise<RunTraces | undefined> {
    const { plan, loads, faults } = {
      plan: this.#plan,
      loads: this.#createLoads(),
      faults: this.#plan.faults,
    };
    const first = plan.hosts.flatMap(({ joinsUs, isAbsent }, host) =>
      joinsUs === 0 && !isAbsent ? [host] : [],
    );
    for (const host of first) this.#start(host);
    await Promise.race([this.#over, this.#allStarted(first)]);
    this.#startedMs = performance.now();
    this.#startedWallMs = Date.now();
    const driver = new FaultDriver(faults, this.#targets());
    for (const [host, { joinsUs, isAbsent }] of plan.hosts.entries())
      if (joinsUs > 0 && !isAbsent) this.#at(joinsUs, () => this.#start(host));
    for (const load of loads) load.start();
    this.#at(plan.quietFromUs, () => void this.#beginQuiet());
    const telling = setInterval(() => this.#options.onProgress(this.#nowUs()), PROGRESS_EVERY_MS);
    await this.#over;
    clearInterval(telling);
    const endedUs = this.#nowUs();
    if (this.#options.signal.aborted) return undefined;
    const survivors = await this.#stopAll();
    return {
      plan,
      setup: this.#setup,
      places: this.#places,
      startedWallMs: this.#startedWallMs,
      quietFromUs: this.#quietFromUs,
      endedUs,
      seen: this.#tap.seen,
      messages: this.#tap.messages,
      changes: this.#changes,
      survivors,
      casualty: this.#casualty,
      faults: driver.counts(),
      loads,
      findings: this.#findings,
    };
  }

  /** Kills what is left, and frees all ports. */
  async end(): Promise<void> {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const children = this.#hosts.flatMap(({ child }) => child ?? []);
    for (const child of children) child.kill();
    await Promise.all(children.map(({ ended }) => ended));
    await this.#links.close();
    this.#reaper.close();
  }

  #nowUs(): number {
    return this.#startedMs === undefined ? 0 : Math.round((performance.now() - this.#startedMs) * 1_000);
  }

  #at(atUs: number, run: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        if (!this.#isOver) run();
      },
      Math.max(0, (atUs - this.#nowUs()) / 1_000),
    );
    this.#timers.add(timer);
  }

  async #allStarted(hosts: readonly number[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#fall(hosts[0] ?? 0, `not all nodes have opened their chain within ${START_MAX_MS} ms`, []);
        resolve();
      }, START_MAX_MS);
    });
    const started = hosts.map((host) => this.#hosts[host]?.child?.started ?? Promise.resolve(false));
    await Promise.race([Promise.all(started), tooLate]);
    clearTimeout(timer);
  }

  #start(number: number): void {
    const host = this.#hosts[number];
    const place = this.#places[number];
    if (host === undefined || place === undefined || host.child !== undefined || this.#isOver) return;
    if (host.leaving !== undefined) {
      void host.leaving.then(() => this.#start(number));
      return;
    }
    host.boot++;
    const { imports, environment } = this.#options.preloads(number);
    const child = new NodeChild(
      {
        name: this.#plan.hosts[number]?.name ?? '',
        config: place.settings,
        log: place.log,
        isVouched: !host.isTainted,
        imports,
        environment: { ...environment, ...this.#shim?.environment(place.data, place.diskControl) },
      },
      this.#reaper,
    );
    host.child = child;
    this.#changes.push({ wallMs: Date.now(), host: number, how: 'up' });
    void child.ended.then((end) => this.#onEnded(number, child, end));
  }

  #onEnded(number: number, child: NodeChild, { code, signal, isAsked, lines }: ChildEnd): void {
    const host = this.#hosts[number];
    if (host === undefined || host.child !== child) return;
    host.child = undefined;
    host.isPaused = false;
    const wallMs = Date.now();
    if (HALTED_CODES.includes(code)) this.#changes.push({ wallMs, host: number, how: 'halted' });
    else if (!isAsked)
      this.#fall(number, `its process ended by itself: ${signal ?? `exit code ${code}`}`, lines);
  }

  #fall(host: number, what: string, lines: readonly string[]): void {
    this.#casualty ??= { host, wallMs: Date.now(), what, lines };
    this.#onOver();
  }

  #kill(number: number, disk: 'keep' | 'empty'): void {
    const host = this.#hosts[number];
    const child = host?.child;
    if (host === undefined || child === undefined) return;
    host.child = undefined;
    host.isPaused = false;
    child.kill();
    this.#changes.push({ wallMs: Date.now(), host: number, how: 'kill' });
    if (disk === 'empty') host.isTainted = true;
    host.leaving = child.ended.then(() => {
      host.leaving = undefined;
      if (disk === 'empty') rmSync(this.#places[number]?.data ?? '', { recursive: true, force: true });
    });
  }

  #stop(number: number, deadlineUs: number, then: () => void): void {
    const host = this.#hosts[number];
    const child = host?.child;
    if (host === undefined || child === undefined) return;
    child.stop();
    const killing = setTimeout(() => child.kill(), deadlineUs / 1_000);
    void child.ended.then(() => {
      clearTimeout(killing);
      if (this.#isOver) return;
      host.child = undefined;
      this.#changes.push({ wallMs: Date.now(), host: number, how: 'stopped' });
      then();
    });
  }

  /** From here on nothing new goes wrong: what is down comes back, and the time to agree begins when all are there. */
  async #beginQuiet(): Promise<void> {
    const { hosts, durationUs, quietFromUs } = this.#plan;
    const there = hosts.flatMap(({ isAbsent }, host) => (isAbsent ? [] : [host]));
    await Promise.all(there.map((host) => this.#hosts[host]?.leaving));
    for (const host of there) this.#start(host);
    await this.#allStarted(there);
    this.#quietFromUs = Math.max(quietFromUs, this.#nowUs());
    this.#at(this.#quietFromUs + durationUs - quietFromUs, () => this.#onOver());
  }

  /** Answers who stopped in order. */
  async #stopAll(): Promise<ReadonlySet<number>> {
    this.#isOver = true;
    const survivors = new Set<number>();
    await Promise.all(
      this.#hosts.map(async ({ child, isPaused }, number) => {
        if (child === undefined) return;
        child.stop();
        if (isPaused) child.resume();
        const killing = setTimeout(() => child.kill(), STOP_MAX_MS);
        const { code, lines, signal } = await child.ended;
        clearTimeout(killing);
        if (code === 0) survivors.add(number);
        else if (!HALTED_CODES.includes(code))
          this.#fall(number, `it did not stop in order: ${signal ?? `exit code ${code}`}`, lines);
      }),
    );
    return survivors;
  }

  #targets() {
    return {
      at: (atUs: number, run: () => void) => this.#at(atUs, run),
      nowUs: () => this.#nowUs(),
      isUp: (host: number) => this.#hosts[host]?.child !== undefined,
      bootOf: (host: number) => this.#hosts[host]?.boot ?? 0,
      kill: (host: number, disk: 'keep' | 'empty') => this.#kill(host, disk),
      stop: (host: number, deadlineUs: number, then: () => void) => this.#stop(host, deadlineUs, then),
      start: (host: number) => this.#start(host),
      pause: (host: number) => this.#setPaused(host, true),
      resume: (host: number) => this.#setPaused(host, false),
      breakDisk: (host: number, how: DiskFailure) => breakDisk(this.#places[host]?.diskControl ?? '', how),
      healDisk: (host: number) => healDisk(this.#places[host]?.diskControl ?? ''),
      links: this.#links,
    };
  }

  #setPaused(number: number, isPaused: boolean): void {
    const host = this.#hosts[number];
    if (host?.child === undefined) return;
    host.isPaused = isPaused;
    if (isPaused) host.child.pause();
    else host.child.resume();
  }

  #createLoads(): readonly Load[] {
    return createLoads(this.#plan, this.#setup, (name) => this.#loadHost(name));
  }

  #loadHost(name: string): LoadHost {
    return {
      hostCount: this.#plan.hosts.length,
      chainId: this.#setup.genesisId,
      signer: this.#setup.signer,
      stream: createStream(this.#plan.seed, `stream/load/${name}`),
      routing: createStream(this.#plan.seed, `stream/routing/${name}`),
      resyncUs: RESYNC_US,
      nowUs: () => this.#nowUs(),
      at: (atUs, run) => this.#at(atUs, run),
      command: (host, command, onAnswer) => {
        const client = this.#clients[host];
        assert(client !== undefined, 'clients ask hosts of the plan');
        if (this.#hosts[host]?.child === undefined) return false;
        void askNode(client, command).then((answer) => {
          if (answer !== undefined && !this.#isOver) onAnswer(answer);
        });
        return true;
      },
      report: (rule, host, fact) => void this.#findings.push({ rule, kind: 'safety', hosts: [host], fact }),
    };
  }
}
