import { describe, expect, it } from 'vitest';
import { BEHAVIOURS } from '../byzantine/behaviours.ts';
import { chainSchema } from './schema/chain.ts';
import { first, problems } from './test-problems.ts';

describe('Byzantine hosts of a scenario', () => {
  it('are read by name, by mapping, and as a generator', () => {
    const more = `hosts:
  - { hosts: [1], byzantine: [silent, { kind: flooding, perSecond: 3, from: 10s, until: 20s }] }
  - { hosts: [2], twinOf: 3 }
byzantine: { count: 1, of: [garbage, { kind: eclipse, victim: 0 }], perHost: 2 }
atLeast: { byzantine: { silent: 1, twin: 1, garbage: 1 } }
`;
    expect(problems(more)).toEqual([]);
  });

  it.each<readonly [string, string, string]>([
    [
      'hosts: [{ hosts: [1], byzantine: [silnt] }]',
      '6:35 hosts[0].byzantine[0]: found "silnt"; did you mean silent?',
      'selective',
    ],
    [
      'hosts: [{ hosts: [1], byzantine: [{ kind: floding }] }]',
      '6:43 hosts[0].byzantine[0].kind: found "floding"; did you mean flooding?',
      'one of silent, selective',
    ],
    [
      'hosts: [{ hosts: [1], byzantine: [{ kind: flooding, perSecnd: 3 }] }]',
      '6:53 hosts[0].byzantine[0]: unknown key "perSecnd"; did you mean perSecond?',
      'kind, from, until, perSecond',
    ],
    [
      'chain: { engine: pos }\nhosts: [{ hosts: [1], byzantine: [{ kind: coalition, script: amnesia, second: [1] }] }]',
      '7:80 hosts[0].byzantine[0].second[0]: host 1 is Byzantine itself',
      'an honest host',
    ],
    [
      'chain: { engine: pos }\nhosts: [{ hosts: [1], byzantine: [{ kind: coalition, script: amnesia, second: [7] }] }]',
      '7:80 hosts[0].byzantine[0].second[0]: there is no host 7',
      'since nodes is',
    ],
    [
      'hosts: [{ hosts: [1], byzantine: [equivocating-proposer] }]',
      '6:35 hosts[0].byzantine[0]: equivocating-proposer needs an engine that has it: round-robin, poa, pos; this one is pow',
      'chain.engine to be round-robin or poa or pos, or one of silent',
    ],
    [
      'hosts: [{ hosts: [1], byzantine: [silent, { kind: silent, from: 3s }] }]',
      '6:43 hosts[0].byzantine[1]: silent stands twice',
      'each behaviour once',
    ],
    [
      'hosts: [{ hosts: [1], byzantine: [{ kind: silent, from: 100s }] }]',
      '6:57 hosts[0].byzantine[0].from: from 100s, but the run ends at 100s',
      'a time before 100s',
    ],
    [
      'hosts: [{ hosts: [1], byzantine: [{ kind: silent, from: 9s, until: 9s }] }]',
      '6:68 hosts[0].byzantine[0].until: until 9s ends before it begins',
      'a time after 9s',
    ],
    [
      'hosts: [{ hosts: [1], byzantine: [{ kind: eclipse, victim: 5 }] }]',
      '6:60 hosts[0].byzantine[0].victim: there is no host 5',
      '0 to 4, since nodes is 5',
    ],
    [
      'hosts: [{ hosts: [1], twinOf: 5 }]',
      '6:31 hosts[0].twinOf: there is no host 5',
      '0 to 4, since nodes is 5',
    ],
    [
      'hosts: [{ hosts: [1], twinOf: 1 }]',
      '6:31 hosts[0].twinOf: host 1 would be its own twin',
      'another host',
    ],
    [
      'hosts: [{ hosts: all, twinOf: 1 }]',
      '6:31 hosts[0].twinOf: a twin that is not named',
      'hosts to be a list',
    ],
    [
      'hosts: [{ hosts: [1], twinOf: 2 }, { hosts: [3], twinOf: 1 }]',
      '6:58 hosts[1].twinOf: host 1 has the key of another itself',
      'the host whose key it is',
    ],
    ['byzantine: { perHost: 2 }', '6:12 byzantine: a generator of nobody', 'count and of, or twins'],
    ['byzantine: { count: 2 }', '6:21 byzantine.count: count without of', 'of beside it'],
    [
      'byzantine: { count: 4, of: [silent], twins: 1 }',
      '6:21 byzantine.count: 6 Byzantine hosts of a cluster of 5',
      'at most 5 together',
    ],
    [
      'byzantine: { count: 3, of: [silent] }\nhosts: [{ hosts: { random: 2 }, byzantine: [garbage] }, { hosts: [1], twinOf: 2 }]',
      '6:21 byzantine.count: 3 Byzantine hosts of a cluster of 5, 4 of which have a line of their own',
      'at most 1 together',
    ],
    [
      'byzantine: { count: 1, of: [silent], perHost: 2 }',
      '6:47 byzantine.perHost: 2 behaviours a host, drawn from 1',
      'at most 1',
    ],
    [
      'chain: { engine: round-robin }\nbyzantine: { count: 1, of: [withholding-miner] }',
      '7:29 byzantine.of[0]: withholding-miner needs an engine that has it: pow; this one is round-robin',
      'chain.engine to be pow',
    ],
    [
      'byzantine: { count: 1, of: [silent] }\natLeast: { byzantine: { twin: 1 } }',
      '7:31 atLeast.byzantine.twin: 1 of twin, but no host behaves so',
      'counts of silent',
    ],
  ])('cannot be: %s', (more, place, expected) => {
    const [found, wanted] = first(more);
    expect(found).toBe(place);
    expect(wanted).toContain(expected);
  });
});

describe('behaviours', () => {
  it('name engines that there are, and take a name alone for all defaults', () => {
    const known = chainSchema.shape.engine.unwrap().options;
    for (const { kind, engines, schema } of BEHAVIOURS) {
      if (engines !== 'any') for (const engine of engines) expect(known).toContain(engine);
      expect(schema.safeParse({ kind }).success).toBe(true);
      expect(schema.meta()?.description?.length).toBeGreaterThan(20);
    }
  });
});
