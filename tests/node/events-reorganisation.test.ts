/** /events of real nodes that mine apart from each other, and then meet: what a subscriber is told when work decides. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { decodePowConfig, encodePowConfig } from '../../src/chain/consensus/pow/config.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import { amount } from '../../src/chain/types/units.ts';
import { address, unixMs } from '../../src/env/units.ts';
import { CLOSE, eventForm } from '../../src/node/api/event-forms.ts';
import { NodeClient, type SignedTransaction } from '../../src/node/client/client.ts';
import { signTransaction } from '../../src/node/client/sign-transaction.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { type ChainFile, formatChainFile, parseChainFile } from '../../src/node/genesis-file.ts';
import { type NodeKey, nodeKeyOf } from '../../src/node/key-file.ts';
import { newGenesis } from '../../src/node/new-genesis.ts';
import type { RunningNode } from '../../src/node/node-process.ts';
import { SUITE } from '../cluster/support.ts';
import { EventStory } from '../support/event-story.ts';
import { freePort } from '../support/free-port.ts';
import { settingsFrom, startTestNode } from '../support/test-node.ts';

/** Hashes of a block: some tens of milliseconds of one thread. */
const WORK = 10_000n;
/** More than the nodes mine while they are apart, and little enough that the test sees it pass. */
const FINALITY_DEPTH = 16;
/** Height of the last block that they surely share, and how many each has on it before they meet. */
const TRUNK = 2;
const APART = 3;

const keyOf = (seed: number): NodeKey => nodeKeyOf(new Uint8Array(32).fill(seed), SUITE);
const ALICE = keyOf(1);
const BOB = keyOf(2);

function newChain(): ChainFile {
  const genesis = newGenesis({
    name: 'meeting',
    engine: 'pow',
    intervalMs: 100,
    validators: [],
    allocation: [ALICE, BOB].map((key) => ({ address: key.address, balance: amount(10n ** 15n) })),
    timestampMs: unixMs(Date.now()),
    work: WORK,
  });
  const config = decodePowConfig(genesis.engineConfig);
  if (isRejection(config)) throw new Error(config.code);
  const engineConfig = encodePowConfig({ ...config, finalityDepth: FINALITY_DEPTH });
  const chain = parseChainFile('genesis.json', formatChainFile({ ...genesis, engineConfig }, []));
  if (isFileProblem(chain)) throw new Error(chain.what);
  return chain;
}

describe('/events of nodes that mine apart and meet', () => {
  let folder: string;
  let chain: ChainFile;
  const open: { close(): unknown }[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-meeting-'));
    chain = newChain();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
    rmSync(folder, { recursive: true });
  });

  /** A host that looks for nobody; its ports stay the same over its boots. */
  async function host(name: string, seed: number) {
    const listen = `127.0.0.1:${await freePort()}`;
    const api = `127.0.0.1:${await freePort()}`;
    let running: RunningNode | undefined;
    let onAlone = (): void => {};
    return {
      /** Its peer is gone. */
      alone: () =>
        new Promise<void>((resolve) => {
          onAlone = resolve;
        }),
      data: join(folder, name),
      listen,
      client: new NodeClient(`http://${api}`),
      async boot(mines: 'mines' | 'listens'): Promise<RunningNode> {
        await running?.close();
        const started = await startTestNode({
          settings: settingsFrom({
            'node-data': join(folder, name),
            'p2p-listen': listen,
            'p2p-discovery': 'false',
            'http-listen': api,
            'mining-threads': mines === 'mines' ? '1' : '0',
          }),
          chain,
          key: keyOf(seed),
          onEvent({ kind }) {
            if (kind === 'PeerDown') onAlone();
          },
        });
        if (isFileProblem(started)) throw new Error(started.what);
        running = started;
        open.push(started);
        return started;
      },
    };
  }
  type Host = Awaited<ReturnType<typeof host>>;

  /** A client that follows all, over every end of its node. */
  function follow({ client }: Host) {
    const ending = new AbortController();
    const story = new EventStory();
    const done = (async () => {
      const kinds = ['head', 'final', 'transaction'] as const;
      for await (const event of client.events({ kinds, from: 0, signal: ending.signal })) story.apply(event);
    })();
    open.push({ close: () => ending.abort() });
    return {
      story,
      until: (holds: (now: EventStory) => boolean) =>
        Promise.race([story.until(holds), done.then(() => Promise.reject(new Error('it has ended')))]),
      end: async () => {
        ending.abort();
        await done;
      },
    };
  }

  /** One socket, which is never taken up again. */
  function listen({ client }: Host, query: string, story = new EventStory()) {
    const socket = new WebSocket(`${client.base.replace('http', 'ws')}/events?${query}`);
    open.push({ close: () => socket.terminate() });
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    const failed = new Promise<never>((_, reject) => {
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        try {
          story.apply(eventForm.parse(JSON.parse(data.toString())));
        } catch (error) {
          reject(error);
        }
      });
    });
    failed.catch(() => {});
    return {
      story,
      closed,
      until: (holds: (now: EventStory) => boolean) => Promise.race([story.until(holds), failed]),
    };
  }

  function transfer(from: NodeKey, to: NodeKey): SignedTransaction {
    return signTransaction(
      {
        version: 1,
        chainId: chain.id,
        senderKey: from.key,
        nonce: 0,
        validUntilHeight: 0,
        gasLimit: 100_000,
        gasPrice: '1',
        action: { kind: 'transfer', to: to.address, amount: '5' },
      },
      from.secret,
    );
  }

  /** Two hosts with the same first blocks, of which neither runs. */
  async function withCommonTrunk() {
    const [first, second] = [await host('first', 3), await host('second', 4)];
    const node = await first.boot('mines');
    const { until, end } = follow(first);
    await until(({ tip = 0 }) => tip >= TRUNK);
    await end();
    await node.close();
    cpSync(first.data, second.data, { recursive: true });
    return [first, second] as const;
  }

  it('tells what left and what came, in order and once, and where a transaction of a block that left stands now', async () => {
    const [loser, winner] = await withCommonTrunk();
    let lost = await loser.boot('mines');
    const followed = follow(loser);
    const { id: wandering } = await loser.client.submit(transfer(ALICE, BOB));
    await followed.until(({ tip = 0, placeOf }) => tip >= TRUNK + APART && placeOf.has(wandering));
    // From here on its chain stands still, so that only the other can win.
    await lost.close();
    lost = await loser.boot('listens');
    const left = await loser.client.head();

    const listener = listen(loser, 'kinds=head,final,transaction&from=0');
    await listener.until(({ tip }) => tip === left.header.height);
    const placeBefore = listener.story.placeOf.get(wandering);
    expect(placeBefore).toBeDefined();
    const leftIds = await idsOf(loser, left.header.height);
    expect(left.header.height).toBeLessThan(FINALITY_DEPTH);

    await winner.boot('mines');
    const ahead = follow(winner);
    const { id: staying } = await winner.client.submit(transfer(BOB, ALICE));
    await ahead.until(({ tip = 0, placeOf }) => tip >= left.header.height + 2 && placeOf.has(staying));
    await ahead.end();
    await winner.boot('listens');
    const best = await winner.client.head();
    const bestIds = await idsOf(winner, best.header.height);
    expect(listener.story.rollbacks).toEqual([]);

    meet(lost, winner);
    for (const { until } of [listener, followed]) await until(({ tip }) => tip === best.header.height);
    const fork = leftIds.findIndex((id, at) => id !== bestIds[at]) - 1;
    expect(fork).toBeGreaterThanOrEqual(TRUNK);
    const rollback = { height: fork, id: leftIds[fork], left: leftIds.slice(fork + 1) };
    for (const { rollbacks, ids, placeOf, told } of [listener.story, followed.story]) {
      expect(rollbacks).toEqual([rollback]);
      expect([...ids.values()]).toEqual(bestIds);
      expect([...placeOf.keys()]).toEqual([staying]);
      expect(told).toEqual([...leftIds, ...bestIds.slice(fork + 1)]);
    }

    // Who comes back with a block that left is told how far back its chain still stands, and goes on from there.
    for (const at of [left.header.height, fork + 1]) {
      const story = new EventStory(leftIds.slice(0, at + 1));
      const again = listen(loser, `kinds=head,transaction&from=${at + 1}&parent=${leftIds[at]}`, story);
      await again.until(({ tip }) => tip === best.header.height);
      expect(story.rollbacks).toEqual([{ ...rollback, left: leftIds.slice(fork + 1, at + 1) }]);
      expect([...story.ids.values()]).toEqual(bestIds);
    }
    // Its new chain never had that block.
    const stranger = listen(winner, `kinds=head&from=${left.header.height + 1}&parent=${left.id}`);
    expect(await stranger.closed).toBe(CLOSE.unknownBlock);

    // The transaction of a block that left is in none, until another has it.
    const alone = loser.alone();
    await winner.boot('mines');
    await alone;
    meet(lost, winner);
    for (const { until } of [listener, followed])
      await until(({ final, placeOf }) => final > best.header.height && placeOf.has(wandering));
    for (const { placeOf, ids, told } of [listener.story, followed.story]) {
      expect(placeOf.get(wandering)).not.toBe(placeBefore);
      expect([...ids.values()]).toContain(placeOf.get(wandering));
      expect(new Set(told).size).toBe(told.length);
    }
  });

  it('tells both sides one chain in the end, where both go on mining', async () => {
    const [first, second] = await withCommonTrunk();
    const one = await first.boot('mines');
    // They share no more than this.
    const shared = (await first.client.head()).header.height;
    const other = await second.boot('mines');
    const [here, there] = [follow(first), follow(second)];
    for (const { until } of [here, there]) await until(({ tip = 0 }) => tip >= shared + APART);
    meet(one, second);
    const apart = Math.max(here.story.tip ?? 0, there.story.tip ?? 0);
    for (const { until } of [here, there]) await until(({ final }) => final > apart);
    expect(here.story.rollbacks.length + there.story.rollbacks.length).toBeGreaterThanOrEqual(1);
    const both = Math.min(here.story.final, there.story.final);
    for (let at = 0; at <= both; at++) expect(here.story.ids.get(at)).toBe(there.story.ids.get(at));
    for (const { end } of [here, there]) await end();
    await other.close();
  });
});

function meet(node: RunningNode, { listen }: { readonly listen: string }): void {
  node.host.command({ kind: 'Dial', address: address(listen) }, () => {});
}

async function idsOf(
  { client }: { readonly client: NodeClient },
  height: number,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let at = 0; at <= height; at++) ids.push((await client.block(at)).id);
  return ids;
}
