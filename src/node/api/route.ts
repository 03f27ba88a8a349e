/** One route of the API: where it is, what it takes and answers, and what it does. */
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { Answer, Command, NodeSnapshot } from '../../chain/types/command.ts';
import type { Genesis } from '../../chain/types/genesis.ts';
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

/** What routes ask of the node. */
export interface ApiNode {
  readonly chain: string;
  readonly genesis: Genesis;
  readonly version: string;
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

/** What of a request was checked against the forms. */
export interface ApiRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI has it: `/chain/blocks/{at}`. */
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly status: number;
  readonly answer: z.ZodType;
  /** Of the answer, when it is no JSON. */
  readonly contentType?: string;
  /** Errors beside those of every route, by status. */
  readonly errors: Readonly<Record<number, string>>;
  handle(node: ApiNode, request: ApiRequest): Promise<unknown>;
}
