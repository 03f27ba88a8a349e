/** TCP behind env/network.ts: messages are lines of bytes, each as the codec gave them. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { assert } from '../../src/env/assert.ts';
import type { Codec, DialFailure, DisconnectReason, Network } from '../../src/env/network.ts';
import { isDecodeRejection, SEND_QUEUE_MAX_BYTES } from '../../src/env/network.ts';
import type { Process, World } from '../../src/env/program.ts';
import type { Address, ConnectionId } from '../../src/env/units.ts';
import { address, connectionId } from '../../src/env/units.ts';
import { createLineReader } from './line-reader.ts';

const LINE_FEED = 10;

interface Connection {
  readonly id: ConnectionId;
  readonly socket: Socket;
  isFull: boolean;
  /** Set when it ended or this side closed it: nothing is delivered any more. */
  end: DisconnectReason | undefined;
}

/** A network, and its end. */
export interface RealNetwork<M> extends Network<M> {
  /** Peers see a reset. */
  stop(): Promise<void>;
}

/** Runs a call on the process as one handler, unless the boot has ended. */
export type Enter<W extends World> = (run: (process: Process<W>) => void) => void;

/** Opens a port on the loopback interface; 0 takes a free one. */
export function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true });
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** @param own is what the host listens on; dialing it fails. */
export function createRealNetwork<W extends World>(
  server: Server,
  own: Address,
  codec: Codec<W['message']>,
  enter: Enter<W>,
): RealNetwork<W['message']> {
  const connections = new Map<ConnectionId, Connection>();
  const dialing = new Set<Socket>();
  let lastId = 0;

  function adopt(socket: Socket, direction: 'in' | 'out', dialed?: Address): void {
    const connection: Connection = { id: connectionId(++lastId), socket, isFull: false, end: undefined };
    const { id } = connection;
    connections.set(id, connection);
    const remote = address(`${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`);
    enter((p) => p.onConnected(id, { direction, remote, ...(dialed === undefined ? {} : { dialed }) }));
    const read = createLineReader(codec.messageMaxBytes, (line) => {
      if (connection.end !== undefined) return;
      const message = codec.decode(line);
      enter((p) => (isDecodeRejection(message) ? p.onMalformed(id, message) : p.onMessage(id, message)));
    });
    let reason: DisconnectReason = 'closed';
    socket.on('data', read);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code === 'ETIMEDOUT' ? 'timeout' : 'reset';
    });
    socket.on('close', () => finish(connection, reason));
  }

  function finish(connection: Connection, reason: DisconnectReason): void {
    if (!connections.delete(connection.id)) return;
    const told = connection.end ?? reason;
    connection.end = told;
    enter((p) => p.onDisconnected(connection.id, told));
  }

  function afterWrite(connection: Connection): void {
    if (!connection.isFull || connection.end !== undefined) return;
    if (connection.socket.writableLength > SEND_QUEUE_MAX_BYTES / 2) return;
    connection.isFull = false;
    enter((p) => p.onWritable(connection.id));
  }

  server.on('connection', (socket: Socket) => adopt(socket, 'in'));

  return {
    dial(to) {
      if (to === own) {
        setImmediate(() => enter((p) => p.onDialFailed(to, 'self')));
        return;
      }
      const [hostName, port] = to.split(':');
      const socket = connect({ host: hostName, port: Number(port), noDelay: true });
      dialing.add(socket);
      const onFailed = (error: NodeJS.ErrnoException): void => {
        if (dialing.delete(socket)) enter((p) => p.onDialFailed(to, dialFailureOf(error)));
      };
      socket.once('error', onFailed);
      socket.once('connect', () => {
        dialing.delete(socket);
        socket.off('error', onFailed);
        adopt(socket, 'out', to);
      });
    },
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
      if (connection === undefined) return;
      connection.end ??= 'local';
      if (how === 'afterQueued') connection.socket.end();
      else connection.socket.resetAndDestroy();
      setImmediate(() => finish(connection, 'local'));
    },
    stop() {
      for (const { socket } of connections.values()) socket.resetAndDestroy();
      for (const socket of dialing) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function dialFailureOf(error: NodeJS.ErrnoException): DialFailure {
  if (error.code === 'ECONNREFUSED') return 'refused';
  return error.code === 'ETIMEDOUT' ? 'timeout' : 'unreachable';
}
