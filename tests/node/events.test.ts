/** /events over real sockets, of a chain that does what the test wants. */
import { get } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { testGenesis } from '../../src/chain/execution/test-chain.ts';
import { CLOSE, type EventMessage, eventForm } from '../../src/node/api/event-forms.ts';
import { HUB_LIMITS, type HubLimits } from '../../src/node/api/event-hub.ts';
import { ApiError } from '../../src/node/api/route.ts';
import { type ApiServer, prepareApi } from '../../src/node/api/server.ts';
import { type ChainEvent, ClientError, NodeClient } from '../../src/node/client/client.ts';
import { EventChain } from '../support/event-chain.ts';
import { freePort } from '../support/free-port.ts';
import { SAMPLE_TRANSACTIONS } from '../vectors/samples.ts';

interface Served {
  readonly chain: EventChain;
  readonly server: ApiServer;
  readonly port: number;
  readonly url: string;
  readonly client: NodeClient;
}

interface Settings {
  readonly eventsMax?: number;
  readonly perAddress?: number;
  readonly hub?: Partial<HubLimits>;
  readonly port?: number;
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function serve(chain: EventChain, settings: Settings = {}): Promise<Served> {
  const server = await prepareApi(
    {
      host: '127.0.0.1',
      port: settings.port ?? (await freePort()),
      bodyMaxBytes: 4_096,
      perSecond: 1_000_000,
      requestTimeoutMs: 60_000,
      eventsMax: settings.eventsMax ?? 8,
      eventsPerAddressMax: settings.perAddress ?? 8,
      hub: { ...HUB_LIMITS, ...settings.hub },
    },
    {
      chain: chain.chain,
      genesis: testGenesis(),
      version: '1',
      signer: undefined,
      query: (query) => chain.query(query),
      command: () => Promise.reject(new ApiError(503, 'STOPPED', 'no commands here')),
      inspect: () => expect.fail('nothing is inspected here'),
      metrics: () => expect.fail('nothing is measured here'),
      onRequest: () => {},
      report: (error) => expect.fail(String(error)),
    },
  );
  chain.onEvent = (event) => server.onEvent(event);
  open.push(server);
  const address = await server.listen();
  return {
    chain,
    server,
    port: Number(address.split(':')[1]),
    url: `ws://${address}/events`,
    client: new NodeClient(`http://${address}`),
  };
}

/** Everything that one socket was told, and how it ended. */
class Listener {
  readonly socket: WebSocket;
  readonly messages: EventMessage[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('error', () => {});
    this.socket.on('message', (data: Buffer) =>
      this.messages.push(eventForm.parse(JSON.parse(data.toString()))),
    );
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
    );
    open.push({ close: async () => this.socket.terminate() });
  }

  get kinds(): readonly string[] {
    return this.messages.map((message) =>
      'height' in message
        ? `${message.kind} ${message.height}`
        : message.kind === 'head'
          ? `head ${message.header.height}`
          : message.kind,
    );
  }
}

function grown(blocks: number, evidence: readonly string[] = []): EventChain {
  const chain = new EventChain(evidence);
  for (let i = 0; i < blocks; i++) chain.extend();
  return chain;
}

/** What an upgrade that is not granted is answered with. */
function refused(url: string): Promise<{ readonly status: number; readonly code: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on('error', () => {});
    socket.on('open', () => reject(new Error('it was granted')));
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, code: JSON.parse(text).error.code }),
      );
    });
  });
}

describe('a stream of /events', () => {
  it('tells the chain from a height on, then what comes, reorganisations and finality', async () => {
    const { chain, url } = await serve(grown(3));
    const listener = new Listener(`${url}?from=2`);
    await expect.poll(() => listener.kinds).toEqual(['subscribed', 'head 2', 'head 3', 'final 0']);
    expect(listener.messages[0]).toEqual({
      kind: 'subscribed',
      chain: chain.chain,
      after: { height: 1, id: chain.main[1]?.id },
      head: { height: 3, id: chain.head.id },
      final: { height: 0, id: chain.chain },
    });
    chain.extend();
    await expect.poll(() => listener.kinds.at(-1)).toBe('head 4');
    chain.reorganise(2, 3);
    await expect.poll(() => listener.kinds.slice(-4)).toEqual(['rollback 2', 'head 3', 'head 4', 'head 5']);
    chain.finalise(1);
    await expect
      .poll(() => listener.messages.at(-1))
      .toEqual({
        kind: 'final',
        height: 4,
        id: chain.main[4]?.id,
      });
  });

  it('begins with the next block, where no height is named, and tells transactions before the block that has them', async () => {
    const { chain, url } = await serve(grown(3));
    const [transaction] = SAMPLE_TRANSACTIONS;
    if (transaction === undefined) throw new Error('there is a sample');
    const all = new Listener(`${url}?kinds=transaction,head`);
    const others = new Listener(`${url}?kinds=transaction&accounts=${'a'.repeat(64)}`);
    await expect.poll(() => [...all.kinds, ...others.kinds]).toEqual(['subscribed', 'subscribed']);
    chain.extend(SAMPLE_TRANSACTIONS);
    const count = SAMPLE_TRANSACTIONS.length;
    await expect
      .poll(() => all.kinds.slice(1))
      .toEqual([...Array.from({ length: count }, () => 'transaction 4'), 'head 4']);
    chain.reorganise(1, 2);
    // A stream without heads is told of the block that left all the same.
    await expect.poll(() => others.kinds).toEqual(['subscribed', 'rollback 3']);
  });

  it('says that it is alive when nothing happens', async () => {
    const { chain, url } = await serve(grown(1), { hub: { aliveMs: 1 } });
    const listener = new Listener(url);
    await expect
      .poll(() => listener.messages.at(-1))
      .toEqual({ kind: 'alive', height: 1, id: chain.head.id });
  });

  it('goes on behind a block that left the main chain, and does not know one that it never had', async () => {
    const { chain, url } = await serve(grown(4));
    const left = chain.head.id;
    chain.reorganise(2, 4);
    const listener = new Listener(`${url}?from=5&parent=${left}&kinds=head`);
    await expect
      .poll(() => listener.kinds)
      .toEqual(['subscribed', 'rollback 2', 'head 3', 'head 4', 'head 5', 'head 6']);
    expect(await new Listener(`${url}?from=5&parent=${'a'.repeat(64)}`).closed).toEqual({
      code: CLOSE.unknownBlock,
      reason: `UNKNOWN_BLOCK: block ${'a'.repeat(64)} is not known here`,
    });
    expect((await new Listener(`${url}?from=3&parent=${left}`).closed).reason).toMatch(/^WRONG_HEIGHT: /);
    expect(await new Listener(`${url}?from=8`).closed).toEqual({
      code: CLOSE.badRequest,
      reason: 'NOT_YET: from=8: the head is 6',
    });
  });

  it.each([
    ['kinds=blocks'],
    ['kinds=head,head,head,head'],
    ['from=-1'],
    ['from=1.5'],
    ['parent=abc'],
    [`parent=${'a'.repeat(64)}`],
    ['accounts=aur1qq&kinds=transaction'],
    [`accounts=aur1${'q'.repeat(58)}&kinds=transaction`],
    [`accounts=${'a'.repeat(64)}`],
    [`kinds=transaction&accounts=${Array.from({ length: 65 }, () => 'a'.repeat(64)).join(',')}`],
    ['other=1'],
  ])('is not begun for ?%s', async (query) => {
    const { url } = await serve(grown(1));
    expect(await refused(`${url}?${query}`)).toEqual({ status: 400, code: 'BAD_REQUEST' });
  });

  it('is for WebSockets, of which one address has so many', async () => {
    const { client, url } = await serve(grown(1), { perAddress: 2 });
    expect(await refused(url.replace('/events', '/nowhere'))).toEqual({ status: 404, code: 'NO_ROUTE' });
    const plain = await fetch(`${client.base}/events`);
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket']);
    const first = new Listener(url);
    const second = new Listener(url);
    await expect.poll(() => [...first.kinds, ...second.kinds].length).toBeGreaterThanOrEqual(2);
    expect(await refused(url)).toEqual({ status: 429, code: 'TOO_MANY_STREAMS' });
    first.socket.close();
    await first.closed;
    const third = new Listener(url);
    await expect.poll(() => third.kinds[0]).toBe('subscribed');
  });

  it('ends for who sends something, or too much at once', async () => {
    const { url } = await serve(grown(1));
    const talker = new Listener(url);
    talker.socket.on('open', () => talker.socket.send('subscribe'));
    expect(await talker.closed).toEqual({
      code: CLOSE.unasked,
      reason: 'UNASKED: a subscriber sends nothing',
    });
    const shouter = new Listener(url);
    shouter.socket.on('open', () => shouter.socket.send('x'.repeat(2_000)));
    expect((await shouter.closed).code).toBe(1009);
  });

  it('leaves other upgrades to HTTP', async () => {
    const { client } = await serve(grown(1));
    const status = await new Promise((resolve, reject) => {
      get(
        `${client.base}/chain/genesis`,
        { headers: { connection: 'Upgrade', upgrade: 'h2c' } },
        (response) => resolve(response.statusCode),
      ).on('error', reject);
    });
    expect(status).toBe(200);
  });

  it('ends for who does not take what it is sent, with the height to go on from, and harms no other', async () => {
    const { chain, url } = await serve(grown(1), { hub: { bufferMaxBytes: 20_000, slowMs: 0, aliveMs: 1 } });
    // Some megabytes a block: more than the sockets of a machine hold.
    const transactions = Array.from({ length: 2_000 }, () => SAMPLE_TRANSACTIONS).flat();
    const slow = new Listener(`${url}?kinds=head,transaction`);
    const other = new Listener(url);
    await expect.poll(() => [...slow.kinds, ...other.kinds].length).toBeGreaterThanOrEqual(2);
    slow.socket.pause();
    for (let i = 0; i < 4; i++) chain.extend(transactions);
    await expect.poll(() => other.kinds.includes('head 5')).toBe(true);
    // What tells others that their stream is alive looks for the slow ones as well.
    const ticks = () => other.kinds.filter((kind) => kind === 'alive 5').length;
    await expect.poll(ticks).toBeGreaterThan(1);
    slow.socket.resume();
    const { code, reason } = await slow.closed;
    const heads = slow.messages.filter(({ kind }) => kind === 'head').length;
    expect({ code, reason }).toEqual({ code: CLOSE.slow, reason: `SLOW: resume with from=${2 + heads}` });
    expect(other.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('ends with the node, and says where to go on', async () => {
    const { server, url } = await serve(grown(3));
    const listener = new Listener(url);
    await expect.poll(() => listener.kinds[0]).toBe('subscribed');
    await server.close();
    expect(await listener.closed).toEqual({ code: CLOSE.stopped, reason: 'STOPPED: resume with from=4' });
  });
});

describe('the client of /events', () => {
  it('follows the chain over the end of its node, reorganisations and branches that the next node does not know', async () => {
    const { chain, server, port, client } = await serve(grown(30));
    chain.finalise(20);
    const ending = new AbortController();
    const ids: string[] = [];
    const told: ChainEvent['kind'][] = [];
    const done = (async () => {
      for await (const event of client.events({ from: 0, signal: ending.signal })) {
        told.push(event.kind);
        if (event.kind === 'head') ids[event.header.height] = event.id;
        if (event.kind === 'rollback') ids.length = event.height + 1;
      }
    })();
    const isThere = () => ids.join() === chain.main.map(({ id }) => id).join();
    await expect.poll(isThere).toBe(true);
    await server.close();
    chain.reorganise(5, 9);
    chain.forgetBranches();
    await serve(chain, { port });
    await expect.poll(isThere).toBe(true);
    chain.extend();
    await expect.poll(isThere).toBe(true);
    ending.abort();
    await done;
    expect(told.filter((kind) => kind === 'subscribed').length).toBeGreaterThan(1);
    expect(told).toContain('rollback');
  });

  it.each([
    [{ from: 99 }, 'NOT_YET'],
    [{ from: 1, parent: 'a'.repeat(64) }, 'UNKNOWN_BLOCK'],
    [{ accounts: ['nobody'] }, 'BAD_REQUEST'],
  ])('says what is wrong with %j', async (options, code) => {
    const { client } = await serve(grown(3));
    const asked = client.events(options).next();
    await expect(asked).rejects.toThrow(ClientError);
    await expect(asked).rejects.toMatchObject({ code });
  });

  it('says that the node has no room, or that there is none', async () => {
    const { client } = await serve(grown(3), { eventsMax: 0 });
    await expect(client.events().next()).rejects.toMatchObject({ code: 'TOO_MANY_STREAMS', status: 429 });
    const nobody = new NodeClient(`http://127.0.0.1:${await freePort()}`);
    await expect(nobody.events().next()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});
