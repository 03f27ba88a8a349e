/** A client of a node's HTTP API: every answer is checked against its form. */
import type { z } from 'zod';
import { CLOSE, EVENT_KINDS, type EventKind } from '../api/event-forms.ts';
import { ANSWERS, errorForm, type transactionForm, type unsignedForm } from '../api/forms.ts';
import { type CursorEvent, EventCursor } from './event-cursor.ts';
import { EventStream, type StreamEnd } from './event-stream.ts';

/** A transaction as JSON has it: what is submitted, and what is answered. */
export type SignedTransaction = z.infer<typeof transactionForm>;
/** What a node is to sign itself. */
export type UnsignedTransaction = z.infer<typeof unsignedForm>;
/** A transaction and where it is. */
export type TransactionStatus = z.infer<typeof ANSWERS.transaction>;
/** What a stream tells. */
export type ChainEvent = CursorEvent;

/** What of the chain is told, and from where on. */
export interface EventOptions {
  /** Default head and final. That the stream begins (again), and rollbacks, are always told. */
  readonly kinds?: readonly EventKind[];
  /** Transactions of these accounts only: at most 64, `aur1…` or 64 hexadecimal digits. */
  readonly accounts?: readonly string[];
  /** The first height; absent: what comes from now on. */
  readonly from?: number;
  /** Id of the block below `from`, which the caller has from an earlier time. */
  readonly parent?: string;
  /** Ends the stream. */
  readonly signal?: AbortSignal;
}

/** How long to wait, and what is told meanwhile. */
export interface WaitOptions {
  /** Default 60,000. */
  readonly timeoutMs?: number;
  /** Called with each new status. */
  readonly onChange?: (status: TransactionStatus) => void;
}

/** Why an answer is none. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /**
   * Of the API; `UNREACHABLE`: nobody answers; `NOT_A_NODE`: what answers is no node of this version; `OTHER_CHAIN`: it is of
   * another chain than before; `TIMEOUT`: it took too long.
   */
  readonly code: string;
  /** 0: there was no answer. */
  readonly status: number;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    status: number,
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.facts = facts;
  }
}

/** How long an answer may take. */
const TIMEOUT_MS = 10_000;
const WAIT_MS = 60_000;
/** Between attempts to have a stream again: doubled each time, less a part by chance, so that not all clients come at once. */
const RETRY_MS = { first: 250, most: 10_000 } as const;
/** What no other attempt would change. */
const HOPELESS: readonly number[] = [CLOSE.badRequest, CLOSE.notHere, CLOSE.unasked];

/** One per node. Every method throws a ClientError where it has no answer. */
export class NodeClient {
  readonly base: string;

  /** @param base such as `http://127.0.0.1:8080`. */
  constructor(base: string) {
    this.base = base.replace(/\/+$/, '');
  }

  health() {
    return this.#ask('/health', ANSWERS.health);
  }

  genesis() {
    return this.#ask('/chain/genesis', ANSWERS.genesis);
  }

  head() {
    return this.#ask('/chain/head', ANSWERS.head);
  }

  /** @param at a height, an id, or `head`. */
  block(at: number | string) {
    return this.#ask(`/chain/blocks/${at}`, ANSWERS.block);
  }

  transaction(id: string) {
    return this.#ask(`/chain/transactions/${id}`, ANSWERS.transaction);
  }

  /** @param address `aur1…`, or 64 hexadecimal digits. */
  account(address: string, prove = false) {
    return this.#ask(`/accounts/${address}${prove ? '?proof=true' : ''}`, ANSWERS.account);
  }

  /** The newest first. @param before only below this height; `next` of the page before. @param limit at most 1,000, default 100. */
  accountTransactions(
    address: string,
    page: { readonly before?: number | string; readonly limit?: number } = {},
  ) {
    const query = new URLSearchParams();
    if (page.before !== undefined) query.set('before', String(page.before));
    if (page.limit !== undefined) query.set('limit', String(page.limit));
    return this.#ask(`/accounts/${address}/transactions?${query.toString()}`, ANSWERS.accountTransactions);
  }

  /** Every metric; docs/metrics.md. */
  metrics() {
    return this.#ask('/metrics/summary', ANSWERS.metrics);
  }

  mempool() {
    return this.#ask('/mempool', ANSWERS.mempool);
  }

  peers() {
    return this.#ask('/peers', ANSWERS.peers);
  }

  consensus() {
    return this.#ask('/consensus', ANSWERS.consensus);
  }

  /** The process answers. */
  live() {
    return this.#ask('/healthz', ANSWERS.word);
  }

  /** The node has caught up with its peers; else a ClientError NOT_READY. */
  ready() {
    return this.#ask('/readyz', ANSWERS.word);
  }

  /** The id of the transaction, which the node has accepted. */
  submit(transaction: SignedTransaction) {
    return this.#post('/submit-tx', { transaction }, ANSWERS.submitted);
  }

  /** At most 100 of them: each is accepted or refused by itself, in their order. */
  submitBatch(transactions: readonly SignedTransaction[]) {
    return this.#post('/submit-txs', { transactions }, ANSWERS.submittedBatch);
  }

  /** Signed by the node with its own key, where it is set to do that; else a ClientError SIGNING_OFF. */
  submitUnsigned(transaction: UnsignedTransaction) {
    return this.#post('/submit-tx/unsigned', transaction, ANSWERS.signed);
  }

  /**
   * The main chain from `from` on as it grows, without gap or duplicate, whatever happens to the connection: a stream that breaks is
   * taken up again where it was. After a `rollback` the blocks above it are none any more. Ends with `signal`, or when nobody reads.
   * @throws {ClientError} when the first attempt fails, when the node cannot tell what is asked for, or is of another chain.
   */
  async *events(options: EventOptions = {}): AsyncGenerator<ChainEvent, void, undefined> {
    const cursor = new EventCursor(options.from, options.parent);
    for (let failures = 0; !isAborted(options.signal); failures++) {
      const path = eventsPath(options, cursor);
      const stream = new EventStream(`${this.base.replace(/^http/, 'ws')}${path}`, options.signal);
      try {
        for (;;) {
          const message = await stream.next();
          if (message.kind === 'ended') {
            if (isAborted(options.signal)) return;
            const rollback = await this.#afterEnd(message, cursor, path);
            if (rollback !== undefined) yield rollback;
            break;
          }
          failures = 0;
          const told = cursor.apply(message);
          if ('code' in told) throw new ClientError(told.code, 0, `${this.base}: ${told.what}`);
          for (const event of told) if (isAsked(event, options.kinds)) yield event;
        }
      } finally {
        stream.close();
      }
      const pauseMs = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** failures);
      await pause(pauseMs * (1 - Math.random() / 2), options.signal);
    }
  }

  /**
   * The transaction, once it is final: with a receipt, whose status says whether it did what it was to do.
   * @throws {ClientError} NOT_FOUND when the node does not have it, or has dropped it; TIMEOUT.
   */
  async waitFinal(
    id: string,
    { timeoutMs = WAIT_MS, onChange }: WaitOptions = {},
  ): Promise<TransactionStatus> {
    let last = '';
    for await (const { kind } of this.events({ signal: AbortSignal.timeout(timeoutMs) })) {
      if (kind === 'rollback') continue;
      const found = await this.transaction(id);
      const shown = JSON.stringify([found.status, found.place]);
      if (shown !== last) onChange?.(found);
      last = shown;
      if (found.status === 'final') return found;
    }
    throw new ClientError(
      'TIMEOUT',
      0,
      `transaction ${id} is not final after ${timeoutMs} ms; it may still become so`,
    );
  }

  /** Whether and where it goes on: a rollback that the user is to be told first. @throws {ClientError} when it does not. */
  async #afterEnd(end: StreamEnd, cursor: EventCursor, path: string): Promise<ChainEvent | undefined> {
    const { code, reason, isStranger } = end;
    if (isStranger) throw this.#stranger(0, reason);
    if (code === CLOSE.unknownBlock) {
      const rollback = cursor.fallBack();
      if (rollback !== undefined) return rollback;
    }
    if (HOPELESS.includes(code) || code === CLOSE.unknownBlock)
      throw new ClientError(reason.split(':')[0] ?? reason, 0, `${this.base}: ${reason}`);
    if (cursor.isSubscribed) return undefined;
    // What refuses a WebSocket says why to a plain request; a node that would take it says that it is one.
    try {
      await this.#ask(path, ANSWERS.word);
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== 'UPGRADE_REQUIRED') throw error;
    }
    throw new ClientError('UNREACHABLE', 0, `${this.base}${path}: no stream (${code} ${reason})`);
  }

  #post<F extends z.ZodType>(path: string, body: object, form: F): Promise<z.infer<F>> {
    return this.#ask(path, form, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async #ask<F extends z.ZodType>(path: string, form: F, init: RequestInit = {}): Promise<z.infer<F>> {
    const response = await this.#fetch(path, init);
    const body = await jsonOf(response);
    if (response.ok) {
      const answer = form.safeParse(body);
      if (answer.success) return answer.data;
      throw this.#stranger(response.status, answer.error);
    }
    const error = errorForm.safeParse(body);
    if (!error.success) throw this.#stranger(response.status, error.error);
    const { code, message, facts } = error.data.error;
    throw new ClientError(code, response.status, message, facts);
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.base}${path}`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      throw new ClientError('UNREACHABLE', 0, `no node answers at ${this.base}`, {}, error);
    }
  }

  #stranger(status: number, cause: unknown): ClientError {
    return new ClientError(
      'NOT_A_NODE',
      status,
      `what answers at ${this.base} is no node of this version`,
      {},
      cause,
    );
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** Heads are always asked for: they say where the stream stands. */
function eventsPath({ kinds = [], accounts }: EventOptions, cursor: EventCursor): string {
  const { from, parent } = cursor.request();
  const wanted = EVENT_KINDS.filter(
    (kind) => kind !== 'transaction' || kinds.includes(kind) || accounts !== undefined,
  );
  const query = new URLSearchParams({ kinds: wanted.join(',') });
  if (accounts !== undefined) query.set('accounts', accounts.join(','));
  if (from !== undefined) query.set('from', String(from));
  if (parent !== undefined) query.set('parent', parent);
  return `/events?${query.toString()}`;
}

function isAsked({ kind }: ChainEvent, kinds: readonly EventKind[] = ['head', 'final']): boolean {
  return kind === 'subscribed' || kind === 'rollback' || kinds.includes(kind);
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Shorter when the signal comes. */
function pause(forMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, forMs);
    signal?.addEventListener('abort', end);
    if (isAborted(signal)) end();
  });
}
