/** The faults of a plan, done to real processes and to the links between them at their times. */
import { assert, assertNever } from '../../env/assert.ts';
import type { Fault, FaultCount, SpanUs } from '../../sim/fault.ts';
import type { DiskFailure } from './disk-shim.ts';
import type { LinkProxies } from './link-proxies.ts';

/** What faults are done to. */
export interface FaultTargets {
  /** Runs `run` at that time of the run, unless the run is over by then. */
  at(atUs: number, run: () => void): void;
  nowUs(): number;
  isUp(host: number): boolean;
  /** Number of its process; another one after each start. */
  bootOf(host: number): number;
  /** Ends its process at once. */
  kill(host: number, disk: 'keep' | 'empty'): void;
  /** Asks it to stop, and kills it when it has not within that time; `then` runs when it is gone. */
  stop(host: number, deadlineUs: number, then: () => void): void;
  start(host: number): void;
  pause(host: number): void;
  resume(host: number): void;
  breakDisk(host: number, how: DiskFailure): void;
  healDisk(host: number): void;
  readonly links: Pick<LinkProxies, 'set' | 'clear'>;
}

/** When a fault really began and was undone, in µs of the run. Crashes and stops are undone by a start, which takes its own time. */
export interface FaultSpan {
  readonly fromUs: number;
  /** Undefined: not yet, or not by the driver. */
  readonly untilUs: number | undefined;
}

interface Entry {
  readonly fault: Fault;
  injected: number;
  effective: number;
  fromUs: number | undefined;
  untilUs: number | undefined;
}

/** How the disk fails, of a plan that was checked. */
function failureOf({ id, fault }: Extract<Fault, { readonly kind: 'disk' }>): DiskFailure {
  if (fault.kind === 'diskFull') return 'full';
  assert(
    fault.kind === 'ioError' && fault.on !== 'read',
    `${id}: a real disk is full, or fails on writes or flushes`,
  );
  return fault.on;
}

/** Drives the faults of one run. */
export class FaultDriver {
  readonly #targets: FaultTargets;
  readonly #entries: readonly Entry[];

  constructor(faults: readonly Fault[], targets: FaultTargets) {
    this.#targets = targets;
    this.#entries = faults.map((fault) => ({
      fault,
      injected: 0,
      effective: 0,
      fromUs: undefined,
      untilUs: undefined,
    }));
    for (const entry of this.#entries)
      if (entry.fault.off !== true) targets.at(entry.fault.atUs, () => this.#begin(entry));
  }

  counts(): readonly FaultCount[] {
    return this.#entries.map(({ fault, injected, effective }) => ({
      id: fault.id,
      kind: fault.kind === 'link' ? fault.change.kind : fault.kind === 'disk' ? fault.fault.kind : fault.kind,
      injected,
      effective,
    }));
  }

  /** Of the faults that have begun, by id. */
  spans(): ReadonlyMap<string, FaultSpan> {
    return new Map(
      this.#entries.flatMap(({ fault, fromUs, untilUs }) =>
        fromUs === undefined ? [] : [[fault.id, { fromUs, untilUs }]],
      ),
    );
  }

  #begin(entry: Entry): void {
    const { fault } = entry;
    entry.fromUs = this.#targets.nowUs();
    if (fault.kind === 'link') {
      entry.injected++;
      entry.effective++;
      this.#targets.links.set({ ...fault.change, id: fault.id });
      this.#endLater(entry, fault.forUs, () => this.#targets.links.clear(fault.id));
      return;
    }
    for (const host of fault.hosts) {
      entry.injected++;
      if (this.#strike(entry, fault, host)) entry.effective++;
    }
  }

  /** True when it changed anything. */
  #strike(entry: Entry, fault: Exclude<Fault, { readonly kind: 'link' }>, host: number): boolean {
    const targets = this.#targets;
    const isUp = targets.isUp(host);
    switch (fault.kind) {
      case 'crash':
        assert(fault.disk !== 'old' && fault.at === undefined, 'a crash of a real process was checked');
        if (isUp) targets.kill(host, fault.disk);
        if (isUp) this.#startLater(host, fault.downUs);
        return isUp;
      case 'stop':
        if (isUp) targets.stop(host, fault.deadlineUs, () => this.#startLater(host, fault.downUs));
        return isUp;
      case 'start':
        if (!isUp) targets.start(host);
        return !isUp;
      case 'pause':
        if (isUp) targets.pause(host);
        this.#endLater(entry, fault.forUs, () => targets.resume(host));
        return isUp;
      case 'disk':
        targets.breakDisk(host, failureOf(fault));
        this.#endLater(entry, fault.forUs, () => targets.healDisk(host));
        return isUp;
      case 'clockStep':
      case 'clockDrift':
      case 'timerJitter':
      case 'diskSnapshot':
        throw new Error(`${fault.id}: a plan for real processes was checked, and has no ${fault.kind}`);
      default:
        return assertNever(fault);
    }
  }

  /** Unless somebody else started it meanwhile. */
  #startLater(host: number, downUs: SpanUs): void {
    const boot = this.#targets.bootOf(host);
    this.#later(downUs, () => {
      if (this.#targets.bootOf(host) === boot && !this.#targets.isUp(host)) this.#targets.start(host);
    });
  }

  #endLater(entry: Entry, span: SpanUs, run: () => void): void {
    this.#later(span, () => {
      run();
      entry.untilUs = this.#targets.nowUs();
    });
  }

  #later(span: SpanUs, run: () => void): void {
    if (span !== 'forever') this.#targets.at(this.#targets.nowUs() + span, run);
  }
}
