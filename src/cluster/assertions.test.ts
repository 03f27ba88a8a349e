import { describe, expect, it } from 'vitest';
import { assertionsOf, type Seen } from './assertions.ts';
import { ORACLES } from './oracles/oracles.ts';
import { resolveScenario } from './resolve.ts';
import { parseScenario } from './scenario/parse.ts';

const NOTHING: Seen = {
  checks: [...ORACLES.keys()].map((name) => ({ name, checked: 0, isBroken: false })),
  reorgs: 0,
  compact: 0,
  snapshots: 0,
  synced: 0,
  corruptionsDetected: 0,
  repairs: 0,
  rejected: 0,
  halts: new Map(),
  unknownMessages: 0,
  isFinal: true,
  deviations: new Map(),
};

/** What a scenario of ten minutes asks for: blocks of 10 s, final at depth 6. */
function asked(more: string, chain = 'finalityDepth: 6'): readonly string[] {
  const text = `name: a
shows: what it shows, in words
duration: 600s
nodes: 4
chain: { ${chain} }
expect: pass
${more}`;
  const plan = resolveScenario(parseScenario('a.yaml', text), '1');
  return assertionsOf(plan, NOTHING).flatMap(({ name, isAsked }) => (isAsked ? [name] : []));
}

const QUIET = [
  'agreement',
  're-execution',
  'bounds',
  'bans',
  'claims',
  'an unknown message from an honest node',
  'a disk that fails and was not planned to',
  'an upgrade that nobody planned',
];

describe('what a scenario asks for', () => {
  it('without faults and load is what every chain does.', () => {
    expect(asked('')).toEqual(QUIET);
  });

  it.each<readonly [string, string, string]>([
    [
      'a crash long after the first final block',
      'durability',
      'faults: [{ kind: crash, at: 300s, hosts: [1], how: kill, down: 3s }]',
    ],
    [
      'transfers that are soon final',
      'acknowledged',
      'quiet: 10s\nload: [{ kind: transfers, perSecond: 1 }]',
    ],
    ['transfers', 'a block in compact form', 'load: [{ kind: transfers, perSecond: 1 }]'],
    ['bit rot', 'corruption', 'faults: [{ kind: bitRot, at: 300s, hosts: [1], records: 3 }]'],
    [
      'a long split',
      'a reorganisation',
      'faults: [{ kind: partition, at: 90s, for: 240s, groups: [[0, 1], [2, 3]] }]',
    ],
    [
      'a host that is long away',
      'a block by synchronisation',
      'faults: [{ kind: crash, at: 90s, hosts: [1], how: kill, down: 300s }]',
    ],
    ['a host that joins late', 'a block by synchronisation', 'hosts: [{ hosts: [1], joins: 300s }]'],
    ['invalid transactions', 'a transaction refused', 'load: [{ kind: invalid, perSecond: 1 }]'],
  ])('with %s is %s too.', (_, name, more) => {
    expect(asked(more)).toContain(name);
    expect(asked('')).not.toContain(name);
  });

  it.each<readonly [string, string, string]>([
    [
      'a crash before anything is final',
      'durability',
      'faults: [{ kind: crash, at: 30s, hosts: [1], how: kill, down: 3s }]',
    ],
    [
      'a crash that loses the disk',
      'durability',
      'faults: [{ kind: crash, at: 300s, hosts: [1], how: kill, down: 3s, disk: empty }]',
    ],
    [
      'a short split',
      'a reorganisation',
      'faults: [{ kind: partition, at: 90s, for: 40s, groups: [[0, 1], [2, 3]] }]',
    ],
    [
      'a split of who mines and who does not',
      'a reorganisation',
      'hosts: [{ hosts: [0, 1], hashShare: 0 }]\nfaults: [{ kind: partition, at: 90s, for: 240s, groups: [[0, 1], [2, 3]] }]',
    ],
    ['an early end', 'agreement', 'stopAtHeight: 3'],
    [
      'a split longer than finality assumes',
      'agreement',
      'faults: [{ kind: partition, at: 9s, for: 240s, groups: [[0, 1], [2, 3]] }]',
    ],
    [
      'a full disk',
      'a disk that fails and was not planned to',
      'faults: [{ kind: diskFull, at: 90s, for: 9s, hosts: [1] }]',
    ],
    [
      'links that flip bits',
      'an unknown message from an honest node',
      'faults: [{ kind: corruption, at: 90s, for: 9s, link: { from: all, to: all }, percent: 1 }]',
    ],
  ])('with %s is not %s.', (_, name, more) => {
    expect(asked(more)).not.toContain(name);
  });

  it('with an upgrade is not that nobody planned one.', () => {
    expect(asked('', 'upgrade: { height: 9, version: 2 }')).not.toContain('an upgrade that nobody planned');
  });

  it('counts what was seen, reached and broken.', () => {
    const plan = resolveScenario(
      parseScenario(
        'a.yaml',
        'name: a\nshows: what it shows, in words\nduration: 600s\nnodes: 4\nexpect: pass\n',
      ),
      '1',
    );
    const counts = assertionsOf(plan, {
      ...NOTHING,
      checks: [{ name: 'bans', checked: 5, isBroken: true }],
      reorgs: 3,
      halts: new Map([['STORAGE_FAULT', 1]]),
    });
    const of = (name: string): unknown => counts.find((count) => count.name === name);
    expect(of('bans')).toMatchObject({ kind: 'always', checked: 5, held: 0 });
    expect(of('a reorganisation')).toMatchObject({ kind: 'sometimes', held: 1 });
    expect(of('a node that stops by itself')).toMatchObject({ held: 1 });
    expect(of('a disk that fails and was not planned to')).toMatchObject({ kind: 'unreachable', held: 0 });
    expect(of('an upgrade that nobody planned')).toMatchObject({ held: 1 });
  });
});
