import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTooOld } from '../src/chain/consensus/pos/evidence-window.ts';
import { readStake, readTotals, readUnbonding } from '../src/chain/consensus/pos/stake-records.ts';
import { type BlockParts, PosTestChain, posTestGenesis } from '../src/chain/consensus/pos/test-chain.ts';
import { circulating, readSupply } from '../src/chain/execution/supply.ts';
import { testAddress } from '../src/chain/execution/test-chain.ts';
import { decodeAccount } from '../src/chain/types/account-codec.ts';
import { amount } from '../src/chain/types/units.ts';
import { isDecodeRejection } from '../src/env/network.ts';
import { KEYS, runSteps, stakes, steps } from './arbitraries/stake.ts';

/** More than any chain of this file has. */
const LEAVES_MAX = 10_000;

/** All leaves of the state. */
function sumsOf({ state }: PosTestChain) {
  let balances = 0n;
  for (const { namespace, value: bytes } of state.leaves(undefined, LEAVES_MAX)) {
    if (namespace !== 'accounts') continue;
    const account = decodeAccount(bytes);
    if (!isDecodeRejection(account)) balances += account.balance;
  }
  const records = Array.from({ length: KEYS }, (_, index) => readStake(state, testAddress(index)));
  const totals = readTotals(state);
  let unbonding = 0n;
  for (let index = totals.first; index < totals.end; index++)
    unbonding += readUnbonding(state, index)?.amount ?? 0n;
  const bonds = records.map((record) => record?.bonded ?? amount(0n));
  const entries = records.flatMap((record) => record?.entries ?? []);
  return { balances, bonds, unbonding, entries: entries.sort((a, b) => a - b), totals };
}

function checkLaws(chain: PosTestChain): void {
  const { balances, bonds, unbonding, entries, totals } = sumsOf(chain);
  expect(balances + totals.bonded + totals.unbonding).toBe(circulating(readSupply(chain.state)));
  expect(totals.bonded).toBe(bonds.reduce((sum, bond) => sum + bond, 0n));
  expect(totals.unbonding).toBe(unbonding);
  expect(totals.count).toBe(bonds.filter((bond) => bond > 0n).length);
  expect(entries).toEqual(Array.from({ length: totals.end - totals.first }, (_, i) => totals.first + i));
  expect(totals.joined).toBe(0);
  if (totals.count > 0) {
    const members = [...bonds.entries()].filter(([, bond]) => bond > 0n);
    expect(chain.membersOf(chain.view.next)).toEqual(members);
    expect(totals.changes).toBe(0);
  }
}

describe('on a chain with stake, whatever is staked, unstaked and accused', () => {
  it('balances, bonds and the unbonding queue are the supply, and the set is who has a bond', () => {
    fc.assert(
      fc.property(stakes, steps, (genesis, list) => {
        runSteps(genesis, list, checkLaws);
      }),
      { numRuns: 150 },
    );
  });

  it('to disconnect a block is to undo its changes', () => {
    fc.assert(
      fc.property(stakes, steps, (genesis, list) => {
        runSteps(genesis, list, (_chain, before, { state, changes }) => {
          const old = changes.map(({ namespace, id }) => ({
            namespace,
            id,
            value: before.get(namespace, id),
          }));
          expect(state.update(old).root).toBe(before.root);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('stake that unbonds is still there while its seat may be accused', () => {
    const lengths = fc.record({
      evidenceBlocks: fc.nat({ max: 6 }),
      evidenceMs: fc.nat({ max: 6_000 }),
      moreBlocks: fc.integer({ min: 1, max: 3 }),
      moreMs: fc.integer({ min: 1, max: 3_000 }),
      at: fc.integer({ min: 1, max: 5 }),
      gapsMs: fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 30, maxLength: 30 }),
    });
    fc.assert(
      fc.property(lengths, ({ evidenceBlocks, evidenceMs, moreBlocks, moreMs, at, gapsMs }) => {
        const chain = new PosTestChain(
          posTestGenesis([4_000n, 3_000n], {
            evidenceBlocks,
            evidenceMs,
            unbondingBlocks: evidenceBlocks + moreBlocks,
            unbondingMs: evidenceMs + moreMs,
          }),
        );
        const gap = (): BlockParts => {
          const gapMs = gapsMs[chain.header.height];
          return gapMs === undefined ? {} : { gapMs };
        };
        for (let i = 0; i < at; i++) chain.append(gap());
        chain.append({ ...gap(), transactions: [chain.unstake(1, 3_000n)] });
        const lastSeat = chain.view.window.left[0]?.until;
        if (lastSeat === undefined) throw new Error('who left had a seat');
        expect(lastSeat).toBe(chain.header.height + 1);
        for (let i = 0; i < 30; i++) {
          chain.append(gap());
          const isOpen = !isTooOld(chain.view.window.marks, chain.view, lastSeat);
          // What a block on this one may still accuse of is slashed in its phase 'begin', before its releases.
          if (isOpen) expect(readTotals(chain.state).unbonding).toBe(3_000n);
        }
        while (readTotals(chain.state).unbonding > 0n) chain.append();
      }),
      { numRuns: 100 },
    );
  });
});
