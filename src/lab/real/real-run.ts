/** One run of a plan on real processes: nodes, links, faults and clients, until its time is over or something ends it. */

import { POA_NAME } from '../../chain/consensus/poa/config.ts';
import { POW_NAME } from '../../chain/consensus/pow/config.ts';
import { type ChainSetup, createChainSetup } from '../../cluster/chain-setup.ts';
import type { Load, LoadHost } from '../../cluster/load/load.ts';
import { createLoads } from '../../cluster/load/loads.ts';
import type { Finding } from '../../cluster/oracles/oracle.ts';
import type { ClusterPlan } from '../../cluster/plan.ts';
import { assert } from '../../env/assert.ts';
import { NodeClient } from '../../node/client/client.ts';
import { WALL_START_US } from '../../sim/config.ts';
import type { FaultCount } from '../../sim/fault.ts';
import { createStream } from '../../sim/seeds.ts';
import { createNativeSuite } from '../native-suite.ts';
import { askNode } from './client.ts';
import { compileDiskShim, type DiskShim } from './disk-shim.ts';
import { FaultDriver, type FaultSpan, type FaultTargets } from './fault-driver.ts';
import { workOfBlock } from './first-work.ts';
import { createLinkProxies, type LinkProxies } from './link-proxies.ts';
import { createPorts, type Ports } from './ports.ts';
import { choosePlaces, type HostPlaces, writeRunFolder } from './run-folder.ts';
import { type Casualty, type Preload, RunHosts, type UpOrDown } from './run-hosts.ts';
import type { SmallDisks } from './small-disk.ts';
import { type SeenMessage, Tap } from './tap.ts';

/** Clients of a short run look after their transactions often. */
const RESYNC_US = 2_000_000;
/**
 * Of each host: a chain of authorities begins when all are there. The depth of their finality bears one that is late by a block, and
 * a machine that starts them all at once makes the last one later.
 */
const START_MS = 2_000;
/** How often the run is told of. */
const PROGRESS_EVERY_MS = 500;

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
  /** When each fault that has begun did so, and was undone. */
  readonly spans: ReadonlyMap<string, FaultSpan>;
  readonly loads: readonly Load[];
  /** What clients hold against nodes. */
  readonly findings: readonly Finding[];
}

/** How nodes are started. */
export interface RealRunOptions {
  /** An empty folder of its own. */
  readonly folder: string;
  /** Of this run alone; who made them unmounts them, since the databases are read when it is over. */
  readonly disks: SmallDisks;
  /** Aborted: every process is killed. */
  readonly signal: AbortSignal;
  readonly preloads: (host: number) => Preload;
  readonly onProgress: (nowUs: number) => void;
}

/**
 * Runs it. Undefined: it was aborted. Whatever happens, no process of it is left.
 * @throws {ShimError} where disks of the plan fail and those of this machine cannot.
 */
export async function runForReal(plan: ClusterPlan, options: RealRunOptions): Promise<RunTraces | undefined> {
  const run = await RealRun.prepare(plan, options);
  try {
    return await run.carryOut();
  } finally {
    await run.end();
  }
}

interface RunParts {
  readonly setup: ChainSetup;
  readonly places: readonly HostPlaces[];
  readonly ports: Ports;
  readonly tap: Tap;
  readonly links: LinkProxies;
  readonly shim: DiskShim | undefined;
}

/** Those that are there from the beginning. */
function firstHosts({ hosts }: ClusterPlan): readonly number[] {
  return hosts.flatMap(({ joinsUs, isAbsent }, host) => (joinsUs === 0 && !isAbsent ? [host] : []));
}

class RealRun {
  readonly #plan: ClusterPlan;
  readonly #options: RealRunOptions;
  readonly #parts: RunParts;
  readonly #hosts: RunHosts;
  readonly #clients: readonly NodeClient[];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #findings: Finding[] = [];
  #startedMs: number | undefined;
  #startedWallMs = 0;
  #quietFromUs: number | undefined;
  #isOver = false;
  #onOver: () => void = () => {};
  readonly #over: Promise<void>;

  static async prepare(plan: ClusterPlan, options: RealRunOptions): Promise<RealRun> {
    const { folder } = options;
    const aheadMs = plan.chain.engine === POA_NAME ? firstHosts(plan).length * START_MS : 0;
    const wallShiftMs = Date.now() + aheadMs - Math.floor(WALL_START_US / 1_000);
    const setup = createChainSetup(plan, {
      nativeSuite: createNativeSuite(),
      wallShiftMs,
      ...(plan.chain.engine === POW_NAME ? { realWork: workOfBlock(plan) } : {}),
    });
    const tap = new Tap();
    const ports = createPorts();
    let links: LinkProxies | undefined;
    try {
      const places = await choosePlaces(folder, plan.hosts.length, ports);
      const made = await createLinkProxies(
        setup.dials,
        (host) => places[host]?.port ?? 0,
        Math.ceil(plan.network.stallResetUs / 1_000),
        { onBytes: (from, _to, stream, bytes) => tap.onBytes(from, stream, bytes) },
      );
      links = made;
      writeRunFolder(folder, plan, setup, places, (from, to) => made.portOf(from, to));
      const shim = prepareDisks(plan, places, options) ? compileDiskShim(folder) : undefined;
      return new RealRun(plan, options, { setup, places, ports, tap, links, shim });
    } catch (error) {
      await links?.close();
      await ports.release();
      throw error;
    }
  }

  constructor(plan: ClusterPlan, options: RealRunOptions, parts: RunParts) {
    this.#plan = plan;
    this.#options = options;
    this.#parts = parts;
    const { places, shim } = parts;
    this.#over = new Promise((resolve) => {
      this.#onOver = resolve;
    });
    const { disks, preloads, signal } = options;
    this.#hosts = new RunHosts({ plan, places, shim, disks, preloads, onCasualty: () => this.#onOver() });
    this.#clients = places.map(({ apiPort }) => new NodeClient(`http://127.0.0.1:${apiPort}`));
    if (signal.aborted) this.#onOver();
    signal.addEventListener('abort', () => this.#onOver(), { once: true });
  }

  async carryOut(): Promise<RunTraces | undefined> {
    const plan = this.#plan;
    const { tap } = this.#parts;
    const loads = createLoads(plan, this.#parts.setup, (name) => this.#loadHost(name));
    const first = firstHosts(plan);
    for (const host of first) this.#hosts.start(host);
    await Promise.race([this.#over, this.#hosts.started(first)]);
    const aheadMs = this.#parts.setup.context.genesis.timestampMs - Date.now();
    if (aheadMs > 0)
      await Promise.race([this.#over, new Promise<void>((begin) => this.#at(aheadMs * 1_000, begin))]);
    this.#startedMs = performance.now();
    this.#startedWallMs = Date.now();
    const driver = new FaultDriver(plan.faults, this.#targets());
    for (const [host, { joinsUs, isAbsent }] of plan.hosts.entries())
      if (joinsUs > 0 && !isAbsent) this.#at(joinsUs, () => this.#hosts.start(host));
    for (const load of loads) load.start();
    this.#at(plan.quietFromUs, () => void this.#beginQuiet());
    const telling = setInterval(() => this.#options.onProgress(this.#nowUs()), PROGRESS_EVERY_MS);
    await this.#over;
    clearInterval(telling);
    const endedUs = this.#nowUs();
    this.#isOver = true;
    if (this.#options.signal.aborted) return undefined;
    const survivors = await this.#hosts.stopAll();
    return {
      plan,
      setup: this.#parts.setup,
      places: this.#parts.places,
      startedWallMs: this.#startedWallMs,
      quietFromUs: this.#quietFromUs,
      endedUs,
      seen: tap.seen,
      messages: tap.messages,
      changes: this.#hosts.changes,
      survivors,
      casualty: this.#hosts.casualty,
      faults: driver.counts(),
      spans: driver.spans(),
      loads,
      findings: this.#findings,
    };
  }

  /** Kills what is left, and frees all ports. */
  async end(): Promise<void> {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#hosts.end();
    await this.#parts.links.close();
    await this.#parts.ports.release();
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

  /** From here on nothing new goes wrong: what is down comes back, and the time to agree begins when all are there. */
  async #beginQuiet(): Promise<void> {
    const { hosts, durationUs, quietFromUs } = this.#plan;
    const there = hosts.flatMap(({ isAbsent }, host) => (isAbsent ? [] : [host]));
    for (const host of there) this.#hosts.start(host);
    await this.#hosts.started(there);
    this.#quietFromUs = Math.max(quietFromUs, this.#nowUs());
    this.#at(this.#quietFromUs + durationUs - quietFromUs, () => this.#onOver());
  }

  #targets(): FaultTargets {
    const hosts = this.#hosts;
    return {
      at: (atUs, run) => this.#at(atUs, run),
      nowUs: () => this.#nowUs(),
      isUp: (host) => hosts.isUp(host),
      bootOf: (host) => hosts.bootOf(host),
      kill: (host, disk) => hosts.kill(host, disk),
      stop: (host, deadlineUs, then) => hosts.stop(host, deadlineUs, then),
      start: (host) => hosts.start(host),
      pause: (host) => hosts.setPaused(host, true),
      resume: (host) => hosts.setPaused(host, false),
      breakDisk: (host, how) => hosts.setDisk(host, how),
      healDisk: (host) => hosts.setDisk(host, undefined),
      links: this.#parts.links,
    };
  }

  #loadHost(name: string): LoadHost {
    const { setup } = this.#parts;
    return {
      hostCount: this.#plan.hosts.length,
      chainId: setup.genesisId,
      signer: setup.signer,
      stream: createStream(this.#plan.seed, `stream/load/${name}`),
      routing: createStream(this.#plan.seed, `stream/routing/${name}`),
      resyncUs: RESYNC_US,
      nowUs: () => this.#nowUs(),
      at: (atUs, run) => this.#at(atUs, run),
      command: (host, command, onAnswer) => {
        const client = this.#clients[host];
        assert(client !== undefined, 'clients ask hosts of the plan');
        if (!this.#hosts.isUp(host)) return false;
        void askNode(client, command).then((answer) => {
          if (answer !== undefined && !this.#isOver) onAnswer(answer);
        });
        return true;
      },
      report: (rule, host, fact) => void this.#findings.push({ rule, kind: 'safety', hosts: [host], fact }),
    };
  }
}

/** Mounts a small disk for each host whose disk will be full, where that may be done. True: some of what the plan asks of disks is left for a library that refuses calls. */
function prepareDisks(
  { faults }: ClusterPlan,
  places: readonly HostPlaces[],
  { disks }: RealRunOptions,
): boolean {
  let isShimNeeded = false;
  for (const fault of faults) {
    if (fault.kind !== 'disk') continue;
    const isFull = fault.fault.kind === 'diskFull';
    for (const host of fault.hosts) {
      const data = places[host]?.data;
      assert(data !== undefined, 'faults strike hosts of the plan');
      const isSmall = isFull && (disks.has(data) || disks.mount(data));
      isShimNeeded ||= !isSmall;
    }
  }
  return isShimNeeded;
}
