/** What is measured on a net of real nodes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJson } from '../../src/chain/types/layout/codec.ts';
import { transactionId, transactionLayout } from '../../src/chain/types/transaction-codec.ts';
import { isDecodeRejection } from '../../src/env/network.ts';
import { ANSWERS } from '../../src/node/api/forms.ts';
import { createNativeSignatures } from '../../src/node/signatures/native-signatures.ts';
import { type BenchNet, type BenchNode, diskMb } from './net.ts';
import { dealt, Pipeline, requestOf, sendAll } from './pipeline.ts';
import { transfersOf } from './transfers.ts';

/** Sent and not yet in a block: so much that blocks are full, and so little that no sender has the 64 that may wait, on a slow machine too. */
const OUTSTANDING_MAX = 16_000;
/** On their way on one connection: what the thread for signatures checks while the other one builds and imports a block. */
const POSTS_DEPTH = 256;
const BATCHES_DEPTH = 8;
/** The accounts are a multiple of each. */
const CONNECTIONS = 4;
const MANY_CONNECTIONS = 8;
const LOOK_MS = 20;
const PATIENCE_MS = 120_000;

/** What a load came to. */
export interface LoadResult {
  readonly count: number;
  /** From the first request until every node had all of them final. */
  readonly wallS: number;
  readonly nodeCpuS: number;
  readonly generatorCpuS: number;
  readonly refused: number;
  readonly blocks: number;
  readonly residentMb: number;
  readonly ownMb: number;
  readonly diskMb: number;
}

/** Waits for a new node to have the chain of the first one. Seconds, its start included; and what it fetched. */
export async function sync(
  net: BenchNet,
): Promise<{ readonly seconds: number; readonly blocks: number; readonly transfers: number }> {
  const first = net.nodes[0] as BenchNode;
  const blocks = await metric(first, 'chain_height');
  const transfers = await metric(first, 'transactions_processed_total');
  const startedMs = performance.now();
  const joiner = await net.join();
  while ((await metric(joiner, 'chain_height')) < blocks) await sleep(LOOK_MS);
  return { seconds: (performance.now() - startedMs) / 1e3, blocks, transfers };
}

/** A number of a node's metrics; of several series their sum. */
export async function metric(node: BenchNode, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${node.apiPort}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^aureon_${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Sends `count` transfers, `batch` in a request, and waits until they are final everywhere. */
export async function load(net: BenchNet, from: number, count: number, batch: number): Promise<LoadResult> {
  const transfers = transfersOf(net, from, count);
  const requests: Buffer[] = [];
  for (let at = 0; at < count; at += batch) {
    const some = transfers.slice(at, at + batch);
    requests.push(
      batch === 1
        ? requestOf('POST', '/submit-tx', `{"transaction":${some[0]}}`)
        : requestOf('POST', '/submit-txs', `{"transactions":[${some.join(',')}]}`),
    );
  }
  const first = net.nodes[0] as BenchNode;
  const before = await metric(first, 'transactions_processed_total');
  const heightBefore = await metric(first, 'chain_height');
  const cpuBefore = sum(net.nodes.map((node) => node.cpuS()));
  const ownBefore = process.cpuUsage();
  const startedMs = performance.now();
  let processed = before;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      processed = await metric(first, 'transactions_processed_total');
      await sleep(LOOK_MS);
    }
  })();
  const next = dealt(requests, CONNECTIONS);
  const sent = Array<number>(CONNECTIONS).fill(0);
  let refused = 0;
  await sendAll(
    [first.apiPort],
    { connections: CONNECTIONS, depth: batch === 1 ? POSTS_DEPTH : BATCHES_DEPTH },
    async (connection) => {
      // None gets far ahead of the others: a node serves them as it likes.
      while ((sent[connection] ?? 0) - (processed - before) / CONNECTIONS > OUTSTANDING_MAX / CONNECTIONS)
        await sleep(2);
      sent[connection] = (sent[connection] ?? 0) + batch;
      return next(connection);
    },
    ({ status, body }) => {
      if (status >= 300) refused += batch;
      else refused += body.match(/"code"/g)?.length ?? 0;
    },
  );
  const own = process.cpuUsage(ownBefore);
  for (const node of net.nodes) await settled(node, before + count - refused);
  const wallS = (performance.now() - startedMs) / 1e3;
  isOver = true;
  await watching;
  return {
    count,
    wallS,
    nodeCpuS: sum(net.nodes.map((node) => node.cpuS())) - cpuBefore,
    generatorCpuS: (own.user + own.system) / 1e6,
    refused,
    blocks: (await metric(first, 'chain_height')) - heightBefore,
    residentMb: first.residentMb(),
    ownMb: first.ownMb(),
    diskMb: diskMb(first),
  };
}

/** Until the node has executed so many and its head of then is final. */
async function settled(node: BenchNode, count: number): Promise<void> {
  await until(
    async () => (await metric(node, 'transactions_processed_total')) >= count,
    `${count} transfers on ${node.name}`,
  );
  const head = await metric(node, 'chain_height');
  await until(async () => (await metric(node, 'final_height')) >= head, `finality on ${node.name}`);
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`);
    await sleep(LOOK_MS);
  }
}

/** Milliseconds from a transfer's request until the node it was given to says that it is final. */
export async function latencies(
  net: BenchNet,
  from: number,
  count: number,
  perSecond: number,
): Promise<readonly number[]> {
  const transfers = transfersOf(net, from, count).map((transfer) =>
    requestOf('POST', '/submit-tx', `{"transaction":${transfer}}`),
  );
  const first = net.nodes[0] as BenchNode;
  const posts = new Pipeline(first.apiPort);
  const looks = new Pipeline(first.apiPort);
  const sentMs = new Map<string, number>();
  const tookMs: number[] = [];
  let seen = Number(/"final":(\d+)/.exec((await looks.send(requestOf('GET', '/chain/head'))).body)?.[1]);
  const sending = (async () => {
    const startedMs = performance.now();
    for (const [i, request] of transfers.entries()) {
      await sleep(Math.max(0, startedMs + (1_000 * i) / perSecond - performance.now()));
      const atMs = performance.now();
      void posts.send(request).then(({ body }) => sentMs.set(/[0-9a-f]{64}/.exec(body)?.[0] ?? '', atMs));
    }
  })();
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (tookMs.length < count) {
    if (performance.now() > deadlineMs) throw new Error(`${tookMs.length} of ${count} transfers are final`);
    const { body } = await looks.send(requestOf('GET', '/chain/head'));
    const final = Number(/"final":(\d+)/.exec(body)?.[1]);
    const nowMs = performance.now();
    for (; seen < final; seen++) {
      for (const id of await idsOf(looks, seen + 1)) {
        const since = sentMs.get(id);
        if (since !== undefined) tookMs.push(nowMs - since);
      }
    }
    await sleep(2);
  }
  await sending;
  posts.close();
  looks.close();
  return tookMs.toSorted((a, b) => a - b);
}

async function idsOf(looks: Pipeline, height: number): Promise<readonly string[]> {
  const { body } = await looks.send(requestOf('GET', `/chain/blocks/${height}`));
  const { block } = ANSWERS.block.parse(JSON.parse(body));
  return block.transactions.map((form) => {
    const bytes = new TextEncoder().encode(JSON.stringify(form));
    const transaction = decodeJson(transactionLayout, bytes, bytes.length);
    if (isDecodeRejection(transaction)) throw new Error(transaction.detail);
    return transactionId(transaction);
  });
}

/** Requests a second, each sent once. */
export async function submissionsPerSecond(port: number, requests: readonly Buffer[]): Promise<number> {
  const startedMs = performance.now();
  const next = dealt(requests, MANY_CONNECTIONS);
  await sendAll(
    [port],
    { connections: MANY_CONNECTIONS, depth: 8 },
    async (connection) => next(connection),
    ({ status, body }) => {
      if (status !== 202) throw new Error(`a transfer was answered with ${status}: ${body}`);
    },
  );
  return (1e3 * requests.length) / (performance.now() - startedMs);
}

/** Requests a second of one route, with so many on their way at once. */
export async function requestsPerSecond(port: number, request: Buffer, seconds: number): Promise<number> {
  const untilMs = performance.now() + 1e3 * seconds;
  let count = 0;
  await sendAll(
    [port],
    { connections: MANY_CONNECTIONS, depth: 8 },
    async () => (performance.now() < untilMs ? request : undefined),
    ({ status }) => {
      if (status >= 500) throw new Error(`a request was answered with ${status}`);
      count++;
    },
  );
  return count / seconds;
}

/** Checks of the fastest verifier on one thread, a second: the best of three. */
function bareVerification(): number {
  const suite = createNativeSignatures();
  const message = new Uint8Array(160);
  const secret = new Uint8Array(32).fill(1);
  const publicKey = suite.publicKey(secret);
  const signature = suite.sign(secret, message);
  const items = Array.from({ length: 20_000 }, () => ({ publicKey, message, signature }));
  const rates = Array.from({ length: 3 }, () => {
    const startedMs = performance.now();
    for (const item of items) if (!suite.verify(item)) throw new Error('the signature is valid');
    return (1e3 * items.length) / (performance.now() - startedMs);
  });
  return Math.max(...rates);
}

/** Does it, and tells what bare verification makes, before and after it: the speed of a shared machine changes meanwhile. */
export async function besideBare<T>(
  work: () => Promise<T>,
): Promise<{ readonly done: T; readonly bare: number }> {
  const before = bareVerification();
  // Connections that the other side closed meanwhile are seen now, and not used again.
  await sleep(LOOK_MS);
  const done = await work();
  return { done, bare: (before + bareVerification()) / 2 };
}

export function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(0)} %`;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
