import { describe, expect, it } from 'vitest';
import { SAMPLE_GENESIS } from '../../../tests/vectors/samples.ts';
import { unixMs } from '../../env/units.ts';
import type { ChainParameters, Genesis } from './genesis.ts';
import { encodeGenesis, GENESIS_VALIDATORS_MAX, genesisHash, validateGenesis } from './genesis-codec.ts';
import { accountAddress, amount, gas, publicKey } from './units.ts';

const [first, second] = SAMPLE_GENESIS.allocation;
const [validator] = SAMPLE_GENESIS.validators;

function fieldOf(change: Partial<Genesis>): string | undefined {
  return validateGenesis({ ...SAMPLE_GENESIS, ...change })?.field;
}

function parameterOf(change: Partial<ChainParameters>): string | undefined {
  return fieldOf({ parameters: { ...SAMPLE_GENESIS.parameters, ...change } });
}

describe('a genesis', () => {
  it('that keeps every rule is accepted', () => {
    expect(validateGenesis(SAMPLE_GENESIS)).toBeUndefined();
    expect(fieldOf({ allocation: [], validators: [] })).toBeUndefined();
  });

  it.each<[string, string | undefined, string]>([
    ['an empty name', fieldOf({ name: '' }), 'name'],
    ['a name in capitals', fieldOf({ name: 'Main' }), 'name'],
    ['a long name', fieldOf({ name: 'a'.repeat(65) }), 'name'],
    ['a shard below zero', fieldOf({ shard: -1 }), 'shard'],
    ['a shard past u32', fieldOf({ shard: 2 ** 32 }), 'shard'],
    ['an engine with a dot', fieldOf({ engine: 'po.w' }), 'engine'],
    ['half a byte of configuration', fieldOf({ engineConfig: '0' }), 'engineConfig'],
    ['a configuration past 64 KiB', fieldOf({ engineConfig: '00'.repeat(65_537) }), 'engineConfig'],
    ['version 0', fieldOf({ version: 0 }), 'version'],
    ['a version that nobody executes', fieldOf({ version: 3 }), 'version'],
    ['no gas in a block', parameterOf({ blockGasMax: gas(0) }), 'parameters.blockGasMax'],
    ['blocks below 4 KiB', parameterOf({ blockBytesMax: 4095 }), 'parameters.blockBytesMax'],
    ['blocks above 1 MiB', parameterOf({ blockBytesMax: 1_048_577 }), 'parameters.blockBytesMax'],
    ['a fraction of gas', parameterOf({ gasPerByte: 0.5 as never }), 'parameters.gasPerByte'],
    [
      'gas that is not safe',
      parameterOf({ gasPerSignature: (2 ** 53) as never }),
      'parameters.gasPerSignature',
    ],
    ['a price past u64', parameterOf({ gasPriceMin: (2n ** 64n) as never }), 'parameters.gasPriceMin'],
    ['a time that is not safe', fieldOf({ timestampMs: (2 ** 53) as never }), 'timestampMs'],
  ])('with %s is refused by the name of the field', (_, field, expected) => {
    expect(field).toBe(expected);
  });

  it('whose addresses do not grow, or stand twice, is refused', () => {
    expect(first !== undefined && second !== undefined && fieldOf({ allocation: [second, first] })).toBe(
      'allocation[1].address',
    );
    expect(first !== undefined && fieldOf({ allocation: [first, first] })).toBe('allocation[1].address');
  });

  it('whose supply passes 2^63 - 1 is refused, and at it accepted', () => {
    const at = (balance: bigint) =>
      fieldOf({
        allocation: [
          { address: accountAddress('01'.repeat(32)), balance: amount(2n ** 62n) },
          { address: accountAddress('02'.repeat(32)), balance: amount(balance) },
        ],
      });
    expect(at(2n ** 62n - 1n)).toBeUndefined();
    expect(at(2n ** 62n)).toBe('allocation[1].balance');
    expect(at(2n ** 63n)).toBe('allocation[1].balance');
  });

  it('with a validator without power, with a bad key, or with too many is refused', () => {
    const key = validator?.key ?? publicKey('');
    expect(fieldOf({ validators: [{ key, power: amount(0n) }] })).toBe('validators[0].power');
    expect(fieldOf({ validators: [{ key: publicKey('00'.repeat(32)), power: amount(1n) }] })).toBe(
      'validators[0].key',
    );
    expect(
      fieldOf({
        validators: [
          { key, power: amount(1n) },
          { key, power: amount(1n) },
        ],
      }),
    ).toBe('validators[1].key');
    const many = Array.from({ length: GENESIS_VALIDATORS_MAX + 1 }, () => ({ key, power: amount(1n) }));
    expect(fieldOf({ validators: many })).toBe('validators');
  });

  it('has a hash that covers every field', () => {
    const changes: Partial<Genesis>[] = [
      {},
      { name: 'golden-2' },
      { shard: 1 },
      { engine: 'pow' },
      { engineConfig: '' },
      { parameters: { ...SAMPLE_GENESIS.parameters, gasPerByte: gas(11) } },
      { allocation: SAMPLE_GENESIS.allocation.slice(1) },
      { validators: SAMPLE_GENESIS.validators.slice(1) },
      { timestampMs: unixMs(1) },
      { version: 2 },
    ];
    const hashes = changes.map((change) => genesisHash({ ...SAMPLE_GENESIS, ...change }));
    expect(new Set(hashes).size).toBe(changes.length);
    expect(encodeGenesis(SAMPLE_GENESIS).length).toBeGreaterThan(200);
  });
});
