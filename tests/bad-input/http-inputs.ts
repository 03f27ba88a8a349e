/** Requests to a node's API that nobody should send: of valid ones and their damage, and bytes that are no HTTP at all. */
import fc from 'fast-check';
import { damagedBytes, damagedJson } from './json-damage.ts';

/** One request, as bytes. */
export interface HttpInput {
  /** `framed`: HTTP, so that exactly one answer follows; `raw`: anything, on a connection of its own. */
  readonly kind: 'framed' | 'raw';
  readonly isHead: boolean;
  readonly bytes: Buffer;
}

/** What requests are made of: things that this chain has. */
export interface HttpCorpus {
  /** Valid as a body of /submit-tx. */
  readonly submissions: readonly unknown[];
  readonly hashes: readonly string[];
  readonly addresses: readonly string[];
}

const METHODS = [
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'SEARCH',
] as const;
const HEADERS: readonly string[] = [
  ...[
    'accept: */*',
    'accept-encoding: gzip, br',
    'content-encoding: gzip',
    'x-forwarded-for: 1.2.3.4',
    'range: bytes=0-',
  ],
  ...[
    'if-none-match: *',
    'cookie: a=b; __proto__=1',
    'authorization: Basic Og==',
    'connection: keep-alive',
    'te: trailers',
  ],
  ...[
    'upgrade: websocket',
    'expect: 100-continue',
    'origin: null',
    `x-long: ${'y'.repeat(4_000)}`,
    'x-odd: \u00ff\u0001',
  ],
];
const CONTENT_TYPES = [
  ...[
    'application/json',
    'application/json; charset=utf-16',
    'text/plain',
    'application/x-www-form-urlencoded',
  ],
  ...[
    'multipart/form-data; boundary=x',
    'APPLICATION/JSON',
    'application/json;;;',
    'a',
    'application/octet-stream',
  ],
];
/** What stands in a path without ending the line. */
const PATH_WORDS = [
  ...[
    '..',
    '.',
    '%2e%2e',
    '%00',
    '%',
    '%zz',
    '%c0%af',
    '%ff',
    'head',
    '0',
    '-1',
    '1e3',
    '00',
    '9'.repeat(16),
    '9'.repeat(300),
  ],
  ...[
    'aur1',
    'AUR1',
    '__proto__',
    'constructor',
    '*',
    ':at',
    '{at}',
    '%f0%9f%92%a9',
    'a'.repeat(3_000),
    '%2F',
    ';',
    '%25',
  ],
];
const QUERIES = [
  ...[
    '',
    '?',
    '?proof=true',
    '?proof=1',
    '?proof=TRUE',
    '?proof=true&proof=false',
    '?proof[]=true',
    '?proof=%00',
    '?x=1',
  ],
  ...[
    '?limit=0',
    '?limit=1001',
    '?limit=1e2',
    '?limit=-1',
    '?before=9007199254740993',
    '?before=NaN',
    '?limit=5&before=3',
  ],
  ...[
    '?__proto__=1',
    '?constructor[prototype]=1',
    '?%=%',
    `?${'a=1&'.repeat(2_000)}`,
    '?limit=%31%30',
    '?before=',
  ],
];

/** Inputs of every kind; framed ones most of all, for each of the others takes a connection. */
export function httpInputs(corpus: HttpCorpus): fc.Arbitrary<HttpInput> {
  const framed = framedInputs(corpus);
  const raw = framed
    .chain(({ bytes }) => rawBytes(bytes))
    .map((bytes): HttpInput => ({ kind: 'raw', isHead: false, bytes }));
  return fc.oneof({ arbitrary: framed, weight: 24 }, { arbitrary: raw, weight: 1 });
}

function framedInputs({ submissions, hashes, addresses }: HttpCorpus): fc.Arbitrary<HttpInput> {
  const word = fc.oneof(
    fc.constantFrom(...hashes, ...addresses),
    fc.constantFrom(...PATH_WORDS),
    fc.constantFrom(...hashes, ...addresses).chain((text) => damagedBytes(Buffer.from(text)).map(escaped)),
    fc.webSegment(),
    fc.nat(100).map(String),
  );
  const path = fc.oneof(
    fc.constantFrom(
      '/chain/head',
      '/chain/genesis',
      '/mempool',
      '/peers',
      '/consensus',
      '/health',
      '/healthz',
      '/readyz',
    ),
    fc.constantFrom(
      '/docs',
      '/docs/openapi.json',
      '/metrics',
      '/events',
      '/',
      '//',
      '/submit-tx',
      '/submit-tx/unsigned',
    ),
    word.map((at) => `/chain/blocks/${at}`),
    word.map((id) => `/chain/transactions/${id}`),
    word.map((address) => `/accounts/${address}`),
    word.map((address) => `/accounts/${address}/transactions`),
    fc.array(word, { maxLength: 4 }).map((words) => `/${words.join('/')}`),
  );
  const target = fc.tuple(path, fc.constantFrom(...QUERIES)).map(([at, query]) => at + query);
  const get = fc
    .tuple(
      fc.oneof({ arbitrary: fc.constant('GET' as const), weight: 6 }, fc.constantFrom(...METHODS)),
      target,
      headers,
    )
    .map(([method, at, lines]) => request(method, at, lines, undefined));
  const body = fc.oneof(
    { arbitrary: damagedJson(fc.constantFrom(...submissions)), weight: 10 },
    {
      arbitrary: fc.constantFrom(...submissions).map((value) => Buffer.from(JSON.stringify(value))),
      weight: 2,
    },
    {
      arbitrary: fc.constantFrom(0, 1, 65_536, 65_537, 200_000).map((size) => Buffer.alloc(size, 'a')),
      weight: 1,
    },
  );
  const type = fc.oneof(
    { arbitrary: fc.constant('application/json'), weight: 8 },
    fc.constantFrom(...CONTENT_TYPES),
  );
  const post = fc
    .tuple(
      body,
      type,
      headers,
      fc.constantFrom('/submit-tx', '/submit-tx', '/submit-tx', '/submit-tx/unsigned', '/chain/head'),
    )
    .map(([content, contentType, lines, at]) =>
      request('POST', at, [...lines, `content-type: ${contentType}`], content),
    );
  return fc.oneof({ arbitrary: get, weight: 3 }, { arbitrary: post, weight: 4 });
}

const headers = fc.oneof(
  { arbitrary: fc.constant<readonly string[]>([]), weight: 3 },
  { arbitrary: fc.uniqueArray(fc.constantFrom(...HEADERS), { maxLength: 3 }), weight: 1 },
);

function request(
  method: string,
  target: string,
  lines: readonly string[],
  body: Buffer | undefined,
): HttpInput {
  const length = body === undefined ? [] : [`content-length: ${body.length}`];
  const head = [`${method} ${target} HTTP/1.1`, 'host: node', ...lines, ...length, '', ''].join('\r\n');
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)]);
  return { kind: 'framed', isHead: method === 'HEAD', bytes };
}

/** What may stand in a path. */
function escaped(bytes: Buffer): string {
  return [...bytes]
    .map((byte) =>
      byte > 32 && byte < 127 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');
}

function rawBytes(valid: Buffer): fc.Arbitrary<Buffer> {
  const lines = fc
    .constantFrom(
      ...[
        'GET / HTTP/9.9\r\n\r\n',
        'GET / HTTP/1.1\r\n\r\n',
        'GET /health\r\n\r\n',
        'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n',
      ],
      ...[
        'POST /submit-tx HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      ],
      'POST /submit-tx HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      'POST /submit-tx HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /submit-tx HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef',
      'GET /health HTTP/1.1\r\nhost: a\r\nexpect: something\r\n\r\n',
      `GET /health HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(5_000)}\r\n`,
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
      'GET /health HTTP/1.1\r\nhost : a\r\n\r\n',
      'GET /health HTTP/1.1\nhost: a\n\n',
      '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
    )
    .map((text) => Buffer.from(text, 'latin1'));
  return fc.oneof(
    damagedBytes(valid),
    lines,
    fc.uint8Array({ minLength: 1, maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
  );
}
