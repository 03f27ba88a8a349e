import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../../env/bytes.ts';
import { unixMs } from '../../../env/units.ts';
import { buildGenesis } from '../../execution/genesis.ts';
import { testGenesis, testKey } from '../../execution/test-chain.ts';
import { isRejection } from '../../types/rejection.ts';
import { amount, height, type PublicKey } from '../../types/units.ts';
import { encodePoaConfig, POA_NAME, TIE_BREAK } from './config.ts';
import { encodePoaField } from './header-field.ts';
import { createPoaRules, difficultyOf } from './rules.ts';

/** One block of a scenario: who signs it; `+X` and `-X`: his vote; `*`: a checkpoint. */
type BlockText = string;

interface Scenario {
  readonly name: string;
  readonly epoch?: number;
  readonly signers: string;
  readonly blocks: string;
  /** The signers at the end, or how the last block is refused. */
  readonly result: string | { readonly refused: RegExp };
}

/**
 * The voting scenarios of EIP-225, Test Cases (https://eips.ethereum.org/EIPS/eip-225), in our notation: `A+B` is a block of A
 * with a vote to add B, `A-B` one to drop B, `A*` a checkpoint.
 */
const SCENARIOS: readonly Scenario[] = [
  { name: 'single signer, no votes cast', signers: 'A', blocks: 'A', result: 'A' },
  {
    name: 'single signer, voting to add two others: the second needs two votes',
    signers: 'A',
    blocks: 'A+B B A+C',
    result: 'AB',
  },
  {
    name: 'two signers, voting to add three others: the third needs three votes already',
    signers: 'AB',
    blocks: 'A+C B+C A+D B+D C A+E B+E',
    result: 'ABCD',
  },
  { name: 'single signer, dropping itself', signers: 'A', blocks: 'A-A', result: '' },
  {
    name: 'two signers need mutual consent to drop either of them: not fulfilled',
    signers: 'AB',
    blocks: 'A-B',
    result: 'AB',
  },
  {
    name: 'two signers need mutual consent to drop either of them: fulfilled',
    signers: 'AB',
    blocks: 'A-B B-B',
    result: 'A',
  },
  {
    name: 'three signers, two of them deciding to drop the third',
    signers: 'ABC',
    blocks: 'A-C B-C',
    result: 'AB',
  },
  {
    name: 'four signers, consensus of two not being enough to drop anyone',
    signers: 'ABCD',
    blocks: 'A-C B-C',
    result: 'ABCD',
  },
  {
    name: 'four signers, consensus of three already being enough to drop someone',
    signers: 'ABCD',
    blocks: 'A-D B-D C-D',
    result: 'ABC',
  },
  {
    name: 'authorizations are counted once per signer per target',
    signers: 'AB',
    blocks: 'A+C B A+C B A+C',
    result: 'AB',
  },
  {
    name: 'authorizing multiple accounts concurrently is permitted',
    signers: 'AB',
    blocks: 'A+C B A+D B A B+D A B+C',
    result: 'ABCD',
  },
  {
    name: 'deauthorizations are counted once per signer per target',
    signers: 'AB',
    blocks: 'A-B B A-B B A-B',
    result: 'AB',
  },
  {
    name: 'deauthorizing multiple accounts concurrently is permitted',
    signers: 'ABCD',
    blocks: 'A-C B C A-D B C A B-D C-D A B-C',
    result: 'AB',
  },
  {
    name: 'votes from deauthorized signers are discarded immediately: votes to drop',
    signers: 'ABC',
    blocks: 'C-B A-C B-C A-B',
    result: 'AB',
  },
  {
    name: 'votes from deauthorized signers are discarded immediately: votes to add',
    signers: 'ABC',
    blocks: 'C+D A-C B-C A+D',
    result: 'AB',
  },
  {
    name: 'cascading changes are not allowed, only the account being voted on may change',
    signers: 'ABCD',
    blocks: 'A-C B C A-D B-C C A B-D C-D',
    result: 'ABC',
  },
  {
    name: 'changes reaching consensus out of bounds, by a drop, execute on touch',
    signers: 'ABCD',
    blocks: 'A-C B C A-D B-C C A B-D C-D A C+C',
    result: 'AB',
  },
  {
    name: 'changes reaching consensus out of bounds, by a drop, may go out of consensus on first touch',
    signers: 'ABCD',
    blocks: 'A-C B C A-D B-C C A B-D C-D A B+C',
    result: 'ABC',
  },
  {
    name: 'pending votes do not survive changes of what they are about',
    signers: 'ABCDE',
    blocks: 'A+F B+F C+F D-F E-F B-F C-F D+F E+F B-A C-A D-A B+F',
    result: 'BCDEF',
  },
  {
    name: 'epoch transitions reset all votes to allow chain checkpointing',
    epoch: 3,
    signers: 'AB',
    blocks: 'A+C B A* B+C',
    result: 'AB',
  },
  {
    name: 'an unauthorized signer is not able to sign blocks',
    signers: 'A',
    blocks: 'B',
    result: { refused: /is no signer/ },
  },
  {
    name: 'an authorized signer that signed recently is not able to sign again',
    signers: 'AB',
    blocks: 'A A',
    result: { refused: /may sign one of 2 consecutive blocks/ },
  },
  {
    name: 'recent signatures do not reset on checkpoint blocks',
    epoch: 3,
    signers: 'ABC',
    blocks: 'A B A* A',
    result: { refused: /may sign one of 2 consecutive blocks/ },
  },
];

const LETTERS = 'ABCDEF';
const START_MS = 1_000_000;

function keyOf(letter: string): PublicKey {
  return testKey(LETTERS.indexOf(letter));
}

function keysOf(letters: string): readonly PublicKey[] {
  return Array.from(letters, keyOf);
}

/** Judges every block by the whole rules: difficulty, time and seal are as they must be, what is tested is the rest. */
function play({ signers, blocks, epoch = 30_000 }: Scenario): string | { readonly fact: string } {
  const rules = createPoaRules();
  const config = { periodMs: 1_000, wiggleMs: 0, epoch, tieBreak: TIE_BREAK['eip-3436'] };
  const genesis = testGenesis({
    engine: POA_NAME,
    engineConfig: encodePoaConfig(config),
    validators: keysOf(signers).map((key) => ({ key, power: amount(1n) })),
    timestampMs: unixMs(START_MS),
  });
  const built = buildGenesis(genesis, rules);
  if (isRejection(built)) throw new Error('the genesis is valid');
  let { view } = built;
  for (const [i, text] of blocks.split(' ').entries()) {
    const field = fieldOf(text, view.signers);
    const next = rules.advance(view, {
      ...built.block.header,
      height: height(i + 1),
      timestampMs: unixMs(START_MS + 1_000 * (i + 1)),
      consensus: bytesToHex(encodePoaField({ ...field, difficulty: difficultyOf(view, field.signer) })),
      seal: '5a'.repeat(64),
    });
    if (isRejection(next)) return { fact: 'fact' in next ? next.fact : next.code };
    view = next;
  }
  return view.signers.map((key) => LETTERS[LETTERS.split('').findIndex((l) => keyOf(l) === key)]).join('');
}

function fieldOf(text: BlockText, signers: readonly PublicKey[]) {
  const [signer = '', kind = '', target = ''] = text;
  return {
    signer: keyOf(signer),
    vote: kind === '+' || kind === '-' ? { target: keyOf(target), add: kind === '+' } : undefined,
    checkpoint: kind === '*' ? signers : [],
  };
}

describe('EIP-225, Test Cases', () => {
  it.each(SCENARIOS)('$name', (scenario) => {
    const outcome = play(scenario);
    if (typeof scenario.result === 'string') expect(outcome).toBe(scenario.result);
    else expect(outcome).toMatchObject({ fact: expect.stringMatching(scenario.result.refused) });
  });

  it('are all there', () => {
    expect(SCENARIOS).toHaveLength(23);
  });
});
