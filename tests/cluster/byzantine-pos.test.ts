import { describe, expect, it } from 'vitest';
import { accusedOf, evidenceOfText } from '../../src/chain/consensus/pos/evidence.ts';
import type { ClusterOptions } from '../../src/cluster/chain-setup.ts';
import { orderFreeAgree } from '../../src/cluster/order-free.ts';
import { createScenarioRun } from '../../src/cluster/run.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { lawsBroken, SUITE, small } from './support.ts';
import { Watched } from './watched.ts';

type Line = NonNullable<NonNullable<ScenarioFile['hosts']>[number]['byzantine']>[number];
type More = Partial<ScenarioFile>;

/** The most that n validators of equal stake bear: the last hosts. */
function liarsOf(nodes: number): readonly number[] {
  return Array.from({ length: Math.floor((nodes - 1) / 3) }, (_, i) => nodes - 1 - i);
}

function withLiars(nodes: number, line: Line, more: More = {}): ScenarioFile {
  return small({
    nodes,
    duration: '90s',
    quiet: '40s',
    chain: { engine: 'pos', blockInterval: '1s' },
    network: { latency: { uniform: '20ms..120ms' } },
    hosts: [{ hosts: [...liarsOf(nodes)], byzantine: [line] }],
    ...more,
  });
}

/** The last of four is a liar, and the first comes late: somebody who asks for all blocks. */
function withJoiner(line: Line, joins: string): NonNullable<ScenarioFile['hosts']> {
  return [
    { hosts: [3], byzantine: [line] },
    { hosts: [0], joins },
  ];
}

/** Heights last long enough for repairs, so that both halves hear what the other one was told. */
const SLOW: More = { network: { latency: { uniform: '150ms..350ms' } } };
/** Votes and proposals pass through others. */
const SPARSE: More = { network: { topology: { links: 2 }, latency: { uniform: '20ms..120ms' } } };
/** Time-outs that are too short for the network: rounds fail, and some are locked. */
const HASTY: More = {
  chain: {
    engine: 'pos',
    blockInterval: '1s',
    rounds: { propose: '350ms', prevote: '10ms', precommit: '1ms', growth: '5ms' },
  },
  network: { latency: { uniform: '10ms..500ms' } },
};

/** Safe and live: no law is broken, the honest agree and their chain grows. */
function expectHealthy({ cluster }: Watched): void {
  expect(lawsBroken(cluster)).toEqual([]);
  expect(cluster.budget).toEqual({ finality: undefined, liveness: undefined });
  expect(cluster.convergedAtUs).toBeDefined();
  expect(cluster.node(0).height).toBeGreaterThanOrEqual(30);
}

function accused(run: Watched): readonly string[] {
  return run
    .chain()
    .flatMap(({ system }) => system.evidence)
    .flatMap((text) => {
      const evidence = evidenceOfText(text);
      return evidence === undefined ? [] : [accusedOf(evidence)];
    });
}

function keysOf(run: Watched, hosts: readonly number[]): readonly string[] {
  return hosts.map((host) => run.keyOf(host));
}

function banned(run: Watched): ReadonlySet<string> {
  return new Set(run.of('PeerBanned').map(({ event }) => event.peer));
}

/** Who votes or proposes twice is slashed, and nobody else; nobody is banned for it. */
const SLASHED: readonly (readonly [Line & string, number, More])[] = [
  ['double-voter', 4, {}],
  ['double-voter', 7, {}],
  ['double-voter', 4, SLOW],
  ['double-voter', 7, SLOW],
  ['double-voter', 7, SPARSE],
  ['equivocating-proposer', 4, {}],
  ['equivocating-proposer', 7, {}],
  ['equivocating-proposer', 4, SLOW],
  ['equivocating-proposer', 7, SPARSE],
];

describe.each(SLASHED)('%s among %i', (kind, nodes, more) => {
  it('is slashed by evidence on the chain of the honest, who stay safe and live', () => {
    const run = new Watched(withLiars(nodes, kind, more));
    expectHealthy(run);
    expect(run.deviations(kind)).toBeGreaterThan(0);
    const liars = keysOf(run, liarsOf(nodes));
    expect([...accused(run)].sort()).toEqual([...liars].sort());
    expect(banned(run)).toEqual(new Set());
    const { checked } = run.cluster.oracleChecks().find(({ name }) => name === 'slashing') ?? { checked: 0 };
    expect(checked).toBe(liars.length);
  });
});

describe('amnesia', () => {
  it.each([
    [4, '2'],
    [7, '2'],
  ])('among %i: the lock that is forgotten decides nothing', (nodes, seed) => {
    const run = new Watched(withLiars(nodes, 'amnesia', HASTY), {}, seed);
    expectHealthy(run);
    expect(run.deviations('amnesia')).toBeGreaterThan(0);
    expect(accused(run)).toEqual([]);
    expect(banned(run)).toEqual(new Set());
  });
});

/** Least deviations in a run of one liar, and what honest nodes do about the host. */
const OTHERS: readonly (readonly [Line, number, 'banned' | 'borne'])[] = [
  ['silent', 100, 'borne'],
  ['selective', 50, 'borne'],
  ['forged-votes', 30, 'banned'],
  ['replaying-votes', 300, 'borne'],
  ['invalid-state-root', 10, 'borne'],
  ['invalid-transactions', 10, 'banned'],
  [{ kind: 'invalid-transactions', where: 'blocks' }, 10, 'borne'],
  ['timestamp-liar', 100, 'borne'],
  [{ kind: 'timestamp-liar', by: '-10min' }, 100, 'borne'],
  ['lying-sync', 10, 'banned'],
  ['flooding', 100, 'banned'],
];

describe.each(OTHERS)('%j', (line, least, outcome) => {
  it.each([4, 7])(`among %i is ${outcome}, and the honest stay safe and live`, (nodes) => {
    const run = new Watched(withLiars(nodes, line));
    expectHealthy(run);
    expect(run.deviations(typeof line === 'string' ? line : line.kind)).toBeGreaterThanOrEqual(least);
    expect(accused(run)).toEqual([]);
    expect(banned(run)).toEqual(new Set(outcome === 'banned' ? keysOf(run, liarsOf(nodes)) : []));
  });
});

describe('forged certificates', () => {
  it('cost who gives them its peers, and keep nobody from the true ones', () => {
    const run = new Watched(
      withLiars(4, 'forged-certificates', { hosts: withJoiner('forged-certificates', '30s') }),
    );
    expectHealthy(run);
    expect(run.deviations('forged-certificates')).toBeGreaterThan(0);
    expect(banned(run)).toEqual(new Set(keysOf(run, liarsOf(4))));
  });
});

describe('vote times', () => {
  it.each(['100min', '-10min'])('that lie by %s do not move the time of blocks', (by) => {
    const run = new Watched(withLiars(4, { kind: 'timestamp-liar', by }));
    const { genesis } = run.cluster.setup.context;
    const ages = run.chain().map(({ header }) => header.timestampMs - genesis.timestampMs);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
    expect(ages.at(-1)).toBeGreaterThan(80_000);
    expect(ages.at(-1)).toBeLessThan(90_000);
  });
});

describe('twins with stake', () => {
  it('sign twice with honest code, and are slashed for it', () => {
    const file = withLiars(5, 'silent', { ...SLOW, hosts: [{ hosts: [4], twinOf: 3 }] });
    const run = new Watched(file);
    expect(lawsBroken(run.cluster)).toEqual([]);
    expect(run.cluster.budget).toEqual({ finality: undefined, liveness: undefined });
    expect(run.cluster.setup.context.genesis.validators.length).toBe(4);
    expect(run.deviations('twin')).toBeGreaterThan(3);
    expect(accused(run)).toEqual([run.keyOf(3)]);
    expect(run.of('PeerBanned')).toEqual([]);
  });
});

function result(
  file: ScenarioFile,
  options: ClusterOptions = {},
): ReturnType<ReturnType<typeof createScenarioRun>['result']> {
  const run = createScenarioRun(file, { seed: '1', nativeSuite: SUITE, ...options });
  while (run.step(100_000));
  return run.result();
}

const SHORT: More = { duration: '40s', quiet: '20s' };

/** What stands in the way of an engine with stake. */
const KINDS: readonly (readonly [Line, More])[] = [
  ['double-voter', SLOW],
  ['equivocating-proposer', SLOW],
  ['amnesia', HASTY],
  ['forged-votes', {}],
  ['forged-certificates', { hosts: withJoiner('forged-certificates', '10s') }],
  ['replaying-votes', {}],
  ['invalid-state-root', {}],
  ['invalid-transactions', {}],
  ['timestamp-liar', {}],
  [{ kind: 'coalition', script: 'equivocation', second: [1] }, {}],
  [{ kind: 'coalition', script: 'amnesia', second: [1] }, {}],
];

describe.each(KINDS)('a run with %j', (line, more) => {
  const file = withLiars(4, line, { ...more, ...SHORT });

  it('is a function of its seed, shared or isolated, and concludes the same in another order of ties', () => {
    const own = result(file);
    expect(own.verdict).toEqual({ kind: 'passed' });
    expect(result(file, { isolate: true })).toEqual(own);
    const other = result(file, { permuteTies: 1 });
    expect(orderFreeAgree(own.orderFree, other.orderFree)).toBe(true);
  });
});

describe('a behaviour of a validator that has not begun', () => {
  const honest = result(withLiars(4, 'silent', { ...SHORT, hosts: [] }));

  it.each([
    'double-voter',
    'equivocating-proposer',
    'amnesia',
    'forged-votes',
    'forged-certificates',
    'invalid-state-root',
    'timestamp-liar',
  ] as const)('leaves no trace: %s', (kind) => {
    const idle = result(withLiars(4, { kind, from: '39.999999s' }, SHORT));
    expect(idle.byzantine).toEqual([{ host: 'n3', behaviour: kind, times: 0 }]);
    expect(idle.traceHash).toBe(honest.traceHash);
  });
});
