import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../env/bytes.ts';
import { readAccount } from '../state/accounts.ts';
import type { Genesis } from '../types/genesis.ts';
import { genesisHash } from '../types/genesis-codec.ts';
import { isRejection } from '../types/rejection.ts';
import { amount } from '../types/units.ts';
import { buildGenesis, GENESIS_ID } from './genesis.ts';
import { readSupply } from './supply.ts';
import { plainTestRules, testAddress, testGenesis } from './test-chain.ts';

function built(genesis: Genesis) {
  const result = buildGenesis(genesis, plainTestRules());
  if (isRejection(result)) throw new Error(`${result.field}: ${result.expected}`);
  return result;
}

describe('the genesis block', () => {
  it('holds the allocation, the supply and the hash of all its parameters', () => {
    const genesis = testGenesis();
    const { state, block } = built(genesis);
    expect(readAccount(state, testAddress(2)).balance).toBe(1_000_000n);
    expect(readSupply(state)).toEqual({ genesis: 4_000_000n, issued: 0n, burnt: 0n });
    expect(bytesToHex(state.get('system', GENESIS_ID) ?? new Uint8Array(0))).toBe(genesisHash(genesis));
    expect(block.header.stateRoot).toBe(state.root);
    expect(state.size).toBe(6);
  });

  it.each([
    ['name', { name: 'other' }],
    ['shard', { shard: 1 }],
    ['engine parameters', { engineConfig: '00' }],
    ['prices', { parameters: { ...testGenesis().parameters, gasPriceMin: amount(2n) } }],
  ])('has another id for another %s', (_name, overrides) => {
    expect(built(testGenesis(overrides)).id).not.toBe(built(testGenesis()).id);
  });

  it('is not built for another engine, nor from a genesis with a wrong field', () => {
    const rules = plainTestRules();
    expect(buildGenesis(testGenesis({ engine: 'pow' }), rules)).toMatchObject({
      code: 'BAD_CONFIG',
      field: 'engine',
    });
    expect(buildGenesis(testGenesis({ name: 'NO' }), rules)).toMatchObject({
      code: 'BAD_CONFIG',
      field: 'name',
    });
  });

  it('takes the records of the engine', () => {
    const rules = plainTestRules();
    const value = Uint8Array.of(7);
    const withRecord = plainTestRules({
      genesis(genesis) {
        const base = rules.genesis(genesis);
        return 'code' in base ? base : { ...base, records: [{ namespace: 'validators', id: 'ab', value }] };
      },
    });
    const result = buildGenesis(testGenesis(), withRecord);
    expect(isRejection(result) ? result : result.state.get('validators', 'ab')).toEqual(value);
  });
});
