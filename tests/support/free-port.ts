/** Ports of the loopback interface that were free a moment ago. */
import { randomInt } from 'node:crypto';
import { isFree } from '../../src/lab/real/ports.ts';

/** Below the ports that the system gives to connections by itself, and below those of real runs, which are taken though no node is up. */
const LOWEST = 10_000;
const HIGHEST = 20_000;
/** Test files that run at once have ports of their own. */
const SHARES = 8;
const SHARE = (HIGHEST - LOWEST) / SHARES;
const START = LOWEST + (Number(process.env['VITEST_POOL_ID'] ?? 0) % SHARES) * SHARE;

/** None is given twice in a process before all have been. */
let next = randomInt(SHARE);

export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of so many in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    if (next + count > SHARE) next = 0;
    const first = START + next;
    next += count;
    const tried = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (tried.every(Boolean)) return first;
  }
}
