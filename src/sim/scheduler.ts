/** The kernel: simulated time, the queue of events, ties, draws and the trace. */
import { assert } from '../env/assert.ts';
import { type Us, us } from '../env/units.ts';
import { ChosenOrder, type OrderConfig } from './chosen-order.ts';
import type { Arrival } from './chosen-steps.ts';
import { drawWord, PURPOSE, type RunKey } from './draws.ts';
import { highWord, lowWord, mix32 } from './hash.ts';
import type { Component, EventHandle, Kernel } from './kernel.ts';
import { COMPONENT } from './kernel.ts';
import type { MessageException } from './network/ports.ts';
import { EventQueue } from './queue.ts';
import { Trace } from './trace.ts';

const { imul } = Math;

/** Events at one instant: past it time stands still, and the run ends with the name of who keeps it there. */
const SAME_INSTANT_MAX = 1_000_000;
/** Faults and the harness come first at their instant, whatever else is planned: they have no ordinals to shift. */
const TIE_FAULT = 0;
const TIE_HARNESS = 1;
const TIE_FIRST = 2;

/** What `run` came to; `stopped`: by `stop`, or by a standstill. */
export type Progress = 'running' | 'reached' | 'idle' | 'stopped';

/** Runs events in the order (time, tie, sequence); knows nothing of what they mean. */
export class Scheduler implements Kernel {
  readonly events: Trace;
  readonly #queue = new EventQueue();
  readonly #components: readonly Component[];
  #key: RunKey;
  readonly #tieWord: number;
  /** One hash a host, from which its ties follow; the last entry is nobody's. */
  #tieKeys: Int32Array;
  /** The same, for events that keep the order in which they were scheduled: as at the start of the run. */
  readonly #orderKeys: Int32Array;
  readonly #ordinals: Int32Array;
  readonly #order: ChosenOrder | undefined;
  #nowUs = 0;
  #atThisInstant = 0;
  #stopped = false;
  /** Host and code of the event that would not let time go on. */
  standstill: { readonly host: number; readonly code: number; readonly payload: unknown } | undefined;

  /** @param tieWord re-keys ties and nothing else. @param order absent: nobody chooses what comes next. */
  constructor(
    hosts: number,
    key: RunKey,
    tieWord: number,
    components: readonly Component[],
    events: Trace = new Trace(),
    order?: OrderConfig,
  ) {
    this.events = events;
    this.#order = order === undefined ? undefined : new ChosenOrder(order);
    this.#components = components;
    this.#key = key;
    this.#tieWord = tieWord;
    this.#ordinals = new Int32Array(hosts + 1);
    this.#tieKeys = this.#drawTieKeys();
    this.#orderKeys = this.#tieKeys;
  }

  nowUs(): Us {
    return us(this.#nowUs);
  }

  /** The same as `nowUs`, for arithmetic. */
  get time(): number {
    return this.#nowUs;
  }

  schedule(
    atUs: number,
    host: number,
    component: number,
    op: number,
    a: number,
    b: number,
    payload: unknown,
  ): EventHandle {
    return this.#push(atUs, this.#nextTie(host), host, (component << 8) | op, a, b, payload);
  }

  /** True: the arrival waits until it is chosen; it has the tie that it would have had. */
  takes(arrival: Arrival, component: number, op: number): boolean {
    if (this.#order?.wants(arrival) !== true) return false;
    const tie = boundedTie(this.#nextTie(arrival.delivery.to));
    this.#order.add(arrival, tie, (component << 8) | op, this.#parent());
    return true;
  }

  /** Events of one host, op and instant come in the order in which they were scheduled, whatever the ties. */
  scheduleInOrder(atUs: number, host: number, op: number, payload: unknown): EventHandle {
    const word = mix32(lowWord(atUs) ^ imul(highWord(atUs) + op, 0x85ebca6b));
    const tie = mix32((this.#orderKeys[host] as number) ^ word);
    return this.#push(atUs, tie, host, (COMPONENT.host << 8) | op, host, 0, payload);
  }

  /** An event of nobody, before the others of its instant and not part of the trace. */
  scheduleControl(atUs: number, op: number, isFault: boolean, payload: unknown): EventHandle {
    this.#assertTime(atUs);
    const tie = isFault ? TIE_FAULT : TIE_HARNESS;
    return this.#queue.push(atUs, tie, -1, (COMPONENT.control << 8) | op, 0, 0, payload, -1);
  }

  cancel(handle: EventHandle): void {
    this.#queue.cancel(handle);
  }

  draw(purpose: number, x: number, y: number, ordinal: number): number {
    const word = drawWord(this.#key, purpose, x, y, ordinal);
    this.events.draw(word);
    return word;
  }

  /** Every draw and every tie from here on follows from another key: the same past, another future. */
  rekey(key: RunKey): void {
    this.#key = key;
    this.#tieKeys = this.#drawTieKeys();
  }

  trace(host: number, kind: number, fingerprint: number, extra: number): void {
    this.events.fold(host, kind, fingerprint, extra);
  }

  /** Runs `act` as an event of that host, or as a part of the event that is running. */
  traced(host: number, op: number, fingerprint: number, act: () => void): void {
    const isOwn = !this.events.isOpen;
    if (isOwn) this.events.begin(this.#nowUs, host, (COMPONENT.control << 8) | op, -1);
    this.events.fold(host, op, fingerprint, 0);
    act();
    if (isOwn) this.events.end();
  }

  /** Delays of the messages that wait to be chosen. */
  held(): readonly MessageException[] {
    return this.#order?.held(this.#nowUs) ?? [];
  }

  /** The run ends after the event that is running. */
  stop(): void {
    this.#stopped = true;
  }

  /** Runs up to `maxEvents` events, none later than `untilUs`. */
  run(maxEvents: number, untilUs: number): Progress {
    const queue = this.#queue;
    const order = this.#order;
    for (let n = 0; n < maxEvents; n++) {
      order?.settle(this.#nowUs, queue);
      const atUs = queue.peekTimeUs();
      if (atUs > untilUs || atUs === Number.POSITIVE_INFINITY) {
        if (atUs === Number.POSITIVE_INFINITY && untilUs === Number.POSITIVE_INFINITY) return 'idle';
        this.#nowUs = Math.max(this.#nowUs, untilUs);
        return atUs === Number.POSITIVE_INFINITY ? 'idle' : 'reached';
      }
      queue.pop();
      order?.onCome();
      if (atUs !== this.#nowUs) {
        this.#nowUs = atUs;
        this.#atThisInstant = 0;
      } else if (++this.#atThisInstant > SAME_INSTANT_MAX) {
        this.standstill = { host: queue.host, code: queue.code, payload: queue.payload };
        return 'stopped';
      }
      this.#dispatch(queue.code);
      if (this.#stopped) return 'stopped';
    }
    return 'running';
  }

  #dispatch(code: number): void {
    const { host, a, b, payload, parent } = this.#queue;
    const component = this.#components[code >>> 8] as Component;
    if (code >>> 8 === COMPONENT.control) {
      component.handle(code & 255, a, b, payload);
      return;
    }
    this.events.begin(this.#nowUs, host, code, parent);
    component.handle(code & 255, a, b, payload);
    this.events.end();
  }

  #drawTieKeys(): Int32Array {
    return Int32Array.from({ length: this.#ordinals.length }, (_, host) =>
      drawWord(this.#key, PURPOSE.tie, host, this.#tieWord, 0),
    );
  }

  #push(
    atUs: number,
    tie: number,
    host: number,
    code: number,
    a: number,
    b: number,
    payload: unknown,
  ): EventHandle {
    this.#assertTime(atUs);
    return this.#queue.push(atUs, boundedTie(tie), host, code, a, b, payload, this.#parent());
  }

  #nextTie(host: number): number {
    const owner = host < 0 ? this.#ordinals.length - 1 : host;
    const ordinal = (this.#ordinals[owner] as number) + 1;
    this.#ordinals[owner] = ordinal;
    return mix32((this.#tieKeys[owner] as number) + imul(ordinal, 0x9e3779b1));
  }

  /** The event that schedules; -1: none runs. */
  #parent(): number {
    return this.events.isOpen ? this.events.current : -1;
  }

  #assertTime(atUs: number): void {
    assert(
      atUs >= this.#nowUs && Number.isSafeInteger(atUs),
      'an event is scheduled for now or later, at a whole microsecond',
    );
  }
}

/** A tie as the queue has it, after those of faults and the harness. */
function boundedTie(tie: number): number {
  const low = tie >>> 2;
  return low < TIE_FIRST ? low + TIE_FIRST : low;
}
