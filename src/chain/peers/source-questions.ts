/** What the source of one block is asked: questions in its window, the time-out of each, and a deadline for all of them. */
import type { Clock, Timer } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';
import type { Message } from '../types/message.ts';
import type { Question } from './answer-window.ts';
import type { Peer } from './peer.ts';

/** What it needs of the relay. */
export interface SourceQuestionsPorts {
  readonly clock: Clock;
  /** False: it waits for ever. */
  readonly isTimed: boolean;
  send(peer: Peer, message: Message): boolean;
  /** An answer did not come in time, or not all of them. */
  onLate(source: Peer): void;
}

/** The open questions for one block. One peer is asked at a time. */
export class SourceQuestions {
  readonly #ports: SourceQuestionsPorts;
  #source: Peer | undefined;
  /** Oldest first: answers come in that order. */
  #open: Question[] = [];
  #timer: Timer | undefined;
  /** Blocks that the source was asked for before: each of them takes its time. */
  #queue = 0;
  #waitMs = 0;
  #deadlineMs = Number.POSITIVE_INFINITY;

  constructor(ports: SourceQuestionsPorts) {
    this.#ports = ports;
  }

  get source(): Peer | undefined {
    return this.#source;
  }

  get count(): number {
    return this.#open.length;
  }

  /** From now on that peer is asked. */
  begin(source: Peer): void {
    this.#source = source;
    this.#queue = source.blocksInFlight++;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** All that is asked of this source comes within that time from now, or it is late. */
  limit(waitMs: number): void {
    this.#deadlineMs = this.#ports.clock.monotonicMs() + waitMs * (1 + this.#queue);
  }

  /**
   * Sent when the window has room for an answer of so many bytes; the time-out begins then.
   * @param goesOn it asks for more of what came already.
   */
  ask(bytes: number, waitMs: number, message: Message, goesOn = false): void {
    const source = this.#source;
    if (source === undefined) return;
    this.#waitMs = waitMs;
    const send = (): boolean => {
      this.#ports.send(source, message);
      this.#arm(source);
      return true;
    };
    this.#open.push(source.window.ask(bytes, send, goesOn));
  }

  /** The answer to the oldest question came; false: none is awaited. */
  answered(): boolean {
    const [oldest] = this.#open;
    const source = this.#source;
    if (oldest?.step !== 'asked' || source === undefined) return false;
    this.#open.shift();
    this.#disarm();
    if (this.#open[0]?.step === 'asked') this.#arm(source);
    source.window.end(oldest);
    return true;
  }

  /** Nothing is asked of this source any more. */
  end(): void {
    this.#disarm();
    const source = this.#source;
    if (source === undefined) return;
    source.blocksInFlight--;
    this.#source = undefined;
    const open = this.#open;
    this.#open = [];
    // Those that wait go first, so that the end of another does not send them.
    for (const question of open.reverse()) source.window.end(question);
  }

  #arm(source: Peer): void {
    this.#disarm();
    const { clock, isTimed } = this.#ports;
    if (!isTimed) return;
    const leftMs = Math.max(0, this.#deadlineMs - clock.monotonicMs());
    const waitMs = Math.min(this.#waitMs * (1 + this.#queue), leftMs);
    this.#timer = clock.setTimer('block-request', ms(waitMs), () => {
      this.#timer = undefined;
      this.#ports.onLate(source);
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
