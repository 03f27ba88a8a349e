/** The stream of /events: how fast old blocks are told, and what 256 subscribers cost a node under load. `npm run bench -- events`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatChainFile } from '../src/node/genesis-file.ts';
import { nodeKeyOf, writeKeyFile } from '../src/node/key-file.ts';
import { createNativeSignatures } from '../src/node/signatures/native-signatures.ts';
import { freePorts } from '../tests/support/free-port.ts';
import { STORED_CHAIN, storeChain } from '../tests/support/stored-chain.ts';
import { ownedFolder, removeFolder, runTool } from '../tests/support/tool.ts';
import { EventReader } from './node/event-reader.ts';
import { percent, sum } from './node/measure.ts';
import { type BenchNet, type BenchNode, startNet, startProcess, stopProcess } from './node/net.ts';
import { Pipeline, requestOf } from './node/pipeline.ts';
import { transfersOf } from './node/transfers.ts';

/** As many transfers as a full block has that opens an account with each. */
const STORED_BLOCKS = 200;
const STORED_PER_BLOCK = 500;
const REPLAYS = 4;
const SUBSCRIBERS = 256;
const INTERVAL_MS = 200;
const LOAD_S = 10;
/** Transfers a second of each load: a block has a fifth of them. */
const RATES = [200, 500];
const BATCH = 20;
/** A subscriber that is told nothing for so long has been told all. */
const SETTLE_MS = 1_000;
const ENVIRONMENT = { AUREON_HTTP_EVENTS_MAX: '300', AUREON_HTTP_EVENTS_PER_ADDRESS_MAX: '300' };

/** One subscriber, and a chain that stands still, from genesis on. */
async function replays(): Promise<void> {
  const folder = ownedFolder('aureon-bench-');
  const data = join(folder, 'data');
  mkdirSync(data);
  await storeChain(data, { blocks: STORED_BLOCKS, perBlock: STORED_PER_BLOCK });
  writeFileSync(join(folder, 'genesis.json'), formatChainFile(STORED_CHAIN.genesis, []));
  // Nobody's key: the node makes no block.
  const key = nodeKeyOf(new Uint8Array(32).fill(1), createNativeSignatures());
  const problem = writeKeyFile(join(folder, 'node.key'), key);
  if (problem !== undefined) throw new Error(problem.what);
  const port = await freePorts(2);
  const { node, child } = await startProcess({
    name: 'stored',
    apiPort: port + 1,
    p2pPort: port,
    data,
    folder,
    args: ['--p2p-listen', `127.0.0.1:${port}`, '--http-listen', `127.0.0.1:${port + 1}`],
    environment: ENVIRONMENT,
  });
  console.log(
    `A chain of ${STORED_BLOCKS} blocks of ${STORED_PER_BLOCK} transfers, from genesis on to one subscriber:\n`,
  );
  console.log('| told | blocks/s | events/s |');
  console.log('|---|---|---|');
  const kinds = ['head,transaction', 'head'] as const;
  const tookS = new Map<string, number>();
  const events = new Map<string, number>();
  // In turns: the texts of all transactions are more than what the node keeps, so that each is read and made anew. The first one warms up.
  for (let i = 0; i <= REPLAYS; i++) {
    for (const kind of kinds) {
      const done = await replay(node, kind);
      if (i === 0) continue;
      tookS.set(kind, (tookS.get(kind) ?? 0) + done.seconds);
      events.set(kind, (events.get(kind) ?? 0) + done.events);
    }
  }
  for (const kind of kinds.toReversed()) {
    const seconds = tookS.get(kind) ?? 0;
    const blocks = (REPLAYS * (STORED_BLOCKS + 1)) / seconds;
    console.log(`| ${kind} | ${blocks.toFixed(0)} | ${((events.get(kind) ?? 0) / seconds).toFixed(0)} |`);
  }
  await stopProcess(child);
  removeFolder(folder);
}

/** From the answer to the subscription until the last block came. */
async function replay(
  node: BenchNode,
  kinds: string,
): Promise<{ readonly seconds: number; readonly events: number }> {
  const reader = new EventReader(node, `kinds=${kinds}&from=0`);
  await reader.subscribed();
  const startedMs = performance.now();
  await reader.until(() => reader.height === STORED_BLOCKS);
  const seconds = (performance.now() - startedMs) / 1e3;
  reader.close();
  return { seconds, events: reader.count };
}

/** What one stretch of load came to. */
interface Stretch {
  readonly wallS: number;
  readonly cpuS: number;
  readonly events: number;
  /** From the moment the node had a block until its last subscriber had it, shortest first. */
  readonly lastMs: readonly number[];
}

/** Transfers at a steady rate while the readers listen. */
async function stretch(
  net: BenchNet,
  from: number,
  perSecond: number,
  readers: readonly EventReader[],
  log: string,
): Promise<Stretch> {
  const [node] = net.nodes;
  if (node === undefined) throw new Error('the net has its node');
  const transfers = transfersOf(net, from, perSecond * LOAD_S);
  const before = sum(readers.map(({ count }) => count));
  for (const { cameMs } of readers) cameMs.clear();
  const cpuBefore = node.cpuS();
  const posts = new Pipeline(node.apiPort);
  const startedMs = performance.now();
  const fromMs = Date.now();
  const answers: Promise<{ readonly status: number }>[] = [];
  for (let at = 0; at < transfers.length; at += BATCH) {
    await sleep(Math.max(0, startedMs + (1_000 * at) / perSecond - performance.now()));
    const body = `{"transactions":[${transfers.slice(at, at + BATCH).join(',')}]}`;
    answers.push(posts.send(requestOf('POST', '/submit-txs', body)));
  }
  for (const { status } of await Promise.all(answers))
    if (status >= 300) throw new Error(`a batch was answered with ${status}`);
  const untilMs = Date.now();
  const wallS = (performance.now() - startedMs) / 1e3;
  const cpuS = node.cpuS() - cpuBefore;
  const events = sum(readers.map(({ count }) => count)) - before;
  await sleep(SETTLE_MS);
  posts.close();
  const lastMs = headsOf(log)
    .filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs)
    .map(({ id, atMs }) => Math.max(...readers.map(({ cameMs }) => cameMs.get(id) ?? Infinity)) - atMs)
    .sort((a, b) => a - b);
  return { wallS, cpuS, events, lastMs };
}

/** When the node had which block, as its event file says. */
function headsOf(log: string): readonly { readonly id: string; readonly atMs: number }[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"HeadChanged"'))
    .map((line) => {
      const { wallMs, event } = JSON.parse(line) as { wallMs: number; event: { id: string } };
      return { id: event.id, atMs: wallMs };
    });
}

async function subscribers(): Promise<void> {
  const folder = ownedFolder('aureon-bench-');
  const log = join(folder, 'events.ndjson');
  const net = await startNet(1, INTERVAL_MS, { ...ENVIRONMENT, AUREON_LOG_EVENTS: log });
  const [node] = net.nodes;
  if (node === undefined) throw new Error('the net has its node');
  console.log(
    `One node, a block every ${INTERVAL_MS} ms, ${LOAD_S} s of load; subscribers of heads and transactions:\n`,
  );
  console.log(
    '| transfers/s | subscribers | events/s | node CPU | CPU-µs an event | last one has the block after, p50 | p95 | p99 |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  let from = 0;
  const readers: EventReader[] = [];
  const row = async (perSecond: number, alone: Stretch | undefined): Promise<Stretch> => {
    const done = await stretch(net, from, perSecond, readers, log);
    from += perSecond * LOAD_S;
    const at = (share: number): string => {
      const tookMs = done.lastMs[Math.floor(share * done.lastMs.length)] ?? 0;
      return Number.isFinite(tookMs) ? `${tookMs.toFixed(0)} ms` : 'not in time';
    };
    const each = alone === undefined ? '' : ((1e6 * (done.cpuS - alone.cpuS)) / done.events).toFixed(1);
    const delays = alone === undefined ? '| | |' : `${at(0.5)} | ${at(0.95)} | ${at(0.99)} |`;
    console.log(
      `| ${perSecond} | ${readers.length} | ${(done.events / done.wallS).toFixed(0)} | ${percent(done.cpuS, done.wallS)} of a core | ${each} | ${delays}`,
    );
    return done;
  };
  const open = async (): Promise<void> => {
    while (readers.length < SUBSCRIBERS) {
      const reader = new EventReader(node, 'kinds=head,transaction');
      readers.push(reader);
      await reader.subscribed();
    }
  };
  const kB = (mb: number): string => ((1e3 * mb) / SUBSCRIBERS).toFixed(0);
  // Before any load: what garbage leaves free would hide them.
  const freshMb = node.ownMb();
  await open();
  const openMb = node.ownMb() - freshMb;
  for (const reader of readers.splice(0)) reader.close();
  const alone = new Map<number, Stretch>();
  for (const rate of RATES) alone.set(rate, await row(rate, undefined));
  const aloneMb = node.ownMb();
  await open();
  for (const rate of RATES) await row(rate, alone.get(rate));
  const loadedMb = node.ownMb() - aloneMb;
  console.log(
    `\nA subscriber takes ${kB(openMb)} kB of a new node, and under load ${kB(loadedMb)} kB more than the node alone had after the same load`,
  );
  const ended = readers.flatMap((reader) => reader.ended ?? []);
  if (ended.length > 0) console.log(`${ended.length} streams ended: ${ended[0]}`);
  for (const reader of readers) reader.close();
  await net.stop();
  removeFolder(folder);
}

await runTool(async () => {
  await replays();
  console.log('');
  await subscribers();
  return 0;
});
