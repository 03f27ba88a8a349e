import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createLinkProxies, type LinkProxies } from './link-proxies.ts';

const SPLIT = { kind: 'split', id: 'split', groups: [[0], [1]] } as const;

/** Host 1 dials host 0, whose every connection is `peer`. */
interface Bed {
  readonly links: LinkProxies;
  /** What host 0 has received. */
  readonly received: () => string;
  readonly seen: string[];
  readonly peer: () => Socket | undefined;
  readonly dial: () => Socket;
}

describe('links by proxies', () => {
  const endings: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  async function bed(stallResetMs = 60_000): Promise<Bed> {
    let received = '';
    let peer: Socket | undefined;
    const server: Server = createServer((socket) => {
      peer = socket;
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const bound = server.address();
        resolve(bound !== null && typeof bound === 'object' ? bound.port : 0);
      });
    });
    const seen: string[] = [];
    const links = await createLinkProxies([[], [0]], () => port, stallResetMs, {
      onBytes: (from, to, stream, bytes) =>
        void seen.push(`${from}>${to}#${stream} ${Buffer.from(bytes).toString()}`),
    });
    endings.push(
      () => new Promise((resolve) => server.close(resolve)),
      () => links.close(),
    );
    return {
      links,
      seen,
      received: () => received,
      peer: () => peer,
      dial() {
        const socket = connect({ host: '127.0.0.1', port: links.portOf(1, 0) });
        socket.on('error', () => {});
        return socket;
      },
    };
  }

  it('pass bytes both ways, and tell who sent them', async () => {
    const { seen, received, peer, dial } = await bed();
    const socket = dial();
    let back = '';
    socket.on('data', (chunk: Buffer) => (back += chunk.toString()));
    socket.write('hello');
    await expect.poll(received).toBe('hello');
    peer()?.write('you too');
    await expect.poll(() => back).toBe('you too');
    expect(seen).toEqual(['1>0#0 hello', '0>1#1 you too']);
  });

  it('hold bytes back while they are cut, and pass them in order when they are whole again', async () => {
    const { links, seen, received, dial } = await bed();
    const socket = dial();
    socket.write('a');
    await expect.poll(received).toBe('a');
    links.set(SPLIT);
    socket.write('b');
    await expect.poll(() => seen.length).toBe(2);
    socket.write('c');
    await expect.poll(() => seen.length).toBe(3);
    expect(received()).toBe('a');
    links.clear('split');
    await expect.poll(received).toBe('abc');
  });

  it('cut one direction alone', async () => {
    const { links, seen, received, peer, dial } = await bed();
    const socket = dial();
    let back = '';
    socket.on('data', (chunk: Buffer) => (back += chunk.toString()));
    socket.write('a');
    await expect.poll(received).toBe('a');
    links.set({ kind: 'cut', id: 'one way', links: { from: [1], to: [0], bothWays: false } });
    socket.write('b');
    await expect.poll(() => seen.length).toBe(2);
    peer()?.write('x');
    await expect.poll(() => back).toBe('x');
    expect(received()).toBe('a');
  });

  it('do not tell of the end of one side while they are cut', async () => {
    const { links, received, peer, dial } = await bed();
    const socket = dial();
    socket.write('a');
    await expect.poll(received).toBe('a');
    const first = peer();
    links.set(SPLIT);
    socket.destroy();
    await expect.poll(() => socket.closed).toBe(true);
    // What came after it on another way has come: the end has not.
    const probe = dial();
    await new Promise((resolve) => probe.once('connect', resolve));
    expect(first?.readableEnded).toBe(false);
    links.clear('split');
    await expect.poll(() => first?.closed).toBe(true);
  });

  it('end a connection that is cut for too long', async () => {
    const { links, received, peer, dial } = await bed(50);
    const socket = dial();
    socket.write('a');
    await expect.poll(received).toBe('a');
    links.set(SPLIT);
    await expect.poll(() => [socket.closed, peer()?.closed]).toEqual([true, true]);
  });

  it('take a dial while they are cut, and reach nobody until they are whole', async () => {
    const { links, received, peer, dial } = await bed();
    links.set(SPLIT);
    const socket = dial();
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write('a');
    expect(peer()).toBeUndefined();
    links.clear('split');
    await expect.poll(received).toBe('a');
  });

  it('end a dial where nobody listens', async () => {
    const links = await createLinkProxies([[], [0]], () => 1, 60_000, { onBytes: () => {} });
    endings.push(() => links.close());
    const socket = connect({ host: '127.0.0.1', port: links.portOf(1, 0) });
    socket.on('error', () => {});
    socket.resume();
    await expect.poll(() => socket.closed).toBe(true);
  });
});
