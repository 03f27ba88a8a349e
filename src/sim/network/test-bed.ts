/** A small kernel, hosts that write down what they are told, and laws over what they wrote: for the network's own tests. */
import type {
  Codec,
  ConnectionInfo,
  DecodeRejection,
  DialFailure,
  DisconnectReason,
} from '../../env/network.ts';
import { type Address, address, type ConnectionId } from '../../env/units.ts';
import { drawWord } from '../draws.ts';
import { hashPair } from '../hash.ts';
import type { NetworkConfig } from './config.ts';
import { createNetwork } from './network.ts';
import type { HostPort, NetworkKernel, NetworkOptions, SimNetwork } from './ports.ts';

const NETWORK = 2;
const SCRIPT = 9;

/** What the hosts of the bed say to each other: `bytes` long when encoded. */
export interface Note {
  readonly kind: string;
  readonly serial: number;
  readonly bytes: number;
}

const KINDS = ['vote', 'block', 'inv', 'tx'];
const HEAD_BYTES = 9;

/** One byte of kind, four of serial number, four of length, zeros: every other byte sequence is refused. */
const NOTES: Codec<Note> = {
  encode(note) {
    const bytes = new Uint8Array(note.bytes);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, KINDS.indexOf(note.kind));
    view.setUint32(1, note.serial);
    view.setUint32(5, note.bytes);
    return bytes;
  },
  decode(bytes) {
    if (bytes.length < HEAD_BYTES) return { code: 'TRUNCATED', detail: 'head' };
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const kind = KINDS[view.getUint8(0)];
    if (kind === undefined) return { code: 'UNKNOWN_KIND', detail: 'kind' };
    if (view.getUint32(5) !== bytes.length) return { code: 'BAD_FIELD', detail: 'length' };
    for (let i = HEAD_BYTES; i < bytes.length; i++) {
      if (bytes[i] !== 0) return { code: 'NOT_CANONICAL', detail: 'padding' };
    }
    return { kind, serial: view.getUint32(1), bytes: bytes.length };
  },
  byteLength: (note) => note.bytes,
  fingerprint: (note) => hashPair(note.serial, note.bytes),
  kind: (note) => note.kind,
  messageMaxBytes: 8 * 1024 * 1024,
};

/** A line of the log of the bed. */
export type Line = { readonly atUs: number; readonly host: number; readonly boot: number } & (
  | { readonly what: 'connected'; readonly c: ConnectionId; readonly info: ConnectionInfo }
  | { readonly what: 'dialFailed'; readonly address: Address; readonly reason: DialFailure }
  | { readonly what: 'message'; readonly c: ConnectionId; readonly note: Note; readonly bytes: number }
  | { readonly what: 'malformed'; readonly c: ConnectionId; readonly reason: DecodeRejection }
  | { readonly what: 'writable'; readonly c: ConnectionId }
  | { readonly what: 'disconnected'; readonly c: ConnectionId; readonly reason: DisconnectReason }
);

/** A line without its place and time. */
export type LineOf<What extends Line['what']> = Extract<Line, { readonly what: What }>;

interface Event {
  readonly atUs: number;
  readonly tie: number;
  readonly handle: number;
  readonly owner: number;
  readonly component: number;
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly payload: unknown;
}

/** Settings of a bed; `wrapHosts` plants a bug between the network and its hosts. */
export interface BedOptions extends Partial<Omit<NetworkOptions, 'component'>> {
  readonly seed?: number;
  readonly wrapHosts?: (hosts: HostPort<Note>, bed: TestBed) => HostPort<Note>;
}

/** Addresses `h0`, `h1`, … */
export function addresses(count: number): readonly Address[] {
  return Array.from({ length: count }, (_, host) => address(`h${host}`));
}

export class TestBed implements NetworkKernel {
  readonly log: Line[] = [];
  /** The rolling hash of all that was traced, and of the log. */
  hash = 0;
  events = 0;
  readonly network: SimNetwork<Note>;
  /** Called by the host after it wrote the line. */
  onLine: (line: Line) => void = () => {};
  readonly up: boolean[];
  readonly boots: number[];
  #now = 0;
  #serial = 0;
  #handle = 1;
  readonly #heap: Event[] = [];
  readonly #cancelled = new Set<number>();
  readonly #scripts: (() => void)[] = [];
  readonly #ordinals: number[];
  readonly #seed: number;

  constructor(config: NetworkConfig, options: BedOptions = {}) {
    const count = config.hosts.length;
    this.#seed = options.seed ?? 1;
    this.up = new Array<boolean>(count).fill(true);
    this.boots = new Array<number>(count).fill(1);
    this.#ordinals = new Array<number>(count + 1).fill(0);
    const hosts = this.#hosts();
    this.network = createNetwork(config, this, options.wrapHosts?.(hosts, this) ?? hosts, NOTES, {
      component: NETWORK,
      isolate: options.isolate ?? false,
      exceptions: options.exceptions ?? [],
      drawFaults: options.drawFaults ?? true,
      ...(options.onMessageFault === undefined ? {} : { onMessageFault: options.onMessageFault }),
    });
  }

  nowUs(): number {
    return this.#now;
  }

  schedule(
    atUs: number,
    owner: number,
    component: number,
    op: number,
    a: number,
    b: number,
    payload: unknown,
  ): number {
    if (!Number.isSafeInteger(atUs) || atUs < this.#now) throw new Error(`at ${atUs}, now ${this.#now}`);
    if (!Number.isInteger(a) || !Number.isInteger(b) || a > 0xffff_ffff || b > 0xffff_ffff) {
      throw new Error(`words ${a}, ${b}`);
    }
    const ordinal = (this.#ordinals[owner] as number) + 1;
    this.#ordinals[owner] = ordinal;
    const tie = hashPair(hashPair(this.#seed, owner), ordinal);
    const handle = this.#handle++;
    push(this.#heap, { atUs, tie, handle, owner, component, op, a, b, payload });
    return handle;
  }

  cancel(handle: number): void {
    this.#cancelled.add(handle);
  }

  draw(purpose: number, x: number, y: number, ordinal: number): number {
    return drawWord({ low: this.#seed, high: 77 }, purpose, x, y, ordinal);
  }

  trace(host: number, kind: number, fingerprint: number, extra: number): void {
    this.hash = hashPair(hashPair(hashPair(this.hash, host), hashPair(kind, fingerprint)), extra);
  }

  /** Runs `script` at that time, as an event of no host. */
  at(atUs: number, script: () => void): void {
    this.schedule(atUs, this.#ordinals.length - 1, SCRIPT, 0, this.#scripts.push(script) - 1, 0, undefined);
  }

  run(untilUs = Number.MAX_SAFE_INTEGER): void {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atUs > untilUs) break;
      pop(this.#heap);
      if (this.#cancelled.delete(next.handle)) continue;
      this.#now = next.atUs;
      this.events++;
      if (next.component === SCRIPT) this.#scripts[next.a]?.();
      else this.network.handle(next.op, next.a, next.b, next.payload);
    }
    if (untilUs !== Number.MAX_SAFE_INTEGER) this.#now = Math.max(this.#now, untilUs);
  }

  dial(from: number, to: number): void {
    this.network.dial(from, this.boots[from] as number, address(`h${to}`), this.#now);
  }

  /** Sends a note with the next serial number; answers it, or undefined when it was not queued. */
  send(from: number, c: ConnectionId, kind = 'vote', bytes = 100, leaveUs = this.#now): Note | undefined {
    const note = { kind, serial: ++this.#serial, bytes };
    const answer = this.network.send(from, this.boots[from] as number, c, note, leaveUs);
    return answer === 'queued' ? note : undefined;
  }

  close(from: number, c: ConnectionId, how: 'afterQueued' | 'now' = 'afterQueued'): void {
    this.network.close(from, this.boots[from] as number, c, how, this.#now);
  }

  kill(host: number): void {
    this.up[host] = false;
    this.network.killed(host);
  }

  power(host: number): void {
    this.up[host] = false;
    this.network.powered(host);
  }

  restart(host: number): void {
    this.up[host] = true;
    this.boots[host] = (this.boots[host] as number) + 1;
  }

  /** Dials, runs until both ends are told, and answers the ids of dialer and listener. */
  connect(from: number, to: number): readonly [ConnectionId, ConnectionId] {
    const before = this.log.length;
    this.dial(from, to);
    while (this.lines('connected', before).length < 2) {
      const next = this.#heap[0];
      if (next === undefined) throw new Error('the connection did not come to be');
      this.run(next.atUs);
    }
    const made = this.lines('connected', before);
    const out = made.find((line) => line.info.direction === 'out');
    const inward = made.find((line) => line.info.direction === 'in');
    if (out === undefined || inward === undefined) throw new Error('one connection has two ends');
    return [out.c, inward.c];
  }

  lines<What extends Line['what']>(what: What, from = 0): LineOf<What>[] {
    const found: LineOf<What>[] = [];
    for (const line of this.log.slice(from)) if (isLineOf(line, what)) found.push(line);
    return found;
  }

  /** When each note was delivered, by serial number, in order of delivery. */
  deliveries(host?: number): readonly (readonly [serial: number, atUs: number])[] {
    return this.lines('message')
      .filter((line) => host === undefined || line.host === host)
      .map((line) => [line.note.serial, line.atUs] as const);
  }

  #write(line: Line): void {
    this.log.push(line);
    const what = line.what.charCodeAt(0);
    this.trace(line.host, what, line.atUs >>> 0, line.what === 'message' ? NOTES.fingerprint(line.note) : 0);
    this.onLine(line);
  }

  #hosts(): HostPort<Note> {
    const at = (host: number, boot: number) => ({ atUs: this.#now, host, boot });
    return {
      isUp: (host) => this.up[host] === true,
      bootOf: (host) => this.boots[host] as number,
      connected: (host, boot, c, info) => this.#write({ ...at(host, boot), what: 'connected', c, info }),
      dialFailed: (host, boot, to, reason) =>
        this.#write({ ...at(host, boot), what: 'dialFailed', address: to, reason }),
      message: (host, boot, c, note, bytes) =>
        this.#write({ ...at(host, boot), what: 'message', c, note, bytes }),
      malformed: (host, boot, c, reason) => this.#write({ ...at(host, boot), what: 'malformed', c, reason }),
      writable: (host, boot, c) => this.#write({ ...at(host, boot), what: 'writable', c }),
      disconnected: (host, boot, c, reason) =>
        this.#write({ ...at(host, boot), what: 'disconnected', c, reason }),
    };
  }
}

function isLineOf<What extends Line['what']>(line: Line, what: What): line is LineOf<What> {
  return line.what === what;
}

function before(x: Event, y: Event): boolean {
  if (x.atUs !== y.atUs) return x.atUs < y.atUs;
  return x.tie !== y.tie ? x.tie < y.tie : x.handle < y.handle;
}

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (before(heap[parent] as Event, event)) break;
    heap[at] = heap[parent] as Event;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop() as Event;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
    if (before(last, heap[child] as Event)) break;
    heap[at] = heap[child] as Event;
    at = child;
  }
  heap[at] = last;
}
