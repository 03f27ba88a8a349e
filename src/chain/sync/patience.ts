/**
 * Patience of sync: how long it waits when nobody is left to ask, when it leaves a branch alone whose bodies nobody
 * gives, and when it asks for them again.
 */
import type { Clock, Timer } from '../../env/clock.ts';
import type { Random } from '../../env/random.ts';
import { type Ms, ms } from '../../env/units.ts';
import type { Ledger, MissingBlock } from '../ledger/ledger.ts';
import type { BlockHash } from '../types/units.ts';

/** First pause, when all who could help have failed: a peer that was busy has time for one answer. */
export const PAUSE_MIN_MS = 4_000;
/** Longest pause: what comes back to the network is taken after a minute and a half at most, and a request a minute costs nothing. */
export const PAUSE_MAX_MS = 64_000;
/** Rounds in which nobody gives the lowest wanted body, until its branch is set aside: one lost connection is no lie. */
export const ROUNDS_MAX = 3;

/** What it needs of sync. */
export interface PatiencePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: Pick<Ledger<unknown>, 'wantedBodies' | 'setAside' | 'asideBodies'>;
  /** Those who failed may be asked again, and what is wanted may have changed; inside a timer. */
  forgive(): void;
  onSetAside(lowest: MissingBlock): void;
}

/** The waiting of one sync. */
export class Patience {
  readonly #ports: PatiencePorts;
  #pauses = 0;
  #pause: Timer | undefined;
  /** The lowest wanted body, and in how many rounds nobody gave it. */
  #stuck: { readonly id: BlockHash; readonly rounds: number } | undefined;
  #probes = 0;
  #probe: Timer | undefined;
  #isProbing = false;

  constructor(ports: PatiencePorts) {
    this.#ports = ports;
  }

  /** Bodies of branches set aside that are asked for once more, in this round. */
  probes(): readonly MissingBlock[] {
    return this.#isProbing ? this.#ports.ledger.asideBodies() : [];
  }

  /** A body came, or all is done: the next pause is short again. */
  onProgress(): void {
    this.#pauses = 0;
    this.#stuck = undefined;
  }

  /** A round is over: all who were asked have failed. */
  onNobodyLeft(): void {
    if (this.#pause !== undefined) return;
    const isOver = this.#giveUp() || this.#isProbing;
    this.#isProbing = false;
    const waitMs = isOver ? ms(0) : pauseMs(this.#pauses++, this.#ports.random);
    this.#pause = this.#ports.clock.setTimer('sync-pause', waitMs, () => {
      this.#pause = undefined;
      this.#ports.forgive();
    });
    this.#planProbe();
  }

  stop(): void {
    this.#pause?.cancel();
    this.#probe?.cancel();
  }

  /** Sets the branch aside that is wanted first, when nobody gave its lowest body for some rounds; answers whether it did. */
  #giveUp(): boolean {
    const [lowest] = this.#ports.ledger.wantedBodies(1);
    if (lowest === undefined) return false;
    const rounds = this.#stuck?.id === lowest.id ? this.#stuck.rounds + 1 : 1;
    this.#stuck = { id: lowest.id, rounds };
    if (rounds < ROUNDS_MAX) return false;
    this.onProgress();
    this.#probes = 0;
    this.#ports.ledger.setAside(lowest.id);
    this.#ports.onSetAside(lowest);
    return true;
  }

  #planProbe(): void {
    if (this.#probe !== undefined || this.#ports.ledger.asideBodies().length === 0) return;
    this.#probe = this.#ports.clock.setTimer(
      'sync-probe',
      pauseMs(this.#probes++, this.#ports.random),
      () => {
        this.#probe = undefined;
        this.#isProbing = this.#ports.ledger.asideBodies().length > 0;
        this.#ports.forgive();
        // Where other bodies are wanted first, or nobody is asked at all, no round ends.
        this.#planProbe();
      },
    );
  }
}

/** Doubles with each pause up to the longest, spread over 50 to 150 % so that nodes do not ask in step. */
export function pauseMs(pauses: number, random: Random): Ms {
  const mean = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS << Math.min(pauses, 16));
  return ms(Math.floor(mean / 2) + random.below(mean + 1));
}
