/** One WebSocket of /events as a client has it: its messages one after the other, and how it ended. Runs in browsers too. */
import { type EventMessage, eventForm } from '../api/event-forms.ts';

/** How it ended. */
export interface StreamEnd {
  readonly kind: 'ended';
  /** Of the frame that closed it (RFC 6455 §7.4); 1006: none came. */
  readonly code: number;
  readonly reason: string;
  /** What came was no message of a node. */
  readonly isStranger: boolean;
}

/** A node says after 15 s of silence that it is alive: after three of them it is not. */
const SILENCE_MS = 45_000;
/** What waits for whoever reads; a stream that is further behind ends here, and is taken up again from where the reader is. */
const QUEUE_MAX = 16_384;
const NO_FRAME = 1006;

/** One connection. */
export class EventStream {
  readonly #socket: WebSocket;
  readonly #queue: string[] = [];
  #end: StreamEnd | undefined;
  #wake: () => void = () => {};
  #silence: ReturnType<typeof setTimeout> | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#finish(NO_FRAME, 'ABORTED');

  constructor(url: string, signal: AbortSignal | undefined) {
    this.#socket = new WebSocket(url);
    this.#signal = signal;
    this.#socket.onmessage = ({ data }) => this.#onText(String(data));
    this.#socket.onclose = ({ code, reason }) => this.#finish(code, reason);
    signal?.addEventListener('abort', this.#onAbort);
    if (signal?.aborted === true) this.#onAbort();
    else this.#listen();
  }

  /** What came next, in order; when all of it was taken, how the stream ended. */
  async next(): Promise<EventMessage | StreamEnd> {
    for (;;) {
      const text = this.#queue.shift();
      if (text !== undefined) return this.#parse(text);
      if (this.#end !== undefined) return this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends it; harmless when repeated. */
  close(): void {
    this.#finish(NO_FRAME, '');
    this.#queue.length = 0;
  }

  #onText(text: string): void {
    if (this.#end !== undefined) return;
    this.#listen();
    this.#queue.push(text);
    if (this.#queue.length > QUEUE_MAX) this.#finish(NO_FRAME, 'BEHIND');
    this.#wake();
  }

  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#finish(NO_FRAME, 'SILENT'), SILENCE_MS);
  }

  #finish(code: number, reason: string): void {
    if (this.#end !== undefined) return;
    this.#end = { kind: 'ended', code, reason, isStranger: false };
    clearTimeout(this.#silence);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#socket.close();
    this.#wake();
  }

  #parse(text: string): EventMessage | StreamEnd {
    const read = eventForm.safeParse(parsed(text));
    if (read.success) return read.data;
    this.close();
    return { kind: 'ended', code: NO_FRAME, reason: read.error.message, isStranger: true };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
