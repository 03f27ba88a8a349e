/** What is seen on the links of a real run: every promise that a host makes to another one, and every question for headers. */
import type { Message } from '../../chain/types/message.ts';
import { createMessageCodec } from '../../chain/types/message-codec.ts';
import { isDecodeRejection } from '../../env/network.ts';
import { createLineReader } from '../../node/network/line-reader.ts';

/** A message when it left its host. */
export interface SeenMessage {
  readonly wallMs: number;
  readonly host: number;
  /** One direction of one connection. */
  readonly stream: number;
  readonly message: Message;
}

/** The kinds that oracles ask for, as their lines begin. */
const WANTED = ['Consensus', 'Block', 'SyncRequest'].map((kind) => `{"kind":"${kind}"`);
const START_CHARS = 32;
/** Lines that were seen are remembered, since most are passed on again and again: a run of minutes makes fewer. */
const KNOWN_MAX = 1_000_000;

/** The ears of a run. */
export class Tap {
  readonly seen: SeenMessage[] = [];
  /** Messages on all links. */
  messages = 0;
  readonly #codec = createMessageCodec();
  readonly #streams = new Map<number, (chunk: Uint8Array) => void>();
  readonly #known = new Set<string>();

  onBytes(host: number, stream: number, bytes: Uint8Array): void {
    let read = this.#streams.get(stream);
    if (read === undefined) {
      read = createLineReader(
        () => this.#codec.messageMaxBytes,
        (line) => this.#onLine(host, stream, line),
      );
      this.#streams.set(stream, read);
    }
    read(bytes);
  }

  #onLine(host: number, stream: number, line: Uint8Array): void {
    this.messages++;
    const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('latin1');
    const start = text.slice(0, START_CHARS);
    if (!WANTED.some((wanted) => start.startsWith(wanted))) return;
    const isQuestion = start.startsWith(WANTED.at(-1) ?? '');
    // A promise counts when it is made to the first.
    if (!isQuestion && this.#known.has(text)) return;
    const message = this.#codec.decode(line);
    if (isDecodeRejection(message)) return;
    this.seen.push({ wallMs: Date.now(), host, stream, message });
    if (!isQuestion && this.#known.size < KNOWN_MAX) this.#known.add(text);
  }
}
