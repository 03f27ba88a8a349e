import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type ProbeTypes, probeCodec } from '../../../tests/contract/world.ts';
import type { Process } from '../../env/program.ts';
import { type Address, address, type ConnectionId } from '../../env/units.ts';
import {
  createTcpNetwork,
  DEFAULT_TCP_LIMITS,
  listenTcp,
  type OpeningLimit,
  type TcpLimits,
  type TcpNetwork,
  type TlsIdentity,
} from './tcp-network.ts';

const LOOPBACK = '127.0.0.1';
const pem = (name: string): string =>
  readFileSync(new URL(`../../../tests/contract/tls/${name}.pem`, import.meta.url), 'utf8');
const NODE: TlsIdentity = { key: pem('node.key'), cert: pem('node'), ca: pem('ca') };
const STRANGER: TlsIdentity = { key: pem('stranger.key'), cert: pem('stranger'), ca: pem('ca') };

/** One network and what it told. */
interface Side {
  readonly network: TcpNetwork<ProbeTypes['message']>;
  readonly own: Address;
  readonly port: number;
  readonly told: string[];
  readonly ids: ConnectionId[];
}

const closing: (() => Promise<unknown>)[] = [];

async function side(
  limits: Partial<TcpLimits> = {},
  tls?: TlsIdentity,
  opening?: OpeningLimit,
): Promise<Side> {
  const listener = await listenTcp({ host: LOOPBACK, port: 0 }, tls);
  const { port } = listener.address() as AddressInfo;
  const own = address(`${LOOPBACK}:${port}`);
  const told: string[] = [];
  const ids: ConnectionId[] = [];
  const process: Process<ProbeTypes> = {
    onStart: () => {},
    onConnected: (c, { direction }) => {
      ids.push(c);
      told.push(`connected ${direction}`);
    },
    onDialFailed: (_to, reason) => told.push(`failed ${reason}`),
    onMessage: (_c, message) => told.push(message.kind === 'text' ? `message ${message.text}` : 'garbage'),
    onMalformed: (_c, { code }) => told.push(`malformed ${code}`),
    onWritable: () => told.push('writable'),
    onDisconnected: (_c, reason) => told.push(`disconnected ${reason}`),
    onCommand: () => {},
    onStop: (done) => done(),
    inspect: () => ({ calls: told.length }),
  };
  const network = createTcpNetwork<ProbeTypes>(
    {
      listener,
      own: [own],
      codec: probeCodec,
      limits: { ...DEFAULT_TCP_LIMITS, ...limits },
      tls,
      ...(opening === undefined ? {} : { opening }),
    },
    (run) => run(process),
  );
  closing.push(() => network.stop());
  return { network, own, port, told, ids };
}

/** A socket of nobody's program, and what became of it. */
function rawSocket(port: number): { readonly socket: Socket; isOver: boolean } {
  const raw = { socket: connect({ host: LOOPBACK, port }), isOver: false };
  raw.socket.on('error', () => {});
  raw.socket.on('close', () => {
    raw.isOver = true;
  });
  raw.socket.resume();
  closing.push(async () => raw.socket.destroy());
  return raw;
}

/** A server that accepts and says nothing. */
async function silentServer(): Promise<number> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

describe('the network over TCP', () => {
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it('takes so many connections of one address, and one more when one of them has ended', async () => {
    const { port, network, told } = await side({ inboundPerAddressMax: 2 });
    const raws = [rawSocket(port), rawSocket(port)];
    await expect.poll(() => network.counts.inbound).toBe(2);
    const third = rawSocket(port);
    await expect.poll(() => third.isOver).toBe(true);
    expect(network.counts).toEqual({ connections: 2, inbound: 2, dialing: 0 });
    raws[0]?.socket.end();
    await expect.poll(() => network.counts.inbound).toBe(1);
    rawSocket(port);
    await expect.poll(() => network.counts.inbound).toBe(2);
    expect(told).toEqual(['connected in', 'connected in', 'disconnected closed', 'connected in']);
  });

  it('takes so many connections in all', async () => {
    const { port, network } = await side({ inboundMax: 2 });
    const raws = Array.from({ length: 5 }, () => rawSocket(port));
    await expect.poll(() => raws.filter(({ isOver }) => isOver).length).toBe(3);
    expect(network.counts.inbound).toBe(2);
  });

  it('tells every line that is no message, keeps the connection, and reads on after one without an end', async () => {
    const { port, told } = await side();
    const { socket } = rawSocket(port);
    socket.write('\nnonsense\ntgood\n');
    socket.write('t'.repeat(probeCodec.messageMaxBytes + 5));
    socket.write('\ntlast\n');
    await expect.poll(() => told.at(-1)).toBe('message last');
    expect(told).toEqual([
      'connected in',
      'malformed UNKNOWN_KIND',
      'malformed UNKNOWN_KIND',
      'message good',
      'malformed TOO_LARGE',
      'message last',
    ]);
  });

  it('keeps little of what strangers say first, and tells that it is too long before it ends', async () => {
    const { port, told } = await side({}, undefined, { lines: 2, lineMaxBytes: 20 });
    const { socket } = rawSocket(port);
    socket.write(`t${'a'.repeat(19)}\nt${'b'.repeat(20)}`);
    await expect.poll(() => told.at(-1)).toBe('malformed TOO_LARGE');
    socket.write(`${'b'.repeat(50)}\nt${'c'.repeat(100)}\n`);
    await expect.poll(() => told.at(-1)).toBe(`message ${'c'.repeat(100)}`);
    expect(told).toEqual([
      'connected in',
      `message ${'a'.repeat(19)}`,
      'malformed TOO_LARGE',
      `message ${'c'.repeat(100)}`,
    ]);
  });

  it('says that an address that is none cannot be reached', async () => {
    const { network, told, own } = await side();
    for (const text of ['nowhere', '::1:6000', 'host:0']) network.dial(address(text));
    network.dial(own);
    expect(told).toEqual([]);
    await expect.poll(() => told.length).toBe(4);
    expect(told).toEqual(['failed unreachable', 'failed unreachable', 'failed unreachable', 'failed self']);
  });

  it('drops its connections when it stops, and leaves the port free', async () => {
    const first = await side();
    const second = await side();
    first.network.dial(second.own);
    await expect.poll(() => second.told.length).toBe(1);
    await second.network.stop();
    await expect.poll(() => first.told.at(-1)).toMatch(/disconnected (?:reset|closed)/);
    const again = await listenTcp({ host: LOOPBACK, port: second.port }, undefined);
    await new Promise((resolve) => again.close(resolve));
  });

  it('is refused a port that is taken', async () => {
    const { port } = await side();
    await expect(listenTcp({ host: LOOPBACK, port }, undefined)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  describe('with TLS', () => {
    it('speaks to who has a certificate of its authority', async () => {
      const [first, second] = [await side({}, NODE), await side({}, NODE)];
      first.network.dial(second.own);
      await expect.poll(() => [...first.told, ...second.told]).toEqual(['connected out', 'connected in']);
      const [c] = first.ids;
      expect(c === undefined ? 'none' : first.network.send(c, { kind: 'text', text: 'hello' })).toBe(
        'queued',
      );
      await expect.poll(() => second.told.at(-1)).toBe('message hello');
      if (c !== undefined) first.network.close(c, 'now', 'test');
      await expect
        .poll(() => [first.told.at(-1), second.told.at(-1)?.slice(0, 12)])
        .toEqual(['disconnected local', 'disconnected']);
    });

    it('has nothing to do with a stranger, whoever dials', async () => {
      const [node, stranger] = [await side({}, NODE), await side({}, STRANGER)];
      node.network.dial(stranger.own);
      await expect.poll(() => node.told).toEqual(['failed unreachable']);
      stranger.network.dial(node.own);
      // TLS 1.3: who dials is done before the other side has looked at its certificate.
      await expect.poll(() => stranger.told.at(-1)).toMatch(/failed|disconnected/);
      expect(node.told).toEqual(['failed unreachable']);
    });

    it('does not read what is not encrypted', async () => {
      const { port, told } = await side({}, NODE);
      const raw = rawSocket(port);
      raw.socket.write('thello\n');
      await expect.poll(() => raw.isOver).toBe(true);
      expect(told).toEqual([]);
    });

    it('counts connections of an address before their handshake, and takes others when they have ended', async () => {
      const { port, network, told } = await side({ inboundPerAddressMax: 2 }, NODE);
      const raws = [rawSocket(port), rawSocket(port)];
      await expect.poll(() => network.counts.inbound).toBe(2);
      const third = rawSocket(port);
      await expect.poll(() => third.isOver).toBe(true);
      expect(raws.map(({ isOver }) => isOver)).toEqual([false, false]);
      expect(network.counts).toEqual({ connections: 0, inbound: 2, dialing: 0 });
      for (const { socket } of raws) socket.destroy();
      await expect.poll(() => network.counts.inbound).toBe(0);
      const peer = await side({}, NODE);
      peer.network.dial(address(`${LOOPBACK}:${port}`));
      await expect.poll(() => told).toEqual(['connected in']);
      expect(network.counts).toEqual({ connections: 1, inbound: 1, dialing: 0 });
      const [c] = peer.ids;
      if (c !== undefined) peer.network.close(c, 'now', 'test');
      await expect.poll(() => network.counts.inbound).toBe(0);
    });

    it('gives a dial up that nobody answers', async () => {
      const port = await silentServer();
      const { network, told } = await side({ dialTimeoutMs: 50 }, NODE);
      network.dial(address(`${LOOPBACK}:${port}`));
      await expect.poll(() => told).toEqual(['failed timeout']);
      expect(network.counts.dialing).toBe(0);
    });
  });
});
