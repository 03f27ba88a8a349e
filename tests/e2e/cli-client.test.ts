/** `aureon tx`, `account` and `status` as users meet them, on a devnet of real nodes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-port.ts';
import { createWorkshop, type Finished, finished, main, node, printed, type Workshop } from './cli-runner.ts';

describe('a client of a devnet', () => {
  let shop: Workshop;
  let ended: Promise<Finished>;
  let stop: () => void;
  let api = 0;
  const accounts: string[] = [];

  beforeAll(async () => {
    shop = createWorkshop();
    const port = await freePorts(6);
    api = port + 3;
    const args = ['devnet', '--nodes', '3', '--interval', '300ms', '--dir', 'net'];
    const devnet = shop.start(node, [main, ...args, '--port', String(port), '--api-port', String(api)]);
    ended = finished(devnet);
    stop = () => devnet.kill('SIGINT');
    await printed(devnet, 'height 1 ');
    for (const i of [0, 1]) {
      const shown = await shop.aureon(['keys', 'show', `net/account-${i}.key`, '--json']);
      accounts.push(JSON.parse(shown.stdout).address);
    }
  });
  afterAll(async () => {
    stop();
    const { code, stderr } = await ended;
    shop.remove();
    if (code !== 0 || stderr !== '') throw new Error(`the devnet ended with ${code}: ${stderr}`);
  });

  const ask = (...args: readonly string[]): Promise<Finished> =>
    shop.aureon(args, { env: { AUREON_NODE: `127.0.0.1:${api + 1}` } });
  const send = (amount: string, ...more: readonly string[]): Promise<Finished> =>
    ask('tx', 'send', '--key', 'net/account-0.key', '--to', accounts[1] ?? '', '--amount', amount, ...more);

  it('sends a transfer, waits until it is final, and sees it on another node', async () => {
    const sent = await send('12345', '--wait');
    expect([sent.code, sent.stderr]).toEqual([0, '']);
    expect(sent.stdout).toMatch(/^transaction {2}[0-9a-f]{64}\n(?:.*\n)*final {8}height \d+, gas \d+\n$/);
    const other = ['--node', `http://127.0.0.1:${api + 2}/`];
    const account = await ask('account', accounts[1] ?? '', ...other);
    expect(account.stdout).toContain(`address  ${accounts[1]}\nbalance  1000000000012345\nnonce    0\n`);
    const id = /[0-9a-f]{64}/.exec(sent.stdout)?.[0] ?? '';
    const shown = await ask('tx', 'show', id, ...other);
    expect(JSON.parse(shown.stdout)).toMatchObject({ status: 'final', receipt: { txId: id, status: 0 } });
    const payer = await ask('account', accounts[0] ?? '', '--json');
    expect(JSON.parse(payer.stdout)).toMatchObject({ address: accounts[0], nonce: 1 });
  });

  it('says that a transfer of more than there is failed, and what the node refuses', async () => {
    const failed = await send('2000000000000000', '--wait');
    expect([failed.code, failed.stderr]).toEqual([
      1,
      expect.stringMatching(/^it is in the chain and failed: /),
    ]);
    const used = await send('1', '--nonce', '0');
    expect([used.code, used.stdout]).toEqual([1, '']);
    expect(used.stderr).toMatch(
      /^the transaction is refused: NONCE_USED\n {2}code: NONCE_USED\n {2}nonce: 0\n {2}expected: \d\n$/,
    );
  });

  it('shows how a node is', async () => {
    const { code, stdout } = await ask('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^node {7}http:\/\/127\.0\.0\.1:\d+, version \S+: ok\nchain {6}[0-9a-f]{64}\nheight {5}\d+, final up to \d+\n/,
    );
    expect(stdout.match(/^peer /gm)).toHaveLength(2);
  });

  it.each([
    [['status', '--node', '127.0.0.1:1'], 'no node answers at http://127.0.0.1:1\n'],
    [['account', 'aur1qq'], 'aur1qq: an address was expected, aur1… or 64 hexadecimal digits (no address: '],
    [['tx', 'show', 'abc'], 'abc: an id of 64 lower-case hexadecimal digits was expected\n'],
    [['tx', 'send', '--to', 'aur1qq', '--amount', '1'], 'node.key: there is no such file'],
    [
      ['tx', 'send', '--to', 'aur1qq', '--amount', '1', '--key', 'net/account-0.key'],
      'aur1qq: an address was expected',
    ],
    [['tx', 'send', '--amount', '1'], "required option '--to <address>' not specified"],
  ])('refuses %j', async (args, text) => {
    const { code, stdout, stderr } = await ask(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
  });

  it('says that a transfer cannot be half a unit', async () => {
    expect((await send('1.5')).stderr).toBe('--amount 1.5: a whole number was expected\n');
  });
});
