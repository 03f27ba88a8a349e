/** One route of the API: where it is, what it takes and answers, and what it does. */
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { Query } from '../../chain/node-commands.ts';
import type { Answer, Command, NodeSnapshot } from '../../chain/types/command.ts';
import type { Genesis } from '../../chain/types/genesis.ts';
import type { Transaction } from '../../chain/types/transaction.ts';
import type { PublicKey } from '../../chain/types/units.ts';
import type { RequestTold } from '../metrics/node-metrics.ts';

/** Why a request is answered with an error: a stable code, its HTTP status, and words. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;
  readonly field: string | undefined;
  readonly facts: object | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly field?: string; readonly facts?: object } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = more.field;
    this.facts = more.facts;
  }
}

/** A field of the request is at fault, and why. */
export function badField(field: string, why: string): ApiError {
  return new ApiError(400, 'BAD_REQUEST', `${field}: ${why}`, { field });
}

/**
 * What the form says of a part of a request. The server has checked it against the form's schema before; this is the form itself,
 * which is stricter here and there: numbers that are none, such as 1e999.
 * @throws {ApiError} BAD_REQUEST, with the field.
 */
export function formed<T>(form: z.ZodType<T>, part: 'body' | 'params' | 'querystring', value: unknown): T {
  const parsed = form.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [part, ...(issue?.path ?? [])].map(String).join('.');
  throw badField(field, issue?.message ?? 'not allowed');
}

/** The key of the node, for requests that are to be signed by it. */
export interface ApiSigner {
  readonly key: PublicKey;
  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** What routes ask of the node. */
export interface ApiNode {
  readonly chain: string;
  readonly genesis: Genesis;
  readonly version: string;
  /** Signs for whoever asks with the node's own key; undefined: it does not, which is the rule. */
  readonly signer: ApiSigner | undefined;
  /** Answered at once, so that several in one turn are of one chain. @throws {ApiError} when the node has stopped. */
  query(query: Query): Answer;
  /** @throws {ApiError} when the node has stopped. */
  command(command: Command): Promise<Answer>;
  /** @throws {ApiError} the same. */
  inspect(): NodeSnapshot;
  /** Filled with what is so now. @throws {ApiError} the same. */
  metrics(): Registry;
  onRequest(request: RequestTold): void;
  /** Told of what only a bug throws: whoever asked learns nothing of it. */
  report(error: unknown): void;
}

/** Transactions of a body that was spelt as the protocol spells them: nothing else has to be checked. */
export class ReadBody {
  readonly transactions: readonly Transaction[];

  constructor(transactions: readonly Transaction[]) {
    this.transactions = transactions;
  }
}

/** What of a request was checked against the forms. */
export interface ApiRequest {
  readonly params: unknown;
  readonly query: unknown;
  /** Of a route that reads bodies itself: a ReadBody, or what has the form. */
  readonly body: unknown;
  /** The host that the request names, without its port: '' where it names none. */
  readonly host: string;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI has it: `/chain/blocks/{at}`. */
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Reads a body in one step; undefined: it is spelt otherwise, or wrong, and the form finds out. */
  readonly readBody?: (bytes: Uint8Array) => ReadBody | undefined;
  readonly status: number;
  readonly answer: z.ZodType;
  /** Of the answer, when it is no JSON. */
  readonly contentType?: string;
  /** Errors beside those of every route, by status. */
  readonly errors: Readonly<Record<number, string>>;
  /** `stream`: a WebSocket, whose messages have the form `answer`; it is not handled here. */
  readonly handle: 'stream' | ((node: ApiNode, request: ApiRequest) => Promise<unknown>);
}
