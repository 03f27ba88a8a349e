/** Sends requests over connections that stay, several in a row, and says which answers are none that the API promises. */
import { connect, type Socket } from 'node:net';
import { errorForm } from '../../src/node/api/forms.ts';
import type { HttpInput } from './http-inputs.ts';

const LOOPBACK = '127.0.0.1';
/** Requests under way on one connection. */
const PIPELINE = 16;
const CONNECTIONS = 4;
/** A node that is busy with other things answers within this time, or not at all. */
const PATIENCE_MS = 60_000;
/** Resets lose an answer now and then, not each time. */
const TRIES = 5;
const HEAD_END = '\r\n\r\n';

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly isLast: boolean;
}

/** Codes of errors by status, as the API documents them. */
export type DocumentedCodes = ReadonlyMap<number, ReadonlySet<string>>;

/** An input and what was wrong with its answer. */
export interface HttpFlaw {
  readonly input: HttpInput;
  readonly what: string;
}

/** Answers of one connection, as they come. */
class Answers {
  readonly #take: (answer: HttpAnswer) => boolean;
  #rest: Buffer = Buffer.alloc(0);

  /** @param take gets each answer; true: another is expected to the next one's HEAD request, which has no body. */
  constructor(take: (answer: HttpAnswer) => boolean) {
    this.#take = take;
  }

  /** @param isHead of the request that is answered next. @throws {Error} when it is no HTTP. */
  add(chunk: Buffer, isHead: boolean): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let hasNoBody = isHead; ; ) {
      const end = this.#rest.indexOf(HEAD_END);
      if (end < 0) return;
      const head = this.#rest.subarray(0, end).toString('latin1');
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
      if (!Number.isInteger(status)) throw new Error(`no HTTP: ${head.slice(0, 100)}`);
      const from = end + HEAD_END.length;
      // An interim answer: 100 Continue.
      if (status < 200) {
        this.#rest = this.#rest.subarray(from);
        continue;
      }
      const length =
        hasNoBody || status === 204 || status === 304
          ? 0
          : Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (this.#rest.length < from + length) return;
      const body = this.#rest.subarray(from, from + length);
      this.#rest = this.#rest.subarray(from + length);
      hasNoBody = this.#take({ status, body, isLast: /connection: *close/i.test(head) });
    }
  }
}

/** Runs all inputs. Answers what was wrong; the statuses are counted into `counts`. */
export async function runHttp(
  port: number,
  inputs: readonly HttpInput[],
  codes: DocumentedCodes,
  counts: Map<number, number>,
): Promise<readonly HttpFlaw[]> {
  const flaws: HttpFlaw[] = [];
  const framed = inputs.filter(({ kind }) => kind === 'framed');
  const onAnswer = (input: HttpInput, answer: HttpAnswer): void => {
    counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
    const what = flawOf(answer, input.isHead, codes);
    if (what !== undefined) flaws.push({ input, what });
  };
  const lanes = Array.from({ length: CONNECTIONS }, (_, lane) =>
    framed.filter((_input, i) => i % CONNECTIONS === lane),
  );
  const raw = inputs.filter(({ kind }) => kind === 'raw');
  await Promise.all([
    ...lanes.map(async (lane) => {
      for (let rest: readonly HttpInput[] = lane; rest.length > 0; ) {
        const [done, what] = await sendFramed(port, rest, onAnswer);
        const culprit = rest[done];
        if (what !== undefined && culprit !== undefined) {
          const again = await sendAlone(port, culprit, onAnswer);
          if (again !== undefined) flaws.push({ input: culprit, what: again });
        }
        rest = rest.slice(what === undefined ? done : done + 1);
      }
    }),
    (async () => {
      for (const input of raw) {
        const what = await sendRaw(port, input, onAnswer);
        if (what !== undefined) flaws.push({ input, what });
      }
    })(),
  ]);
  return flaws;
}

/**
 * Over a connection of its own: where one ends early, its reset may take answers with it that had come and were not read (RFC 9112,
 * 9.6). Answers what is wrong each time.
 */
async function sendAlone(
  port: number,
  input: HttpInput,
  onAnswer: (input: HttpInput, answer: HttpAnswer) => void,
): Promise<string | undefined> {
  let what: string | undefined;
  for (let i = 0; i < TRIES; i++) {
    const [done, wrong] = await sendFramed(port, [input], onAnswer);
    if (done === 1 && wrong === undefined) return undefined;
    what = wrong ?? 'the connection ended without an answer';
  }
  return what;
}

/** Over one connection, until it ends. Answers how many were answered, and what is wrong where the next one should have been. */
async function sendFramed(
  port: number,
  inputs: readonly HttpInput[],
  onAnswer: (input: HttpInput, answer: HttpAnswer) => void,
): Promise<readonly [number, string | undefined]> {
  const socket = connect({ host: LOOPBACK, port, noDelay: true });
  let done = 0;
  let sent = 0;
  let isAnnounced = false;
  let what: string | undefined;
  const fill = (): void => {
    while (sent < inputs.length && sent < done + PIPELINE)
      socket.write(inputs[sent++]?.bytes ?? Buffer.alloc(0));
    if (done === inputs.length) socket.end();
  };
  const answers = new Answers((answer) => {
    const input = inputs[done];
    if (input === undefined) what ??= 'an answer too many';
    else onAnswer(input, answer);
    done++;
    isAnnounced ||= answer.isLast;
    return inputs[done]?.isHead ?? false;
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      answers.add(chunk, inputs[done]?.isHead ?? false);
      fill();
    } catch (error) {
      what = error instanceof Error ? error.message : String(error);
      socket.destroy();
    }
  });
  socket.on('connect', fill);
  const isLate = await ended(socket);
  if (isLate) what ??= `no answer within ${PATIENCE_MS} ms`;
  if (what === undefined && !isAnnounced && done < inputs.length)
    what = 'the connection ended without an answer';
  return [Math.min(done, inputs.length), what];
}

/** On a connection of its own; nothing need be answered, but it must end, and what is answered must be as promised. */
async function sendRaw(
  port: number,
  input: HttpInput,
  onAnswer: (input: HttpInput, answer: HttpAnswer) => void,
): Promise<string | undefined> {
  const socket = connect({ host: LOOPBACK, port, noDelay: true });
  let what: string | undefined;
  const isHead = input.bytes.subarray(0, 5).toString('latin1') === 'HEAD ';
  const answers = new Answers((answer) => {
    onAnswer({ ...input, isHead }, answer);
    return isHead;
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      answers.add(chunk, isHead);
    } catch (error) {
      what = error instanceof Error ? error.message : String(error);
    }
  });
  socket.end(input.bytes);
  return (await ended(socket)) ? 'the connection did not end' : what;
}

/** True: it had to be given up. */
async function ended(socket: Socket): Promise<boolean> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    socket.destroy();
  }, PATIENCE_MS);
  // A reset is an end.
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(timer);
  return isLate;
}

/** Undefined: as the API promises. */
function flawOf({ status, body }: HttpAnswer, isHead: boolean, codes: DocumentedCodes): string | undefined {
  if (status < 400) return undefined;
  const documented = codes.get(status);
  if (status === 500 || documented === undefined)
    return `status ${status}: ${body.toString('utf8').slice(0, 300)}`;
  if (isHead) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return `status ${status}: no JSON: ${body.toString('utf8').slice(0, 300)}`;
  }
  const error = errorForm.safeParse(parsed);
  if (!error.success)
    return `status ${status}: not the form of an error: ${body.toString('utf8').slice(0, 300)}`;
  const { code } = error.data.error;
  return documented.has(code) ? undefined : `status ${status}: ${code} is not documented`;
}
