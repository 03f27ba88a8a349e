import { describe, expect, it } from 'vitest';
import { VOTE, type Vote } from '../../chain/consensus/pos/vote.ts';
import { blockHash, height, publicKey, signature } from '../../chain/types/units.ts';
import { unixMs } from '../../env/units.ts';
import { PerVote } from './validator-pen.ts';

const vote = (round: number, digit = 'a'): Vote => ({
  type: VOTE.prevote,
  height: height(7),
  round,
  block: blockHash(digit.repeat(64)),
  timestampMs: unixMs(1_000),
  validator: publicKey('1'.repeat(64)),
  signature: signature('2'.repeat(128)),
});

describe('what a liar made of its votes', () => {
  it('is made once for what a vote says, whatever object says it', () => {
    let count = 0;
    const lies = new PerVote(() => ++count);
    expect([lies.of(vote(1)), lies.of(vote(1)), lies.of(vote(2)), lies.of(vote(1, 'b'))]).toEqual([
      1, 1, 2, 3,
    ]);
  });

  it('is asked for again when nothing could be made of it', () => {
    const answers = [undefined, 'lie'];
    const lies = new PerVote(() => answers.shift());
    expect([lies.of(vote(1)), lies.of(vote(1)), lies.of(vote(1))]).toEqual([undefined, 'lie', 'lie']);
  });

  it('is forgotten, the oldest first, when there are many', () => {
    let count = 0;
    const lies = new PerVote(() => ++count);
    for (let round = 1; round <= 257; round++) lies.of(vote(round));
    expect(lies.of(vote(2))).toBe(2);
    expect(lies.of(vote(1))).toBe(258);
  });
});
