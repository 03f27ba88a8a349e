/** TCP, or TLS over it, behind env/network.ts: each message is a line of bytes, as the codec gave them. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { assert } from '../../env/assert.ts';
import {
  type Codec,
  type DialFailure,
  type DisconnectReason,
  isDecodeRejection,
  type Network,
  SEND_QUEUE_MAX_BYTES,
} from '../../env/network.ts';
import type { Process, World } from '../../env/program.ts';
import { type Address, address, type ConnectionId, connectionId } from '../../env/units.ts';
import { type Endpoint, formatEndpoint, parseEndpoint, plainHost } from './endpoints.ts';
import { createLineReader } from './line-reader.ts';

const LINE_FEED = 10;
/** Idle time after which the system asks whether the other machine is still there; messages ask by Ping long before. */
const KEEP_ALIVE_MS = 30_000;
/** An inbound TLS handshake takes no longer. */
const HANDSHAKE_MS = 10_000;
/** What was queued before an orderly close is sent within this time, or not at all. */
const LINGER_MS = 5_000;

/** Who may connect, and how long it may take. */
export interface TcpLimits {
  /** A dial without an answer, and a TLS handshake, end after so long. */
  readonly dialTimeoutMs: number;
  /** Connections that others opened, at once. */
  readonly inboundMax: number;
  /** Of one address of those. */
  readonly inboundPerAddressMax: number;
}

export const DEFAULT_TCP_LIMITS: TcpLimits = {
  dialTimeoutMs: 5_000,
  inboundMax: 256,
  inboundPerAddressMax: 16,
};

/** TLS 1.3 where both sides show a certificate that `ca` has signed. PEM texts. */
export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** What a network is built from. */
export interface TcpConfig<M> {
  readonly listener: Server;
  /** The addresses that others dial this host by: dialing one of them fails. */
  readonly own: readonly Address[];
  readonly codec: Codec<M>;
  readonly limits: TcpLimits;
  readonly tls: TlsIdentity | undefined;
  /** The first lines of a connection may be so long, while nobody knows yet who the other side is; absent: as all others. */
  readonly opening?: OpeningLimit;
}

/** What a protocol says first. */
export interface OpeningLimit {
  readonly lines: number;
  readonly lineMaxBytes: number;
}

/** A network, and its end. */
export interface TcpNetwork<M> extends Network<M> {
  /** Connections that stand, and dials under way. */
  readonly counts: { readonly connections: number; readonly inbound: number; readonly dialing: number };
  /** Drops every connection; the port is free when it resolves. */
  stop(): Promise<void>;
}

/** Runs a call on the process as one handler, unless the boot has ended. */
export type EnterProcess<W extends World> = (run: (process: Process<W>) => void) => void;

interface Connection {
  readonly id: ConnectionId;
  readonly socket: Socket;
  isFull: boolean;
  /** Set when it ended or this side closed it: nothing is delivered any more. */
  end: DisconnectReason | undefined;
}

/** Opens the port; 0 takes a free one. @throws {NodeJS.ErrnoException} such as EADDRINUSE or EACCES. */
export function listenTcp({ host, port }: Endpoint, tls: TlsIdentity | undefined): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server =
      tls === undefined
        ? createServer({ noDelay: true })
        : createTlsServer({
            ...tls,
            noDelay: true,
            minVersion: 'TLSv1.3',
            requestCert: true,
            rejectUnauthorized: true,
            handshakeTimeout: HANDSHAKE_MS,
          });
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

/** The network of one boot. */
export function createTcpNetwork<W extends World>(
  { listener, own, codec, limits, tls, opening }: TcpConfig<W['message']>,
  enter: EnterProcess<W>,
): TcpNetwork<W['message']> {
  const connections = new Map<ConnectionId, Connection>();
  const inboundOf = new Map<string, number>();
  const dialing = new Set<Socket>();
  /** Closed in order, and still sending what was queued. */
  const lingering = new Set<Socket>();
  let inbound = 0;
  let lastId = 0;

  /** A connection counts from here on, before any TLS: handshakes that never end hold sockets too. */
  function onAccepted(socket: Socket): void {
    const host = plainHost(socket.remoteAddress ?? '');
    const count = inboundOf.get(host) ?? 0;
    // A socket that was reset before it came here has no address.
    if (host === '' || inbound >= limits.inboundMax || count >= limits.inboundPerAddressMax) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    inbound++;
    inboundOf.set(host, count + 1);
    socket.once('close', () => {
      inbound--;
      const left = (inboundOf.get(host) ?? 1) - 1;
      if (left === 0) inboundOf.delete(host);
      else inboundOf.set(host, left);
    });
    if (tls === undefined) onInbound(socket);
  }

  function onInbound(socket: Socket): void {
    adopt(socket, undefined);
  }

  function adopt(socket: Socket, dialed: Address | undefined): void {
    const id = connectionId(++lastId);
    const connection: Connection = { id, socket, isFull: false, end: undefined };
    connections.set(id, connection);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    let reason: DisconnectReason = 'closed';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code === 'ETIMEDOUT' ? 'timeout' : 'reset';
    });
    socket.on('close', () => finish(connection, reason));
    socket.on(
      'data',
      createLineReader(lineMaxBytes, (line, isTooLong) => onLine(connection, line, isTooLong)),
    );
    const remote = address(
      formatEndpoint({ host: plainHost(socket.remoteAddress ?? 'unknown'), port: socket.remotePort ?? 0 }),
    );
    const direction = dialed === undefined ? 'in' : 'out';
    enter((p) => p.onConnected(id, { direction, remote, ...(dialed === undefined ? {} : { dialed }) }));
  }

  function lineMaxBytes(index: number): number {
    return opening !== undefined && index < opening.lines ? opening.lineMaxBytes : codec.messageMaxBytes;
  }

  function onLine(connection: Connection, line: Uint8Array, isTooLong: boolean): void {
    // A handler of this chunk may have closed the connection.
    if (connection.end !== undefined) return;
    const { id } = connection;
    const message: ReturnType<typeof codec.decode> = isTooLong
      ? { code: 'TOO_LARGE', detail: `more than ${line.length - 1} bytes` }
      : codec.decode(line);
    enter((p) => (isDecodeRejection(message) ? p.onMalformed(id, message) : p.onMessage(id, message)));
  }

  /** A socket tells its end several times; who takes the connection out of the map tells the program. */
  function finish(connection: Connection, reason: DisconnectReason): void {
    const { id } = connection;
    if (!connections.delete(id)) return;
    const told = connection.end ?? reason;
    connection.end = told;
    enter((p) => p.onDisconnected(id, told));
  }

  function afterWrite(connection: Connection): void {
    if (!connection.isFull || connection.end !== undefined) return;
    if (connection.socket.writableLength > SEND_QUEUE_MAX_BYTES / 2) return;
    connection.isFull = false;
    enter((p) => p.onWritable(connection.id));
  }

  function dialSocket({ host, port }: Endpoint): Socket {
    if (tls === undefined) return connect({ host, port, noDelay: true });
    // Who the other side is, its certificate says; nodes are not named by the addresses they listen on.
    const socket: TLSSocket = connectTls({
      ...tls,
      host,
      port,
      minVersion: 'TLSv1.3',
      checkServerIdentity: () => undefined,
    });
    socket.setNoDelay(true);
    return socket;
  }

  function dial(to: Address): void {
    const fail = (reason: DialFailure): void => enter((p) => p.onDialFailed(to, reason));
    const endpoint = parseEndpoint(to);
    if (own.includes(to) || endpoint === undefined) {
      setImmediate(() => fail(endpoint === undefined ? 'unreachable' : 'self'));
      return;
    }
    const socket = dialSocket(endpoint);
    dialing.add(socket);
    const give = (reason: DialFailure): void => {
      if (!dialing.delete(socket)) return;
      socket.destroy();
      fail(reason);
    };
    const onError = (error: NodeJS.ErrnoException): void => give(dialFailureOf(error));
    const onClose = (): void => give('refused');
    socket.setTimeout(limits.dialTimeoutMs, () => give('timeout'));
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      if (!dialing.delete(socket)) return;
      socket.setTimeout(0);
      socket.off('error', onError);
      socket.off('close', onClose);
      adopt(socket, to);
    });
  }

  // Before TLS's own listener, which gives up what is destroyed here.
  listener.prependListener('connection', onAccepted);
  if (tls !== undefined) listener.on('secureConnection', onInbound);
  listener.maxConnections = limits.inboundMax;
  // A handshake that fails is the other side's affair.
  listener.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());

  return {
    get counts() {
      return { connections: connections.size, inbound, dialing: dialing.size };
    },
    dial,
    send(to, message) {
      const connection = connections.get(to);
      if (connection === undefined || connection.end !== undefined) return 'closed';
      const body = codec.encode(message);
      assert(body.length <= codec.messageMaxBytes, 'a message is no longer than its codec says');
      assert(!body.includes(LINE_FEED), 'an encoded message holds no line feed');
      if (connection.socket.writableLength + body.length + 1 > SEND_QUEUE_MAX_BYTES) {
        connection.isFull = true;
        return 'full';
      }
      const line = new Uint8Array(body.length + 1);
      line.set(body);
      line[body.length] = LINE_FEED;
      connection.socket.write(line, () => afterWrite(connection));
      return 'queued';
    },
    close(c, how) {
      const connection = connections.get(c);
      if (connection === undefined || connection.end !== undefined) return;
      const { socket } = connection;
      connection.end = 'local';
      // Never resetAndDestroy: while a socket is shutting down it fails, and keeps the process from ending (Node 24).
      if (how === 'now') socket.destroy();
      else {
        lingering.add(socket);
        socket.once('close', () => lingering.delete(socket));
        socket.setTimeout(LINGER_MS, () => socket.destroy());
        socket.end();
      }
      setImmediate(() => finish(connection, 'local'));
    },
    stop() {
      listener.off('connection', onAccepted);
      listener.off('secureConnection', onInbound);
      listener.prependListener('connection', (socket: Socket) => socket.destroy());
      for (const { socket } of connections.values()) socket.destroy();
      for (const socket of [...dialing, ...lingering]) socket.destroy();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}

function dialFailureOf(error: NodeJS.ErrnoException): DialFailure {
  switch (error.code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return 'refused';
    case 'ETIMEDOUT':
      return 'timeout';
    default:
      return 'unreachable';
  }
}
