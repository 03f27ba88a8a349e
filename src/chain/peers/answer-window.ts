/**
 * Answers on their way from one peer. What lies before a message on its stream cannot be overtaken, in no buffer of the
 * way: so a node asks for so much only that nothing waits behind more than two full answers.
 */
import { ANSWER_MAX_BYTES } from '../types/message-codec.ts';

/** Bytes of answers that may be on their way from one peer: one is read while the next one travels. */
export const IN_FLIGHT_MAX_BYTES = 2 * ANSWER_MAX_BYTES;

/** One question to a peer: it waits for its turn, its answer is awaited, or it is over. */
export interface Question {
  step: 'waiting' | 'asked' | 'over';
  /** What its answer takes, as far as one can know. */
  readonly bytes: number;
  /** It goes on with what an answer began. */
  readonly goesOn: boolean;
  /** False: there is nothing to ask any more. */
  readonly send: () => boolean;
}

/**
 * The questions to one peer, sent in the order in which they were put. What is begun is ended first, so that blocks come in
 * their order, and of few of them parts stand in memory.
 */
export class AnswerWindow {
  readonly #waiting: Question[] = [];
  #bytes = 0;
  #isShut = false;

  /** What the answers that are awaited take. */
  get inFlightBytes(): number {
    return this.#bytes;
  }

  /** Sends the question now, or when those before it are answered. No answer is longer than a full one. */
  ask(bytes: number, send: () => boolean, goesOn = false): Question {
    const question: Question = { step: 'waiting', bytes: Math.min(bytes, ANSWER_MAX_BYTES), goesOn, send };
    const before = goesOn ? this.#waiting.findIndex((other) => !other.goesOn) : -1;
    this.#waiting.splice(before < 0 ? this.#waiting.length : before, 0, question);
    this.#pump();
    return question;
  }

  /** The answer came, or nobody waits for it any more. */
  end(question: Question): void {
    if (question.step === 'asked') this.#bytes -= question.bytes;
    else if (question.step === 'waiting') this.#waiting.splice(this.#waiting.indexOf(question), 1);
    question.step = 'over';
    this.#pump();
  }

  /** The peer is gone: nothing is sent any more. */
  shut(): void {
    this.#isShut = true;
  }

  #pump(): void {
    for (let next = this.#waiting[0]; next !== undefined && !this.#isShut; next = this.#waiting[0]) {
      if (this.#bytes > 0 && this.#bytes + next.bytes > IN_FLIGHT_MAX_BYTES) return;
      this.#waiting.shift();
      next.step = 'asked';
      this.#bytes += next.bytes;
      if (next.send()) continue;
      this.#bytes -= next.bytes;
      next.step = 'over';
    }
  }
}
