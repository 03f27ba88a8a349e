import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../../env/bytes.ts';
import { unixMs } from '../../../env/units.ts';
import { testKey } from '../../execution/test-chain.ts';
import type { Header } from '../../types/block.ts';
import { blockId } from '../../types/header-codec.ts';
import { amount, hash, height } from '../../types/units.ts';
import { type LightBlock, lightBlockFlaw, lightBlockItems, type Trusted } from './light-client.ts';
import { createValidatorSet } from './proposer-priority.ts';
import { encodeRoundField } from './round.ts';
import { PosTestChain, posTestGenesis, testCommit } from './test-chain.ts';
import type { ValidatorSet } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';

const POLICY = { trustingMs: 3_600_000, clockDriftMs: 10_000 };
const STAKES = [4_000n, 3_000n, 2_000n, 1_000n];

function setOf(chain: PosTestChain): ValidatorSet {
  if (chain.view.last === undefined) throw new Error('genesis has no set of its own');
  return chain.view.last;
}

function trustedOf(chain: PosTestChain): Trusted {
  return { header: chain.header, validators: setOf(chain) };
}

function lightOf(chain: PosTestChain, without: readonly number[] = []): LightBlock {
  const validators = setOf(chain);
  return { header: chain.header, validators, commit: testCommit(validators, chain.header, without) };
}

function judge(trusted: Trusted, next: LightBlock, nowMs = Number(next.header.timestampMs)) {
  return lightBlockFlaw(trusted, next, POLICY, unixMs(nowMs));
}

/** A header that no chain has, of a set that its makers chose; those of the keys that sign it. */
function lunatic(trusted: Trusted, members: readonly (readonly [number, bigint])[]): LightBlock {
  const validators = createValidatorSet(
    members.map(([key, power]) => ({ key: testKey(key), power: amount(power) })),
  );
  const first = validators.validators[0];
  if (first === undefined) throw new Error('a set has members');
  const hashOf = validatorsHash(validators);
  const header: Header = {
    ...trusted.header,
    height: height(trusted.header.height + 10),
    stateRoot: hash('66'.repeat(32)),
    consensus: bytesToHex(
      encodeRoundField({
        round: 0,
        proposer: first.key,
        validatorsHash: hashOf,
        nextValidatorsHash: hashOf,
      }),
    ),
  };
  return { header, validators, commit: testCommit(validators, header) };
}

describe('light client: what it takes', () => {
  it('takes the next block of the set that the trusted one names', () => {
    const chain = new PosTestChain(posTestGenesis(STAKES));
    chain.run(3);
    const trusted = trustedOf(chain);
    chain.run(1);
    expect(judge(trusted, lightOf(chain))).toBeUndefined();
    expect(lightBlockItems(chain.view.chain, lightOf(chain))).toHaveLength(4);
  });

  it('skips as far as a third of the trusted power reaches, while the set changes', () => {
    const chain = new PosTestChain(posTestGenesis(STAKES));
    chain.run(2);
    const trusted = trustedOf(chain);
    chain.append({ transactions: [chain.stake(4, 6_000n), chain.unstake(3, 1_000n)] });
    chain.run(5);
    const next = lightOf(chain);
    expect(next.validators.validators).toHaveLength(4);
    expect(judge(trusted, next)).toBeUndefined();
  });
});

describe('light client: what it refuses', () => {
  const chain = new PosTestChain(posTestGenesis(STAKES));
  chain.run(2);
  const trusted = trustedOf(chain);
  chain.run(1);
  const next = lightOf(chain);
  const nowMs = Number(next.header.timestampMs);

  it('the trusted block itself, and what is older', () => {
    expect(judge({ header: next.header, validators: next.validators }, next)).toBe('NOT_LATER');
  });

  it('a trusted block whose signers have nothing to lose any more', () => {
    const late = Number(trusted.header.timestampMs) + POLICY.trustingMs;
    expect(judge(trusted, next, late)).toBe('TRUST_EXPIRED');
    expect(judge(trusted, next, late - 1)).toBeUndefined();
  });

  it('a header ahead of its clock', () => {
    expect(judge(trusted, next, nowMs - POLICY.clockDriftMs - 1)).toBe('FROM_THE_FUTURE');
    expect(judge(trusted, next, nowMs - POLICY.clockDriftMs)).toBeUndefined();
  });

  it('another set than the header states, or than the block before names', () => {
    const other = createValidatorSet([{ key: testKey(9), power: amount(5n) }]);
    expect(judge(trusted, { ...next, validators: other })).toBe('WRONG_VALIDATORS');
    const forged = lunatic(trusted, [[9, 5n]]);
    const adjacent = {
      ...forged.header,
      height: next.header.height,
      parent: blockId(trusted.header),
    };
    const commit = testCommit(forged.validators, adjacent);
    expect(judge(trusted, { ...forged, header: adjacent, commit })).toBe('WRONG_VALIDATORS');
  });

  it('a block that does not stand on the trusted one beside it', () => {
    const header = { ...next.header, parent: next.header.transactionsRoot as typeof next.header.parent };
    expect(judge(trusted, { ...next, header, commit: testCommit(next.validators, header) })).toBe(
      'WRONG_BLOCK',
    );
  });

  it('two thirds of the power exactly', () => {
    const equal = new PosTestChain(posTestGenesis([1_000n, 1_000n, 1_000n]));
    equal.run(2);
    const base = trustedOf(equal);
    equal.run(1);
    expect(judge(base, lightOf(equal, [0]))).toBe('NO_QUORUM');
    expect(judge(base, lightOf(equal))).toBeUndefined();
  });
});

describe('light client: lunatic attack', () => {
  const chain = new PosTestChain(posTestGenesis([1_000n, 1_000n, 1_000n]));
  chain.run(3);
  const trusted = trustedOf(chain);

  it('a third of the trusted power, with a made-up set, persuades nobody', () => {
    expect(judge(trusted, lunatic(trusted, [[0, 9_000n]]))).toBe('TOO_LITTLE_TRUST');
  });

  it('more than a third does: that is all that skipping promises', () => {
    expect(
      judge(
        trusted,
        lunatic(trusted, [
          [0, 9_000n],
          [1, 9_000n],
        ]),
      ),
    ).toBeUndefined();
  });
});
