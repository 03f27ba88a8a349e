/** The processes of a real run, by host: what is done to them, when they came and went, and which of them ended though nobody asked. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterPlan } from '../../cluster/plan.ts';
import { breakDisk, type DiskFailure, type DiskShim, healDisk } from './disk-shim.ts';
import { type ChildEnd, NodeChild } from './node-child.ts';
import { createReaper, type Reaper } from './reaper.ts';
import type { HostPlaces } from './run-folder.ts';
import type { SmallDisks } from './small-disk.ts';

/** A node that has not opened its chain by then never will. */
const START_MAX_MS = 300_000;
/** At the end of a run each node has so long to stop in order. */
const STOP_MAX_MS = 30_000;
/** Exit codes of nodes that stopped by their own word: a failed disk, an operator that is needed. */
const HALTED_CODES: readonly (number | null)[] = [6, 7];
/** Of one that could not even open its folder. */
const UNOPENED_CODE = 2;

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

/** Modules that a process loads before the node, and what they are told. */
export interface Preload {
  readonly imports: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What they are started with. */
export interface HostsConfig {
  readonly plan: ClusterPlan;
  readonly places: readonly HostPlaces[];
  /** Absent: no call of a disk is refused in this run. */
  readonly shim: DiskShim | undefined;
  readonly disks: SmallDisks;
  readonly preloads: (host: number) => Preload;
  /** Told of the first casualty. */
  readonly onCasualty: () => void;
}

interface Host {
  readonly place: HostPlaces;
  child: NodeChild | undefined;
  /** The last process is not gone yet: the folder is still its own. */
  leaving: Promise<void> | undefined;
  boot: number;
  isPaused: boolean;
  /** Its disk fails. */
  isDiskBroken: boolean;
  /** Its disk fails, or has failed since this process started. */
  isDiskSuspect: boolean;
  /** Its disk was emptied: what it signed may be forgotten. */
  isTainted: boolean;
}

/** One for a run; `end` leaves no process behind. */
export class RunHosts {
  readonly changes: UpOrDown[] = [];
  casualty: Casualty | undefined;
  readonly #config: HostsConfig;
  readonly #reaper: Reaper = createReaper();
  readonly #hosts: readonly Host[];
  #isOver = false;

  constructor(config: HostsConfig) {
    this.#config = config;
    this.#hosts = config.places.map((place) => ({
      place,
      child: undefined,
      leaving: undefined,
      boot: 0,
      isPaused: false,
      isDiskBroken: false,
      isDiskSuspect: false,
      isTainted: false,
    }));
  }

  isUp(number: number): boolean {
    return this.#hosts[number]?.child !== undefined;
  }

  /** Number of its process; another one after each start. */
  bootOf(number: number): number {
    return this.#hosts[number]?.boot ?? 0;
  }

  /** Once the process before it is gone; nothing where there is one. */
  start(number: number): void {
    const host = this.#hosts[number];
    if (host === undefined || host.child !== undefined || this.#isOver) return;
    if (host.leaving !== undefined) {
      void host.leaving.then(() => this.start(number));
      return;
    }
    host.boot++;
    host.isDiskSuspect = host.isDiskBroken;
    const { plan, preloads, shim } = this.#config;
    const { place } = host;
    const { imports, environment } = preloads(number);
    const child = new NodeChild(
      {
        name: plan.hosts[number]?.name ?? '',
        config: place.settings,
        log: place.log,
        isVouched: !host.isTainted,
        imports,
        environment: { ...environment, ...shim?.environment(place.data, place.diskControl) },
      },
      this.#reaper,
    );
    host.child = child;
    this.#note(number, 'up');
    void child.ended.then((end) => this.#onEnded(number, child, end));
  }

  /** Resolves when all of them have opened their chain, or one never does, which is a casualty. */
  async started(numbers: readonly number[]): Promise<void> {
    await Promise.all(numbers.map((number) => this.#hosts[number]?.leaving ?? Promise.resolve()));
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#fall(numbers[0] ?? 0, `not all nodes have opened their chain within ${START_MAX_MS} ms`, []);
        resolve();
      }, START_MAX_MS);
    });
    const all = numbers.map((number) => this.#hosts[number]?.child?.started ?? Promise.resolve(false));
    await Promise.race([Promise.all(all), tooLate]);
    clearTimeout(timer);
  }

  /** Ends its process at once. */
  kill(number: number, disk: 'keep' | 'empty'): void {
    const host = this.#hosts[number];
    const child = host?.child;
    if (host === undefined || child === undefined) return;
    host.child = undefined;
    host.isPaused = false;
    host.isTainted ||= disk === 'empty';
    child.kill();
    this.#note(number, 'kill');
    host.leaving = child.ended.then(() => {
      host.leaving = undefined;
      if (disk === 'empty') emptyFolder(host.place.data);
    });
  }

  /** Asks it to stop, and kills it when it has not within that time; `then` runs when it is gone. */
  stop(number: number, deadlineUs: number, then: () => void): void {
    const host = this.#hosts[number];
    const child = host?.child;
    if (host === undefined || child === undefined) return;
    child.stop();
    const killing = setTimeout(() => child.kill(), deadlineUs / 1_000);
    void child.ended.then(() => {
      clearTimeout(killing);
      if (this.#isOver) return;
      host.child = undefined;
      this.#note(number, 'stopped');
      then();
    });
  }

  setPaused(number: number, isPaused: boolean): void {
    const host = this.#hosts[number];
    if (host?.child === undefined) return;
    host.isPaused = isPaused;
    if (isPaused) host.child.pause();
    else host.child.resume();
  }

  /** @param how undefined: it is well. */
  setDisk(number: number, how: DiskFailure | undefined): void {
    const host = this.#hosts[number];
    if (host === undefined) return;
    host.isDiskBroken = how !== undefined;
    host.isDiskSuspect ||= host.isDiskBroken;
    const { disks } = this.#config;
    const { data, diskControl } = host.place;
    const isSmall = disks.has(data);
    if (how === undefined) {
      healDisk(diskControl);
      if (isSmall) disks.free(data);
    } else if (how === 'full' && isSmall) disks.fill(data);
    else breakDisk(diskControl, how);
  }

  /** Nothing starts any more, and all stop in order. Answers who did. */
  async stopAll(): Promise<ReadonlySet<number>> {
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

  /** Kills what is left. */
  async end(): Promise<void> {
    this.#isOver = true;
    const children = this.#hosts.flatMap(({ child }) => child ?? []);
    for (const child of children) child.kill();
    await Promise.all([
      ...children.map(({ ended }) => ended),
      ...this.#hosts.map(({ leaving }) => leaving ?? Promise.resolve()),
    ]);
    this.#reaper.close();
  }

  #onEnded(number: number, child: NodeChild, { code, signal, isAsked, lines }: ChildEnd): void {
    const host = this.#hosts[number];
    if (host === undefined || host.child !== child || this.#isOver) return;
    host.child = undefined;
    host.isPaused = false;
    if (HALTED_CODES.includes(code) || (code === UNOPENED_CODE && host.isDiskSuspect))
      this.#note(number, 'halted');
    else if (!isAsked)
      this.#fall(number, `its process ended by itself: ${signal ?? `exit code ${code}`}`, lines);
  }

  #note(host: number, how: UpOrDown['how']): void {
    this.changes.push({ wallMs: Date.now(), host, how });
  }

  #fall(host: number, what: string, lines: readonly string[]): void {
    this.casualty ??= { host, wallMs: Date.now(), what, lines };
    this.#config.onCasualty();
  }
}

/** The folder itself stays, as something may be mounted there. */
function emptyFolder(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names) rmSync(join(folder, name), { recursive: true });
}
