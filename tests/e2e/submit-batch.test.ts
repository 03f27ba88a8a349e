/** Transactions that are submitted together: judged one by one, their signatures checked at once. */
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/chain/types/command.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import { transactionId } from '../../src/chain/types/transaction-codec.ts';
import { signature } from '../../src/chain/types/units.ts';
import { NodeWorld, PERIOD_MS, toyConsensus } from '../support/node-world.ts';

/** One node, and how many signatures it was asked for at once. */
function loneNode(): { readonly world: NodeWorld; readonly batches: number[] } {
  const batches: number[] = [];
  const world = new NodeWorld([
    {
      consensus: toyConsensus(1),
      program: (honest) => (env) =>
        honest({
          ...env,
          crypto: {
            ...env.crypto,
            verify(items, onResult) {
              batches.push(items.length);
              env.crypto.verify(items, onResult);
            },
          },
        }),
    },
  ]);
  world.run(10);
  return { world, batches };
}

function submitAll(world: NodeWorld, transactions: readonly Transaction[]): Answer[] {
  const answers: Answer[] = [];
  world.simulator.command(0, { kind: 'SubmitTransactions', transactions }, (answer) => answers.push(answer));
  world.run(100);
  return answers;
}

describe('a batch of transactions', () => {
  it('is one batch of signatures, and each is accepted or refused by itself, in order', () => {
    const { world, batches } = loneNode();
    const forged = { ...world.transfer(1, 0), signature: signature('11'.repeat(64)) };
    const twice = world.transfer(2, 0);
    const [answer, ...others] = submitAll(world, [
      world.transfer(0, 0),
      forged,
      twice,
      twice,
      world.transfer(0, 1),
      world.transfer(3, 99),
    ]);
    expect(others).toEqual([]);
    expect(batches).toEqual([5]);
    expect(answer).toEqual({
      kind: 'Submissions',
      submissions: [
        { kind: 'Accepted', id: transactionId(world.transfer(0, 0)) },
        { kind: 'Refused', why: { code: 'BAD_SIGNATURE' } },
        { kind: 'Accepted', id: transactionId(twice) },
        { kind: 'Refused', why: { code: 'ALREADY_KNOWN', id: transactionId(twice) } },
        { kind: 'Accepted', id: transactionId(world.transfer(0, 1)) },
        { kind: 'Refused', why: { code: 'NONCE_GAP', nonce: 99, expected: 0, gapMax: 16 } },
      ],
    });
    world.run(2 * PERIOD_MS);
    expect(world.inspect(0).mempool.count).toBe(0);
  });

  it('may hold more of one sender in a row than gossip may bring ahead of a gap', () => {
    const { world, batches } = loneNode();
    const [answer] = submitAll(
      world,
      Array.from({ length: 60 }, (_, nonce) => world.transfer(0, nonce)),
    );
    expect(batches).toEqual([60]);
    const kinds = answer?.kind === 'Submissions' ? answer.submissions.map(({ kind }) => kind) : [];
    expect(kinds).toEqual(Array.from({ length: 60 }, () => 'Accepted'));
  });

  it('may be empty', () => {
    const { world, batches } = loneNode();
    expect(submitAll(world, [])).toEqual([{ kind: 'Submissions', submissions: [] }]);
    expect(batches).toEqual([]);
  });
});

describe('the next nonce of an account', () => {
  it('counts what waits in the mempool, up to the first that is missing', () => {
    const { world } = loneNode();
    submitAll(world, [world.transfer(0, 0), world.transfer(0, 1), world.transfer(0, 3)]);
    const answers: Answer[] = [];
    const sender = world.genesis.allocation.map(({ address }) => address);
    for (const address of sender)
      world.simulator.command(0, { kind: 'GetAccount', address, prove: false }, (answer) =>
        answers.push(answer),
      );
    world.run(10);
    const nonces = answers.map((answer) =>
      answer.kind === 'Account' ? [answer.account.nonce, answer.nextNonce] : [],
    );
    expect(nonces).toContainEqual([0, 2]);
    expect(nonces.filter(([, next]) => next === 0)).toHaveLength(sender.length - 1);
  });
});
