/** The HTTP API of a real node, over its port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { encodeAddress } from '../../src/chain/crypto/address.ts';
import { toJsonText } from '../../src/chain/types/layout/codec.ts';
import { transactionId, transactionLayout } from '../../src/chain/types/transaction-codec.ts';
import { createChainSetup } from '../../src/cluster/chain-setup.ts';
import { type Keys, transferDraft } from '../../src/cluster/load/wallet.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { ANSWERS, errorForm } from '../../src/node/api/forms.ts';
import { ROUTES } from '../../src/node/api/routes.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { nodeKeyOf } from '../../src/node/key-file.ts';
import { METRIC_PREFIX, METRICS } from '../../src/node/metrics/definitions.ts';
import type { RunningNode } from '../../src/node/node-process.ts';
import { SUITE, small } from '../cluster/support.ts';
import { freePort } from '../support/free-port.ts';
import { settingsFrom, startTestNode } from '../support/test-node.ts';

const BODY_MAX_BYTES = 4_096;

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

const errorOf = ({ body }: Answered) => errorForm.parse(body).error;
const documentForm = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.looseObject({}) }))),
});

describe('the HTTP API', () => {
  let folder: string;
  let node: RunningNode;
  let base: string;
  const plan = resolveScenario(
    small({ nodes: 1, signatures: 'real', chain: { engine: 'poa', blockInterval: '300ms' } }),
    '1',
  );
  const setup = createChainSetup(plan, { nativeSuite: SUITE, wallShiftMs: Date.now() - 1_700_000_000_000 });
  const [from, to] = (setup.wallets[0] ?? []) as [Keys, Keys];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-api-'));
    const settings = settingsFrom({
      'node-data': folder,
      'p2p-listen': `127.0.0.1:${await freePort()}`,
      'http-listen': `127.0.0.1:${await freePort()}`,
      'http-body-max-bytes': String(BODY_MAX_BYTES),
      'http-rate-per-second': '1000000',
      // A process that is kept waiting for so long itself gives up requests that are none of the slow ones.
      'http-request-timeout-ms': '4000',
    });
    const started = await startTestNode({
      settings,
      chain: { genesis: setup.context.genesis, schedule: [], id: setup.genesisId },
      key: nodeKeyOf(setup.hostKeys[0]?.secret ?? new Uint8Array(32), SUITE),
    });
    if (isFileProblem(started)) throw new Error(started.what);
    node = started;
    base = `http://${started.api}`;
  });
  afterAll(async () => {
    await node.close();
    rmSync(folder, { recursive: true });
  });

  async function get(path: string): Promise<Answered> {
    const response = await fetch(`${base}${path}`);
    return { status: response.status, body: await response.json() };
  }

  async function post(path: string, body: string, type = 'application/json'): Promise<Answered> {
    const response = await fetch(`${base}${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    return { status: response.status, body: await response.json() };
  }

  it('shows its metrics to Prometheus and, as JSON, to everybody', async () => {
    await get('/nowhere');
    const response = await fetch(`${base}/metrics`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    const text = await response.text();
    for (const { name, type, help } of Object.values(METRICS))
      expect(text).toContain(
        `# HELP ${METRIC_PREFIX}${name} ${help}\n# TYPE ${METRIC_PREFIX}${name} ${type}\n`,
      );
    const valueOf = (series: string): number => Number(text.split(`\n${series} `)[1]?.split('\n')[0]);
    expect(valueOf('aureon_http_errors_total{code="NO_ROUTE"}')).toBeGreaterThan(0);
    expect(valueOf('aureon_pos_validators')).toBe(1);
    expect(valueOf('aureon_accounts')).toBeGreaterThan(1);
    expect(valueOf('aureon_db_keys')).toBeGreaterThan(1);
    const { metrics } = ANSWERS.metrics.parse((await get('/metrics/summary')).body);
    const of = (name: string) => metrics.find((metric) => metric.name === name)?.series;
    expect(of('aureon_http_requests_total')).toContainEqual({
      labels: { route: 'none' },
      value: expect.any(Number),
    });
    expect(of('aureon_http_requests_total')).toContainEqual({
      labels: { route: 'GET /metrics' },
      value: expect.any(Number),
    });
    expect(of('aureon_db_operation_time_seconds')).toContainEqual({
      labels: { operation: 'write' },
      value: expect.any(Number),
      mean: expect.any(Number),
      p50: expect.any(Number),
      p95: expect.any(Number),
      p99: expect.any(Number),
    });
  });

  it('takes a signed transaction and follows it until it is final', async () => {
    const transaction = setup.signer.sign(from, transferDraft(0, 0, to.address, setup.genesisId, 1));
    const form = JSON.parse(toJsonText(transactionLayout, transaction));
    const backwards = (object: object) => Object.fromEntries(Object.entries(object).reverse());
    const reversed = backwards({ ...form, action: backwards(form.action) });
    const sent = await post('/submit-tx', JSON.stringify({ transaction: reversed }));
    const id = transactionId(transaction);
    expect(sent).toEqual({ status: 202, body: { id } });
    const ask = async () => ANSWERS.transaction.parse((await get(`/chain/transactions/${id}`)).body);
    await expect.poll(async () => (await ask()).status).toBe('final');
    const included = await ask();
    expect(included).toMatchObject({ transaction: form, receipt: { txId: id, status: 0 } });

    const block = ANSWERS.block.parse((await get(`/chain/blocks/${included.place?.height}`)).body);
    expect([block.id, block.block.transactions]).toEqual([included.place?.block, [form]]);
    expect((await get(`/chain/blocks/${block.id}`)).body).toEqual(block);

    const account = ANSWERS.account.parse(
      (await get(`/accounts/${encodeAddress(to.address)}?proof=true`)).body,
    );
    expect(account.proof?.length).toBeGreaterThan(0);
    expect(account).toMatchObject({ address: to.address, text: encodeAddress(to.address), nonce: 0 });
    const amount = BigInt(form.action.amount);
    expect(BigInt(account.balance)).toBe(1_000_000_000_000n + amount);
    const page = ANSWERS.accountTransactions.parse(
      (await get(`/accounts/${from.address}/transactions?limit=1`)).body,
    );
    expect(page.transactions).toEqual([{ id, ...included.place }]);

    const again = await post('/submit-tx', JSON.stringify({ transaction: form }));
    expect(again.status).toBe(422);
    expect(errorOf(again)).toMatchObject({
      code: 'TRANSACTION_REFUSED',
      facts: { code: expect.any(String) },
    });
  });

  it('takes the spelling of the protocol and any other of the same transactions, alone and in a batch', async () => {
    const { nextNonce } = ANSWERS.account.parse((await get(`/accounts/${from.address}`)).body);
    const transactions = Array.from({ length: 4 }, (_, i) =>
      setup.signer.sign(from, transferDraft(10 + i, nextNonce + i, to.address, setup.genesisId, 1)),
    );
    const ids = transactions.map((transaction) => transactionId(transaction));
    const [first = '', second = '', third = '', fourth = ''] = transactions.map((transaction) =>
      toJsonText(transactionLayout, transaction),
    );
    expect(await post('/submit-tx', `{"transaction":${first}}`)).toEqual({
      status: 202,
      body: { id: ids[0] },
    });
    const spaced = JSON.stringify({ transaction: JSON.parse(second) }, null, 2);
    expect(await post('/submit-tx', spaced)).toEqual({ status: 202, body: { id: ids[1] } });
    const accepted = (id: string | undefined) => ({ results: [{ status: 'accepted', id }] });
    expect((await post('/submit-txs', `{"transactions":[${third}]}`)).body).toEqual(accepted(ids[2]));
    expect((await post('/submit-txs', `{"transactions":[ ${fourth}]}`)).body).toEqual(accepted(ids[3]));
  });

  it.each([
    ['version', 'body.transaction.version', '1e999'],
    ['nonce', 'body.transaction.nonce', '1e999'],
    ['nonce', 'body.transaction.nonce', '-1'],
    ['gasPrice', 'body.transaction.gasPrice', '"01"'],
    ['signature', 'body.transaction.signature', '"00"'],
  ])('names %s, which is no such value', async (name, field, value) => {
    const transaction = setup.signer.sign(from, transferDraft(20, 99, to.address, setup.genesisId, 1));
    const text = toJsonText(transactionLayout, transaction).replace(
      new RegExp(`"${name}":("[^"]*"|\\d+)`),
      `"${name}":${value}`,
    );
    const answer = await post('/submit-tx', `{"transaction":${text}}`);
    expect([answer.status, errorOf(answer).code, errorOf(answer).field]).toEqual([400, 'BAD_REQUEST', field]);
  });

  it('answers every route in its own form', async () => {
    const head = async () => ANSWERS.head.parse((await get('/chain/head')).body);
    await expect.poll(async () => (await head()).header.height).toBeGreaterThan(0);
    for (const route of ROUTES.filter(
      ({ method, handle, contentType }) =>
        method === 'GET' && handle !== 'stream' && contentType === undefined,
    )) {
      const path = route.path
        .replace('{at}', 'head')
        .replace('{address}', from.address)
        .replace('{id}', 'f'.repeat(64));
      const answer = await get(path);
      const { status, body } = answer;
      if (route.path === '/chain/transactions/{id}')
        expect([status, errorOf(answer).code]).toEqual([404, 'NOT_FOUND']);
      else expect([path, status, route.answer.safeParse(body).error]).toEqual([path, 200, undefined]);
    }
    expect((await get('/health')).body).toMatchObject({
      status: 'ok',
      chain: setup.genesisId,
      version: '1.2.3',
      peers: 0,
    });
  });

  it.each([
    ['/nowhere', 404, 'NO_ROUTE', undefined],
    ['/chain/blocks/-1', 400, 'BAD_REQUEST', 'params.at'],
    ['/chain/blocks/999999999', 404, 'NOT_FOUND', undefined],
    ['/chain/blocks/999999999999999', 404, 'NOT_FOUND', undefined],
    ['/chain/blocks/9999999999999999', 400, 'BAD_REQUEST', 'params.at'],
    ['/%zz', 400, 'BAD_REQUEST', undefined],
    [`/chain/blocks/${'a'.repeat(64)}`, 404, 'NOT_FOUND', undefined],
    ['/chain/transactions/xyz', 400, 'BAD_REQUEST', 'params.id'],
    ['/accounts/aur1qqqq', 400, 'BAD_REQUEST', 'params.address'],
    [`/accounts/aur1${'q'.repeat(58)}`, 400, 'BAD_REQUEST', 'address'],
    [`/accounts/${'0'.repeat(64)}?proof=maybe`, 400, 'BAD_REQUEST', 'querystring.proof'],
    [`/accounts/${'0'.repeat(64)}?other=1`, 400, 'BAD_REQUEST', 'querystring'],
    [`/accounts/${'0'.repeat(64)}/transactions?limit=0`, 400, 'BAD_REQUEST', 'querystring.limit'],
    [`/accounts/${'0'.repeat(64)}/transactions?limit=1001`, 400, 'BAD_REQUEST', 'querystring.limit'],
  ])('GET %s is %d %s', async (path, status, code, field) => {
    const answer = await get(path);
    expect([answer.status, errorOf(answer).code, errorOf(answer).field]).toEqual([status, code, field]);
  });

  it.each([
    ['', 'application/json', 400, 'BAD_REQUEST'],
    ['{', 'application/json', 400, 'BAD_REQUEST'],
    ['[]', 'application/json', 400, 'BAD_REQUEST'],
    ['{"transaction":{}}', 'application/json', 400, 'BAD_REQUEST'],
    ['{"transaction":null,"more":1}', 'application/json', 400, 'BAD_REQUEST'],
    ['x=1', 'application/x-www-form-urlencoded', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [`{"__proto__":{"a":1}}`, 'application/json', 400, 'BAD_REQUEST'],
  ])('POST /submit-tx of %j as %s is %d %s', async (body, type, status, code) => {
    const answer = await post('/submit-tx', body, type);
    expect([answer.status, errorOf(answer).code]).toEqual([status, code]);
  });

  it('takes no body that is longer than it may be', async () => {
    const answer = await post('/submit-tx', JSON.stringify({ transaction: 'x'.repeat(BODY_MAX_BYTES) }));
    expect([answer.status, errorOf(answer).code]).toEqual([413, 'TOO_LARGE']);
  });

  it('answers every body with a form, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
        const answer = await post('/submit-tx', text);
        expect(answer.status).toBe(400);
        errorOf(answer);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('signs nothing with its own key, unless its settings say so', async () => {
    const answer = await post('/submit-tx/unsigned', '{"action":{"kind":"burn","amount":"1"}}');
    expect([answer.status, errorOf(answer).code]).toEqual([403, 'SIGNING_OFF']);
  });

  /** All that is answered to these bytes, until the connection ends. */
  async function answerTo(
    bytes: string,
  ): Promise<{ readonly status: number; readonly code: string | undefined }> {
    const socket = connect({ host: '127.0.0.1', port: Number(base.split(':').at(-1)) });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => {});
    socket.write(bytes);
    await new Promise((resolve) => socket.on('close', resolve));
    const [head = '', body = ''] = text.split('\r\n\r\n');
    const parsed = errorForm.safeParse(JSON.parse(body));
    return {
      status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
      code: parsed.success ? parsed.data.error.code : undefined,
    };
  }

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400, 'BAD_REQUEST'],
    ['a length that is none', 'POST /submit-tx HTTP/1.1\r\ncontent-length: -1\r\n\r\n', 400, 'BAD_REQUEST'],
    ['long headers', `GET /health HTTP/1.1\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    [
      'an expectation that nobody knows',
      'GET /health HTTP/1.1\r\nexpect: more\r\n\r\n',
      417,
      'EXPECTATION_FAILED',
    ],
    [
      'a body that never comes whole',
      'POST /submit-tx HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
      408,
      'TIMEOUT',
    ],
    ['headers that never come whole', 'GET /health HTTP/1.1\r\nx: ', 408, 'TIMEOUT'],
  ])('answers %s in the form of all errors, and ends the connection', async (_what, bytes, status, code) => {
    expect(await answerTo(bytes)).toEqual({ status, code });
  });

  it('gives up a body that comes byte by byte', async () => {
    const socket = connect({ host: '127.0.0.1', port: Number(base.split(':').at(-1)) });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => {});
    socket.write(
      'POST /submit-tx HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n{',
    );
    const dripping = setInterval(() => socket.write(' '), 100);
    await new Promise((resolve) => socket.on('close', resolve));
    clearInterval(dripping);
    expect(text).toMatch(/^HTTP\/1\.1 408 .*"TIMEOUT"/s);
  });

  it('answers a request that names no host', async () => {
    const answer = await answerTo('GET /nowhere HTTP/1.1\r\nconnection: close\r\n\r\n');
    expect(answer).toEqual({ status: 404, code: 'NO_ROUTE' });
  });

  it('documents every route as OpenAPI 3.1, and for people', async () => {
    const body = documentForm.parse((await get('/docs/openapi.json')).body);
    expect([body.openapi, body.info.version]).toEqual(['3.1.0', '1.2.3']);
    const documented = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
    expect(body.paths['/submit-tx']?.['post']?.responses).toHaveProperty('422');
    expect(body.paths['/events']?.['get']?.responses).toHaveProperty('101');
    const page = await fetch(`${base}/docs`);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('/chain/blocks/{at}');
  });
});
