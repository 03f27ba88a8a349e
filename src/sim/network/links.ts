/** Directed links between hosts: permanent latency, the count of each kind of message, and how long each one takes. */
import { assert } from '../../env/assert.ts';
import { scaleWord } from '../draws.ts';
import { hashText } from '../hash.ts';
import type { NetworkConfig } from './config.ts';
import { createSampler, type Sampler } from './distribution.ts';
import { LinkFaults, MILLION } from './link-faults.ts';
import { copied } from './messages.ts';
import type { MessageEffect, MessageException, NetworkKernel, NetworkOptions } from './ports.ts';

/** Purposes of the draws of the network: one stream each. The kernel's other parts use numbers below 0x4e00. */
const PURPOSE = {
  pair: 0x4e00,
  jitter: 0x4e01,
  loss: 0x4e02,
  duplicate: 0x4e03,
  secondJitter: 0x4e04,
  reorder: 0x4e05,
  reorderBy: 0x4e06,
  corrupt: 0x4e07,
  rebuild: 0x4e08,
  repair: 0x4e09,
  flip: 0x4e10,
} as const;
/** Kinds of messages of one program: a small closed set. */
const KINDS_MAX = 64;
/** Bits that one corruption flips, at most. */
const FLIPS_MAX = 4;
/** Linux gives up after 15 retransmissions (tcp_retries2). */
const RETRANSMISSIONS_MAX = 15;
/** The longest distance between two of them (TCP_RTO_MAX). */
export const RTO_MAX_US = 120_000_000;
/** Trace kind of a message that suffered a drawn fault. */
const TRACE_MESSAGE_FAULT = 0x4e01;

/** What befalls one message on its way. */
export interface Fate {
  /** One way, with everything that delays it but bandwidth. */
  delayUs: number;
  /** Lost for as long as the loss of the link is what it is. */
  lost: boolean;
  /** Dropped by an exception. */
  dropped: boolean;
  corrupt: boolean;
  /** How long a second copy takes; 0: there is none. */
  duplicateUs: number;
}

export class Links {
  readonly faults: LinkFaults;
  /** Filled by `decide`, read before the next. */
  readonly fate: Fate = { delayUs: 0, lost: false, dropped: false, corrupt: false, duplicateUs: 0 };
  from = new Int32Array(0);
  to = new Int32Array(0);
  /** Permanent one-way latency. */
  baseUs = new Float64Array(0);
  readonly #config: NetworkConfig;
  readonly #kernel: NetworkKernel;
  readonly #options: NetworkOptions;
  readonly #pair: Sampler;
  readonly #jitter: Sampler;
  /** simblock: the Pareto distribution of each mean. */
  readonly #paretos = new Map<number, Sampler>();
  readonly #index = new Map<number, number>();
  readonly #kinds: string[] = [];
  readonly #kindHash: number[] = [];
  readonly #kindBytes: number[] = [];
  readonly #kindBulk: boolean[] = [];
  readonly #exceptions = new Map<number, MessageException[]>();
  readonly #plain: boolean;
  #latency: (Sampler | undefined)[] = [];
  #key = new Float64Array(0);
  #excepted = new Uint8Array(0);
  #ordinals = new Uint32Array(0);
  #stride = 8;
  #size = 0;

  constructor(config: NetworkConfig, kernel: NetworkKernel, options: NetworkOptions) {
    this.#config = config;
    this.#kernel = kernel;
    this.#options = options;
    this.faults = new LinkFaults(config.hosts.length);
    this.#pair = createSampler(config.latency.pair);
    this.#jitter = createSampler(config.latency.jitter);
    this.#plain =
      config.model === 'stream' && this.#jitter.constant && config.lossPpm === 0 && config.corruptPpm === 0;
    for (const exception of options.exceptions) {
      const key = linkKey(exception.from, exception.to);
      const list = this.#exceptions.get(key);
      if (list === undefined) this.#exceptions.set(key, [exception]);
      else list.push(exception);
    }
  }

  /** The number of the link from one host to another, made when first asked for. */
  link(from: number, to: number): number {
    const key = linkKey(from, to);
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    const link = this.#size++;
    if (link >= this.from.length) this.#grow(Math.max(256, 2 * link));
    this.#index.set(key, link);
    this.from[link] = from;
    this.to[link] = to;
    this.#key[link] = key;
    this.#excepted[link] = this.#exceptions.has(key) ? 1 : 0;
    const meanUs = this.#meanUs(from, to);
    const pair = linkKey(Math.min(from, to), Math.max(from, to));
    this.baseUs[link] =
      meanUs + this.#pair.at(this.#pair.constant ? 0 : this.#kernel.draw(PURPOSE.pair, pair, 0, 0));
    if (this.#config.model === 'simblock') this.#latency[link] = this.#paretoOf(meanUs);
    return link;
  }

  /** The index of a kind of message. */
  kind(name: string): number {
    for (let i = 0; i < this.#kinds.length; i++) if (this.#kinds[i] === name) return i;
    const kind = this.#kinds.length;
    assert(kind < KINDS_MAX, 'the kinds of messages are a small closed set');
    this.#kinds.push(name);
    this.#kindHash.push(hashText(name));
    this.#kindBytes.push(this.#config.messageBytes.get(name) ?? -1);
    this.#kindBulk.push(this.#config.bulkKinds.has(name));
    if (kind >= this.#stride) this.#widen();
    return kind;
  }

  /** The name of that index. */
  kindName(kind: number): string {
    return this.#kinds[kind] as string;
  }

  /** The bytes that the scenario gives to a kind, or -1. */
  modelledBytes(kind: number): number {
    return this.#kindBytes[kind] as number;
  }

  isBulk(kind: number): boolean {
    return this.#kindBulk[kind] as boolean;
  }

  /** The next ordinal of that kind on that link, from 0. */
  nextOrdinal(link: number, kind: number): number {
    const at = link * this.#stride + kind;
    const ordinal = this.#ordinals[at] as number;
    this.#ordinals[at] = ordinal + 1;
    return ordinal;
  }

  /** Decides what befalls the message and writes it to `fate`. */
  decide(link: number, kind: number, ordinal: number): void {
    const fate = this.fate;
    fate.lost = false;
    fate.dropped = false;
    fate.corrupt = false;
    fate.duplicateUs = 0;
    if (this.#plain && this.faults.quiet && this.#excepted[link] === 0) {
      fate.delayUs = (this.baseUs[link] as number) + this.#jitter.at(0);
      return;
    }
    const from = this.from[link] as number;
    const to = this.to[link] as number;
    const { quiet } = this.faults;
    fate.delayUs = this.#latencyUs(link, kind, ordinal, PURPOSE.jitter);
    if (!quiet) fate.delayUs += this.faults.extraUs(from, to);
    if (this.#options.drawFaults) this.#drawFaults(link, kind, ordinal, quiet);
    if (this.#excepted[link] === 1) this.#applyExceptions(link, kind, ordinal);
  }

  /** simblock: whether the receiver of that compact message cannot rebuild it, when it fails at that share of them. */
  isNotRebuilt(link: number, kind: number, ordinal: number, failurePpm: number): boolean {
    return this.#happens(PURPOSE.rebuild, link, kind, ordinal, failurePpm);
  }

  /** simblock: which of `count` equally likely repairs that message is. */
  repairOf(link: number, kind: number, ordinal: number, count: number): number {
    return scaleWord(count, this.#draw(PURPOSE.repair, link, kind, ordinal));
  }

  /** Flips 1 to 4 drawn bits of a copy. */
  corrupted(link: number, kind: number, ordinal: number, bytes: Uint8Array): Uint8Array {
    const changed = bytes.slice();
    if (changed.length === 0) return changed;
    const flips = 1 + (this.#draw(PURPOSE.flip, link, kind, ordinal) % FLIPS_MAX);
    for (let i = 1; i <= flips; i++) {
      const bit = scaleWord(changed.length * 8, this.#draw(PURPOSE.flip + i, link, kind, ordinal));
      changed[bit >>> 3] = (changed[bit >>> 3] as number) ^ (1 << (bit & 7));
    }
    return changed;
  }

  #drawFaults(link: number, kind: number, ordinal: number, quiet: boolean): void {
    const { faults, fate } = this;
    const config = this.#config;
    const from = this.from[link] as number;
    const to = this.to[link] as number;
    const lossPpm = quiet ? config.lossPpm : faults.lossPpm(from, to, config.lossPpm);
    if (lossPpm > 0) this.#drawLoss(link, kind, ordinal, lossPpm);
    const corruptPpm = quiet ? config.corruptPpm : faults.corruptPpm(from, to, config.corruptPpm);
    if (this.#happens(PURPOSE.corrupt, link, kind, ordinal, corruptPpm)) {
      fate.corrupt = true;
      this.#tell(link, kind, ordinal, { kind: 'corrupt' });
    }
    if (config.model !== 'datagram') return;
    const reorderPpm = quiet ? config.reorderPpm : faults.reorderPpm(from, to, config.reorderPpm);
    if (this.#happens(PURPOSE.reorder, link, kind, ordinal, reorderPpm)) {
      const byUs = quiet ? config.reorderUs : faults.reorderUs(from, to, config.reorderUs);
      const us = scaleWord(byUs + 1, this.#draw(PURPOSE.reorderBy, link, kind, ordinal));
      fate.delayUs += us;
      this.#tell(link, kind, ordinal, { kind: 'delay', us });
    }
    const duplicatePpm = quiet ? config.duplicatePpm : faults.duplicatePpm(from, to, config.duplicatePpm);
    if (this.#happens(PURPOSE.duplicate, link, kind, ordinal, duplicatePpm)) {
      this.#duplicate(link, kind, ordinal);
      this.#tell(link, kind, ordinal, { kind: 'duplicate' });
    }
  }

  #drawLoss(link: number, kind: number, ordinal: number, lossPpm: number): void {
    const us = this.#retransmissionUs(link, kind, ordinal, lossPpm);
    if (us === 0) return;
    if (us < 0) this.fate.lost = true;
    else this.fate.delayUs += us;
    this.#tell(link, kind, ordinal, us < 0 ? { kind: 'drop' } : { kind: 'delay', us });
  }

  /**
   * How long retransmission delays a message, or -1 when it does not get through. One draw r says how often in a row it
   * is lost: n times when r < loss^n, so more loss never helps a message.
   */
  #retransmissionUs(link: number, kind: number, ordinal: number, lossPpm: number): number {
    const draw = this.#draw(PURPOSE.loss, link, kind, ordinal);
    let below = Math.floor((4_294_967_296 * lossPpm) / MILLION);
    if (draw >= below) return 0;
    if (this.#config.model !== 'stream') return -1;
    let rtoUs = this.rtoUs(link);
    let us = 0;
    for (let lost = 0; draw < below; lost++) {
      if (lost === RETRANSMISSIONS_MAX || us + rtoUs > this.#config.stallResetUs) return -1;
      us += rtoUs;
      rtoUs = Math.min(2 * rtoUs, RTO_MAX_US);
      below = Math.floor((below * lossPpm) / MILLION);
    }
    return us;
  }

  /** True while the present loss of the link is such that the message does not get through. */
  isStillLost(link: number, kind: number, ordinal: number): boolean {
    if (!this.#options.drawFaults) return false;
    const lossPpm = this.faults.lossPpm(
      this.from[link] as number,
      this.to[link] as number,
      this.#config.lossPpm,
    );
    return this.#retransmissionUs(link, kind, ordinal, lossPpm) < 0;
  }

  /** The first retransmission time-out: the configured one beyond the round trip. */
  rtoUs(link: number): number {
    return this.#config.rtoUs + 2 * (this.baseUs[link] as number);
  }

  #applyExceptions(link: number, kind: number, ordinal: number): void {
    const fate = this.fate;
    for (const exception of this.#exceptions.get(this.#key[link] as number) ?? []) {
      if (exception.ordinal !== ordinal || exception.messageKind !== this.#kinds[kind]) continue;
      const { effect } = exception;
      if (effect.kind === 'drop') fate.dropped = true;
      else if (effect.kind === 'delay') fate.delayUs += effect.us;
      else if (effect.kind === 'corrupt') fate.corrupt = true;
      else if (this.#config.model === 'datagram') this.#duplicate(link, kind, ordinal);
    }
  }

  #duplicate(link: number, kind: number, ordinal: number): void {
    this.fate.duplicateUs = 1 + this.#latencyUs(link, kind, ordinal, PURPOSE.secondJitter);
  }

  #latencyUs(link: number, kind: number, ordinal: number, purpose: number): number {
    const pareto = this.#latency[link];
    if (pareto !== undefined) {
      const us = pareto.at(this.#draw(purpose, link, kind, ordinal));
      return Math.floor((us + 500) / 1000) * 1000;
    }
    const jitter = this.#jitter;
    return (
      (this.baseUs[link] as number) +
      jitter.at(jitter.constant ? 0 : this.#draw(purpose, link, kind, ordinal))
    );
  }

  #happens(purpose: number, link: number, kind: number, ordinal: number, ppm: number): boolean {
    if (ppm === 0) return false;
    return this.#draw(purpose, link, kind, ordinal) < Math.floor((4_294_967_296 * ppm) / MILLION);
  }

  #draw(purpose: number, link: number, kind: number, ordinal: number): number {
    return this.#kernel.draw(purpose, this.#key[link] as number, this.#kindHash[kind] as number, ordinal);
  }

  #tell(link: number, kind: number, ordinal: number, effect: MessageEffect): void {
    const from = this.from[link] as number;
    const to = this.to[link] as number;
    this.#kernel.trace(from, TRACE_MESSAGE_FAULT, this.#kindHash[kind] as number, ordinal);
    this.#options.onMessageFault?.({ from, to, messageKind: this.#kinds[kind] as string, ordinal, effect });
  }

  #meanUs(from: number, to: number): number {
    const { hosts, latency } = this.#config;
    const row = latency.meanUs[hosts[from]?.region ?? -1];
    const meanUs = row?.[hosts[to]?.region ?? -1];
    assert(meanUs !== undefined, 'the latency table has a row and a column for the region of each host');
    return meanUs;
  }

  /** SimBlock: Pareto of scale mean - 5 ms and shape 0.2 * mean in ms, which has that mean. */
  #paretoOf(meanUs: number): Sampler {
    const known = this.#paretos.get(meanUs);
    if (known !== undefined) return known;
    const sampler = createSampler({
      kind: 'pareto',
      scaleUs: Math.max(0, meanUs - 5000),
      shape: (0.2 * meanUs) / 1000,
    });
    this.#paretos.set(meanUs, sampler);
    return sampler;
  }

  #widen(): void {
    const wider = new Uint32Array((this.#ordinals.length / this.#stride) * this.#stride * 2);
    for (let link = 0; link < this.#size; link++) {
      const row = this.#ordinals.subarray(link * this.#stride, (link + 1) * this.#stride);
      wider.set(row, link * this.#stride * 2);
    }
    this.#stride *= 2;
    this.#ordinals = wider;
  }

  #grow(count: number): void {
    this.from = copied(new Int32Array(count), this.from);
    this.to = copied(new Int32Array(count), this.to);
    this.baseUs = copied(new Float64Array(count), this.baseUs);
    this.#key = copied(new Float64Array(count), this.#key);
    this.#excepted = copied(new Uint8Array(count), this.#excepted);
    this.#ordinals = copied(new Uint32Array(count * this.#stride), this.#ordinals);
  }
}

/** A directed link in one unsigned word: independent of how many hosts there are. */
function linkKey(from: number, to: number): number {
  return ((from << 16) | to) >>> 0;
}
