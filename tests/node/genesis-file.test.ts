import { describe, expect, it } from 'vitest';
import { height } from '../../src/chain/types/units.ts';
import { createChainSetup } from '../../src/cluster/chain-setup.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { formatChainFile, parseChainFile, readChainFile } from '../../src/node/genesis-file.ts';
import { SUITE, small } from '../cluster/support.ts';

const ENGINES = ['pos', 'poa', 'pow', 'round-robin'] as const;

function chainOf(engine: (typeof ENGINES)[number]) {
  const plan = resolveScenario(small({ nodes: 4, chain: { engine, blockInterval: '2s' } }), '1');
  return createChainSetup(plan, { nativeSuite: SUITE });
}

const { genesis } = chainOf('pos').context;
const SCHEDULE = [{ height: height(1_000), version: 2 }];
const TEXT = formatChainFile(genesis, SCHEDULE);

function problem(text: string): readonly string[] {
  const found = parseChainFile('genesis.json', text);
  return isFileProblem(found) ? [found.code, found.what, found.advice] : [];
}

describe('the file of a chain', () => {
  it.each(ENGINES)('has the whole genesis of a chain with %s, and its id', (engine) => {
    const { context, genesisId } = chainOf(engine);
    const text = formatChainFile(context.genesis, []);
    expect(parseChainFile('genesis.json', text)).toEqual({
      genesis: context.genesis,
      schedule: [],
      id: genesisId,
    });
    expect(parseChainFile('genesis.json', JSON.stringify(JSON.parse(text)))).toMatchObject({ id: genesisId });
  });

  it('has upgrades, or none', () => {
    expect(parseChainFile('genesis.json', TEXT)).toMatchObject({ schedule: SCHEDULE });
    const { upgrades: _left, ...rest } = JSON.parse(TEXT);
    expect(parseChainFile('genesis.json', JSON.stringify(rest))).toMatchObject({ schedule: [] });
  });

  it.each([
    ['cut', TEXT.slice(0, -3), 'it is no JSON', 'JSON, RFC 8259'],
    ['a list', '[]', 'version and genesis are missing', '{ "version": 1'],
    ['of another version', TEXT.replace('"version": 1', '"version": 3'), 'version 3', '1'],
    [
      'of another engine',
      TEXT.replace('"engine": "pos"', '"engine": "luck"'),
      'genesis.engine: "luck"',
      'pos, poa, pow',
    ],
    ['with a field less', TEXT.replace(/ *"shard": 0,\n/, ''), 'genesis: ', 'all fields of a genesis'],
    [
      'with parameters of another engine',
      TEXT.replace('"engine": "pos"', '"engine": "poa"'),
      'genesis.',
      'bytes',
    ],
    [
      'without room in its blocks',
      TEXT.replace(/"blockBytesMax": \d+/, '"blockBytesMax": 1'),
      'genesis.parameters.blockBytesMax',
      ' to ',
    ],
    ['with upgrades that go back', TEXT.replace('"height": 1000', '"height": 0'), 'upgrades', 'both growing'],
    [
      'with an unknown version',
      TEXT.replace('"version": 2', '"version": 99'),
      'upgrades',
      'versions up to 2',
    ],
  ])('is refused when it is %s', (_name, text, what, advice) => {
    expect(problem(text)).toEqual([
      'MALFORMED',
      expect.stringContaining(`genesis.json: ${what}`),
      expect.stringContaining(advice),
    ]);
  });

  it('says that it is not there', () => {
    expect(readChainFile('/nowhere/genesis.json')).toMatchObject({
      code: 'ABSENT',
      what: '/nowhere/genesis.json: there is no such file',
    });
  });
});
