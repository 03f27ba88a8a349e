/** How many hashes the first blocks of a real chain take: as many as the miners of this machine make in an interval, measured just before. */
import { hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { searchNonce } from '../../chain/consensus/pow/search.ts';
import type { ClusterPlan } from '../../cluster/plan.ts';

/** Long enough that the code is compiled, short enough that nobody waits for it. */
const MEASURED_MS = 300;
/** Tries between two looks at the clock: a few milliseconds. */
const TRIES = 2_000;
/** About the bytes of a header. */
const HEADER = new Uint8Array(300);
/** No hash meets it. */
const HOPELESS = 0n;

/** Hashes a second of one thread, by the search that miners run. */
function hashRate(): number {
  const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
  const job = { headerBytes: HEADER, checkTarget: HOPELESS };
  let tries = 0;
  let elapsedMs = 0;
  const startedMs = performance.now();
  while (elapsedMs < MEASURED_MS) {
    searchNonce(job, BigInt(tries), TRIES, sha256);
    tries += TRIES;
    elapsedMs = performance.now() - startedMs;
  }
  return (tries * 1_000) / elapsedMs;
}

/** Miners that share the cores of this machine with each other; what else runs there, `asert` makes up for. At least 1. */
export function workOfBlock({ hosts, chain }: Pick<ClusterPlan, 'hosts' | 'chain'>): bigint {
  const miners = hosts.filter(({ hashShare }) => hashShare > 0).length;
  const threads = Math.min(miners, availableParallelism());
  const work = (hashRate() * threads * chain.blockIntervalUs) / 1_000_000;
  return BigInt(Math.max(1, Math.round(work)));
}
