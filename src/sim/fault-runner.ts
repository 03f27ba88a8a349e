/** Carries the fault plan out: each fault at its time, on its hosts, and back when it is over; and counts what it did. */
import { assert, assertNever } from '../env/assert.ts';
import type { World } from '../env/program.ts';
import type { DiskFault, DiskSnapshot, SimDisk } from './disk/disk.ts';
import type { FaultAtlas } from './disk/fault-atlas.ts';
import type { Fault, FaultCount, SpanUs } from './fault.ts';
import { hashText } from './hash.ts';
import type { Host } from './host.ts';
import type { Hosts } from './hosts.ts';
import { COMPONENT } from './kernel.ts';
import type { LinkChange, LinkTarget } from './network/link-change.ts';
import type { SimNetwork } from './network/ports.ts';
import type { Scheduler } from './scheduler.ts';
import { CONTROL_OP, HOST_OP } from './trace-kinds.ts';
import type { FaultChange, Watcher } from './watcher.ts';

/** Where faults that can lose content pass. */
export type DiskDoor = Pick<FaultAtlas, 'setFault' | 'wipe' | 'restore'>;

/** Operations of the control component that belong to faults. */
const FAULT_OP = { begin: 0, end: 1, restart: 2 } as const;

/** One fault of the plan, and what became of it. */
class Entry {
  readonly fault: Fault;
  readonly hash: number;
  injected = 0;
  effective = 0;
  /** Hosts on which it is on. */
  readonly active = new Set<number>();
  /** Crashes that wait for their point inside a handler. */
  readonly disarm: (() => void)[] = [];
  constructor(fault: Fault) {
    this.fault = fault;
    this.hash = hashText(fault.id);
  }
}

/** A start that is due, unless the host was started after that boot. */
class Restart {
  readonly host: number;
  readonly boot: number;
  readonly variant: string | undefined;
  constructor(host: number, boot: number, variant: string | undefined) {
    this.host = host;
    this.boot = boot;
    this.variant = variant;
  }
}

/** What the runner is given beside the parts of the simulation. */
export interface FaultPorts<W extends World> {
  /** Undefined: nothing is refused. */
  readonly door: DiskDoor | undefined;
  readonly watcher: Watcher<W> | undefined;
}

type Of<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>;

export class FaultRunner<W extends World> {
  readonly #scheduler: Scheduler;
  readonly #hosts: Hosts<W>;
  readonly #network: SimNetwork<W['message']>;
  readonly #door: DiskDoor;
  readonly #watcher: Watcher<W> | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #snapshots = new Map<number, DiskSnapshot>();

  constructor(
    scheduler: Scheduler,
    hosts: Hosts<W>,
    network: SimNetwork<W['message']>,
    { door, watcher }: FaultPorts<W>,
  ) {
    this.#scheduler = scheduler;
    this.#hosts = hosts;
    this.#network = network;
    this.#door = door ?? openDoor((host) => hosts.at(host).disk);
    this.#watcher = watcher;
  }

  /** Adds a fault to the plan. @throws {AssertionError} when its id is taken, or its time is over. */
  add(fault: Fault): void {
    assert(!this.#entries.has(fault.id), 'the ids of a fault plan are unique');
    const entry = new Entry(fault);
    this.#entries.set(fault.id, entry);
    if (fault.off === true) return;
    this.#scheduler.scheduleControl(fault.atUs, FAULT_OP.begin, true, entry);
  }

  /** Ends a fault now, before its time, and disarms a crash that waits for its point; one that is over, or not on yet, stays as it is. @throws {AssertionError} unknown id. */
  heal(id: string): void {
    const entry = this.#entries.get(id);
    assert(entry !== undefined, 'only a fault of the plan is healed');
    this.#scheduler.scheduleControl(this.#scheduler.time, FAULT_OP.end, true, entry);
  }

  counts(): readonly FaultCount[] {
    return [...this.#entries.values()].map(({ fault, injected, effective }) => ({
      id: fault.id,
      kind: fault.kind === 'disk' ? fault.fault.kind : fault.kind === 'link' ? fault.change.kind : fault.kind,
      injected,
      effective,
    }));
  }

  /** The events that this asked for. */
  handle(op: number, payload: unknown): void {
    if (payload instanceof Restart) this.#restart(payload);
    else {
      assert(payload instanceof Entry, 'the control component handles the events that it asked for');
      if (op === FAULT_OP.begin) this.#begin(payload);
      else this.#end(payload);
    }
  }

  #begin(entry: Entry): void {
    const { fault } = entry;
    if (fault.kind === 'link') {
      this.#setLink(entry, fault);
      return;
    }
    for (const number of fault.hosts) {
      entry.injected++;
      const took = this.#strike(entry, this.#hosts.at(number));
      if (took) entry.effective++;
      this.#tell(fault, number, { kind: 'began', took });
    }
    if ('forUs' in fault && entry.active.size > 0) this.#endLater(entry, fault.forUs);
  }

  /** True when it changed anything. */
  #strike(entry: Entry, host: Host<W>): boolean {
    const { fault } = entry;
    switch (fault.kind) {
      case 'crash':
        return this.#crash(entry, fault, host);
      case 'stop':
        return this.#stop(entry, fault, host);
      case 'start':
        return this.#traced(host, CONTROL_OP.start, entry, () => host.start(fault.variant));
      case 'pause':
        entry.active.add(host.number);
        return this.#traced(host, CONTROL_OP.pause, entry, () => {
          host.pause();
          return host.isUp;
        });
      case 'clockStep':
        return this.#traced(host, CONTROL_OP.clock, entry, () => {
          host.clock.step(fault.byUs);
          return fault.byUs !== 0;
        });
      case 'clockDrift':
        entry.active.add(host.number);
        return this.#traced(host, CONTROL_OP.clock, entry, () => this.#drift(host, fault.ppm));
      case 'timerJitter':
        entry.active.add(host.number);
        return this.#traced(host, CONTROL_OP.clock, entry, () => this.#jitter(host));
      case 'diskSnapshot':
        this.#snapshots.set(host.number, host.disk.takeSnapshot());
        return true;
      case 'disk':
        return this.#setDisk(entry, fault, host);
      case 'link':
        return false;
      default:
        return assertNever(fault);
    }
  }

  #end(entry: Entry): void {
    const { fault } = entry;
    if (fault.kind === 'link') {
      this.#scheduler.traced(-1, CONTROL_OP.link, entry.hash, () => this.#network.clear(fault.id));
      this.#tell(fault, -1, { kind: 'ended' });
      return;
    }
    for (const disarm of entry.disarm.splice(0)) disarm();
    for (const number of entry.active) {
      const host = this.#hosts.at(number);
      const op =
        fault.kind === 'disk'
          ? CONTROL_OP.disk
          : fault.kind === 'pause'
            ? CONTROL_OP.resume
            : CONTROL_OP.clock;
      entry.active.delete(number);
      this.#tell(fault, number, { kind: 'ended' });
      this.#traced(host, op, entry, () => {
        if (fault.kind === 'pause') host.resume();
        else if (fault.kind === 'clockDrift') this.#drift(host, -fault.ppm);
        else if (fault.kind === 'timerJitter') this.#jitter(host);
        else if (fault.kind === 'disk') host.disk.clearFault(fault.id);
        return true;
      });
    }
  }

  #crash(entry: Entry, fault: Of<'crash'>, host: Host<W>): boolean {
    const { at } = fault;
    if (at === undefined) return this.#crashNow(entry, fault, host);
    const crash = (): void => {
      if (!this.#crashNow(entry, fault, host)) return;
      entry.effective++;
      this.#tell(fault, host.number, { kind: 'began', took: true });
    };
    entry.disarm.push(host.crashAt({ at, crash }));
    return false;
  }

  #crashNow(entry: Entry, fault: Of<'crash'>, host: Host<W>): boolean {
    if (!host.isUp) return false;
    return this.#traced(host, CONTROL_OP.crash, entry, () => {
      host.end({ kind: fault.how });
      const snapshot = this.#snapshots.get(host.number);
      if (fault.disk === 'old' && snapshot !== undefined) this.#door.restore(host.number, snapshot);
      else if (fault.disk !== 'keep') this.#door.wipe(host.number);
      this.#restartLater(host, fault.downUs, fault.variant);
      return true;
    });
  }

  #stop(entry: Entry, fault: Of<'stop'>, host: Host<W>): boolean {
    if (!host.isUp) return false;
    return this.#traced(host, CONTROL_OP.stop, entry, () => {
      host.onceEnded(() => this.#restartLater(host, fault.downUs, fault.variant));
      this.#scheduler.schedule(
        this.#scheduler.time + fault.deadlineUs,
        host.number,
        COMPONENT.host,
        HOST_OP.stopDeadline,
        host.number,
        host.boot,
        undefined,
      );
      host.deliver({ kind: 'stop' });
      return true;
    });
  }

  #restartLater(host: Host<W>, downUs: SpanUs, variant: string | undefined): void {
    if (downUs === 'forever') return;
    const restart = new Restart(host.number, host.boot, variant);
    this.#scheduler.scheduleControl(this.#scheduler.time + downUs, FAULT_OP.restart, true, restart);
  }

  /** Unless somebody else started it meanwhile. */
  #restart({ host: number, boot, variant }: Restart): void {
    const host = this.#hosts.at(number);
    if (host.boot !== boot) return;
    this.#scheduler.traced(number, CONTROL_OP.start, 0, () => {
      host.start(variant);
    });
  }

  #tell(fault: Fault, host: number, change: FaultChange): void {
    this.#watcher?.onFault(fault, host, change, this.#scheduler.time);
  }

  #drift(host: Host<W>, byPpm: number): boolean {
    host.clock.setDrift(this.#scheduler.time, host.clock.ppm + byPpm);
    host.timers.reschedule();
    return byPpm !== 0;
  }

  #jitter(host: Host<W>): boolean {
    let largest = 0;
    for (const { fault, active } of this.#entries.values()) {
      if (fault.kind === 'timerJitter' && active.has(host.number)) largest = Math.max(largest, fault.upToUs);
    }
    host.timers.jitterUs = largest;
    return largest > 0;
  }

  #setDisk(entry: Entry, fault: Of<'disk'>, host: Host<W>): boolean {
    return this.#traced(host, CONTROL_OP.disk, entry, () => {
      const inner: DiskFault = { ...fault.fault, id: fault.id };
      const outcome = this.#door.setFault(host.number, inner);
      const isOn = outcome === 'active' || outcome === 'armed';
      if (isOn) entry.active.add(host.number);
      return isOn;
    });
  }

  #setLink(entry: Entry, fault: Of<'link'>): void {
    entry.injected++;
    const change: LinkChange = { ...fault.change, id: fault.id };
    const took = !namesNobody(change);
    this.#tell(fault, -1, { kind: 'began', took });
    if (!took) return;
    entry.effective++;
    this.#scheduler.traced(-1, CONTROL_OP.link, entry.hash, () => this.#network.setLink(change));
    this.#endLater(entry, fault.forUs);
  }

  #endLater(entry: Entry, forUs: SpanUs): void {
    if (forUs === 'forever') return;
    this.#scheduler.scheduleControl(this.#scheduler.time + forUs, FAULT_OP.end, true, entry);
  }

  #traced(host: Host<W>, op: number, entry: Entry, act: () => boolean): boolean {
    let changed = false;
    this.#scheduler.traced(host.number, op, entry.hash, () => {
      changed = act();
    });
    return changed;
  }
}

function openDoor(diskOf: (host: number) => SimDisk): DiskDoor {
  return {
    setFault: (host, fault) => diskOf(host).setFault(fault),
    wipe(host) {
      diskOf(host).wipe();
      return true;
    },
    restore(host, snapshot) {
      diskOf(host).restore(snapshot);
      return true;
    },
  };
}

function namesNobody(change: LinkChange): boolean {
  switch (change.kind) {
    case 'split':
      return change.groups.every((group) => group.length === 0);
    case 'ring':
    case 'isolate':
      return change.hosts.length === 0;
    default:
      return isEmpty(change.links);
  }
}

function isEmpty({ from, to }: LinkTarget): boolean {
  return from.length === 0 || to.length === 0;
}
