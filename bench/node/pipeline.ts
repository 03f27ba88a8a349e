/** HTTP requests over one connection each, several on their way at once: a generator that takes little of the machine it measures. */
import { connect, type Socket } from 'node:net';

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** A request as it goes over the wire. */
export function requestOf(method: 'GET' | 'POST', path: string, body = ''): Buffer {
  const head = `${method} ${path} HTTP/1.1\r\nhost: bench\r\n`;
  const content =
    method === 'POST'
      ? `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
      : '';
  return Buffer.from(`${head}${content}\r\n${body}`);
}

/** One connection. Replies come in the order of the requests. */
export class Pipeline {
  readonly #socket: Socket;
  readonly #waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }[] =
    [];
  #received: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk) => this.#onData(chunk));
    const fail = (error: Error): void => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    this.#socket.on('error', fail);
    this.#socket.on('close', () => fail(new Error('the node closed the connection')));
  }

  send(request: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    for (;;) {
      const headEnd = this.#received.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = this.#received.toString('latin1', 0, headEnd);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const end = headEnd + HEAD_END.length + length;
      if (this.#received.length < end) return;
      const body = this.#received.toString('utf8', headEnd + HEAD_END.length, end);
      this.#received = this.#received.subarray(end);
      this.#waiting.shift()?.resolve({ status: Number(head.slice(9, 12)), body });
    }
  }
}

/** Sends what `next` gives for each of so many connections, `depth` on their way on it, until it gives nothing more. */
export async function sendAll(
  ports: readonly number[],
  { connections, depth }: { readonly connections: number; readonly depth: number },
  next: (connection: number) => Promise<Buffer | undefined>,
  onReply: (reply: Reply) => void,
): Promise<void> {
  const pipelines = Array.from({ length: connections }, (_, i) => new Pipeline(ports[i % ports.length] ?? 0));
  async function lane(pipeline: Pipeline, connection: number): Promise<void> {
    for (let request = await next(connection); request !== undefined; request = await next(connection))
      onReply(await pipeline.send(request));
  }
  try {
    await Promise.all(
      pipelines.flatMap((pipeline, at) => Array.from({ length: depth }, () => lane(pipeline, at))),
    );
  } finally {
    for (const pipeline of pipelines) pipeline.close();
  }
}

/** Deals requests out to connections, one after the other: those of one account, when the accounts are a multiple, go over one connection, and arrive in their order. */
export function dealt(
  requests: readonly Buffer[],
  connections: number,
): (connection: number) => Buffer | undefined {
  const sent = Array.from({ length: connections }, (_, connection) => connection);
  return (connection) => {
    const at = sent[connection] ?? requests.length;
    sent[connection] = at + connections;
    return requests[at];
  };
}
