/** Ports of the loopback interface that were free a moment ago. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that the system gives to connections by itself: nobody takes one of these by chance. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** One that the system chose. */
export async function freePort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined) throw new Error('the system has a free port');
  return port;
}

/** The first of so many in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = randomInt(LOWEST, HIGHEST - count);
    const tried = await Promise.all(Array.from({ length: count }, (_, i) => tryPort(first + i)));
    if (tried.every((port) => port !== undefined)) return first;
  }
}

/** Undefined: somebody listens there. */
async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!isFree) return undefined;
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return bound === null || typeof bound === 'string' ? undefined : bound.port;
}
