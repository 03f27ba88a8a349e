/** One subscriber of /events for the bench: counts what it is told, and notes when each block came. */
import { WebSocket } from 'ws';
import type { BenchNode } from './net.ts';

/** The kind of a message begins here, behind `{"kind":"`: a generator that parses every message would measure itself. */
const KIND_AT = 9;
const HEAD = 'h'.charCodeAt(0);

export class EventReader {
  /** Messages, the first one not counted. */
  count = 0;
  /** Height of the newest block that came whole. */
  height = -1;
  /** Milliseconds of the wall when a block came, by its id. */
  readonly cameMs = new Map<string, number>();
  /** How it ended; undefined: it has not. */
  ended: string | undefined;
  readonly #socket: WebSocket;
  #isSubscribed = false;
  #onChange: () => void = () => {};

  /** @param query what stands behind the question mark. */
  constructor({ apiPort }: BenchNode, query: string) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${apiPort}/events?${query}`, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    this.#socket.on('message', (data: Buffer) => this.#onMessage(data));
    this.#socket.on('error', () => {});
    this.#socket.on('close', (code, reason) => {
      this.ended = `${code} ${String(reason)}`;
      this.#onChange();
    });
  }

  /** Until that holds of it. @throws {Error} when the stream ends before. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.ended !== undefined) throw new Error(`the stream ended: ${this.ended}`);
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  subscribed(): Promise<void> {
    return this.until(() => this.#isSubscribed);
  }

  close(): void {
    this.#socket.terminate();
  }

  #onMessage(data: Buffer): void {
    if (!this.#isSubscribed) {
      this.#isSubscribed = true;
      this.#onChange();
      return;
    }
    this.count++;
    if (data[KIND_AT] !== HEAD) return;
    const { id, header } = JSON.parse(data.toString()) as { id: string; header: { height: number } };
    this.height = header.height;
    this.cameMs.set(id, performance.timeOrigin + performance.now());
    this.#onChange();
  }
}
