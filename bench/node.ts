/** The real node's speed: `npm run bench -- node`. Everything in one run, against what the machine does without a chain. */
import { join } from 'node:path';
import fastify from 'fastify';
import { open } from 'lmdb';
import { createNodeMetrics } from '../src/node/metrics/node-metrics.ts';
import { openLmdbStorage } from '../src/node/storage/lmdb-storage.ts';
import { ownedFolder, removeFolder, runTool } from '../tests/support/tool.ts';
import {
  besideBare,
  latencies,
  load,
  metric,
  percent,
  requestsPerSecond,
  submissionsPerSecond,
  sync,
} from './node/measure.ts';
import { type BenchNet, type BenchNode, startNet } from './node/net.ts';
import { requestOf } from './node/pipeline.ts';
import { transfersOf } from './node/transfers.ts';

/** A block of one node is as large as it may be and takes little longer to make; four nodes agree on theirs. */
const ONE_INTERVAL_MS = 100;
const INTERVAL_MS = 500;
const BATCH = 100;
const args = process.argv.slice(2);
/** Transfers of each load. */
const COUNT = Number(args[args.indexOf('--count') + 1] ?? Number.NaN) || 60_000;
/** Before it is measured: a process compiles its code while it runs. */
const WARM_UP = 20_000;
const LATENCY_COUNT = 2_000;
const LATENCY_PER_S = 200;
const ROUTE_S = 5;
/** New transfers of the comparison with a bare route. */
const SUBMISSIONS = 20_000;

async function sustained(): Promise<void> {
  console.log(
    '| load | transfers/s | bare verification/s | ratio | node CPU-s a 1,000 | generator CPU | refused | blocks | memory | disk |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|');
  const row = async (name: string, net: BenchNet, from: number, batch: number): Promise<void> => {
    const { done, bare } = await besideBare(() => load(net, from, COUNT, batch));
    const rate = (done.count - done.refused) / done.wallS;
    const cpu = (1e3 * done.nodeCpuS) / done.count;
    console.log(
      `| ${name} | ${rate.toFixed(0)} | ${bare.toFixed(0)} | ${percent(rate, bare)} | ${cpu.toFixed(2)} | ${percent(done.generatorCpuS, done.wallS)} of a core | ${done.refused} | ${done.blocks} | ${done.residentMb.toFixed(0)} MB | ${done.diskMb.toFixed(0)} MB |`,
    );
  };
  for (const threads of ['0', '1']) {
    const net = await startNet(1, ONE_INTERVAL_MS, { AUREON_SIGNATURES_THREADS: threads });
    const how = threads === '0' ? 'signatures on its own thread' : 'one thread for signatures';
    await load(net, 0, WARM_UP, BATCH);
    await row(`one node, ${BATCH} a request, ${how}`, net, WARM_UP, BATCH);
    await row(`one node, one a request, ${how}`, net, WARM_UP + COUNT, 1);
    await net.stop();
  }
  const four = await startNet(4, INTERVAL_MS);
  await row(`four nodes, ${BATCH} a request`, four, 0, BATCH);
  const took = await latencies(four, COUNT, LATENCY_COUNT, LATENCY_PER_S);
  const at = (share: number): string => (took[Math.floor(share * took.length)] ?? 0).toFixed(0);
  console.log(
    `\nFour nodes, a block every ${INTERVAL_MS} ms, ${LATENCY_PER_S} transfers a second: final after ${at(0.5)} ms (p50), ${at(0.95)} ms (p95), ${at(0.99)} ms (p99)`,
  );
  await synced(four);
  await scraped(four.nodes[0] as BenchNode);
  await four.stop();
}

async function synced(net: BenchNet): Promise<void> {
  const { done, bare } = await besideBare(() => sync(net));
  const { seconds, blocks, transfers } = done;
  const rate = transfers / seconds;
  console.log(
    `A new node fetches ${blocks} blocks with ${transfers} transfers in ${seconds.toFixed(1)} s, its start included: ${(blocks / seconds).toFixed(0)} blocks/s, ${rate.toFixed(0)} transfers/s, ${percent(rate, bare)} of the ${bare.toFixed(0)} of bare verification`,
  );
}

async function scraped(node: BenchNode): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < 200; i++) {
    const startedMs = performance.now();
    await metric(node, 'chain_height');
    took.push(performance.now() - startedMs);
  }
  took.sort((a, b) => a - b);
  const metrics = createNodeMetrics(() => performance.now());
  const times = 200_000;
  const startedMs = performance.now();
  for (let i = 0; i < times; i++) {
    const atMs = metrics.nowMs();
    metrics.onOperation('get', metrics.nowMs() - atMs);
  }
  const eachUs = (1e3 * (performance.now() - startedMs)) / times;
  const told =
    (await metric(node, 'db_operations_total')) +
    (await metric(node, 'messages_sent_total')) +
    (await metric(node, 'messages_received_total')) +
    (await metric(node, 'state_root_updates_total')) * 4;
  console.log(
    `/metrics answers in ${took[100]?.toFixed(1)} ms (p50), ${took[190]?.toFixed(1)} ms (p95). Metrics: ${eachUs.toFixed(2)} µs each, ${told} of them in ${node.cpuS().toFixed(1)} s of CPU: ${((eachUs * told) / node.cpuS() / 1e4).toFixed(2)} %`,
  );
}

async function routes(): Promise<void> {
  const net = await startNet(1, INTERVAL_MS);
  const { apiPort } = net.nodes[0] as BenchNode;
  const bare = fastify();
  bare.get('/head', () => ({ height: 1 }));
  bare.post('/submit', () => ({ id: 'x' }));
  const port = Number(new URL(await bare.listen({ host: '127.0.0.1', port: 0 })).port);
  const [transfer = ''] = transfersOf(net, 0, 1);
  const body = `{"transaction":${transfer}}`;
  console.log('| route | requests/s | bare Fastify | ratio |');
  console.log('|---|---|---|---|');
  const compare = async (name: string, own: Buffer, other: Buffer): Promise<void> => {
    const without = await requestsPerSecond(port, other, ROUTE_S);
    const rate = await requestsPerSecond(apiPort, own, ROUTE_S);
    console.log(`| ${name} | ${rate.toFixed(0)} | ${without.toFixed(0)} | ${percent(rate, without)} |`);
  };
  await compare('GET /chain/head', requestOf('GET', '/chain/head'), requestOf('GET', '/head'));
  await compare('GET /health', requestOf('GET', '/health'), requestOf('GET', '/head'));
  await compare(
    'POST /submit-tx, refused as known',
    requestOf('POST', '/submit-tx', body),
    requestOf('POST', '/submit', body),
  );
  const posts = transfersOf(net, 1, SUBMISSIONS).map((one) =>
    requestOf('POST', '/submit-tx', `{"transaction":${one}}`),
  );
  const without = await requestsPerSecond(port, requestOf('POST', '/submit', body), ROUTE_S);
  const rate = await submissionsPerSecond(apiPort, posts);
  console.log(
    `| POST /submit-tx, new, with the blocks they go into | ${rate.toFixed(0)} | ${without.toFixed(0)} | ${percent(rate, without)} |`,
  );
  await bare.close();
  await net.stop();
}

/** Durable batches as a block is one: through the storage of the node, and by the database alone. */
async function commits(): Promise<void> {
  const batches = 300;
  const value = new Uint8Array(1_000);
  const opsOf = (i: number) =>
    Array.from({ length: 100 }, (_, j) => ({
      kind: 'put' as const,
      key: new TextEncoder().encode(`${i}/${j}`),
      value,
    }));
  const folder = ownedFolder('aureon-bench-');
  const storage = openLmdbStorage(join(folder, 'node'), (run) => run());
  let startedMs = performance.now();
  for (let i = 0; i < batches; i++) {
    storage.write(opsOf(i));
    await new Promise<void>((resolve, reject) =>
      storage.flush((fault) => (fault === undefined ? resolve() : reject(new Error(fault.kind)))),
    );
  }
  const own = (1e3 * batches) / (performance.now() - startedMs);
  await storage.close();
  const db = open<Uint8Array, Uint8Array>({
    path: join(folder, 'alone'),
    keyEncoding: 'binary',
    encoding: 'binary',
  });
  startedMs = performance.now();
  for (let i = 0; i < batches; i++) {
    db.transactionSync(() => {
      for (const { key, value: put } of opsOf(i)) void db.put(key, put);
    });
    await db.flushed;
  }
  const alone = (1e3 * batches) / (performance.now() - startedMs);
  await db.close();
  removeFolder(folder);
  console.log(
    `Durable batches of 100 records of 1 kB, one after the other: ${own.toFixed(0)} a second through the node's storage, ${alone.toFixed(0)} by LMDB alone: ${percent(own, alone)}`,
  );
}

await runTool(async () => {
  await sustained();
  console.log('');
  await routes();
  console.log('');
  await commits();
  return 0;
});
