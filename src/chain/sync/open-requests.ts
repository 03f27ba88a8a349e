/** The open questions of sync: each waits for its place in the window of its peer, and has a time-out from when it was sent. */
import type { Clock, Timer } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';
import type { Question } from '../peers/answer-window.ts';
import type { Peer } from '../peers/peer.ts';
import type { Message, SyncRequestMessage } from '../types/message.ts';

/** What it needs of sync. */
export interface OpenRequestsPorts {
  readonly clock: Clock;
  send(peer: Peer, message: Message): boolean;
  onTimeout(requestId: number): void;
}

interface Open {
  readonly peer: Peer | undefined;
  question: Question | undefined;
  timer: Timer | undefined;
}

/** By the number of the request. */
export class OpenRequests {
  readonly #ports: OpenRequestsPorts;
  readonly #open = new Map<number, Open>();

  constructor(ports: OpenRequestsPorts) {
    this.#ports = ports;
  }

  /**
   * @param peer undefined: it is gone, and the question times out.
   * @param bytes what the answer takes, as far as one can know.
   * @param waitMs asked when the question is sent.
   */
  ask(peer: Peer | undefined, request: SyncRequestMessage, bytes: number, waitMs: () => number): void {
    const { requestId } = request;
    const open: Open = { peer, question: undefined, timer: undefined };
    this.#open.set(requestId, open);
    const send = (): boolean => {
      if (peer !== undefined) this.#ports.send(peer, request);
      open.timer = this.#ports.clock.setTimer('sync-request', ms(waitMs()), () =>
        this.#ports.onTimeout(requestId),
      );
      return true;
    };
    if (peer === undefined) send();
    else open.question = peer.window.ask(bytes, send, request.want.kind === 'part');
  }

  /** The answer came, or nobody waits for it any more. */
  end(requestId: number): void {
    const open = this.#open.get(requestId);
    if (open === undefined) return;
    this.#open.delete(requestId);
    open.timer?.cancel();
    if (open.question !== undefined) open.peer?.window.end(open.question);
  }

  stop(): void {
    for (const { timer } of this.#open.values()) timer?.cancel();
    this.#open.clear();
  }
}
