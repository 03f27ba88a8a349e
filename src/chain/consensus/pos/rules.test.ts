import { describe, expect, it } from 'vitest';
import { PosTestChain, posTestGenesis } from './test-chain.ts';

describe('a chain with stake', () => {
  it('goes on', () => {
    const chain = new PosTestChain(posTestGenesis([4_000n, 3_000n, 2_000n, 1_000n]));
    chain.run(5);
    chain.append({ transactions: [chain.stake(5, 5_000n)] });
    chain.run(3);
    expect(chain.membersOf(chain.view.current)).toEqual([
      [0, 4_000n],
      [1, 3_000n],
      [2, 2_000n],
      [3, 1_000n],
      [5, 5_000n],
    ]);
  });
});
