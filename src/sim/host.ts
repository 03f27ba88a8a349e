/** One simulated host: its boots, the calls of its program one at a time, and what a handler's effects count and cost. */
import { assert, assertNever } from '../env/assert.ts';
import type { Env, Process, World } from '../env/program.ts';
import { StorageCrash } from '../env/storage.ts';
import { type Call, fingerprintCall } from './calls.ts';
import { HostClock } from './clock.ts';
import { type HostConfig, RECEIVE_QUEUE_MAX, RECEIVE_QUEUE_MAX_BYTES } from './config.ts';
import { Prices } from './cpu.ts';
import type { SimDisk } from './disk/disk.ts';
import { PURPOSE, scaleWord } from './draws.ts';
import { hashText } from './hash.ts';
import { type BootHost, createHostEnv } from './host-env.ts';
import { HostTimers } from './host-timers.ts';
import type { BootEnd, CrashPoint, HostWorld } from './host-world.ts';
import { COMPONENT } from './kernel.ts';
import { Mailbox } from './mailbox.ts';
import { CALL, HOST_OP, TRACE } from './trace-kinds.ts';

/** A monotonic clock begins below this, at another value in each boot. */
const CLOCK_ZERO_MAX_US = 1_000_000_000;

/** Unwinds a handler whose boot is over. */
class BootOver extends Error {
  override readonly name = 'BootOver';
}
const BOOT_OVER = new BootOver('the boot is over');

export class Host<W extends World> implements BootHost<W> {
  readonly number: number;
  readonly world: HostWorld<W>;
  readonly config: HostConfig;
  readonly clock: HostClock;
  readonly timers: HostTimers;
  readonly prices: Prices;
  readonly disk: SimDisk;
  variant: string;
  boot = 0;
  isUp = false;
  /** µs that the running handler spent so far: its effects leave that much later. */
  spentUs = 0;
  /** Effects since the run began, since the boot began, and of the running handler. */
  runEffects = 0;
  bootEffects = 0;
  handlerEffects = 0;
  lastFlushUs = 0;
  #process: Process<W> | undefined;
  #mode: 'idle' | 'building' | 'handling' | 'inspecting' = 'idle';
  #isStarting = false;
  #isDying = false;
  #isDone = false;
  #pauses = 0;
  #busyUntilUs = 0;
  #wakeIsDue = false;
  #isFull = false;
  readonly #mailbox = new Mailbox<Call<W>>();
  readonly #crashPoints: CrashPoint[] = [];
  #due: CrashPoint | undefined;
  #afterEnd: (() => void)[] = [];

  constructor(number: number, world: HostWorld<W>, config: HostConfig, disk: SimDisk) {
    this.number = number;
    this.world = world;
    this.config = config;
    this.variant = config.variant;
    this.disk = disk;
    this.clock = new HostClock(world.wallStartUs + (config.clock?.skewUs ?? 0), config.clock?.driftPpm ?? 0);
    this.timers = new HostTimers(world.scheduler, number, this.clock);
    this.prices = new Prices(config.cpu);
  }

  /** When an effect of the running handler leaves. */
  get leaveUs(): number {
    return this.world.scheduler.time + this.spentUs;
  }

  /** False from a full receive queue until half of it is free; the network holds back meanwhile. */
  get accepts(): boolean {
    return !this.#isFull;
  }

  /** The event that `start` asked for. */
  onStart(): void {
    if (this.#isStarting && !this.isUp) this.deliver({ kind: 'start' });
  }

  /** Begins a boot as an event of this instant; false when one runs or begins already. */
  start(variant: string | undefined): boolean {
    if (this.isUp || this.#isStarting) return false;
    if (variant !== undefined) this.variant = variant;
    this.#isStarting = true;
    const { scheduler } = this.world;
    scheduler.schedule(scheduler.time, this.number, COMPONENT.host, HOST_OP.start, this.number, 0, undefined);
    return true;
  }

  /** A call of the running boot: now, or when the host is not busy any more. */
  deliver(call: Call<W>): void {
    const now = this.world.scheduler.time;
    if (this.#pauses === 0 && this.#busyUntilUs <= now && this.#mailbox.size === 0) {
      this.#invoke(call);
      return;
    }
    this.world.scheduler.trace(this.number, TRACE.waits, CALL[call.kind], 0);
    this.world.watcher?.onWaits(call);
    this.#mailbox.add(call);
    if (call.kind === 'message' && this.#fills(1)) this.#isFull = true;
    this.#wakeLater();
  }

  /** A command of the harness, delivered as a call of its own. */
  commanded(command: W['command'], onAnswer: ((answer: W['answer']) => void) | undefined): void {
    const { boot } = this;
    let isAnswered = false;
    this.#process?.onCommand(command, (answer) => {
      this.assertActs(boot);
      assert(!isAnswered, 'a command is answered at most once');
      isAnswered = true;
      if (onAnswer !== undefined) this.world.onAnswer(this.leaveUs, () => onAnswer(answer));
      this.acted(TRACE.reply, 0, 0);
    });
  }

  /** The next of the calls that wait, as an event of its own. */
  wake(): void {
    this.#wakeIsDue = false;
    if (this.#pauses > 0) return;
    const call = this.#mailbox.take();
    if (call !== undefined) this.#invoke(call);
    if (this.#mailbox.size > 0) this.#wakeLater();
    if (!this.#isFull || this.#fills(2)) return;
    this.#isFull = false;
    this.world.network.resume(this.number);
  }

  pause(): void {
    this.#pauses++;
  }

  resume(): void {
    this.#pauses--;
    if (this.#pauses === 0 && this.#mailbox.size > 0) this.#wakeLater();
  }

  /** Ends the boot at once, from outside a handler. The caller deals with disk content and restart. */
  end(end: BootEnd): void {
    assert(this.#mode === 'idle', 'a boot ends between two handlers');
    const { scheduler, network } = this.world;
    if (this.#isStarting && !this.isUp) {
      this.#isStarting = false;
      this.#mailbox.clear();
      return;
    }
    if (!this.isUp) return;
    scheduler.trace(this.number, TRACE.ended, hashText(end.kind), this.boot);
    this.isUp = false;
    this.#process = undefined;
    this.#isDying = false;
    this.#isDone = false;
    this.#busyUntilUs = 0;
    this.timers.clear();
    this.#mailbox.clear();
    this.#isFull = false;
    if (end.kind === 'power') {
      let ordinal = 0;
      this.disk.power((bound) =>
        scaleWord(bound, scheduler.draw(PURPOSE.fault, this.number, this.boot, ordinal++)),
      );
      network.powered(this.number);
    } else {
      this.disk.kill();
      network.killed(this.number);
    }
    this.world.onChange(this.number, { kind: 'ended', boot: this.boot, end });
    const after = this.#afterEnd;
    this.#afterEnd = [];
    for (const run of after) run();
  }

  /** Runs when the running boot has ended, however it did. */
  onceEnded(run: () => void): void {
    this.#afterEnd.push(run);
  }

  /** Arms a crash inside a handler. Answers how to disarm it; harmless when it has struck. */
  crashAt(point: CrashPoint): () => void {
    this.#crashPoints.push(point);
    return () => {
      const at = this.#crashPoints.indexOf(point);
      if (at >= 0) this.#crashPoints.splice(at, 1);
    };
  }

  inspect(): W['snapshot'] | undefined {
    if (this.#process === undefined) return undefined;
    assert(this.#mode === 'idle', 'a program is inspected between two handlers');
    this.#mode = 'inspecting';
    try {
      return this.#process.inspect();
    } finally {
      this.#mode = 'idle';
    }
  }

  /** @throws what unwinds the handler when its boot is over. */
  assertReads(boot: number): void {
    if (this.#isDying) throw BOOT_OVER;
    assert(boot === this.boot && this.#mode !== 'idle', 'a program acts only while it is called');
  }

  /** Work and randomness: not while a program is inspected, nor for what is computed once for all hosts. */
  assertDraws(boot: number): void {
    this.assertReads(boot);
    assert(this.#mode !== 'inspecting', 'inspecting a program changes nothing');
    assert(
      !this.world.memo.isComputing,
      'a memoised value is computed without effects, costs and randomness',
    );
  }

  assertActs(boot: number): void {
    if (this.#isDying) throw BOOT_OVER;
    assert(boot === this.boot && this.#mode === 'handling', 'a program has effects only in its handlers');
    assert(
      !this.world.memo.isComputing,
      'a memoised value is computed without effects, costs and randomness',
    );
  }

  /** Counts an effect that was done just now. @throws what unwinds the handler when a crash waited for it. */
  acted(kind: number, fingerprint: number, extra: number): void {
    this.world.scheduler.trace(this.number, kind, fingerprint, extra);
    this.runEffects++;
    this.bootEffects++;
    this.handlerEffects++;
    if (this.#crashPoints.length > 0 && this.#findDue()) throw BOOT_OVER;
  }

  /** The program is through with stopping. */
  done(boot: number): void {
    this.assertActs(boot);
    this.#isDone = true;
    this.acted(TRACE.done, 0, 0);
  }

  /** True when the messages that wait fill one `share`-th of the receive queue. */
  #fills(share: number): boolean {
    const { receiveQueueMax = RECEIVE_QUEUE_MAX, receiveQueueMaxBytes = RECEIVE_QUEUE_MAX_BYTES } =
      this.config;
    const { messages, messageBytes } = this.#mailbox;
    return messages * share >= receiveQueueMax || messageBytes * share >= receiveQueueMaxBytes;
  }

  #wakeLater(): void {
    if (this.#wakeIsDue || this.#pauses > 0) return;
    this.#wakeIsDue = true;
    const { scheduler } = this.world;
    const atUs = Math.max(scheduler.time, this.#busyUntilUs);
    scheduler.schedule(atUs, this.number, COMPONENT.host, HOST_OP.wake, this.number, 0, undefined);
  }

  #findDue(): boolean {
    const at = this.#crashPoints.findIndex((point) => {
      const { of, count } = point.at;
      if (of === 'handler') return this.handlerEffects === count;
      return (of === 'boot' ? this.bootEffects : this.runEffects) >= count;
    });
    if (at < 0) return false;
    this.#due = this.#crashPoints.splice(at, 1)[0];
    this.#isDying = true;
    return true;
  }

  #invoke(call: Call<W>): void {
    if (call.kind === 'timer' && call.run === undefined) return;
    assert(this.#mode === 'idle', 'no port calls a program back before its running handler returned');
    this.world.watcher?.onHandled(call);
    this.spentUs = 0;
    this.handlerEffects = 0;
    if (call.kind === 'start') this.#boot();
    let thrown: unknown;
    if (this.#crashPoints.length === 0 || !this.#findDue()) {
      try {
        this.#handle(this.#process ?? this.#build(), call);
      } catch (error) {
        thrown = error;
      }
    }
    this.#mode = 'idle';
    if (this.spentUs > 0) this.#busyUntilUs = this.world.scheduler.time + this.spentUs;
    this.spentUs = 0;
    if (this.#isDying || this.#isDone || thrown !== undefined) this.#over(thrown);
  }

  #over(thrown: unknown): void {
    const due = this.#due;
    this.#due = undefined;
    // Whatever a dying handler throws: its boot was over before.
    if (due !== undefined) due.crash();
    else if (thrown instanceof StorageCrash) this.end({ kind: 'storageCrash' });
    else if (thrown !== undefined) {
      if (this.world.onThrown(this.number, thrown)) this.end({ kind: 'threw', error: thrown });
    } else this.end({ kind: 'done' });
  }

  #boot(): void {
    const { scheduler } = this.world;
    this.boot++;
    this.bootEffects = 0;
    this.lastFlushUs = 0;
    this.#isStarting = false;
    this.isUp = true;
    const word = scheduler.draw(PURPOSE.clockZero, this.number, this.boot, 0);
    this.clock.boot(scheduler.time, scaleWord(CLOCK_ZERO_MAX_US, word));
    this.world.onChange(this.number, { kind: 'started', boot: this.boot, variant: this.variant });
  }

  #build(): Process<W> {
    const program = this.world.programs.get(this.variant);
    assert(program !== undefined, 'a host runs a program that the simulation was given');
    const env: Env<W> = createHostEnv(this, this.boot);
    this.#mode = 'building';
    const process = program(env, this.number);
    this.#process = process;
    return process;
  }

  #handle(process: Process<W>, call: Call<W>): void {
    this.#mode = 'handling';
    const { scheduler, codec } = this.world;
    if (call.kind === 'message') {
      scheduler.trace(this.number, CALL.message, codec.fingerprint(call.message), call.c);
      process.onMessage(call.c, call.message);
      return;
    }
    scheduler.trace(this.number, CALL[call.kind], fingerprintCall(call), 0);
    switch (call.kind) {
      case 'timer': {
        const { run } = call;
        call.run = undefined;
        return run?.();
      }
      case 'flushed':
        return call.onDurable(call.fault);
      case 'verified':
        return call.onResult(call.valid);
      case 'command':
        return call.run();
      case 'start':
        return process.onStart();
      case 'stop': {
        const { boot } = this;
        return process.onStop(() => this.done(boot));
      }
      case 'connected':
        return process.onConnected(call.c, call.info);
      case 'dialFailed':
        return process.onDialFailed(call.address, call.reason);
      case 'malformed':
        return process.onMalformed(call.c, call.reason);
      case 'writable':
        return process.onWritable(call.c);
      case 'disconnected':
        return process.onDisconnected(call.c, call.reason);
      default:
        return assertNever(call);
    }
  }
}
