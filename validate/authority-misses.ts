/** Authorities whose blocks now and then arrive more than a period late, by real nodes: a long chain that must not stand still. */
import type { TieBreak } from '../src/chain/consensus/poa/config.ts';
import { createStream } from '../src/sim/seeds.ts';
import { experimentCluster, experimentPlan, KEEP_LITTLE } from './experiment.ts';

/** One chain of so many blocks. */
export interface AuthorityMissesJob {
  readonly kind: 'authority-misses';
  readonly signers: number;
  readonly tieBreak: TieBreak;
  readonly blocks: number;
  /** Of a thousand periods, those in which what one signer says arrives more than a period late. */
  readonly missPermille: number;
  readonly seed: string;
}

export interface AuthorityMissesOutcome {
  readonly kind: 'authority-misses';
  readonly signers: number;
  readonly tieBreak: TieBreak;
  /** Height that was reached. */
  readonly blocks: number;
  readonly misses: number;
  readonly reorgs: number;
  readonly deepestReorg: number;
  /** The most periods in which no head rose. */
  readonly longestPauseLooks: number;
  readonly isStalled: boolean;
}

const PERIOD_S = 15;
const PERIOD_US = PERIOD_S * 1_000_000;
/** What is late arrives after 1.1 to 2 periods. */
const LATE_MIN_PERCENT = 110;
const LATE_SPAN_PERCENT = 90;
/** No new block in so many periods is a standstill: a block that is late is there after two. */
const STALL_PERIODS = 40;
/** A look at the heads every two periods. */
const LOOK_US = 2 * PERIOD_US;

/** Runs one chain. */
export function runAuthorityMisses(job: AuthorityMissesJob): AuthorityMissesOutcome {
  const { signers, tieBreak, blocks, missPermille } = job;
  const plan = experimentPlan(
    {
      nodes: signers,
      intervalS: PERIOD_S,
      chain: `{ engine: poa, blockInterval: ${PERIOD_S}s, poa: { tieBreak: ${tieBreak} } }`,
      network: '{ latency: { uniform: 20ms..120ms }, stallReset: 10min }',
      node: '{ compactBlocks: false, transactionGossip: false, pings: false, timeouts: false }',
    },
    job.seed,
  );
  const stream = createStream(job.seed, 'authority-misses');
  const faults = [];
  for (let period = signers; period < blocks; period++) {
    if (stream.below(1_000) >= missPermille) continue;
    const links = { from: [stream.below(signers)], to: 'all', bothWays: false } as const;
    const extraUs = Math.floor((PERIOD_US * (LATE_MIN_PERCENT + stream.below(LATE_SPAN_PERCENT))) / 100);
    const change = { kind: 'latency', links, extraUs } as const;
    faults.push({
      id: `late/${period}`,
      kind: 'link',
      atUs: period * PERIOD_US,
      forUs: PERIOD_US,
      change,
    } as const);
  }
  const cluster = experimentCluster({ ...plan, faults }, { store: KEEP_LITTLE });
  const highest = (): number => Math.max(...cluster.nodes.map((node) => node.height));
  let pause = 0;
  let longestPauseLooks = 0;
  for (let before = 0; before < blocks && pause < STALL_PERIODS / 2; ) {
    cluster.run(LOOK_US);
    pause = highest() > before ? 0 : pause + 1;
    longestPauseLooks = Math.max(longestPauseLooks, pause);
    before = Math.max(before, highest());
  }
  const { reorgs, reorgDepth } = cluster.observation;
  return {
    kind: 'authority-misses',
    signers,
    tieBreak,
    blocks: highest(),
    misses: faults.length,
    reorgs,
    deepestReorg: reorgDepth,
    longestPauseLooks,
    isStalled: highest() < blocks,
  };
}
