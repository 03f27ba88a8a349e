/** The event file of a node: everything that it emits, and what it shows of itself now and then, one JSON object a line; for oracles and investigations. */
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import type { NodeSnapshot } from '../chain/types/command.ts';
import type { DomainEvent } from '../chain/types/event.ts';
import { codeOf, type FileProblem } from './file-problem.ts';
import { objectIn } from './jsonable.ts';
import type { Instant } from './turns.ts';

/** When something was written down, and by which boot of the node: the first one is 1. */
interface Stamp {
  readonly boot: number;
  /** Of the handler that emitted it, in ms since the boot. */
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** One line. */
export type EventRecord =
  | (Stamp & { readonly kind: 'event'; readonly event: DomainEvent })
  | (Stamp & { readonly kind: 'snapshot'; readonly snapshot: NodeSnapshot });

/** A file that is written. */
export interface EventFile {
  readonly boot: number;
  event(event: DomainEvent, at: Instant): void;
  snapshot(snapshot: NodeSnapshot, at: Instant): void;
  close(): void;
}

/** A file that has come so far is forgotten by nobody: days of a busy node. */
const FILE_MAX_BYTES = 4 * 1024 ** 3;
/** The last whole line is looked for in so many bytes: a snapshot takes a few kB. */
const TAIL_BYTES = 1024 * 1024;
const LINE_FEED = 10;
const OWNER_ONLY = 0o600;

/**
 * Goes on with a file, or makes it. A line is with the system when the call returns, so that the end of this process takes none. A write
 * that fails ends the file, not the node. @param onLost told why, once.
 */
export function openEventFile(path: string, onLost: (why: string) => void): EventFile | FileProblem {
  let file: number;
  let bytes: number;
  let boot: number | undefined;
  try {
    file = openSync(path, 'a+', OWNER_ONLY);
    bytes = fstatSync(file).size;
    boot = bootAfter(file, bytes);
  } catch (error) {
    const what = `log.events ${path}: cannot be written (${String(codeOf(error) ?? error)})`;
    return { code: 'UNREADABLE', what, advice: 'a file that this user may write, or ""' };
  }
  if (boot === undefined) {
    closeSync(file);
    const what = `log.events ${path}: there is a file that is no event file`;
    return { code: 'MALFORMED', what, advice: 'a new path, or the event file of this node' };
  }
  return new OpenEventFile(file, bytes, boot, onLost);
}

class OpenEventFile implements EventFile {
  readonly boot: number;
  readonly #onLost: (why: string) => void;
  #file: number | undefined;
  #bytes: number;

  constructor(file: number, bytes: number, boot: number, onLost: (why: string) => void) {
    this.boot = boot;
    this.#file = file;
    this.#bytes = bytes;
    this.#onLost = onLost;
    // A line that was cut off stays for itself.
    if (bytes > 0 && lastByte(file, bytes) !== LINE_FEED) this.#write('\n');
  }

  event(event: DomainEvent, at: Instant): void {
    this.#add({ kind: 'event', event }, at);
  }

  snapshot(snapshot: NodeSnapshot, at: Instant): void {
    this.#add({ kind: 'snapshot', snapshot }, at);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #add(what: object, { monotonic, wall }: Instant): void {
    const record = { boot: this.boot, monotonicMs: monotonic, wallMs: wall, ...what };
    this.#write(`${JSON.stringify(record, asText)}\n`);
  }

  #write(text: string): void {
    if (this.#file === undefined) return;
    try {
      const buffer = Buffer.from(text);
      this.#bytes += buffer.length;
      if (this.#bytes > FILE_MAX_BYTES) this.#lose(`it has ${FILE_MAX_BYTES} bytes, and grows no further`);
      else if (writeSync(this.#file, buffer) < buffer.length) this.#lose('a line did not fit any more');
    } catch (error) {
      this.#lose(String(codeOf(error) ?? error));
    }
  }

  #lose(why: string): void {
    this.close();
    this.#onLost(why);
  }
}

/** JSON knows no bigint. */
function asText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function lastByte(file: number, bytes: number): number | undefined {
  const buffer = Buffer.alloc(1);
  readSync(file, buffer, 0, 1, bytes - 1);
  return buffer[0];
}

/** One more than the newest that the file tells of; undefined: it is of something else. */
function bootAfter(file: number, bytes: number): number | undefined {
  const buffer = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
  readSync(file, buffer, 0, buffer.length, bytes - buffer.length);
  const lines = buffer.toString('utf8').split('\n').reverse();
  for (const line of lines) {
    const record = parseEventLine(line);
    if (record !== undefined) return record.boot + 1;
  }
  return bytes === 0 ? 1 : undefined;
}

/** The lines of a file in their order; those that a crash or a full disk cut off are left out. @throws {Error} when it cannot be read. */
export function readEventFile(path: string): readonly EventRecord[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => parseEventLine(line) ?? []);
}

/** Undefined: no line as a node writes it. Of what it holds only the frame is looked at: numbers and kinds. */
function parseEventLine(line: string): EventRecord | undefined {
  const found = objectIn(line);
  if (found === undefined) return undefined;
  const { boot, monotonicMs, wallMs, event, snapshot } = {
    boot: 0,
    monotonicMs: -1,
    wallMs: -1,
    event: undefined,
    snapshot: undefined,
    ...found,
  };
  const isStamped =
    Number.isSafeInteger(boot) && boot > 0 && Number.isFinite(monotonicMs) && Number.isFinite(wallMs);
  if (!isStamped) return undefined;
  const stamp = { boot, monotonicMs, wallMs };
  if (isKind(event)) return { ...stamp, kind: 'event', event: event as DomainEvent };
  if (typeof snapshot !== 'object' || snapshot === null) return undefined;
  const shown = snapshot as NodeSnapshot;
  return { ...stamp, kind: 'snapshot', snapshot: shown };
}

function isKind(event: unknown): event is { readonly kind: string } {
  return typeof event === 'object' && event !== null && 'kind' in event && typeof event.kind === 'string';
}
