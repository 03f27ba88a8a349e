/** One thread of a miner: searches nonces, and looks between two runs of them whether it is to search for something else. */
import { hash } from 'node:crypto';
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { searchNonce } from '../../chain/consensus/pow/search.ts';
import type { FromMiner, ToMiner } from './miner.ts';

/** Tens of milliseconds: so long a head that is no longer one is still searched on. */
const TRIES_PER_RUN = 20_000;

const port = parentPort;
if (port === null) throw new Error('a miner runs in a thread of its own');

let job: Extract<ToMiner, { readonly kind: 'search' }> | undefined;
let nonce = 0n;

function take(message: ToMiner): void {
  job = message.kind === 'search' ? message : undefined;
  if (job !== undefined) nonce = job.startNonce;
}

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

function search(): void {
  while (job !== undefined && port !== null) {
    const { id } = job;
    const seal = searchNonce(job, nonce, TRIES_PER_RUN, sha256);
    nonce = BigInt.asUintN(64, nonce + BigInt(TRIES_PER_RUN));
    const told: FromMiner = { id, tries: TRIES_PER_RUN, seal };
    port.postMessage(told);
    if (seal !== undefined) job = undefined;
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
      take(next.message);
  }
}

port.on('message', (message: ToMiner) => {
  take(message);
  search();
});
