/** A client of a node's HTTP API: every answer is checked against its form. */
import type { z } from 'zod';
import { ANSWERS, errorForm, type submitForm } from './api/forms.ts';

/** A transaction as JSON has it. */
export type TransactionForm = z.infer<typeof submitForm>['transaction'];

/** Why an answer is none. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** Of the API; `UNREACHABLE`: nobody answers; `NOT_A_NODE`: what answers is no node. */
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

  mempool() {
    return this.#ask('/mempool', ANSWERS.mempool);
  }

  peers() {
    return this.#ask('/peers', ANSWERS.peers);
  }

  consensus() {
    return this.#ask('/consensus', ANSWERS.consensus);
  }

  /** The id of the transaction, which the node has accepted. */
  submit(transaction: TransactionForm) {
    return this.#ask('/submit-tx', ANSWERS.submitted, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ transaction }),
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
