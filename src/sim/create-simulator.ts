/** Builds a simulation from its parts, and steps it. */
import { assert } from '../env/assert.ts';
import type { World } from '../env/program.ts';
import type { Us } from '../env/units.ts';
import { PendingCommand } from './calls.ts';
import { type SimulatorConfig, WALL_START_US } from './config.ts';
import type { SimDisk } from './disk/disk.ts';
import { createKeyPool } from './disk/key-text.ts';
import { createSimDisk } from './disk/sim-disk.ts';
import { isExhaustion } from './exhaustion.ts';
import type { Fault, FaultCount } from './fault.ts';
import { FaultRunner } from './fault-runner.ts';
import { Host } from './host.ts';
import { SimTimer } from './host-timers.ts';
import type { HostChange, HostWorld } from './host-world.ts';
import { Hosts } from './hosts.ts';
import { COMPONENT, type Component } from './kernel.ts';
import { createNetwork } from './network/network.ts';
import type { MessageException, SimNetwork } from './network/ports.ts';
import { QUEUE_HOST_MAX } from './queue.ts';
import { Scheduler } from './scheduler.ts';
import { createRekeyableStream, createRunKey, type RekeyableStream, type Stream } from './seeds.ts';
import { SharedMemo } from './shared-memo.ts';
import type { EndReason, HostObserver, Observer, RunStatus, Simulator, SimulatorStats } from './simulator.ts';
import { Trace } from './trace.ts';
import { HOST_OP, kindName } from './trace-kinds.ts';
import { installTraps, removeTraps, touchedTrap } from './traps.ts';

/** Operation of the control component that calls the harness. */
const HARNESS_OP = 8;

/** Builds a run that has not begun. Equal configs give equal runs, whatever ran before in the process. */
export function createSimulator<W extends World>(config: SimulatorConfig<W>): Simulator<W> {
  return new Simulation(config);
}

/** A call of the harness that is due. */
class HarnessCall {
  readonly run: () => void;
  constructor(run: () => void) {
    this.run = run;
  }
}

class Simulation<W extends World> implements Simulator<W>, Component {
  readonly #config: SimulatorConfig<W>;
  readonly #scheduler: Scheduler;
  readonly #hosts = new Hosts<W>();
  readonly #network: SimNetwork<W['message']>;
  readonly #faults: FaultRunner<W>;
  readonly #memo: SharedMemo;
  readonly #observers: Observer<W>[] = [];
  readonly #hostObservers: HostObserver[] = [];
  readonly #streams: RekeyableStream[] = [];
  #seed: string;
  #isStepping = false;
  #isObserving = false;
  #boots = 0;
  #crashes = 0;
  #status: RunStatus = { kind: 'running' };

  constructor(config: SimulatorConfig<W>) {
    const count = config.hosts.length;
    assert(count > 0 && count <= QUEUE_HOST_MAX, 'a simulation has 1 to 65,534 hosts');
    assert(count === config.network.hosts.length, 'the network has a place for each host');
    assert(
      config.order === undefined || config.network.model === 'stream',
      'an order is chosen where connections are streams',
    );
    this.#config = config;
    this.#seed = config.seed;
    this.#memo = new SharedMemo(config.isolate !== true);
    const key = createRunKey(config.seed, 'run');
    const components: Component[] = [this, this.#hosts];
    this.#scheduler = new Scheduler(
      count,
      key,
      config.permuteTies ?? 0,
      components,
      new Trace(config.trace !== false, config.watcher),
      config.order,
    );
    this.#network = createNetwork(config.network, this.#scheduler, this.#hosts, config.codec, {
      component: COMPONENT.network,
      isolate: config.isolate === true,
      ...(config.isRaw === undefined ? {} : { isRaw: config.isRaw }),
      exceptions: config.messageExceptions ?? [],
      drawFaults: config.drawMessageFaults !== false,
      ...(config.onMessageFault === undefined ? {} : { onMessageFault: config.onMessageFault }),
      ...(config.watcher === undefined ? {} : { watcher: config.watcher }),
      ...(config.order === undefined ? {} : { order: this.#scheduler }),
    });
    components.push(this.#network);
    this.#addHosts();
    const disks = this.#hosts.all.map((host) => host.disk);
    this.#faults = new FaultRunner(this.#scheduler, this.#hosts, this.#network, {
      door: config.atlas?.(disks),
      watcher: config.watcher,
    });
    for (const fault of config.faults ?? []) this.#faults.add(fault);
  }

  get hostCount(): number {
    return this.#hosts.all.length;
  }

  get trace(): Trace {
    return this.#scheduler.events;
  }

  nowUs(): Us {
    return this.#scheduler.nowUs();
  }

  status(): RunStatus {
    return this.#status;
  }

  step(maxEvents: number, untilUs = Number.POSITIVE_INFINITY): RunStatus {
    assert(!this.#isStepping, 'a step is not begun inside a step');
    if (this.#status.kind === 'ended') return this.#status;
    this.#isStepping = true;
    const trapped = this.#config.traps !== false;
    if (trapped) installTraps();
    try {
      const progress = this.#scheduler.run(maxEvents, untilUs);
      const trap = trapped ? touchedTrap() : undefined;
      if (trap !== undefined) this.#endWith({ kind: 'trapped', host: -1, error: trap });
      else if (this.#scheduler.standstill !== undefined) this.#endWith(this.#standstill());
      else if (progress !== 'stopped') this.#status = { kind: progress };
    } catch (error) {
      this.#endWith(
        isExhaustion(error) ? { kind: 'exhausted', host: -1, error } : { kind: 'simulatorThrew', error },
      );
    } finally {
      if (trapped) removeTraps();
      this.#isStepping = false;
    }
    return this.#status;
  }

  end(why: string): void {
    this.#endWith({ kind: 'harnessEnded', why });
  }

  at(atUs: number, run: () => void): void {
    this.#assertHarness();
    this.#callLater(atUs, run);
  }

  observe(observer: Observer<W>): void {
    this.#observers.push(observer);
  }

  observeHosts(observer: HostObserver): void {
    this.#hostObservers.push(observer);
  }

  command(host: number, command: W['command'], onAnswer?: (answer: W['answer']) => void): boolean {
    this.#assertHarness();
    if (!this.#hosts.isUp(host)) return false;
    const to = this.#hosts.at(host);
    const fingerprint = this.#config.fingerprintCommand(command);
    const pending = new PendingCommand(fingerprint, () => to.commanded(command, onAnswer));
    const { time } = this.#scheduler;
    this.#scheduler.schedule(time, host, COMPONENT.host, HOST_OP.command, host, 0, pending);
    return true;
  }

  inspect(host: number): W['snapshot'] | undefined {
    return this.#hosts.at(host).inspect();
  }

  isUp(host: number): boolean {
    return this.#hosts.isUp(host);
  }

  bootOf(host: number): number {
    return this.#hosts.bootOf(host);
  }

  variantOf(host: number): string {
    return this.#hosts.at(host).variant;
  }

  effectsOf(host: number): number {
    return this.#hosts.at(host).runEffects;
  }

  disk(host: number): SimDisk {
    return this.#hosts.at(host).disk;
  }

  wallMs(host: number): number {
    return this.#hosts.at(host).clock.wallMs(this.#scheduler.time);
  }

  inject(fault: Fault): void {
    this.#assertHarness();
    this.#faults.add(fault);
  }

  heal(faultId: string): void {
    this.#assertHarness();
    this.#faults.heal(faultId);
  }

  start(host: number, variant?: string): boolean {
    this.#assertHarness();
    return this.#hosts.at(host).start(variant);
  }

  restart(number: number, variant?: string): void {
    this.#assertHarness();
    const host = this.#hosts.at(number);
    this.#scheduler.traced(number, HOST_OP.start, 0, () => {
      host.end({ kind: 'kill' });
      host.start(variant);
    });
  }

  stream(name: string): Stream {
    const stream = createRekeyableStream(this.#seed, `stream/${name}`);
    this.#streams.push(stream);
    return stream;
  }

  rekey(seed: string): void {
    this.#assertHarness();
    this.#seed = seed;
    this.#scheduler.rekey(createRunKey(seed, 'run'));
    for (const stream of this.#streams) stream.rekey(seed);
  }

  stats(): SimulatorStats {
    return {
      events: this.trace.mark().events,
      messages: this.#hosts.messages,
      messageBytes: this.#hosts.messageBytes,
      boots: this.#boots,
      crashes: this.#crashes,
      memoHits: this.#memo.hits,
      memoMisses: this.#memo.misses,
    };
  }

  faultCounts(): readonly FaultCount[] {
    return this.#faults.counts();
  }

  held(): readonly MessageException[] {
    return this.#scheduler.held();
  }

  traceHash(): string {
    return this.trace.mark().hash;
  }

  /** The control component's events: faults and the harness. */
  handle(op: number, _a: number, _b: number, payload: unknown): void {
    if (payload instanceof HarnessCall) this.#guarded(payload.run);
    else this.#faults.handle(op, payload);
  }

  #callLater(atUs: number, run: () => void): void {
    this.#scheduler.scheduleControl(atUs, HARNESS_OP, false, new HarnessCall(run));
  }

  #addHosts(): void {
    const config = this.#config;
    const world = this.#world();
    const keys = createKeyPool();
    const currentEvent = (): number => this.trace.current;
    for (const [number, host] of config.hosts.entries()) {
      assert(config.programs.has(host.variant), 'each host runs a program that the simulation was given');
      this.#hosts.add(new Host(number, world, host, createSimDisk({ keys, currentEvent })));
      const startUs = host.startUs ?? 0;
      if (startUs === 'never') continue;
      this.#callLater(startUs, () => void this.#hosts.at(number).start(undefined));
    }
  }

  #world(): HostWorld<W> {
    const config = this.#config;
    return {
      scheduler: this.#scheduler,
      network: this.#network,
      codec: config.codec,
      crypto: config.crypto,
      memo: this.#memo,
      programs: config.programs,
      watcher: config.watcher,
      wallStartUs: config.wallStartUs ?? WALL_START_US,
      fingerprintEvent: (event) => config.fingerprintEvent(event),
      onEmit: (host, event) => this.#onEmit(host, event),
      onChange: (host, change) => this.#onChange(host, change),
      onThrown: (host, error) => this.#onThrown(host, error),
      onAnswer: (atUs, tell) => this.#callLater(atUs, tell),
    };
  }

  #onEmit(host: number, event: W['event']): void {
    if (this.#observers.length === 0) return;
    this.#isObserving = true;
    try {
      for (const observer of this.#observers) observer(host, event, this.nowUs());
    } catch (error) {
      this.#endWith({ kind: 'harnessThrew', error });
    }
    this.#isObserving = false;
  }

  #onChange(host: number, change: HostChange): void {
    if (change.kind === 'started') this.#boots++;
    else if (change.end.kind !== 'done') this.#crashes++;
    this.#isObserving = true;
    this.#guarded(() => {
      for (const observer of this.#hostObservers) observer(host, change, this.nowUs());
    });
    this.#isObserving = false;
  }

  #onThrown(host: number, error: unknown): boolean {
    if (isExhaustion(error)) this.#endWith({ kind: 'exhausted', host, error });
    else if (touchedTrap() === error) this.#endWith({ kind: 'trapped', host, error });
    else if (this.#config.onProgramThrow === 'endBoot') return true;
    else this.#endWith({ kind: 'programThrew', host, error });
    return false;
  }

  /** What the harness throws ends the run, and reaches no program. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#endWith({ kind: 'harnessThrew', error });
    }
  }

  #endWith(reason: EndReason): void {
    if (this.#status.kind === 'ended') return;
    this.#status = { kind: 'ended', reason, atUs: this.#scheduler.time };
    this.#scheduler.stop();
  }

  #standstill(): EndReason {
    const { host, code, payload } = this.#scheduler.standstill ?? { host: -1, code: 0, payload: undefined };
    const timer = payload instanceof SimTimer ? ` ${payload.name}` : '';
    return { kind: 'standstill', host, what: `${kindName(code)}${timer}` };
  }

  #assertHarness(): void {
    assert(!this.#isObserving, 'an observer only observes: act in a callback of at or command');
    assert(!this.trace.isOpen, 'the harness acts between events');
  }
}
