import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createPorts, NODE_HOST, type Ports } from './ports.ts';

describe('ports of a run', () => {
  const all: Ports[] = [];
  afterEach(async () => {
    for (const ports of all.splice(0)) await ports.release();
  });

  /** Four numbers that nobody else has: whoever runs beside this test takes its own elsewhere. */
  async function few(): Promise<() => Ports> {
    for (let lowest = 61_100; ; lowest += 4) {
      const probe = createPorts(lowest, lowest + 4);
      const found = await Promise.allSettled([probe.take(), probe.take(), probe.take(), probe.take()]);
      await probe.release();
      if (found.some(({ status }) => status === 'rejected')) continue;
      return () => {
        const ports = createPorts(lowest, lowest + 4);
        all.push(ports);
        return ports;
      };
    }
  }

  it('are those of no other run, though nobody listens there yet', async () => {
    const start = await few();
    const [one, two] = [start(), start()];
    const taken = [await one.take(), await two.take(), await one.take(), await two.take()];
    expect(new Set(taken).size).toBe(4);
    await expect(start().take()).rejects.toThrow('no free port of 127.0.0.1 from');
  });

  it('are free for others once they are given back', async () => {
    const start = await few();
    const one = start();
    const taken = new Set([await one.take(), await one.take(), await one.take(), await one.take()]);
    await one.release();
    expect(taken.has(await start().take())).toBe(true);
  });

  it('can be listened on', async () => {
    const port = await (await few())().take();
    const server = createServer();
    const isListening = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, NODE_HOST, () => resolve(true));
    });
    expect(isListening).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });
});
