import { describe, expect, it } from 'vitest';
import { buildGenesis } from '../../execution/genesis.ts';
import { testGenesis } from '../../execution/test-chain.ts';
import { isRejection } from '../../types/rejection.ts';
import { hash, height, type Weight } from '../../types/units.ts';
import type { Candidate } from '../consensus.ts';
import { compareNumbers } from '../weights.ts';
import { TIE_BREAK, type TieBreak } from './config.ts';
import { createPoaRules } from './rules.ts';
import { POA_CONFIG, poaGenesis } from './test-poa.ts';
import { compareHeads, genesisWeight, turnsAgo, weightAfter } from './tie-break.ts';

const built = buildGenesis(poaGenesis(8), createPoaRules());
if (isRejection(built)) throw new Error('the genesis is valid');
const HEADER = built.block.header;

interface Head {
  readonly total: number;
  readonly at: number;
  readonly index: number;
  readonly id?: string;
}

function headOf(tieBreak: TieBreak, { total, at, index, id = '55' }: Head): Candidate {
  const config = { ...POA_CONFIG, tieBreak: TIE_BREAK[tieBreak] };
  const ago = turnsAgo({ height: at, index, signers: 8 });
  let weight: Weight = genesisWeight(config);
  for (let i = 0; i < total; i++) weight = weightAfter(weight, config, { difficulty: 1, height: at, ago });
  const blockHash = hash(id.repeat(32)) as Candidate['id'];
  return { id: blockHash, header: { ...HEADER, height: height(at) }, weight };
}

/** Each line is better than the next by exactly one rule of EIP-3436. */
const ORDER: readonly Head[] = [
  { total: 18, at: 12, index: 5 },
  { total: 17, at: 9, index: 1, id: '44' },
  { total: 17, at: 9, index: 1, id: '66' },
  { total: 17, at: 9, index: 2, id: '11' },
  { total: 17, at: 10, index: 2, id: '00' },
  { total: 16, at: 9, index: 1, id: '00' },
];

describe('EIP-3436, Specification', () => {
  it('is one total order: difficulty, lowest number, smallest (Hn - Vi) % Vt, lowest hash', () => {
    const heads = ORDER.map((head) => headOf('eip-3436', head));
    for (const [i, a] of heads.entries())
      for (const [j, b] of heads.entries()) expect(compareHeads(a, b)).toBe(i < j ? 1 : i > j ? -1 : 0);
  });

  it('is in the weights but for the hash, as claims of peers are compared', () => {
    const heads = ORDER.map((head) => headOf('eip-3436', head));
    for (const a of heads)
      for (const b of heads) {
        const order = compareNumbers(a.weight, b.weight);
        if (order !== 0) expect(order).toBe(compareHeads(a, b));
      }
    expect(compareNumbers((heads[1] as Candidate).weight, (heads[2] as Candidate).weight)).toBe(0);
  });

  it('takes (Hn - Vi) % Vt from 0 to Vt - 1 also below height Vt', () => {
    expect(turnsAgo({ height: 1, index: 7, signers: 8 })).toBe(2);
    expect(turnsAgo({ height: 9, index: 1, signers: 8 })).toBe(0);
    expect(turnsAgo({ height: 8, index: 1, signers: 8 })).toBe(7);
  });

  it('takes 17 bytes: the total, 2^64 - 1 less the number, 255 less the turns', () => {
    const { weight } = headOf('eip-3436', { total: 17, at: 9, index: 2 });
    expect(weight).toBe('0000000000000011fffffffffffffff6f8');
    expect(genesisWeight(POA_CONFIG)).toBe('0000000000000000ffffffffffffffffff');
  });
});

describe('EIP-225 without it', () => {
  it('knows total difficulty alone: of equals the first seen stays', () => {
    const heads = ORDER.map((head) => headOf('total-difficulty', head));
    expect(heads.map((head) => head.weight)).toEqual(
      [18, 17, 17, 17, 17, 16].map((total) => total.toString(16).padStart(16, '0')),
    );
    const [best, ...others] = heads as [Candidate, ...Candidate[]];
    for (const other of others) expect(compareHeads(best, other)).toBe(1);
    for (const a of others.slice(0, 4))
      for (const b of others.slice(0, 4)) expect(compareHeads(a, b)).toBe(0);
  });
});

describe('a genesis of another engine', () => {
  it('is none of proof of authority', () => {
    expect(createPoaRules().genesis(testGenesis())).toMatchObject({
      code: 'BAD_CONFIG',
      field: 'engineConfig',
    });
  });
});
