/** Ports that nodes of a run listen on, again and again: each belongs to one run on this machine until it is given back, whether or not its node is up. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';

/** Nodes listen there. */
export const NODE_HOST = '127.0.0.1';
/** Below the ports that the system gives to connections by itself: nobody takes one while its node is down. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
/** Ports that are tried for one that is free. */
const TRIES = 1_000;

/** The ports of one run. */
export interface Ports {
  /** One that no other run has. @throws {Error} when none was found. */
  take(): Promise<number>;
  /** All that were taken. */
  release(): Promise<void>;
}

/**
 * A port for TCP is reserved by the UDP port of that number, which nodes do not use: the system gives it to one process at a time, and
 * takes it back from one that was killed.
 * @param lowest and `highest`: among these, the last one excluded.
 */
export function createPorts(lowest: number = LOWEST, highest: number = HIGHEST): Ports {
  const reserved: Socket[] = [];
  return {
    async take() {
      for (let tries = 0; tries < TRIES; tries++) {
        const port = randomInt(lowest, highest);
        const reservation = await reserve(port);
        if (reservation === undefined) continue;
        reserved.push(reservation);
        if (await isFree(port)) return port;
      }
      throw new Error(`no free port of ${NODE_HOST} from ${lowest} to ${highest} in ${TRIES} tries`);
    },
    async release() {
      await Promise.all(
        reserved.splice(0).map((socket) => new Promise<void>((resolve) => socket.close(resolve))),
      );
    },
  };
}

/** Undefined: somebody has it. */
function reserve(port: number): Promise<Socket | undefined> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => socket.close(() => resolve(undefined)));
    socket.bind({ port, address: NODE_HOST, exclusive: true }, () => resolve(socket));
  });
}

/** False: somebody listens there. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isBound = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, NODE_HOST, () => resolve(true));
  });
  if (isBound) await new Promise((resolve) => server.close(resolve));
  return isBound;
}
