import { describe, expect, it } from 'vitest';
import { unixMs } from '../../../env/units.ts';
import { testKey } from '../../execution/test-chain.ts';
import { amount, type BlockHash, height, type PublicKey } from '../../types/units.ts';
import { HeightDriver } from './driver.ts';
import { timeoutMs } from './height-process.ts';
import type { Proposal } from './proposal.ts';
import { createValidatorSet, proposerOf } from './proposer-priority.ts';
import { NO_SIGNATURE, posTestConfig, testBlock } from './test-chain.ts';
import { VOTE, type Vote, type VoteType } from './vote.ts';
import { ROUNDS_AHEAD, ROUNDS_KEPT } from './vote-keeper.ts';

const SET = createValidatorSet([0, 1, 2, 3].map((index) => ({ key: testKey(index), power: amount(1n) })));
const KEYS = SET.validators.map(({ key }) => key);
const V = testBlock('11');
const W = testBlock('22');

/** Of somebody who only follows: whose turn it is does not matter then. */
function follower(): HeightDriver {
  const driver = new HeightDriver(SET, undefined);
  driver.start();
  return driver;
}

function vote(
  key: PublicKey | undefined,
  type: VoteType,
  round: number,
  block?: BlockHash,
  timeMs = 9,
): Vote {
  return {
    type: VOTE[type],
    height: height(1),
    round,
    block,
    timestampMs: unixMs(timeMs),
    validator: key ?? testKey(0),
    signature: NO_SIGNATURE,
  };
}

function proposal(round: number, block: BlockHash, validRound?: number): Proposal {
  const proposer = proposerOf(SET, round).key;
  return { height: height(1), round, validRound, block, proposer, signature: NO_SIGNATURE };
}

function addVotes(
  driver: HeightDriver,
  count: number,
  ...content: [VoteType, number, BlockHash?, number?]
): void {
  for (const key of KEYS.slice(0, count)) driver.addVote(vote(key, ...content));
}

describe('time-outs', () => {
  it('grow with the round, each by its own step', () => {
    const config = posTestConfig({
      proposeMs: 100,
      proposeDeltaMs: 7,
      prevoteMs: 200,
      prevoteDeltaMs: 11,
      precommitMs: 300,
      precommitDeltaMs: 13,
    });
    const steps = ['propose', 'prevote', 'precommit'] as const;
    expect(steps.map((step) => timeoutMs(config, step, 0))).toEqual([100, 200, 300]);
    expect(steps.map((step) => timeoutMs(config, step, 5))).toEqual([135, 255, 365]);
  });
});

describe('HeightDriver', () => {
  it('line 10: starts round 0 once, and line 14 asks the proposer to propose', () => {
    const driver = new HeightDriver(SET, proposerOf(SET, 0).key);
    expect(driver.start()).toEqual([{ kind: 'propose', round: 0, valid: undefined }]);
    expect(driver.start()).toEqual([]);
  });

  it('line 22: waits until the block was judged', () => {
    const driver = follower();
    driver.addProposal(proposal(0, V));
    expect(driver.advance()).toEqual([]);
    expect(driver.missing()).toEqual([V]);
    driver.judge(V, true, unixMs(1));
    expect(driver.advance()).toEqual([{ kind: 'vote', type: 'prevote', round: 0, block: V }]);
  });

  it('line 28: waits until the polka is here', () => {
    const driver = follower();
    driver.addVote(vote(KEYS[0], 'prevote', 1));
    driver.addVote(vote(KEYS[1], 'prevote', 1));
    driver.advance();
    driver.addProposal(proposal(1, V, 0));
    driver.judge(V, true, unixMs(1));
    expect(driver.advance()).toEqual([]);
    addVotes(driver, 3, 'prevote', 0, V);
    expect(driver.advance()).toEqual([{ kind: 'vote', type: 'prevote', round: 1, block: V }]);
  });

  it('line 28: the polka may be of any round before, however old', () => {
    const driver = follower();
    const late = ROUNDS_KEPT + 20;
    driver.addVote(vote(KEYS[0], 'prevote', late));
    driver.addVote(vote(KEYS[1], 'prevote', late));
    driver.advance();
    expect(driver.addVote(vote(KEYS[2], 'prevote', 1, V))).toEqual({ kind: 'ignored' });
    driver.addProposal(proposal(late, V, 1));
    driver.judge(V, true, unixMs(1));
    for (const key of KEYS.slice(0, 3)) driver.addVote(vote(key, 'prevote', 1, V));
    expect(driver.advance()).toEqual([{ kind: 'vote', type: 'prevote', round: late, block: V }]);
  });

  it('lines 34 and 36: where there is a polka no time-out is set', () => {
    const driver = follower();
    driver.addProposal(proposal(0, V));
    driver.judge(V, true, unixMs(1));
    driver.advance();
    addVotes(driver, 3, 'prevote', 0, V);
    expect(driver.advance()).toEqual([{ kind: 'vote', type: 'precommit', round: 0, block: V }]);
  });

  it('line 36: a polka whose block is not here waits for it, proposed or not', () => {
    const driver = follower();
    driver.onTimeout('propose', 0);
    addVotes(driver, 3, 'prevote', 0, V);
    expect(driver.advance()).toEqual([{ kind: 'schedule', step: 'prevote', round: 0 }]);
    expect(driver.missing()).toEqual([V]);
    expect([driver.isWanted(V), driver.isWanted(W)]).toEqual([true, false]);
    driver.judge(V, true, unixMs(1));
    expect(driver.advance()).toEqual([{ kind: 'vote', type: 'precommit', round: 0, block: V }]);
    expect(driver.state.locked).toEqual({ round: 0, block: V });
  });

  it('line 49: decides for precommits of an old round', () => {
    const driver = follower();
    addVotes(driver, 2, 'prevote', 2);
    driver.advance();
    expect(driver.state.round).toBe(2);
    driver.judge(V, true, unixMs(1));
    addVotes(driver, 3, 'precommit', 0, V);
    expect(driver.advance()).toEqual([{ kind: 'decide', round: 0, block: V }]);
    expect(driver.advance()).toEqual([]);
  });

  it('line 49: precommits that are not later than the block do not count', () => {
    const driver = follower();
    driver.judge(V, true, unixMs(9));
    addVotes(driver, 1, 'precommit', 0, V, 9);
    for (const key of KEYS.slice(1, 3)) driver.addVote(vote(key, 'precommit', 0, V, 10));
    driver.advance();
    expect(driver.state.step).not.toBe('decided');
    driver.addVote(vote(KEYS[3], 'precommit', 0, V, 10));
    expect(driver.advance().at(-1)).toEqual({ kind: 'decide', round: 0, block: V });
    expect(driver.commitVotes(0, V)?.map(({ validator }) => validator)).toEqual([1, 2, 3]);
  });

  it('line 50: an invalid block is never decided', () => {
    const driver = follower();
    driver.judge(V, false, unixMs(1));
    addVotes(driver, 4, 'precommit', 0, V);
    driver.advance();
    expect(driver.state.step).not.toBe('decided');
  });

  it('line 55: skips to the round of f + 1, and brings what it has of it', () => {
    const driver = follower();
    driver.addProposal(proposal(ROUNDS_AHEAD, V));
    driver.judge(V, true, unixMs(1));
    driver.addVote(
      vote(
        KEYS.find((key) => key !== proposerOf(SET, ROUNDS_AHEAD).key),
        'prevote',
        ROUNDS_AHEAD,
        V,
      ),
    );
    expect(driver.advance()).toEqual([
      { kind: 'schedule', step: 'propose', round: ROUNDS_AHEAD },
      { kind: 'vote', type: 'prevote', round: ROUNDS_AHEAD, block: V },
    ]);
  });

  it('line 55: begins with f + 1 others, and not with fewer', () => {
    const driver = new HeightDriver(SET, undefined);
    driver.addVote(vote(KEYS[0], 'prevote', 0, V));
    expect(driver.advance()).toEqual([]);
    driver.addVote(vote(KEYS[1], 'prevote', 0, V));
    expect(driver.advance()).toEqual([{ kind: 'schedule', step: 'propose', round: 0 }]);
  });

  it('of a round two proposals are taken: the second accuses, and the first counts', () => {
    const driver = follower();
    const first = proposal(0, V);
    expect(driver.addProposal(first)).toEqual({ kind: 'accepted' });
    expect(driver.addProposal(first)).toEqual({ kind: 'ignored' });
    expect(driver.addProposal(proposal(0, W))).toEqual({ kind: 'conflict', first });
    expect(driver.addProposal(proposal(0, testBlock('33')))).toEqual({ kind: 'ignored' });
    expect(driver.proposal(0)).toBe(first);
  });

  it('a body that is not kept any more is judged anew', () => {
    const driver = follower();
    driver.judge(V, true, unixMs(1));
    driver.forget(V);
    addVotes(driver, 3, 'precommit', 0, V);
    driver.advance();
    expect(driver.state.step).not.toBe('decided');
    expect(driver.missing()).toEqual([V]);
  });
});
