/** One simulated host: its boots, the calls of its program one at a time, and what a handler's effects count and cost. */
import { assert } from '../env/assert.ts';
import type {
  Codec,
  ConnectionInfo,
  DecodeRejection,
  DialFailure,
  DisconnectReason,
} from '../env/network.ts';
import type { Env, Process, World } from '../env/program.ts';
import { StorageCrash } from '../env/storage.ts';
import type { Address, ConnectionId } from '../env/units.ts';
import { HostClock } from './clock.ts';
import { type HostConfig, type HostProgram, RECEIVE_QUEUE_MAX, RECEIVE_QUEUE_MAX_BYTES } from './config.ts';
import { Prices } from './cpu.ts';
import type { CryptoSuite } from './crypto-suite.ts';
import type { SimDisk } from './disk/disk.ts';
import { PURPOSE, scaleWord } from './draws.ts';
import type { EffectPoint } from './fault.ts';
import { hashText } from './hash.ts';
import { createHostEnv } from './host-env.ts';
import { HostTimers, type SimTimer } from './host-timers.ts';
import type { SimNetwork } from './kernel.ts';
import { COMPONENT } from './kernel.ts';
import { Mailbox } from './mailbox.ts';
import type { Scheduler } from './scheduler.ts';
import type { SharedMemo } from './shared-memo.ts';
import { CALL, HOST_OP, TRACE } from './trace-kinds.ts';

/** A monotonic clock begins below this, at another value in each boot. */
const CLOCK_ZERO_MAX_US = 1_000_000_000;

/** Why a boot ended. */
export type BootEnd =
  | { readonly kind: 'kill' | 'power' | 'done' | 'deadline' }
  /** The disk failed under the program. */
  | { readonly kind: 'storageCrash' }
  /** The program threw, and the run goes on. */
  | { readonly kind: 'threw'; readonly error: unknown };

/** What happens to a host, for observers of the run. */
export type HostChange =
  | { readonly kind: 'started'; readonly boot: number; readonly variant: string }
  | { readonly kind: 'ended'; readonly boot: number; readonly end: BootEnd };

/** What the hosts of one run share. */
export interface HostWorld<W extends World> {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork<W['message']>;
  readonly codec: Codec<W['message']>;
  readonly crypto: CryptoSuite;
  readonly memo: SharedMemo;
  readonly programs: ReadonlyMap<string, HostProgram<W>>;
  readonly wallStartUs: number;
  fingerprintEvent(event: W['event']): number;
  fingerprintCommand(command: W['command']): number;
  onEmit(host: number, event: W['event']): void;
  onChange(host: number, change: HostChange): void;
  /** Decides whether the run ends; true: only the boot does. */
  onThrown(host: number, error: unknown): boolean;
  onAnswer(atUs: number, tell: (answer: W['answer']) => void, answer: W['answer']): void;
}

/** A flush that is under way. */
export interface PendingFlush {
  readonly boot: number;
  readonly batch: number;
  readonly onDurable: (fault?: { readonly kind: 'IO' | 'FULL' }) => void;
}

export interface PendingResult {
  readonly boot: number;
  readonly valid: readonly boolean[];
  readonly onResult: (valid: readonly boolean[]) => void;
}

export interface PendingCommand<W extends World> {
  readonly command: W['command'];
  readonly onAnswer: ((answer: W['answer']) => void) | undefined;
}

/** A crash that waits for an effect. */
export interface CrashPoint {
  readonly at: EffectPoint;
  readonly crash: () => void;
}

/** Unwinds a handler whose boot is over. */
class BootOver extends Error {
  override readonly name = 'BootOver';
}
const BOOT_OVER = new BootOver('the boot is over');

export class Host<W extends World> {
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
  readonly #mailbox = new Mailbox();
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
    if (this.#isStarting && !this.isUp) this.deliver(CALL.start, 0, undefined, undefined, -1);
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

  /** A call of the running boot: now, or when the host is not busy any more. `bytes` is -1 when it is no message. */
  deliver(kind: number, number: number, payload: unknown, extra: unknown, bytes: number): void {
    const now = this.world.scheduler.time;
    if (this.#pauses === 0 && this.#busyUntilUs <= now && this.#mailbox.size === 0) {
      this.#invoke(kind, number, payload, extra);
      return;
    }
    this.world.scheduler.trace(this.number, TRACE.waits, kind, number);
    this.#mailbox.add(kind, number, payload, extra, bytes);
    if (bytes >= 0 && this.#fills(1)) this.#isFull = true;
    this.#wakeLater();
  }

  /** The next of the calls that wait, as an event of its own. */
  wake(): void {
    this.#wakeIsDue = false;
    if (this.#pauses > 0) return;
    const mailbox = this.#mailbox;
    if (mailbox.take()) this.#invoke(mailbox.kind, mailbox.number, mailbox.payload, mailbox.extra);
    if (mailbox.size > 0) this.#wakeLater();
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
    const { scheduler, network, onChange } = this.world;
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
    onChange(this.number, { kind: 'ended', boot: this.boot, end });
    const after = this.#afterEnd;
    this.#afterEnd = [];
    for (const run of after) run();
  }

  /** Runs when the running boot has ended, however it did. */
  onceEnded(run: () => void): void {
    this.#afterEnd.push(run);
  }

  /** Arms a crash inside a handler. */
  crashAt(point: CrashPoint): void {
    this.#crashPoints.push(point);
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

  #invoke(kind: number, number: number, payload: unknown, extra: unknown): void {
    if (kind === CALL.timer && (payload as SimTimer).run === undefined) return;
    assert(this.#mode === 'idle', 'no port calls a program back before its running handler returned');
    this.spentUs = 0;
    this.handlerEffects = 0;
    if (kind === CALL.start) this.#boot();
    let thrown: unknown;
    if (this.#crashPoints.length === 0 || !this.#findDue()) {
      try {
        this.#call(kind, number, payload, extra);
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
    const { scheduler, onChange } = this.world;
    this.boot++;
    this.bootEffects = 0;
    this.lastFlushUs = 0;
    this.#isStarting = false;
    this.isUp = true;
    const word = scheduler.draw(PURPOSE.clockZero, this.number, this.boot, 0);
    this.clock.boot(scheduler.time, scaleWord(CLOCK_ZERO_MAX_US, word));
    onChange(this.number, { kind: 'started', boot: this.boot, variant: this.variant });
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

  #call(kind: number, number: number, payload: unknown, extra: unknown): void {
    const process = this.#process ?? this.#build();
    this.#mode = 'handling';
    const { scheduler, codec } = this.world;
    switch (kind) {
      case CALL.message:
        scheduler.trace(this.number, kind, codec.fingerprint(payload as W['message']), number);
        process.onMessage(number as ConnectionId, payload as W['message']);
        return;
      case CALL.timer: {
        const timer = payload as SimTimer;
        scheduler.trace(this.number, kind, hashText(timer.name), 0);
        const { run } = timer;
        timer.run = undefined;
        run?.();
        return;
      }
      case CALL.flushed: {
        const [flush, fault] = [
          payload as PendingFlush,
          extra as { readonly kind: 'IO' | 'FULL' } | undefined,
        ];
        scheduler.trace(this.number, kind, flush.batch, fault === undefined ? 0 : 1);
        flush.onDurable(fault);
        return;
      }
      default:
        scheduler.trace(this.number, kind, number, 0);
        this.#callRarely(process, kind, number, payload, extra);
    }
  }

  #callRarely(process: Process<W>, kind: number, number: number, payload: unknown, extra: unknown): void {
    switch (kind) {
      case CALL.start:
        return process.onStart();
      case CALL.verified:
        return (payload as PendingResult).onResult((payload as PendingResult).valid);
      case CALL.command:
        return this.#command(process, payload as PendingCommand<W>);
      case CALL.stop: {
        const { boot } = this;
        return process.onStop(() => this.done(boot));
      }
      case CALL.connected:
        return process.onConnected(number as ConnectionId, payload as ConnectionInfo);
      case CALL.dialFailed:
        return process.onDialFailed(payload as Address, extra as DialFailure);
      case CALL.malformed:
        return process.onMalformed(number as ConnectionId, payload as DecodeRejection);
      case CALL.writable:
        return process.onWritable(number as ConnectionId);
      case CALL.disconnected:
        return process.onDisconnected(number as ConnectionId, payload as DisconnectReason);
      default:
        assert(false, 'every kind of call is known');
    }
  }

  #command(process: Process<W>, { command, onAnswer }: PendingCommand<W>): void {
    const { boot } = this;
    this.world.scheduler.trace(this.number, CALL.command, this.world.fingerprintCommand(command), 0);
    let isAnswered = false;
    process.onCommand(command, (answer) => {
      this.assertActs(boot);
      assert(!isAnswered, 'a command is answered at most once');
      isAnswered = true;
      if (onAnswer !== undefined) this.world.onAnswer(this.leaveUs, onAnswer, answer);
      this.acted(TRACE.reply, 0, 0);
    });
  }
}
