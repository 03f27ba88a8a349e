/** The server of the test: gives each browser the page, its scripts and its tasks, and hears its reports. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Report, Task } from './report.ts';

/** A report is at most the marks of the longest run: some ten thousand characters. */
const REPORT_MAX_BYTES = 4 * 1024 * 1024;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Aureon in a browser</title>
<link rel="icon" href="data:,">
<script type="module" src="page.js"></script>
</html>
`;

export interface TestServer {
  /** Where that browser finds its page. */
  urlFor(browser: string): string;
  /** From now on `onReport` hears the page of that browser. */
  listen(browser: string, onReport: (report: Report) => void): void;
  close(): Promise<void>;
}

/** Serves on a free port of this machine alone. */
export async function startServer(
  scripts: ReadonlyMap<string, string>,
  tasks: readonly Task[],
): Promise<TestServer> {
  const listeners = new Map<string, (report: Report) => void>();
  const server = createServer((request, response) => {
    answer(request, response, scripts, tasks, listeners).catch((error: unknown) => {
      response.writeHead(400).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    urlFor: (browser) => `http://127.0.0.1:${address.port}/${browser}/`,
    listen: (browser, onReport) => void listeners.set(browser, onReport),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  scripts: ReadonlyMap<string, string>,
  tasks: readonly Task[],
  listeners: ReadonlyMap<string, (report: Report) => void>,
): Promise<void> {
  const [, browser = '', path = ''] = (request.url ?? '').split('/');
  const script = scripts.get(path);
  const send = (type: string, body: string): void =>
    void response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  if (request.method === 'POST' && path === 'report') {
    const report = JSON.parse(await bodyOf(request)) as Report;
    send('text/plain', '');
    listeners.get(browser)?.(report);
  } else if (path === '') send('text/html', PAGE);
  else if (path === 'tasks.json') send('application/json', JSON.stringify(tasks));
  else if (script !== undefined) send('text/javascript', script);
  else response.writeHead(404).end();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > REPORT_MAX_BYTES) throw new Error('a report is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
