/** Mining in simulation: when a seal is found is drawn, that it is one is real. PROTOCOL.md, Time and PoW. */
import { assert } from '../../../env/assert.ts';
import type { Clock } from '../../../env/clock.ts';
import { TIMER_DELAY_MAX_MS, type Timer } from '../../../env/clock.ts';
import type { Crypto } from '../../../env/crypto.ts';
import type { Random } from '../../../env/random.ts';
import { ms } from '../../../env/units.ts';
import type { SealJob, SealSearch } from '../consensus.ts';
import { drawExponential, EXPONENTIAL_BITS } from './exponential.ts';
import { searchNonce } from './search.ts';
import { workOf } from './target.ts';

/** Nonces tried in one handler; with a powScale of work / 16 one in e^4096 searches needs another. */
const TRIES_PER_HANDLER = 65_536;
const LONGEST_MS = BigInt(TIMER_DELAY_MAX_MS);

/** What the model needs of the world. */
export interface SearchEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Pick<Crypto, 'sha256'>;
}

/**
 * A search that takes an exponential time with mean work / hashRate, whatever powScale is.
 * @param hashRate hashes a second of this node: a safe integer; 0 never finds anything.
 */
export function createModelledSearch(env: SearchEnv, hashRate: number): SealSearch {
  assert(Number.isSafeInteger(hashRate) && hashRate >= 0, 'a hash rate is a safe integer >= 0');
  return (job, onFound) => {
    if (hashRate === 0) return () => {};
    const search = new ModelledSearch(env, job, onFound);
    search.wait(timeToFind(env.random, job.target, hashRate));
    return () => search.cancel();
  };
}

/** Milliseconds, to the nearest. */
function timeToFind(random: Random, target: bigint, hashRate: number): bigint {
  const scaled = BigInt(drawExponential(random)) * workOf(target) * 1000n;
  const unit = BigInt(hashRate) << BigInt(EXPONENTIAL_BITS);
  return (scaled + unit / 2n) / unit;
}

class ModelledSearch {
  readonly #env: SearchEnv;
  readonly #job: SealJob;
  readonly #onFound: (seal: Uint8Array) => void;
  #timer: Timer | undefined;

  constructor(env: SearchEnv, job: SealJob, onFound: (seal: Uint8Array) => void) {
    this.#env = env;
    this.#job = job;
    this.#onFound = onFound;
  }

  wait(leftMs: bigint): void {
    const now = leftMs < LONGEST_MS ? leftMs : LONGEST_MS;
    this.#timer = this.#env.clock.setTimer('pow.found', ms(Number(now)), () => {
      if (leftMs > now) this.wait(leftMs - now);
      else this.#find();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #find(): void {
    const headerBytes = this.#job.headerBytes();
    if (headerBytes === undefined) return;
    const { random } = this.#env;
    const start = (BigInt(random.below(0x1_0000_0000)) << 32n) | BigInt(random.below(0x1_0000_0000));
    this.#try(headerBytes, start);
  }

  #try(headerBytes: Uint8Array, start: bigint): void {
    const { checkTarget } = this.#job;
    const seal = searchNonce({ headerBytes, checkTarget }, start, TRIES_PER_HANDLER, this.#env.crypto.sha256);
    if (seal !== undefined) {
      this.#onFound(seal);
      return;
    }
    const next = BigInt.asUintN(64, start + BigInt(TRIES_PER_HANDLER));
    this.#timer = this.#env.clock.setTimer('pow.found', ms(1), () => this.#try(headerBytes, next));
  }
}
