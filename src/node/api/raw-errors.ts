/** Errors of connections rather than of requests: answered in the form of all errors, and the connection ends. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { codeOf } from '../file-problem.ts';

/** By the code of Node's HTTP parser; others are BAD_REQUEST. */
const ANSWERS: ReadonlyMap<unknown, readonly [status: number, code: string, message: string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'HEADERS_TOO_LARGE', 'the headers are longer than 16 KiB']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'TOO_LARGE', 'the extensions of a chunk are too long']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'TIMEOUT', 'the request was not here whole in time']],
]);

const CONTENT_TYPE = 'application/json; charset=utf-8';

/** For an `Expect` that nobody knows: Node's own answer has no body. 100-continue is answered by Node. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const message = 'Expect: 100-continue was expected, or none';
  const body = JSON.stringify({ error: { code: 'EXPECTATION_FAILED', message } });
  response.writeHead(417, {
    'content-type': CONTENT_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}

/** Fastify's clientErrorHandler. */
export function answerRawError(error: Error, socket: Socket): void {
  if (codeOf(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = ANSWERS.get(codeOf(error)) ?? [
    400,
    'BAD_REQUEST',
    'this is no HTTP request',
  ];
  const body = JSON.stringify({ error: { code, message } });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `content-type: ${CONTENT_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
