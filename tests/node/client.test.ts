/** `aureon/client` against a real node, and the example of docs/node.md as it stands there. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeAddress } from '../../src/chain/crypto/address.ts';
import { toJsonText } from '../../src/chain/types/layout/codec.ts';
import { transactionLayout } from '../../src/chain/types/transaction-codec.ts';
import { createChainSetup } from '../../src/cluster/chain-setup.ts';
import { type Keys, transferDraft } from '../../src/cluster/load/wallet.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { ClientError, NodeClient, type SignedTransaction } from '../../src/node/client/client.ts';
import { signTransaction } from '../../src/node/client/sign-transaction.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { nodeKeyOf } from '../../src/node/key-file.ts';
import type { RunningNode } from '../../src/node/node-process.ts';
import { SUITE, small } from '../cluster/support.ts';
import { finished, node as nodePath, root } from '../e2e/cli-runner.ts';
import { freePort } from '../support/free-port.ts';
import { settingsFrom, startTestNode } from '../support/test-node.ts';

const plan = resolveScenario(
  small({ nodes: 1, signatures: 'real', chain: { engine: 'poa', blockInterval: '300ms' } }),
  '1',
);
const setup = createChainSetup(plan, { nativeSuite: SUITE, wallShiftMs: Date.now() - 1_700_000_000_000 });
const [from, to] = (setup.wallets[0] ?? []) as [Keys, Keys];
const own = nodeKeyOf(setup.hostKeys[0]?.secret ?? new Uint8Array(32), SUITE);

describe('the client of a node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aureon-client-'));
  let running: RunningNode;
  let client: NodeClient;

  async function start(
    name: string,
    flags: Readonly<Record<string, string>>,
  ): ReturnType<typeof startTestNode> {
    const settings = settingsFrom({
      'node-data': join(folder, name),
      'p2p-listen': `127.0.0.1:${await freePort()}`,
      'http-listen': `127.0.0.1:${await freePort()}`,
      'http-sign-with-node-key': 'true',
      ...flags,
    });
    return startTestNode({
      settings,
      chain: { genesis: setup.context.genesis, schedule: [], id: setup.genesisId },
      key: own,
    });
  }

  beforeAll(async () => {
    const started = await start('node', {});
    if (isFileProblem(started)) throw new Error(started.what);
    running = started;
    client = new NodeClient(`http://${running.api}`);
    // The node pays for what it signs.
    const { id } = await client.submit(transfer(0, own.address));
    await client.waitFinal(id);
  });
  afterAll(async () => {
    await running.close();
    rmSync(folder, { recursive: true });
  });

  function transfer(nonce: number, target = to.address): SignedTransaction {
    const draft = transferDraft(0, nonce, target, setup.genesisId, 1);
    const large = { ...draft, action: { ...draft.action, amount: 1_000_000_000n } } as typeof draft;
    return JSON.parse(toJsonText(transactionLayout, setup.signer.sign(from, large)));
  }

  it('signs with a secret what the chain has signed with it, and nothing that is no transaction', async () => {
    const { signature, ...draft } = transfer(0);
    expect(signTransaction(draft, from.secret)).toEqual({ ...draft, signature });
    const tooMuch = { ...draft, gasPrice: String(2n ** 64n) };
    const refused = (): SignedTransaction => signTransaction(tooMuch, from.secret);
    expect(refused).toThrow(ClientError);
    expect(refused).toThrow(expect.objectContaining({ code: 'BAD_TRANSACTION', status: 0 }));
  });

  it('asks every route', async () => {
    expect(await client.live()).toEqual({ status: 'ok' });
    expect(await client.ready()).toEqual({ status: 'ready' });
    expect((await client.genesis()).id).toBe(setup.genesisId);
    const head = await client.head();
    expect((await client.block(head.header.height)).id).toBe(head.id);
    expect(await client.health()).toMatchObject({ status: 'ok', version: '1.2.3' });
    expect((await client.peers()).peers).toEqual([]);
    expect(await client.mempool()).toHaveProperty('count');
    const { metrics } = await client.metrics();
    expect(metrics.find(({ name }) => name === 'aureon_pos_validators')?.series).toEqual([
      { labels: {}, value: 1 },
    ]);
    expect(await client.consensus()).toHaveProperty('kind');
    const page = await client.accountTransactions(encodeAddress(from.address), { limit: 1 });
    expect(page.transactions).toHaveLength(1);
    expect((await client.account(from.address, true)).proof).not.toBeNull();
  });

  it('submits a batch, of which each is judged by itself, and follows one until it is final', async () => {
    const next = (await client.account(from.address)).nextNonce;
    const batch = [
      transfer(next),
      { ...transfer(next + 1), signature: '1'.repeat(128) },
      transfer(next + 1),
      transfer(0),
    ];
    const { results } = await client.submitBatch(batch);
    expect(results.map((one) => (one.status === 'accepted' ? one.status : one.code))).toEqual([
      'accepted',
      'BAD_SIGNATURE',
      'accepted',
      'NONCE_USED',
    ]);
    expect((await client.account(from.address)).nextNonce).toBe(next + 2);
    const [, , third] = results;
    const seen: string[] = [];
    const found = await client.waitFinal(third?.status === 'accepted' ? third.id : '', {
      onChange: ({ status }) => seen.push(status),
    });
    expect([found.status, found.receipt?.status, seen.at(-1)]).toEqual(['final', 0, 'final']);
    await expect(client.submitBatch([])).rejects.toMatchObject({ code: 'BAD_REQUEST', status: 400 });
    const many = Array.from({ length: 100 }, (_, i) => transfer(next + 2 + i));
    const all = await client.submitBatch(many);
    expect(all.results).toHaveLength(100);
    await expect(client.submitBatch([...many, transfer(0)])).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('has transactions signed by the node, several at once with nonces in a row', async () => {
    const action = { kind: 'transfer', to: encodeAddress(to.address), amount: '7' } as const;
    const sent = await Promise.all([1, 2, 3].map(() => client.submitUnsigned({ action })));
    const nonces = sent.map(({ transaction }) => transaction.nonce);
    expect(nonces.toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    for (const { id } of sent) expect((await client.waitFinal(id)).receipt?.status).toBe(0);
    await expect(client.submitUnsigned({ action, nonce: 0 })).rejects.toMatchObject({
      code: 'TRANSACTION_REFUSED',
      facts: { code: 'NONCE_USED' },
    });
    await expect(
      client.submitUnsigned({ action: { ...action, to: `aur1${'q'.repeat(58)}` } }),
    ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('has nothing signed for a page of the web that calls this machine by its own name', async () => {
    const { request } = await import('node:http');
    const { port } = new URL(client.base);
    const status = await new Promise((resolve, reject) => {
      const asked = request(
        {
          port,
          method: 'POST',
          path: '/submit-tx/unsigned',
          headers: { host: `evil.example:${port}`, 'content-type': 'application/json' },
        },
        (response) => resolve(response.resume().statusCode),
      );
      asked.on('error', reject);
      asked.end(JSON.stringify({ action: { kind: 'burn', amount: '1' } }));
    });
    expect(status).toBe(403);
  });

  it('signs for nobody where the port is open to others: such a node does not start', async () => {
    const problem = await start('open', { 'http-listen': `0.0.0.0:${await freePort()}` });
    expect(problem).toMatchObject({
      code: 'MALFORMED',
      what: expect.stringContaining('http.sign_with_node_key'),
    });
    const off = await start('off', { 'http-sign-with-node-key': 'false' });
    if (isFileProblem(off)) throw new Error(off.what);
    const asked = new NodeClient(`http://${off.api}`).submitUnsigned({
      action: { kind: 'burn', amount: '1' },
    });
    await expect(asked).rejects.toMatchObject({
      code: 'SIGNING_OFF',
      status: 403,
      message: expect.stringContaining('http.sign_with_node_key = true'),
    });
    await off.close();
  });

  it('follows the chain from 0 over live blocks and interruptions, without gap or duplicate', async () => {
    const heights: number[] = [];
    let parent: string | undefined;
    const goal = (await client.head()).header.height + 4;
    while ((heights.at(-1) ?? 0) < goal) {
      const ending = new AbortController();
      const start = { from: heights.length, ...(parent === undefined ? {} : { parent }) };
      let left = 3;
      for await (const event of client.events({ ...start, signal: ending.signal })) {
        if (event.kind !== 'head') continue;
        heights.push(event.header.height);
        parent = event.id;
        if (--left === 0) ending.abort();
      }
    }
    expect(heights).toEqual(heights.map((_, i) => i));
    expect((await client.block(heights.length - 1)).id).toBe(parent);
  });

  it('tells the transactions of an account with their receipts', async () => {
    const page = await client.accountTransactions(to.address, { limit: 1_000 });
    const oldest = page.transactions.at(-1);
    const ending = new AbortController();
    const told: string[] = [];
    for await (const event of client.events({
      kinds: ['transaction'],
      accounts: [encodeAddress(to.address)],
      from: 0,
      signal: ending.signal,
    })) {
      if (event.kind !== 'transaction') continue;
      expect(event.receipt?.txId).toBe(event.id);
      told.push(event.id);
      if (told.length >= page.transactions.length) ending.abort();
    }
    expect(told[0]).toBe(oldest?.id);
    expect(told).toEqual(page.transactions.map(({ id }) => id).toReversed());
  });

  it('does what the example of docs/node.md says', async () => {
    const page = readFileSync(join(root, 'docs/node.md'), 'utf8');
    const example = /^```ts\n([\s\S]*?aureon\/client[\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
    expect(example.split('\n').length).toBeLessThanOrEqual(16);
    const module = pathToFileURL(join(root, 'src/node/client/client.ts')).href;
    const file = join(folder, 'example.ts');
    const args = [encodeAddress(to.address), '7'];
    writeFileSync(file, example.replace("'aureon/client'", JSON.stringify(module)));
    const child = spawn(nodePath, [file, ...args], { env: { ...process.env, AUREON_NODE: client.base } });
    const { code, stdout, stderr } = await finished(child);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^7 came at height \d+, and is final\n$/);
  });
});
