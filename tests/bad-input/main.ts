/** `npm run bad-input`: a real node against input that nobody should send, by HTTP and P2P, until so many have been tried. */

import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { runTool } from '../support/tool.ts';
import { type Corpus, collectCorpus } from './corpus.ts';
import { type HttpInput, httpInputs } from './http-inputs.ts';
import { type DocumentedCodes, runHttp } from './http-runner.ts';
import { countOf, type P2pInput, p2pInputs } from './p2p-inputs.ts';
import { type P2pCounts, runP2p } from './p2p-runner.ts';
import { trySlowSenders } from './slow-senders.ts';
import { startTarget, type Target } from './target.ts';

const COUNT = 1_000_000;
/** Requests and connections of one batch. */
const BATCH = { requests: 400, connections: 30 } as const;
/** Until so much of a run the node fills its caches and its code is compiled: memory is compared from here on. */
const WARM_UP_SHARE = 0.3;
const MIB = 1_024 * 1_024;
/** What the mempool, the caches and a heap that is not collected yet may come to in a run that ends before they are full. */
const GROWTH_MAX_BYTES = 256 * MIB;
/** In a run of so many inputs they are full after its warm-up: a leak of 100 bytes an input shows in a million. */
const LONG_RUN = 500_000;
const LONG_RUN_GROWTH_MAX_BYTES = 64 * MIB;
const FLAWS_SHOWN = 20;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: String(COUNT) },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1_000) % 1_000_000_000) },
  },
});
await runTool(() => main(Number(values.count), Number(values.seed)));

async function main(count: number, seed: number): Promise<number> {
  if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
    console.error('bad-input: --count and --seed are whole numbers');
    return 2;
  }
  console.log(`bad-input: ${count} inputs, seed ${seed}`);
  const target = await startTarget();
  let flaws: readonly string[];
  try {
    flaws = await run(target, count, seed);
  } catch (error) {
    flaws = [error instanceof Error ? error.message : String(error)];
  }
  const code = await target.stop();
  if (code !== 0) flaws = [...flaws, `the node stopped with ${code}`];
  for (const flaw of flaws.slice(0, FLAWS_SHOWN)) console.error(flaw);
  console.log(flaws.length === 0 ? 'bad-input: ok' : `bad-input: ${flaws.length} flaws, seed ${seed}`);
  return flaws.length === 0 ? 0 : 1;
}

async function run(target: Target, count: number, seed: number): Promise<readonly string[]> {
  const corpus = await collectCorpus(target);
  const codes = await documentedCodes(target);
  const statuses = new Map<number, number>();
  const ends: P2pCounts = new Map();
  const flaws: string[] = [...(await trySlowSenders(target))];
  let done = 0;
  let warmBytes = 0;
  let height = await target.checkHealth();
  for (let batch = 0; done < count && flaws.length < FLAWS_SHOWN; batch++) {
    done += await runBatch(target, corpus, codes, { seed: seed + batch, statuses, ends, flaws });
    const now = await target.checkHealth();
    if (batch === 0 || done < count * WARM_UP_SHARE) warmBytes = Math.max(warmBytes, target.residentBytes());
    height = Math.max(height, now);
    if (batch % 25 === 0)
      console.log(`  ${done} inputs, height ${height}, ${mib(target.residentBytes())} MiB`);
  }
  const endBytes = target.residentBytes();
  const last = await target.checkHealth();
  console.log(`${done} inputs; answers ${listed(statuses)}; connections ${listed(ends)}`);
  console.log(
    `memory: ${mib(warmBytes)} MiB after the warm-up, ${mib(endBytes)} MiB at the end; height ${last}`,
  );
  const growthMaxBytes = count < LONG_RUN ? GROWTH_MAX_BYTES : LONG_RUN_GROWTH_MAX_BYTES;
  if (endBytes - warmBytes > growthMaxBytes)
    flaws.push(
      `memory grew by ${mib(endBytes - warmBytes)} MiB, at most ${mib(growthMaxBytes)} were expected`,
    );
  return flaws;
}

/** What batches add to. */
interface Tally {
  readonly seed: number;
  readonly statuses: Map<number, number>;
  readonly ends: P2pCounts;
  readonly flaws: string[];
}

/** So many inputs were tried. */
async function runBatch(
  target: Target,
  { http, messages }: Corpus,
  codes: DocumentedCodes,
  { seed, statuses, ends, flaws }: Tally,
): Promise<number> {
  const requests: readonly HttpInput[] = fc.sample(httpInputs(http), { seed, numRuns: BATCH.requests });
  const connections: readonly P2pInput[] = fc.sample(p2pInputs(messages), {
    seed,
    numRuns: BATCH.connections,
  });
  const [wrongAnswers, wrongEnds] = await Promise.all([
    runHttp(target.apiPort, requests, codes, statuses),
    runP2p(target.p2pPort, connections, `${seed}`, ends),
  ]);
  for (const { input, what } of wrongAnswers)
    flaws.push(
      `HTTP, batch seed ${seed}: ${what}\n  ${JSON.stringify(input.bytes.toString('latin1').slice(0, 400))}`,
    );
  for (const { input, what } of wrongEnds)
    flaws.push(`P2P, batch seed ${seed}: ${what}\n  ${JSON.stringify(shown(input)).slice(0, 600)}`);
  return requests.length + connections.reduce((sum, input) => sum + countOf(input), 0);
}

function shown(input: P2pInput): unknown {
  return input.kind === 'opening'
    ? input
    : { ...input, lines: input.lines.map((line) => line.toString('latin1').slice(0, 200)) };
}

/** Of the OpenAPI document that the node itself answers with; and of what is no route. */
async function documentedCodes({ apiPort }: Target): Promise<DocumentedCodes> {
  const answer = await fetch(`http://127.0.0.1:${apiPort}/docs/openapi.json`);
  const codes = new Map<number, Set<string>>([[404, new Set(['NO_ROUTE'])]]);
  const { paths } = (await answer.json()) as {
    paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
  };
  for (const methods of Object.values(paths))
    for (const { responses } of Object.values(methods))
      for (const [status, { description }] of Object.entries(responses)) {
        const known = codes.get(Number(status)) ?? new Set<string>();
        codes.set(Number(status), known.add(description));
      }
  return codes;
}

function listed(counts: ReadonlyMap<string | number, number>): string {
  return [...counts]
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}
