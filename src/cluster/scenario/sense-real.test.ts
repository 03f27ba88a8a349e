import { describe, expect, it } from 'vitest';
import { parseScenario } from './parse.ts';
import { ScenarioError } from './problem.ts';

const GOOD = `name: real
shows: Four real nodes, and what can be done to them.
duration: 40s
nodes: 4
chain: { engine: pos, blockInterval: 500ms }
network: { topology: mesh, stallReset: 5s }
hosts: [{ hosts: [3], joins: 5s, stake: 0 }]
load: [{ kind: transfers, perSecond: 1 }]
faults:
  - { kind: partition, at: 5s, for: 2s, split: random }
  - { kind: clog, at: 5s, for: 2s, link: { from: [0], to: all } }
  - { kind: crash, at: 8s, hosts: [1], how: kill, down: 1s, disk: empty }
  - { kind: rollingRestart, at: 9s, hosts: [0, 2], how: stop, down: 1s, gap: 1s }
  - { kind: pause, at: 12s, for: 1s, hosts: [2] }
expect: pass
`;

/** What is wrong with it, in the real world and in the simulated one. */
function problems(text: string): readonly (readonly string[])[] {
  return (['real', 'simulated'] as const).map((world) => {
    try {
      parseScenario('x.yaml', text, [], world);
      return [];
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      return error.problems.map(({ line, path, expected }) => `${line} ${path}: ${expected}`);
    }
  });
}

describe('a scenario for real nodes', () => {
  it('may cut links, kill, stop and pause processes', () => {
    expect(problems(GOOD)).toEqual([[], []]);
  });

  it.each([
    ['engine: poa, poa: { wiggle: 200ms, tieBreak: eip-3436, signers: [0, 1, 2] }', ''],
    ['engine: pow, difficulty: constant, halfLife: 1min, finalityDepth: 12, reward: 10', 'hashShare: 0'],
    ['engine: pow', 'hashShare: 1'],
  ])('may have the engine of %j, and hosts with %j', (engine, host) => {
    const text = GOOD.replace('engine: pos', engine).replace(', stake: 0', host === '' ? '' : `, ${host}`);
    expect(problems(text)).toEqual([[], []]);
  });

  it('has work as its engine where it says nothing', () => {
    const text = GOOD.replace(/chain: .*\n/, '').replace('stake: 0', 'hashShare: 2');
    expect(problems(text)).toEqual([['6 hosts[0].hashShare: 0 or 1, with --real'], []]);
  });

  it.each([
    ['poa', 'finalityDepth: 9', 'poa'],
    ['pow', 'keepUndo: 9', 'difficulty, halfLife, finalityDepth, reward'],
    ['pos', 'halfLife: 1min', 'rounds, staking'],
  ])('is refused at its line where the chain of %s has %j', (engine, field, own) => {
    const text = GOOD.replace('engine: pos,', `engine: ${engine}, ${field},`).replace(', stake: 0', '');
    const key = field.slice(0, field.indexOf(':'));
    const expected = `5 chain.${key}: of chain, with --real: engine, blockInterval, blockBytesMax, ${own}`;
    expect(problems(text)[0]).toEqual([expected]);
  });

  it.each([
    ['chain: {', 'chain: { keepUndo: 7,', '5 chain.keepUndo: of chain, with --real: engine, blockInterval, '],
    ['engine: pos,', 'engine: round-robin,', '5 chain.engine: pos, poa, pow, with --real'],
    ['engine: pos,', 'engine: poa,', '7 hosts[0].stake: of hosts, with --real: hosts, joins, absent'],
    [
      'engine: pos,',
      'engine: pow,',
      '7 hosts[0].stake: of hosts, with --real: hosts, hashShare, joins, absent',
    ],
    ['nodes: 4', 'nodes: 17', '4 nodes: at most 16, with --real'],
    ['duration: 40s', 'duration: 1h', '3 duration: at most 15min, with --real'],
    ['topology: mesh', 'topology: discovery', '6 network.topology: a topology whose links are known'],
    [
      'topology: mesh',
      'latency: { fixed: 10ms }',
      '6 network.latency: of network, with --real: topology, stallReset',
    ],
    ['joins: 5s', 'skew: 5s', '7 hosts[0].skew: of hosts, with --real: hosts, stake, joins, absent'],
    ['nodes: 4', 'nodes: 4\nsignatures: modelled', '5 signatures: real, with --real'],
    ['nodes: 4', 'nodes: 4\nstopAtHeight: 9', '5 stopAtHeight: nothing there, with --real'],
    ['nodes: 4', 'nodes: 4\nliveness: core', '5 liveness: required or excused, with --real'],
    ['nodes: 4', 'nodes: 4\nnode: { pings: false }', '5 node.pings: of node, with --real: flushBlocks, '],
    ['how: kill', 'how: power', '12 faults[2].how: kill, with --real'],
    ['disk: empty', 'disk: old', '12 faults[2].disk: keep or empty, with --real'],
    ['disk: empty', 'effect: 3', '12 faults[2].effect: no effect, with --real'],
    ['how: stop', 'how: power', '13 faults[3].how: kill or stop, with --real'],
    ['how: stop', 'code: v2, how: stop', '13 faults[3].code: no code, with --real'],
    ['kind: pause', 'kind: timerJitter, upTo: 1s', '14 faults[4].kind: with --real one of partition, bridge'],
  ])('is refused at its line where %j is %j', (from, to, problem) => {
    const [real] = problems(GOOD.replace(from, to));
    expect(real).toEqual([expect.stringContaining(problem)]);
  });

  it('may have its faults one by one', () => {
    const plan = (line: string): string => GOOD.replace(/faults:[^]*expect/, `plan: [${line}]\nexpect`);
    const crash =
      '{ id: crash/0/0, atUs: 5000000, kind: crash, hosts: [1], how: kill, downUs: 1, disk: keep }';
    expect(problems(plan(crash))).toEqual([[], []]);
    const [power, simulated] = problems(plan(crash.replace('kill', 'power')));
    expect([power, simulated]).toEqual([['9 plan[0]: no such line'], []]);
  });
});
