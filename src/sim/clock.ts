/** The clocks of one host: one oscillator that drifts, a monotonic clock a boot, a wall clock that can be stepped. */
import { assert } from '../env/assert.ts';

const MILLION = 1_000_000;
/** A clock that stood still, or ran at twice the speed, is broken in another way than drift. */
export const DRIFT_MAX_PPM = 900_000;

/** All times in whole µs, all arithmetic exact. Local time grows with true time, at 1 + ppm / 10^6 of its rate. */
export class HostClock {
  #ppm: number;
  /** Since the last change of rate: true and local time at that moment. */
  #sinceUs = 0;
  #sinceLocalUs = 0;
  #wallOffsetUs: number;
  #bootLocalUs = 0;
  #bootZeroUs = 0;

  constructor(wallOffsetUs: number, ppm: number) {
    assertDrift(ppm);
    this.#ppm = ppm;
    this.#wallOffsetUs = wallOffsetUs;
  }

  get ppm(): number {
    return this.#ppm;
  }

  localUs(nowUs: number): number {
    return this.#sinceLocalUs + stretched(nowUs - this.#sinceUs, this.#ppm);
  }

  /** The monotonic clock of the boot. */
  monotonicMs(nowUs: number): number {
    return Math.floor((this.#bootZeroUs + this.localUs(nowUs) - this.#bootLocalUs) / 1000);
  }

  wallMs(nowUs: number): number {
    return Math.max(0, Math.floor((this.#wallOffsetUs + this.localUs(nowUs)) / 1000));
  }

  /** A new boot: the monotonic clock begins at `zeroUs`. */
  boot(nowUs: number, zeroUs: number): void {
    this.#bootLocalUs = this.localUs(nowUs);
    this.#bootZeroUs = zeroUs;
  }

  step(byUs: number): void {
    this.#wallOffsetUs += byUs;
  }

  /** From now on; neither clock jumps. */
  setDrift(nowUs: number, ppm: number): void {
    assertDrift(ppm);
    this.#sinceLocalUs = this.localUs(nowUs);
    this.#sinceUs = nowUs;
    this.#ppm = ppm;
  }

  /** The first true time at which local time is `localUs` or later, at the present rate. */
  whenLocal(localUs: number): number {
    const missing = localUs - this.#sinceLocalUs;
    if (this.#ppm === 0) return this.#sinceUs + missing;
    let dt = Math.ceil((missing * MILLION) / (MILLION + this.#ppm));
    while (dt > 0 && stretched(dt - 1, this.#ppm) >= missing) dt--;
    while (stretched(dt, this.#ppm) < missing) dt++;
    return this.#sinceUs + dt;
  }
}

/** dt + floor(dt * ppm / 10^6), by whole seconds so that no product passes 2^53. */
function stretched(dt: number, ppm: number): number {
  if (ppm === 0) return dt;
  const seconds = Math.floor(dt / MILLION);
  return dt + seconds * ppm + Math.floor(((dt - seconds * MILLION) * ppm) / MILLION);
}

function assertDrift(ppm: number): void {
  assert(
    Number.isSafeInteger(ppm) && ppm >= -DRIFT_MAX_PPM && ppm <= DRIFT_MAX_PPM,
    'the drift of a clock is a whole number of ppm, at most 900,000 either way',
  );
}
