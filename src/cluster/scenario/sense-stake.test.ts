import { describe, expect, it } from 'vitest';
import { createScenarioRun } from '../run.ts';
import { parseScenario } from './parse.ts';
import { first, GOOD, problems } from './test-problems.ts';

describe('A chain of a scenario', () => {
  it.each<readonly [string, string, string]>([
    ['chain: { blockInterval: 0s }', '6:25 chain.blockInterval: 0s', '1ms to 12h'],
    ['chain: { engine: pos, blockInterval: 13h }', '6:38 chain.blockInterval: 13h', '1ms to 12h'],
    ['network: { jitter: 31min }', '6:20 network.jitter: 31min', '0s to 30min'],
    [
      'faults: [{ kind: swizzle, at: 1s, for: 9s, hosts: all, minStable: 0s }]',
      '6:67 faults[0].minStable: 0s',
      '1ms to 1193h',
    ],
    ['chain: { halfLife: 0s }', '6:20 chain.halfLife: 0s', '1s to 1193h'],
    ['chain: { engine: poa, poa: { wiggle: 13h } }', '6:38 chain.poa.wiggle: 13h', '0s to 12h'],
    ['chain: { engine: pos, rounds: { growth: 1194h } }', '6:41 chain.rounds.growth: 1194h', '0s to 1193h'],
    [
      'chain: { engine: pos, staking: { unbonding: 1194h } }',
      '6:45 chain.staking.unbonding: 1194h',
      '0s to 1193h',
    ],
  ])('has lengths of time that genesis has room for: %s', (more, told, expected) => {
    expect(first(`${more}\n`)).toEqual([told, expected]);
  });

  it.each<readonly [string, string, string]>([
    [
      'chain: { engine: pos, staking: { unbondingBlocks: 100 } }',
      '6:51 chain.staking.unbondingBlocks: evidence counts for 100 blocks, and unstaked coins wait 100',
      'evidenceBlocks below unbondingBlocks',
    ],
    [
      'chain: { engine: pos, staking: { evidence: 600s } }',
      '6:44 chain.staking.evidence: evidence counts for 600s, and unstaked coins wait 600s',
      'evidence below unbonding',
    ],
    [
      'chain: { engine: pos }\nhosts: [{ hosts: [1], stake: 999 }]',
      '7:30 hosts[0].stake: a stake of 999',
      '0, or at least 1000, the least stake',
    ],
    [
      'chain: { engine: pos, staking: { min: 1001 } }',
      '6:39 chain.staking.min: a least stake of 1001, and hosts that have 1000, as they do where nothing is said',
      'hosts to have a line with stake: 1001 or more',
    ],
    [
      'chain: { engine: pos }\nhosts: [{ hosts: all, stake: 0 }]',
      '7:8 hosts: nobody has a stake',
      'at least one host with a stake',
    ],
    [
      'chain: { engine: pos, staking: { validatorsMax: 4 } }',
      '6:49 chain.staking.validatorsMax: 5 hosts have a stake, and 4 may validate',
      'a line of hosts with stake: 0, so that at most 4 have one',
    ],
    [
      'chain: { engine: poa, staking: { min: 5 } }',
      '6:32 chain.staking: staking of validators in an engine that has none',
      'chain.engine to be pos',
    ],
    [
      'chain: { rounds: { propose: 1s } }',
      '6:18 chain.rounds: rounds of validators in an engine that has none',
      'chain.engine to be pos',
    ],
  ])('has stake that genesis takes: %s', (more, told, expected) => {
    expect(first(`${more}\n`)).toEqual([told, expected]);
  });

  it('is not asked for where a host is named that is not there', () => {
    expect(problems('chain: { engine: pos }\nhosts: [{ hosts: [5], stake: 1 }]\n')).toHaveLength(1);
  });

  it('at its limits makes a genesis', () => {
    const more = `chain:
  engine: pos
  blockInterval: 12h
  rounds: { propose: 0s, prevote: 1193h, precommit: 1193h, growth: 1193h }
  staking: { min: 1, validatorsMax: 4, unbondingBlocks: 2, unbonding: 1193h, evidenceBlocks: 1, evidence: 0s }
hosts: [{ hosts: [4], twinOf: 3 }, { hosts: [0], stake: 1 }]
`;
    expect(problems(more)).toEqual([]);
    expect(() => createScenarioRun(parseScenario('x.yaml', `${GOOD}${more}`), { seed: '1' })).not.toThrow();
  });
});
