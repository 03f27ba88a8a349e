/** WebSockets of /events: taken over from the HTTP server within limits, watched by pings, closed with a code and a reason. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import type { DomainEvent } from '../../chain/types/event.ts';
import { plainHost } from '../network/endpoints.ts';
import { CLOSE } from './event-forms.ts';
import { EventHub, type HubConfig, type HubLimits } from './event-hub.ts';
import { ApiError } from './route.ts';
import { type Subscription, subscriptionOf } from './subscription.ts';

/** How many may hold a stream open, and what each may cost. */
export interface SocketLimits extends HubLimits {
  /** Streams at once. */
  readonly max: number;
  /** Of one address of those. */
  readonly perAddressMax: number;
}

/** A subscriber sends nothing: what it may send until that is found out. */
const MESSAGE_MAX_BYTES = 1_024;
/** How often slow and silent subscribers are looked for. */
const TICK_MS = 1_000;
/** A ping in so many looks; who has answered none of four is gone. */
const PING_TICKS = 15;
const PINGS_UNANSWERED_MAX = 4;
/** At the end of the node: for the answers to its closing. */
const CLOSE_GRACE_MS = 1_000;
/** Of a frame that closes (RFC 6455 §5.5). */
const REASON_MAX_LENGTH = 123;

/** A connection that asks to be a WebSocket, until its route has been found. */
interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
  readonly response: ServerResponse;
}

/** True for what is to leave HTTP: other upgrades than to a WebSocket are not known here, and ignored. */
export function isUpgrade({ headers, method }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

export class EventSockets {
  readonly #limits: SocketLimits;
  readonly #hub: EventHub;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  });
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();
  readonly #perAddress = new Map<string, number>();
  readonly #unanswered = new WeakMap<WebSocket, number>();
  readonly #ticking: NodeJS.Timeout;
  #ticks = 0;
  #isClosed = false;

  constructor(limits: SocketLimits, node: Pick<HubConfig, 'chain' | 'report'>) {
    this.#limits = limits;
    this.#hub = new EventHub({
      ...limits,
      ...node,
      later: (run) => setImmediate(run),
      nowMs: () => performance.now(),
    });
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Upgrades go through the routes as every request does: rate, query and path are checked, and errors answered, as everywhere. */
  listen(app: FastifyInstance): void {
    app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      // Before Node 24 a server cannot leave other upgrades to HTTP.
      if (!(socket instanceof Socket) || !isUpgrade(request)) {
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.on('finish', () => socket.end());
      response.assignSocket(socket);
      this.#upgrades.set(request, { socket, head, response });
      app.routing(request, response);
    });
  }

  /** The route: checked by its form before. @throws {ApiError} when it is not taken. */
  accept(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const subscription = subscriptionOf(request.query);
    const address = plainHost(request.ip);
    const { max, perAddressMax } = this.#limits;
    if (this.#isClosed) throw new ApiError(503, 'STOPPED', 'the node is stopping');
    if (this.#server.clients.size >= max)
      throw new ApiError(429, 'TOO_MANY_STREAMS', `this node has ${max} streams, and takes no more`);
    if ((this.#perAddress.get(address) ?? 0) >= perAddressMax)
      throw new ApiError(
        429,
        'TOO_MANY_STREAMS',
        `${address} has ${perAddressMax} streams: no more of one address`,
      );
    const upgrade = this.#upgrades.get(request.raw);
    if (upgrade === undefined) {
      void reply.headers({ connection: 'upgrade', upgrade: 'websocket' });
      throw new ApiError(426, 'UPGRADE_REQUIRED', 'this route is a WebSocket: ws://…/events');
    }
    reply.hijack();
    const { socket, head, response } = upgrade;
    response.detachSocket(socket);
    this.#server.handleUpgrade(request.raw, socket, head, (taken) =>
      this.#open(taken, socket, subscription, address),
    );
    return reply;
  }

  /** Called inside a handler of the node. */
  onEvent(event: DomainEvent): void {
    this.#hub.onEvent(event);
  }

  /** Tells everybody where to go on, and waits a moment for them to leave. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#ticking);
    this.#hub.stop();
    const left = [...this.#server.clients].map(
      (socket) => new Promise((resolve) => socket.once('close', resolve)),
    );
    const timer = setTimeout(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, CLOSE_GRACE_MS);
    await Promise.all(left);
    clearTimeout(timer);
  }

  #open(socket: WebSocket, connection: Socket, subscription: Subscription, address: string): void {
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    this.#unanswered.set(socket, 0);
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => this.#unanswered.set(socket, 0));
    socket.on('ping', () => {
      if (socket.bufferedAmount > this.#limits.bufferMaxBytes) socket.terminate();
    });
    socket.on('message', () => close(socket, CLOSE.unasked, 'UNASKED: a subscriber sends nothing'));
    const subscriber = this.#hub.open(subscription, {
      get bufferedBytes() {
        return socket.bufferedAmount;
      },
      send(messages, onTaken) {
        // One call of the system for all of them, not one each.
        connection.cork();
        const last = messages.length - 1;
        for (const [i, message] of messages.entries())
          socket.send(message, { binary: false }, i === last ? onTaken : undefined);
        connection.uncork();
      },
      close: (code, reason) => close(socket, code, reason),
    });
    socket.on('close', () => {
      subscriber?.leave();
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    });
  }

  #tick(): void {
    this.#hub.tick();
    if (++this.#ticks % PING_TICKS !== 0) return;
    for (const socket of this.#server.clients) {
      const unanswered = this.#unanswered.get(socket) ?? 0;
      if (unanswered >= PINGS_UNANSWERED_MAX) socket.terminate();
      else {
        this.#unanswered.set(socket, unanswered + 1);
        socket.ping();
      }
    }
  }
}

function close(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason.slice(0, REASON_MAX_LENGTH));
}
