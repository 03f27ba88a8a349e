import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../../env/bytes.ts';
import { readSupply } from '../../execution/supply.ts';
import { testAddress, testKey } from '../../execution/test-chain.ts';
import { readAccount } from '../../state/accounts.ts';
import { RECEIPT_STATUS } from '../../types/account.ts';
import { isRejection } from '../../types/rejection.ts';
import { height } from '../../types/units.ts';
import { encodeEvidence, evidenceId, type PosEvidence } from './evidence.ts';
import { evidenceFlaw } from './evidence-check.ts';
import { readStake, readTombstone, readTotals, readUnbonding } from './stake-records.ts';
import { PosTestChain, posTestGenesis, testBlock, testEvidence, testVote } from './test-chain.ts';

const STAKES = [4_000n, 3_000n, 2_000n];

function chainOf(blocks: number, overrides: Parameters<typeof posTestGenesis>[1] = {}): PosTestChain {
  const chain = new PosTestChain(posTestGenesis(STAKES, overrides));
  chain.run(blocks);
  return chain;
}

function factOf(chain: PosTestChain, ...evidence: PosEvidence[]): unknown {
  const [first] = evidence;
  const block = chain.build();
  const system = { ...block.system, evidence: evidence.map((item) => bytesToHex(encodeEvidence(item))) };
  const rejection = chain.rules.checkSystem(chain.view, { ...block, system });
  if (evidence.length === 1 && first !== undefined) {
    const flaw = evidenceFlaw(chain.view, first);
    expect(rejection).toEqual(
      flaw === undefined ? undefined : { code: 'SYSTEM_DATA_INVALID', fact: `evidence[0]: ${flaw}` },
    );
  }
  return rejection !== undefined && 'fact' in rejection ? rejection.fact : undefined;
}

describe('evidence on a chain', () => {
  it('is taken against who had a seat at that height', () => {
    const chain = chainOf(3);
    expect(factOf(chain, testEvidence(1, 3))).toBeUndefined();
    expect(factOf(chain, testEvidence(5, 3))).toBe('evidence[0]: NO_SEAT');
  });

  it('is not taken of a height that is not decided yet', () => {
    const chain = chainOf(3);
    expect(factOf(chain, testEvidence(1, 4))).toBe('evidence[0]: FUTURE');
    chain.append();
    expect(factOf(chain, testEvidence(1, 4))).toBeUndefined();
  });

  it('is no pair, or out of order, whatever the view', () => {
    const chain = chainOf(3);
    const a = testVote(1, 2, '11');
    expect(factOf(chain, { kind: 'duplicateVote', a, b: a })).toBe('evidence[0]: NOT_A_PAIR');
    expect(factOf(chain, { kind: 'duplicateVote', a: testVote(1, 2, '22'), b: a })).toBe(
      'evidence[0]: WRONG_ORDER',
    );
  });

  it('that is no evidence at all makes the block invalid', () => {
    const chain = chainOf(3);
    const block = chain.build();
    for (const text of ['', '00', `${bytesToHex(encodeEvidence(testEvidence(1, 2)))}00`]) {
      const system = { ...block.system, evidence: [text] };
      expect(chain.rules.checkSystem(chain.view, { ...block, system })).toEqual({
        code: 'SYSTEM_DATA_INVALID',
        fact: 'evidence[0]: MALFORMED',
      });
    }
  });

  it('is too old when it is too old in blocks and in time', () => {
    // A second a block; what was signed at height 3 was signed after block 2, at 1,001 s.
    const blocks = chainOf(3, { evidenceBlocks: 4, evidenceMs: 1_000 });
    blocks.run(4);
    expect(blocks.header.height - 3).toBe(4);
    expect(factOf(blocks, testEvidence(1, 3))).toBeUndefined();
    blocks.append();
    expect(factOf(blocks, testEvidence(1, 3))).toBe('evidence[0]: TOO_OLD');
    const time = chainOf(3, { evidenceBlocks: 1, evidenceMs: 5_000 });
    time.run(4);
    expect(time.header.timestampMs - 1_001_000).toBe(5_000);
    expect(factOf(time, testEvidence(1, 3))).toBeUndefined();
    time.append();
    expect(factOf(time, testEvidence(1, 3))).toBe('evidence[0]: TOO_OLD');
    expect(factOf(chainOf(3), testEvidence(1, 0))).toBe('evidence[0]: TOO_OLD');
  });

  it('is taken once for each key: neither twice in a block nor again', () => {
    const chain = chainOf(3);
    const other: PosEvidence = {
      kind: 'duplicateVote',
      a: testVote(1, 2, undefined),
      b: testVote(1, 2, '22'),
    };
    expect(factOf(chain, testEvidence(1, 3), other)).toBe('evidence[1]: ALREADY_JUDGED');
    expect(factOf(chain, testEvidence(1, 3), testEvidence(2, 3))).toBeUndefined();
    chain.append({ evidence: [testEvidence(1, 3)] });
    expect(factOf(chain, testEvidence(1, 3))).toBe('evidence[0]: ALREADY_JUDGED');
    expect(factOf(chain, other)).toBe('evidence[0]: ALREADY_JUDGED');
    chain.run(2);
    expect(factOf(chain, other)).toBe('evidence[0]: ALREADY_JUDGED');
  });

  it('is taken against who has left, for the heights of the seat', () => {
    const chain = chainOf(2);
    chain.append({ transactions: [chain.unstake(1, 3_000n)] });
    chain.run(3);
    expect(factOf(chain, testEvidence(1, 4))).toBeUndefined();
    expect(factOf(chain, testEvidence(1, 5))).toBe('evidence[0]: NO_SEAT');
    expect(factOf(chain, testEvidence(2, 5))).toBeUndefined();
  });

  it('of two proposals counts too', () => {
    const chain = chainOf(3);
    const { signature } = testVote(1, 3, '11');
    const proposal = { height: height(3), round: 0, validRound: undefined, proposer: testKey(1), signature };
    const a = { ...proposal, block: testBlock('11') };
    const b = { ...proposal, block: testBlock('22') };
    expect(factOf(chain, { kind: 'duplicateProposal', a, b })).toBeUndefined();
    expect(factOf(chain, { kind: 'duplicateProposal', a: b, b: a })).toBe('evidence[0]: WRONG_ORDER');
  });
});

describe('a slash', () => {
  it('burns its part of the bond, unbonds the rest, and ends the seat', () => {
    const chain = chainOf(3);
    const evidence = testEvidence(1, 3);
    const { effects } = chain.append({ evidence: [evidence] });
    expect(effects.map(({ burnt }) => burnt)).toEqual([150n, 0n]);
    expect(readSupply(chain.state).burnt).toBe(150n);
    expect(readTotals(chain.state)).toMatchObject({ count: 2, bonded: 6_000n, unbonding: 2_850n });
    expect(readUnbonding(chain.state, 0)).toMatchObject({ owner: testAddress(1), amount: 2_850n, height: 5 });
    expect(readTombstone(chain.state, testAddress(1))).toEqual({
      evidence: evidenceId(evidence),
      height: 3,
      burnt: 150n,
    });
    expect(chain.membersOf(chain.view.next)).toEqual([
      [0, 4_000n],
      [2, 2_000n],
    ]);
    const before = readAccount(chain.state, testAddress(1)).balance;
    chain.run(7);
    expect(readAccount(chain.state, testAddress(1)).balance).toBe(before + 2_850n);
    expect(readStake(chain.state, testAddress(1))).toBeUndefined();
  });

  it('keeps the key from staking for ever', () => {
    const chain = chainOf(3);
    chain.append({ evidence: [testEvidence(1, 3)] });
    chain.run(8);
    const { receipts } = chain.append({ transactions: [chain.stake(1, 5_000n)] });
    expect(receipts.map(({ status }) => status)).toEqual([RECEIPT_STATUS.TOMBSTONED]);
  });

  it('comes before the transactions of its block', () => {
    const chain = chainOf(3);
    const transactions = [chain.unstake(1, 3_000n), chain.stake(1, 1n)];
    const { receipts } = chain.append({ evidence: [testEvidence(1, 3)], transactions });
    expect(receipts.map(({ status }) => status)).toEqual([
      RECEIPT_STATUS.STAKE_REFUSED,
      RECEIPT_STATUS.TOMBSTONED,
    ]);
  });

  it('rounds down, and takes all where the chain says so', () => {
    const part = chainOf(2, { slashPermille: 333 });
    expect(part.append({ evidence: [testEvidence(2, 2)] }).effects[0].burnt).toBe(666n);
    const all = chainOf(2, { slashPermille: 1_000 });
    expect(all.append({ evidence: [testEvidence(2, 2)] }).effects[0].burnt).toBe(2_000n);
    expect(readStake(all.state, testAddress(2))).toBeUndefined();
    expect(readTotals(all.state)).toMatchObject({ unbonding: 0n, end: 0 });
  });

  it('reaches stake that unbonds and counted at the height of the infraction, and no older', () => {
    // Begun in block 3 it counts up to height 4, begun in block 4 up to height 5.
    const chain = chainOf(2, { evidenceBlocks: 5 });
    chain.append({ transactions: [chain.unstake(1, 100n)] });
    chain.append({ transactions: [chain.unstake(1, 200n)] });
    chain.append();
    const { effects } = chain.append({ evidence: [testEvidence(1, 5)] });
    expect(effects[0].burnt).toBe(10n + 135n);
    expect([0, 1, 2].map((index) => readUnbonding(chain.state, index)?.amount)).toEqual([100n, 190n, 2_565n]);
    expect(readTotals(chain.state)).toMatchObject({ unbonding: 2_855n, bonded: 6_000n });
  });

  it('reaches who has left as long as evidence counts', () => {
    const chain = chainOf(2);
    chain.append({ transactions: [chain.unstake(1, 3_000n)] });
    chain.run(2);
    const { effects } = chain.append({ evidence: [testEvidence(1, 4)] });
    expect(effects[0].burnt).toBe(150n);
    expect(readTotals(chain.state)).toMatchObject({ count: 2, bonded: 6_000n, unbonding: 2_850n });
    expect(readTombstone(chain.state, testAddress(1))).toBeDefined();
  });

  it('takes stake that came back into the bond after the infraction', () => {
    const chain = chainOf(3);
    chain.append({ transactions: [chain.stake(1, 1_000n)] });
    expect(chain.append({ evidence: [testEvidence(1, 3)] }).effects[0].burnt).toBe(200n);
  });

  it('reaches unbonding stake in the last block that takes the evidence', () => {
    // Unbonding is one block longer than evidence: the least that a configuration may say.
    const chain = chainOf(2, { unbondingBlocks: 5, evidenceBlocks: 4, unbondingMs: 2, evidenceMs: 1 });
    chain.append({ transactions: [chain.unstake(1, 3_000n)] });
    chain.run(5);
    expect(factOf(chain, testEvidence(1, 4))).toBeUndefined();
    expect(chain.append({ evidence: [testEvidence(1, 4)] }).effects[0].burnt).toBe(150n);
    expect(readTotals(chain.state)).toMatchObject({ unbonding: 0n, first: 1 });
  });

  it('of all validators leaves their seats until somebody else has stake', () => {
    const chain = chainOf(3);
    chain.append({ evidence: [0, 1, 2].map((index) => testEvidence(index, 3)) });
    expect(readTotals(chain.state)).toMatchObject({ count: 0, bonded: 0n, changes: 3 });
    expect(chain.membersOf(chain.view.next)).toEqual([...STAKES.entries()]);
    chain.run(2);
    expect(chain.membersOf(chain.view.next)).toEqual([...STAKES.entries()]);
    expect(factOf(chain, testEvidence(2, 5))).toBe('evidence[0]: ALREADY_JUDGED');
    chain.append({ transactions: [chain.stake(5, 1_000n)] });
    expect(chain.membersOf(chain.view.next)).toEqual([[5, 1_000n]]);
    expect(readTotals(chain.state)).toMatchObject({ count: 1, changes: 0, joined: 0 });
    chain.run(3);
    expect(chain.view.current.totalPower).toBe(1_000n);
  });

  it('of all but who leaves in that block keeps the last one', () => {
    const chain = chainOf(3);
    const evidence = [testEvidence(0, 3), testEvidence(1, 3)];
    const { receipts } = chain.append({ evidence, transactions: [chain.unstake(2, 2_000n)] });
    expect(receipts.map(({ status }) => status)).toEqual([RECEIPT_STATUS.LAST_VALIDATOR]);
    expect(chain.membersOf(chain.view.next)).toEqual([[2, 2_000n]]);
  });

  it('is not executed when the block is invalid', () => {
    const chain = chainOf(3);
    expect(isRejection(chain.execute(chain.build({ evidence: [testEvidence(6, 3)] })))).toBe(true);
  });
});
