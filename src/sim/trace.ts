/** The trace: a rolling hash over every event in constant memory, and the last events in a ring for comparison. */
import { highWord, lowWord, mix32, wordToHex } from './hash.ts';

const { imul } = Math;

/** Records that the ring keeps: what two runs in lockstep print when they part. */
export const RING_SIZE = 4096;

/** One event, as the ring remembers it. */
export interface TraceRecord {
  /** Its number in the run, from 0. */
  readonly index: number;
  readonly timeUs: number;
  /** -1: no host's. */
  readonly host: number;
  /** `component * 256 + op`; trace-kinds.ts has the names. */
  readonly kind: number;
  /** Of the first thing that was traced in it: the message, the timer's name, the command. */
  readonly fingerprint: number;
  /** Number of the event in which it was scheduled; -1: before the run. */
  readonly parent: number;
  /** How many draws were made in it. */
  readonly draws: number;
  /** 16 hexadecimal digits over all of it: effects, emitted events and draws included. */
  readonly hash: string;
}

/** Told of each event as it begins. */
export interface TraceWatcher {
  onEvent(index: number, atUs: number, host: number, kind: number, parent: number): void;
}

/** Where a trace stands. Equal marks: equal runs so far. */
export interface TraceMark {
  readonly events: number;
  /** 16 hexadecimal digits. */
  readonly hash: string;
}

/** Written by the kernel alone; `mark` and `records` are for readers. */
export class Trace {
  readonly #isFolding: boolean;
  readonly #watcher: TraceWatcher | undefined;
  #rollingA = 0x6a09e667;
  #rollingB = 0xbb67ae85 | 0;
  #events = 0;
  #open = false;

  #timeUs = 0;
  #host = 0;
  #kind = 0;
  #parent = 0;
  #a = 0;
  #b = 0;
  #fingerprint = 0;
  #folds = 0;
  #draws = 0;

  readonly #times = new Float64Array(RING_SIZE);
  readonly #hosts = new Int32Array(RING_SIZE);
  readonly #kinds = new Int32Array(RING_SIZE);
  readonly #fingerprints = new Uint32Array(RING_SIZE);
  readonly #parents = new Float64Array(RING_SIZE);
  readonly #drawCounts = new Uint32Array(RING_SIZE);
  readonly #hashesA = new Int32Array(RING_SIZE);
  readonly #hashesB = new Int32Array(RING_SIZE);

  /** @param isFolding false: counts events and nothing else, to measure what the trace costs. */
  constructor(isFolding = true, watcher?: TraceWatcher) {
    this.#isFolding = isFolding;
    this.#watcher = watcher;
  }

  /** Number of the event that is running, or of the next one. */
  get current(): number {
    return this.#events;
  }

  /** True between `begin` and `end`. */
  get isOpen(): boolean {
    return this.#open;
  }

  begin(timeUs: number, host: number, kind: number, parent: number): void {
    this.#open = true;
    this.#watcher?.onEvent(this.#events, timeUs, host, kind, parent);
    if (!this.#isFolding) return;
    this.#timeUs = timeUs;
    this.#host = host;
    this.#kind = kind;
    this.#parent = parent;
    this.#fingerprint = 0;
    this.#folds = 0;
    this.#draws = 0;
    this.#a = 0x3c6ef372;
    this.#b = 0x54ff53a5;
    this.#word(lowWord(timeUs));
    this.#word(highWord(timeUs));
    this.#word(imul(host + 1, 0x9e3779b1) ^ kind);
  }

  /** Adds something to the running event. */
  fold(host: number, kind: number, fingerprint: number, extra: number): void {
    if (!this.#isFolding) return;
    if (this.#folds++ === 0) this.#fingerprint = fingerprint;
    this.#word(imul(host + 1, 0x9e3779b1) ^ kind);
    this.#word(fingerprint);
    this.#word(extra);
  }

  /** Adds a draw to the running event. */
  draw(word: number): void {
    if (!this.#isFolding) return;
    this.#draws++;
    this.#word(word);
  }

  end(): void {
    this.#open = false;
    if (!this.#isFolding) {
      this.#events++;
      return;
    }
    const a = mix32(this.#a ^ this.#folds) | 0;
    const b = mix32(this.#b + this.#draws) | 0;
    const at = this.#events++ & (RING_SIZE - 1);
    this.#times[at] = this.#timeUs;
    this.#hosts[at] = this.#host;
    this.#kinds[at] = this.#kind;
    this.#fingerprints[at] = this.#fingerprint;
    this.#parents[at] = this.#parent;
    this.#drawCounts[at] = this.#draws;
    this.#hashesA[at] = a;
    this.#hashesB[at] = b;
    this.#rollingA = mix32(this.#rollingA ^ a) | 0;
    this.#rollingB = (mix32((this.#rollingB + b) ^ this.#rollingA) + a) | 0;
  }

  /** Number of events so far, and the hash over all of them. */
  mark(): TraceMark {
    return { events: this.#events, hash: wordToHex(this.#rollingA) + wordToHex(this.#rollingB) };
  }

  /** The last RING_SIZE events, oldest first. */
  records(): readonly TraceRecord[] {
    const records: TraceRecord[] = [];
    for (let index = Math.max(0, this.#events - RING_SIZE); index < this.#events; index++) {
      const at = index & (RING_SIZE - 1);
      records.push({
        index,
        timeUs: this.#times[at] as number,
        host: this.#hosts[at] as number,
        kind: this.#kinds[at] as number,
        fingerprint: this.#fingerprints[at] as number,
        parent: this.#parents[at] as number,
        draws: this.#drawCounts[at] as number,
        hash: wordToHex(this.#hashesA[at] as number) + wordToHex(this.#hashesB[at] as number),
      });
    }
    return records;
  }

  #word(word: number): void {
    const a = imul(this.#a ^ word, 0x85ebca6b);
    this.#a = a ^ (a >>> 15);
    const b = imul(this.#b + word, 0xc2b2ae35) ^ a;
    this.#b = (b << 13) | (b >>> 19);
  }
}

/** The first record, by number, that the rings do not share; undefined when they agree where they overlap. */
export function compareRings(
  a: readonly TraceRecord[],
  b: readonly TraceRecord[],
): { readonly index: number; readonly a?: TraceRecord; readonly b?: TraceRecord } | undefined {
  const firstA = a[0]?.index ?? 0;
  const firstB = b[0]?.index ?? 0;
  const from = Math.max(firstA, firstB);
  const to = Math.max(firstA + a.length, firstB + b.length);
  for (let index = from; index < to; index++) {
    const one = a[index - firstA];
    const two = b[index - firstB];
    if (one !== undefined && two !== undefined && one.hash === two.hash) continue;
    return {
      index,
      ...(one === undefined ? {} : { a: one }),
      ...(two === undefined ? {} : { b: two }),
    };
  }
  return undefined;
}
