/** The simulated network: connections between hosts over links that delay, lose, cut, clog and corrupt. */
import { assert } from '../../env/assert.ts';
import {
  type Codec,
  type DisconnectReason,
  isDecodeRejection,
  SEND_QUEUE_MAX_BYTES,
} from '../../env/network.ts';
import type { Address, ConnectionId } from '../../env/units.ts';
import { CompactForms } from './compact-form.ts';
import { NETWORK_HOSTS_MAX, type NetworkConfig } from './config.ts';
import type { Core } from './core.ts';
import { isCut, OP, scheduleEnd } from './core.ts';
import { CLOSED, CLOSING, Endpoints, GONE, NOT_FULL, OPEN, OPENING, PROMISED, WANTED } from './endpoints.ts';
import { Handshake, type HandshakeEvents } from './handshake.ts';
import { Inbox, type InboxEvents } from './inbox.ts';
import type { LinkChange } from './link-change.ts';
import { Links } from './links.ts';
import { ACCEPT, CORRUPT, DATA, FIN, Messages, NONE, RESET } from './messages.ts';
import { Outbox } from './outbox.ts';
import { Pipes } from './pipes.ts';
import type { HostPort, MessageWatcher, NetworkKernel, NetworkOptions, SimNetwork } from './ports.ts';

/** Builds the network of `config.hosts`; see NetworkConfig for the models. */
export function createNetwork<M>(
  config: NetworkConfig,
  kernel: NetworkKernel,
  hosts: HostPort<M>,
  codec: Codec<M>,
  options: NetworkOptions,
): SimNetwork<M> {
  return new ConnectedHosts(config, kernel, hosts, codec, options);
}

class ConnectedHosts<M> implements SimNetwork<M>, InboxEvents, HandshakeEvents {
  readonly #config: NetworkConfig;
  readonly #kernel: NetworkKernel;
  readonly #hosts: HostPort<M>;
  readonly #codec: Codec<M>;
  readonly #isolate: boolean;
  readonly #isRaw: ((message: unknown) => boolean) | undefined;
  readonly #watcher: MessageWatcher | undefined;
  readonly #core: Core;
  readonly #ends: Endpoints;
  readonly #messages: Messages;
  readonly #links: Links;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #handshake: Handshake;
  readonly #compact: CompactForms | undefined;
  readonly #powerless: Uint8Array;

  constructor(
    config: NetworkConfig,
    kernel: NetworkKernel,
    hosts: HostPort<M>,
    codec: Codec<M>,
    options: NetworkOptions,
  ) {
    const count = config.hosts.length;
    assert(count > 0 && count <= NETWORK_HOSTS_MAX, 'a network has 1 to 65,534 hosts');
    this.#config = config;
    this.#kernel = kernel;
    this.#hosts = hosts;
    this.#codec = codec;
    this.#isolate = options.isolate;
    this.#isRaw = options.isRaw;
    this.#watcher = options.watcher;
    this.#powerless = new Uint8Array(count);
    const up: number[] = [];
    const down: number[] = [];
    for (const place of config.hosts) {
      up.push(rate(place.uploadKbitPerS ?? config.uploadKbitPerS[place.region]));
      down.push(rate(place.downloadKbitPerS ?? config.downloadKbitPerS[place.region]));
    }
    const { component } = options;
    const pipes = new Pipes([...up, ...down], config.uplink === 'fair', {
      nowUs: () => kernel.nowUs(),
      scheduleDue: (pipe, atUs) => kernel.schedule(atUs, pipe % count, component, OP.due, pipe, 0, undefined),
      cancel: (handle) => kernel.cancel(handle),
      onServed: (flow) => {
        const end = flow >> 1;
        this.#ends.hold(end);
        if ((flow & 1) === 0) this.#outbox.onServed(end);
        else this.#inbox.onServed(end);
        this.#ends.release(end);
      },
    });
    this.#ends = new Endpoints(count, (ends) => pipes.grow(2 * ends));
    this.#messages = new Messages();
    this.#links = new Links(config, kernel, options);
    this.#core = {
      config,
      kernel,
      component,
      ends: this.#ends,
      messages: this.#messages,
      links: this.#links,
      pipes,
      stream: config.model === 'stream',
      order: options.order,
    };
    this.#compact =
      config.model === 'simblock' && config.compact !== undefined
        ? new CompactForms(this.#core, config.compact)
        : undefined;
    this.#outbox = new Outbox(this.#core, this.#compact);
    this.#inbox = new Inbox(this.#core, this);
    this.#handshake = new Handshake(this.#core, hosts, this.#outbox, this);
  }

  handle(op: number, a: number, b: number): void {
    switch (op) {
      case OP.arrive:
        if (this.#compact?.needsRepair(a, b) === true) this.#outbox.askRepair(a, b);
        else this.#inbox.onArrive(a, b);
        break;
      case OP.due:
        this.#core.pipes.onDue(a);
        return;
      case OP.upload:
        this.#outbox.onUpload(a);
        return;
      case OP.repair:
        this.#outbox.onRepair(a, b);
        break;
      case OP.nullDial:
        this.#handshake.onNullDial(a);
        return;
      case OP.ready:
        this.#outbox.start(a);
        break;
      case OP.step:
        this.#inbox.onStep(a);
        break;
      case OP.retry:
        this.#inbox.onRetry(a);
        break;
      case OP.syn:
        this.#handshake.onSyn(a, b);
        break;
      case OP.synAck:
        this.#handshake.onSynAck(a, b);
        break;
      case OP.dialEnded:
        this.#handshake.onEnded(a, b);
        break;
      case OP.local:
        if (this.#ends.state[a] === CLOSED) this.#end(a, 'local');
        break;
      case OP.writable:
        this.#onWritable(a);
        break;
      case OP.keepAlive:
        this.#onKeepAlive(a);
        break;
      default:
        assert(false, 'the network handles the events that it asked for');
    }
    this.#ends.release(a);
  }

  dial(host: number, boot: number, to: Address, leaveUs: number): void {
    this.#handshake.dial(host, boot, to, leaveUs);
  }

  send(
    host: number,
    boot: number,
    c: ConnectionId,
    message: M,
    leaveUs: number,
  ): 'queued' | 'full' | 'closed' {
    const ends = this.#ends;
    const end = ends.find(host, boot, c);
    if (end === NONE || ends.state[end] !== OPEN) return 'closed';
    const kind = this.#links.kind(this.#codec.kind(message));
    let bytes = this.#links.modelledBytes(kind);
    if (bytes < 0) {
      bytes = this.#codec.byteLength(message);
      assert(bytes <= this.#codec.messageMaxBytes, 'a message is no longer than its codec allows');
    }
    const queuedBytes = (ends.queuedBytes[end] as number) + bytes;
    if (queuedBytes > SEND_QUEUE_MAX_BYTES) {
      if (ends.full[end] === NOT_FULL) ends.full[end] = WANTED;
      return 'full';
    }
    ends.queuedBytes[end] = queuedBytes;
    const ordinal = this.#links.nextOrdinal(ends.link[end] as number, kind);
    const slot = this.#messages.take(end, DATA, message, bytes, kind, ordinal, leaveUs);
    this.#watcher?.onSent({ slot, from: host, to: ends.host[end ^ 1] as number, message, bytes, leaveUs });
    this.#outbox.send(end, slot, leaveUs);
    return 'queued';
  }

  close(host: number, boot: number, c: ConnectionId, how: 'afterQueued' | 'now', leaveUs: number): void {
    const ends = this.#ends;
    const end = ends.find(host, boot, c);
    if (end === NONE || ends.state[end] !== OPEN) return;
    ends.state[end] = CLOSING;
    if (how === 'now') {
      this.#outbox.purge(end);
      ends.diedUs[end] = leaveUs;
    }
    this.#outbox.finish(end, leaveUs);
  }

  killed(host: number): void {
    this.#powerless[host] = 0;
    this.#down(host, true);
  }

  powered(host: number): void {
    this.#powerless[host] = 1;
    this.#down(host, false);
  }

  setLink(change: LinkChange): void {
    const replaced = this.#links.faults.set(change);
    if (replaced === 'clog') this.#inbox.unclog();
  }

  clear(id: string): void {
    if (this.#links.faults.clear(id) === 'clog') this.#inbox.unclog();
  }

  load(): { readonly connections: number; readonly messages: number } {
    return { connections: this.#ends.live, messages: this.#messages.live };
  }

  answers(end: number): boolean {
    const host = this.#ends.host[end] as number;
    return this.#powerless[host] === 0 || this.#hosts.isUp(host);
  }

  accepts(end: number): boolean {
    if (this.#hosts.accepts === undefined || this.#ends.state[end] !== OPEN) return true;
    return this.#hosts.accepts(this.#ends.host[end] as number);
  }

  resume(host: number): void {
    this.#inbox.resume(host);
  }

  onDelivery(end: number, slot: number): void {
    const control = this.#messages.control[slot] as number;
    if (control === DATA) {
      this.#outbox.account(slot);
      this.#deliver(end, slot);
      return;
    }
    this.#messages.free(slot);
    if (control === ACCEPT) this.#handshake.onAccept(end);
    else if (control === FIN) this.#end(end, 'closed');
    else this.#end(end, 'reset');
  }

  onDropped(slot: number): void {
    if (this.#messages.control[slot] === DATA) this.#outbox.account(slot);
    if (this.#messages.control[slot] === RESET)
      this.#ends.resetSent[(this.#messages.end[slot] as number) ^ 1] = 0;
    this.#messages.free(slot);
  }

  onGiveUp(end: number): void {
    const ends = this.#ends;
    // What comes behind would leave a gap: a stream loses a suffix, never more.
    ends.diedUs[end] = -1;
    this.#inbox.purge(end ^ 1);
    if (ends.state[end] === OPEN || ends.state[end] === CLOSING) {
      this.reset(end);
      this.#end(end, 'timeout');
    } else this.onNoticeLost(end ^ 1);
  }

  onNoticeLost(end: number): void {
    const { keepAliveUs } = this.#config;
    if (keepAliveUs === 0 || this.#ends.state[end] === GONE) return;
    scheduleEnd(this.#core, this.#kernel.nowUs() + keepAliveUs, end, OP.keepAlive, end, 0);
  }

  #deliver(end: number, slot: number): void {
    const ends = this.#ends;
    const messages = this.#messages;
    if (ends.state[end] !== OPEN) {
      messages.free(slot);
      if (ends.state[end] === GONE) this.reset(end);
      return;
    }
    this.#watcher?.onDelivered(slot);
    if (!this.#links.faults.quiet && isCut(this.#core, end)) this.#inbox.awaitAnswer(end);
    const host = ends.host[end] as number;
    const boot = ends.boot[end] as number;
    const bytes = messages.bytes[slot] as number;
    let message = messages.payload[slot] as M;
    const isCorrupt = messages.has(slot, CORRUPT);
    if (isCorrupt || this.#isRaw?.(message) === true) {
      const sent = this.#codec.encode(message);
      const raw = isCorrupt ? this.#corrupted(end, slot, sent) : sent;
      messages.free(slot);
      if (isCorrupt && this.#core.stream && this.#config.onCorruption === 'reset') {
        this.reset(end);
        this.#end(end, 'reset');
        return;
      }
      const decoded = this.#codec.decode(raw);
      if (isDecodeRejection(decoded)) {
        this.#hosts.malformed(host, boot, ends.connection(end), decoded);
        return;
      }
      message = decoded;
    } else {
      messages.free(slot);
      if (this.#isolate) message = this.#copied(message);
    }
    this.#hosts.message(host, boot, ends.connection(end), message, bytes);
  }

  #corrupted(end: number, slot: number, sent: Uint8Array): Uint8Array {
    const messages = this.#messages;
    const link = this.#ends.link[end ^ 1] as number;
    return this.#links.corrupted(link, messages.kind[slot] as number, messages.ordinal[slot] as number, sent);
  }

  #copied(message: M): M {
    const copy = this.#codec.decode(this.#codec.encode(message));
    assert(!isDecodeRejection(copy), 'a codec decodes what it encoded');
    return copy;
  }

  #onWritable(end: number): void {
    const ends = this.#ends;
    if (ends.state[end] !== OPEN || ends.full[end] !== PROMISED || !this.#outbox.isWritable(end)) return;
    this.#hosts.writable(ends.host[end] as number, ends.boot[end] as number, ends.connection(end));
  }

  /** A probe of an end whose peer is gone: a machine that lives answers with a reset. */
  #onKeepAlive(end: number): void {
    const ends = this.#ends;
    if (ends.state[end ^ 1] !== GONE || ends.state[end] === OPENING) return;
    const silent = isCut(this.#core, end) || isCut(this.#core, end ^ 1) || !this.answers(end ^ 1);
    this.#end(end, silent ? 'timeout' : 'reset');
  }

  /** Tells the other side that this end is gone; at most one such notice is under way. */
  reset(end: number): void {
    const ends = this.#ends;
    if (ends.resetSent[end ^ 1] === 1 || ends.state[end ^ 1] === GONE) return;
    ends.resetSent[end ^ 1] = 1;
    this.#outbox.control(end, RESET, this.#kernel.nowUs());
  }

  /** The connection is over for this end, whose event this is; its program hears of it if it knew the connection. */
  #end(end: number, reason: DisconnectReason): void {
    const ends = this.#ends;
    const state = ends.state[end] as number;
    if (state === GONE || (state === CLOSED && reason !== 'local')) return;
    const host = ends.host[end] as number;
    const boot = ends.boot[end] as number;
    const connection = ends.connection(end);
    this.retire(end);
    if (state === OPENING) return;
    this.#hosts.disconnected(host, boot, connection, state === OPEN ? reason : 'local');
  }

  retire(end: number): void {
    const ends = this.#ends;
    ends.hold(end);
    ends.retire(end);
    ends.diedUs[end] = Math.min(ends.diedUs[end] as number, this.#kernel.nowUs());
    this.#outbox.purge(end);
    if (ends.state[end ^ 1] === GONE) {
      this.#inbox.purge(end);
      this.#inbox.purge(end ^ 1);
    }
    ends.release(end);
  }

  #down(host: number, notice: boolean): void {
    const ends = this.#ends;
    for (let end = ends.firstOf(host); end !== NONE; ) {
      const next = ends.after(end);
      const state = ends.state[end] as number;
      ends.hold(end);
      this.retire(end);
      if (notice) this.#inbox.purge(end);
      if (!notice) {
        ends.dark[end] = 1;
        this.#inbox.silence(end);
        this.onNoticeLost(end ^ 1);
      } else if (state !== OPENING) {
        // The other end of a handshake hears of it when its next step finds this one gone.
        this.reset(end);
      }
      ends.release(end);
      end = next;
    }
    this.#inbox.resume(host);
  }
}

function rate(kbitPerS: number | undefined): number {
  assert(
    kbitPerS !== undefined && kbitPerS >= 0,
    'the bandwidth tables have a row for the region of each host',
  );
  return kbitPerS;
}
