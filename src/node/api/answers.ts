/** What a node answers to a command, taken apart: the kind that the command has, or an error for whoever asked. */
import type { Answer } from '../../chain/types/command.ts';
import { ApiError } from './route.ts';

/** An answer of one kind. */
export type AnswerOf<K extends Answer['kind']> = Extract<Answer, { readonly kind: K }>;

function isOf<K extends Answer['kind']>(answer: Answer, kind: K): answer is AnswerOf<K> {
  return answer.kind === kind;
}

/** The answer that this command has. @throws {ApiError} NOT_READY: a node that has stopped, or has no chain, has no other. */
export function expected<K extends Answer['kind']>(answer: Answer, kind: K): AnswerOf<K> {
  if (isOf(answer, kind)) return answer;
  throw new ApiError(503, 'NOT_READY', 'the node has no chain: it is stopping, or could not open it');
}

/** The same, where there may be nothing. @throws {ApiError} NOT_FOUND. */
export function found<K extends Answer['kind']>(answer: Answer, kind: K, what: string): AnswerOf<K> {
  if (answer.kind === 'NotFound') throw new ApiError(404, 'NOT_FOUND', `${what}: not here`);
  return expected(answer, kind);
}
