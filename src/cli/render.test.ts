import { describe, expect, it } from 'vitest';
import { resolveScenario } from '../cluster/resolve.ts';
import type { RunResult, Verdict } from '../cluster/result.ts';
import { parseScenario } from '../cluster/scenario/parse.ts';
import { crashedResult } from '../lab/pool.ts';
import { PLAIN_PALETTE } from './output.ts';
import { parameterLines } from './parameters.ts';
import { type FaultFocus, faultCounts, faultLines } from './planned-faults.ts';
import { type FailureContext, renderFailure, renderLine, renderSummary, renderVerdict } from './render.ts';

const FAULTS = `
  - { kind: partition, at: 10s, for: 20s, groups: [[0, 1, 2], [3, 4]] }
  - { kind: partition, at: 10s, for: 20s, isolate: [4], oneWay: true }
  - { kind: bridge, at: 10s, for: 20s, bridge: 2 }
  - { kind: ring, at: 10s, for: 20s }
  - { kind: flap, at: 10s, for: 5s, link: { from: [0], to: all }, down: 9s, up: 9s }
  - { kind: clog, at: 10s, for: 20s, link: { from: [0], to: [1], bothWays: false } }
  - { kind: swizzle, at: 10s, for: 30s, hosts: [1] }
  - { kind: loss, at: 10s, for: 20s, link: { from: all, to: all }, percent: 2.5 }
  - { kind: latency, at: 10s, for: 20s, link: { from: all, to: all }, extra: 300ms }
  - { kind: corruption, at: 10s, for: 20s, link: { from: all, to: all }, percent: 1 }
  - { kind: crash, at: 10s, hosts: [0, 1], how: power, down: 5s, disk: old, effect: 3 }
  - { kind: rollingRestart, at: 10s, hosts: [0], how: stop, down: 5s, gap: 1s, code: v1 }
  - { kind: pause, at: 10s, for: 2s, hosts: [3] }
  - { kind: clockStep, at: 10s, hosts: [3], by: -1h }
  - { kind: clockDrift, at: 10s, for: 9s, hosts: [3], ppm: -50 }
  - { kind: timerJitter, at: 10s, for: 9s, hosts: [3], upTo: 20ms }
  - { kind: diskSlow, at: 10s, for: 9s, hosts: all, factor: 10 }
  - { kind: diskFull, at: 10s, for: 9s, hosts: [1] }
  - { kind: diskError, at: 10s, for: 9s, hosts: [1], on: read }
  - { kind: bitRot, at: 10s, hosts: [1], records: 1 }
  - { kind: misdirected, at: 10s, hosts: [1], records: 1 }
  - { kind: lyingFlush, at: 10s, for: 9s, hosts: [1] }
`;

function planOf(more: string) {
  const text = `name: a\nshows: what it shows, in words\nduration: 600s\nnodes: 5\nexpect: pass\n${more}`;
  return resolveScenario(parseScenario('a.yaml', text), '1');
}

const job = { file: 'a.yaml', source: '', overrides: [], seed: '7', isolate: false, permuteTies: 0 };

function resultOf(verdict: Verdict, more: Partial<RunResult> = {}): RunResult {
  return {
    ...crashedResult(job, '', ''),
    scenario: 'a',
    simulatedUs: 600_000_000,
    traceHash: 'abcd',
    ...more,
    verdict,
  };
}

const VIOLATED = resultOf(
  {
    kind: 'violated',
    violation: {
      oracle: 'durability',
      rule: 'final-block-lost',
      kind: 'safety',
      hosts: ['n1', 'n3'],
      atUs: 12_345_678,
      trigger: 'HeadChanged',
      fact: 'a fact',
    },
  },
  {
    faults: [
      { kind: 'crash', planned: 5, injected: 5, effective: 3 },
      { kind: 'loss', planned: 1, injected: 1, effective: 1 },
    ],
    lastEvents: [{ atUs: 12_000_000, host: 'n1', text: 'NodeStarted height=3' }],
    notes: ['a note'],
  },
);

function context(more: Partial<FailureContext> = {}): FailureContext {
  const base = {
    file: 'a.yaml',
    version: '1.2.3',
    flags: ['--isolate'],
    records: undefined,
    replay: 'npx aureon run a.yaml',
    palette: PLAIN_PALETTE,
  };
  return { ...base, plan: undefined, ...more };
}

describe('Byzantine hosts', () => {
  const result = resultOf(VIOLATED.verdict, {
    byzantine: [
      { host: 'n1', behaviour: 'flooding', times: 1_234 },
      { host: 'n1', behaviour: 'twin', times: 0 },
      { host: 'n12', behaviour: 'flooding', times: 1 },
    ],
  });

  it('stand in the line of a run, by behaviour.', () => {
    const style = { palette: PLAIN_PALETTE, nameWidth: 5, showSeed: false, order: 0 };
    expect(renderLine({ result, wallMs: 10 }, style)).toContain('Byzantine: flooding 1,235, twin 0');
  });

  it('stand in a failure, by host, with what they are told to do.', () => {
    const plan = planOf(
      'hosts: [{ hosts: [1], byzantine: [{ kind: flooding, perSecond: 5 }] }, { hosts: [2], twinOf: 1 }]',
    );
    const text = renderFailure(result, context({ plan }));
    expect(text).toContain('  Byzantine hosts\n');
    expect(text).toContain('    n1    flooding: deviated 1,234 times');
    expect(text).toContain('    n1    twin: never deviated');
    expect(text).toContain('    n12   flooding: deviated once');
    expect(text).toContain('Byzantine flooding (perSecond 5)');
    expect(text).toContain('Byzantine: has the key of n1');
  });
});

describe('a verdict in words', () => {
  it('names law, hosts and time of a violation.', () => {
    expect(renderVerdict(VIOLATED)).toEqual([
      'safety: durability/final-block-lost violated by n1, n3 at 12.346s',
      '  a fact',
    ]);
  });

  it.each<readonly [Verdict, readonly string[]]>([
    [{ kind: 'passed' }, ['passed']],
    [
      { kind: 'unexpectedPass', expected: 'stall' },
      ['nothing was violated within 600s, but expect says stall'],
    ],
    [
      {
        kind: 'tooLittle',
        missing: [{ what: 'faults.crash', wanted: 3, got: 1, why: 'n1 was down', change: 'other hosts' }],
      },
      [
        'too little happened, so that the run proves nothing (expected by atLeast):',
        '  faults.crash: at least 3, counted 1: 2 too few',
        '    because  n1 was down',
        '    change   other hosts',
      ],
    ],
    [
      {
        kind: 'crashed',
        host: 'n2',
        atUs: 5_000_000,
        error: 'Error: x',
        stack: 'Error: x\n    at f (a.ts:1)\n    at g',
      },
      ['crashed: n2 at 5s: Error: x', '  at f (a.ts:1)', '  at g'],
    ],
    [
      { kind: 'nondeterminism', fact: 'event 3 differs', detail: '  A\n  B' },
      ['nondeterminism: event 3 differs', '  A', '  B'],
    ],
  ])('says of %o what is wrong.', (verdict, lines) => {
    expect(renderVerdict(resultOf(verdict))).toEqual(lines);
  });
});

describe('a failure in full', () => {
  it('goes from seed and violation over parameters, faults and events to the line that replays it.', () => {
    const plan = planOf(
      'faults: [{ kind: crash, at: 9s, hosts: [1], how: kill, down: 2s }, { kind: pause, at: 90s, for: 1s, hosts: [1] }]',
    );
    const text = renderFailure(VIOLATED, context({ plan }));
    const order = [
      'FAILED a, seed 7',
      'safety: durability/final-block-lost',
      'a.yaml · seed 7 · aureon 1.2.3 · --isolate',
      'cluster  5 nodes',
      'faults up to 12.346s',
      'crash 5, 3 took effect · loss 1, all took effect',
      '9.000s  crash n1 by kill, down for 2s, disk keep',
      '12.000s  n1    NodeStarted height=3',
      'a note',
      'trace   abcd',
      'replay  npx aureon run a.yaml',
    ];
    expect(order.map((part) => text.indexOf(part))).toEqual(
      order.map((part) => text.indexOf(part)).sort((a, b) => a - b),
    );
    for (const part of order) expect(text).toContain(part);
    expect(text).not.toContain('pause');
  });

  it('is told of a run that never began, too.', () => {
    const text = renderFailure(crashedResult(job, 'the worker ended with code 7', ''), context());
    expect(text).toContain('crashed: simulator at 0s: the worker ended with code 7');
    expect(text).toContain('none planned');
    expect(text).toContain('trace   none: the run never began');
  });
});

function focusOf(more: Partial<FaultFocus>): FaultFocus {
  return { untilUs: 600_000_000, hosts: [], kinds: [], idle: [], ...more };
}

describe('the fault plan in words', () => {
  it('has a line for every kind of fault that a scenario can name.', () => {
    const plan = planOf(`hosts: [{ hosts: all, disk: { write: 1ms } }]\nfaults:${FAULTS}`);
    const kinds = new Set(FAULTS.match(/kind: \w+/g)?.map((text) => text.slice(6)));
    const lines = plan.faults.flatMap((fault) => faultLines([fault], focusOf({})));
    for (const kind of kinds)
      expect(
        lines.filter((line) => line.includes(`s  ${kind} n`) || line.includes(`s  ${kind} `)),
      ).not.toEqual([]);
    for (const part of [
      'partition n0 to n2 | n3, n4 for 20s',
      'partition n4 -> all for 20s',
      'ring n0 to n4 for 20s',
      'clog n0 -> n1 for 20s',
      'loss n0 to n4 <-> n0 to n4 2.5 % for 20s',
      'latency n0 to n4 <-> n0 to n4 +300ms for 20s',
      'crash n0, n1 by power at effect 3, down for 5s, disk old',
      'rollingRestart n0 stopped, down for 5s, returns as v1',
      'pause n3 for 2s',
      'clockStep n3 by -1h',
      'clockDrift n3 by -50 ppm for 9s',
      'timerJitter n3 up to 20ms for 9s',
      'diskSlow n0 to n4 10 times slower for 9s',
      'diskFull n1 with room for 0 bytes for 9s',
      'diskError n1 on read for 9s',
      'bitRot n1 for ever',
    ])
      expect(lines.join('\n')).toContain(part);
    expect(lines.filter((line) => /backup|repaired/.test(line))).toEqual([]);
  });

  it('lists eight before the failure, the oldest first, and counts the others.', () => {
    const plan = planOf('faults: [{ kind: pause, at: 10s, every: 10s, for: 1s, hosts: [0] }]');
    const lines = faultLines(plan.faults, focusOf({ untilUs: 200_000_000 }));
    const times = lines.slice(0, -1).map((line) => line.trim().split(' ')[0]);
    expect(times).toEqual(['130', '140', '150', '160', '170', '180', '190', '200'].map((s) => `${s}.000s`));
    expect(lines.at(-1)?.trim()).toBe('and 12 others');
    expect(faultCounts([])).toBe('none planned');
  });

  it('has the last of each kind among them, and those of the hosts concerned first.', () => {
    const plan = planOf(`faults:
  - { kind: partition, at: 10s, for: 400s, isolate: [2] }
  - { kind: pause, at: 10s, every: 10s, for: 1s, hosts: [0] }
  - { kind: crash, at: 20s, every: 20s, until: 90s, hosts: [1], how: kill, down: 2s }`);
    const text = faultLines(plan.faults, focusOf({ untilUs: 300_000_000, hosts: [1] })).join('\n');
    expect(text.match(/crash n1/g)).toHaveLength(4);
    expect(text).toContain('partition n2 | n0, n1, n3, n4 for 400s, still on');
    expect(text).toContain('300.000s  pause n0');
  });

  it('says what came to nothing and why, once for all that read the same.', () => {
    const plan = planOf('faults: [{ kind: bitRot, at: 10s, hosts: [1], records: 3 }]');
    const idle = plan.faults.map(({ id, atUs }) => ({ id, kind: 'bitRot', atUs, why: 'it was empty' }));
    expect(faultLines(plan.faults, focusOf({ idle }))).toEqual([
      '     10.000s  bitRot n1 for ever: no effect, it was empty (3 times)',
    ]);
    expect(faultLines(plan.faults, focusOf({ kinds: ['pause'] }))).toEqual([]);
  });
});

describe('parameters', () => {
  it('say when a block is final', () => {
    expect(parameterLines(planOf('chain: { engine: pos }\n')).join('\n')).toContain('final when decided');
  });

  it('are all told, defaults included.', () => {
    const text = parameterLines(planOf('')).join('\n');
    for (const part of [
      '5 nodes',
      '600s, quiet from 480s',
      'real signatures',
      'pow',
      'block every 10s',
      'final at depth 40',
      'latency 50ms',
      'topology mesh',
      'pings on',
      'scrub every 60s',
      'all: hashShare 1',
      'cpu      free',
      'load     none',
    ])
      expect(text).toContain(part);
  });

  it('are told as they were set, alike hosts together.', () => {
    const text = parameterLines(
      planOf(`chain: { upgrade: { height: 9, version: 2 }, difficulty: constant }
network: { bandwidth: { uploadMbit: 10, downloadMbit: 50 }, topology: { links: 3 }, latency: { uniform: 5ms..9ms }, blockBytes: 9000 }
hosts: [{ hosts: [3], hashShare: 7, skew: -2s }]
cpu: { verifyUs: 60 }
node: { mempoolMax: 99, pings: false }
load: [{ kind: transfers, perSecond: 2, hotPercent: 30 }, { kind: invalid, perSecond: 1, from: 9s }]
stopAtHeight: 50
`),
    ).join('\n');
    for (const part of [
      'version 2 from height 9',
      'difficulty constant',
      '10,000 kbit/s up, 50,000 down',
      '3 links a node',
      'latency 5ms..9ms',
      'modelled blocks of 9,000 bytes',
      'n3: hashShare 7',
      'skew -2s',
      'n0 to n2, n4: hashShare 1',
      'verify 60 us',
      'mempoolMax 99',
      'pings off',
      'transfers every 500ms between 20 accounts, 30 % hot',
      'invalid every 1s, 9s to 480s',
      'stops at height 50',
    ])
      expect(text).toContain(part);
  });
});

describe('lines', () => {
  it('have one run each, with the seed and the order where they matter.', () => {
    const result = resultOf({ kind: 'passed' }, { counts: { ...VIOLATED.counts, blocks: 1, reorgs: 2 } });
    const style = { palette: PLAIN_PALETTE, nameWidth: 4, showSeed: true, order: 2 };
    expect(renderLine({ result, wallMs: 1_200 }, style)).toMatch(
      /^✓ a {4}seed 7 order 2\s+600s in 1\.2s\s+\(500x\)\s+1 block · 2 reorgs$/,
    );
    expect(renderLine({ result: VIOLATED, wallMs: 0 }, { ...style, showSeed: false, order: 0 })).toMatch(
      /^✗ a {4} .*600s in 0\.00s {2}0 blocks · crash 3\/5, loss 1\/1$/,
    );
  });

  it('end with a summary.', () => {
    const totals = {
      passed: 2,
      failed: 1,
      assertionsFailed: 0,
      notRun: 0,
      simulatedUs: 16_500_000_000,
      events: 1_234,
    };
    expect(renderSummary(totals, 21_200, false, PLAIN_PALETTE)).toBe(
      '2 passed, 1 failed  16,500s simulated in 21.2s, 778x real time, 1,234 events',
    );
    const cut = { ...totals, notRun: 4 };
    expect(renderSummary(cut, 21_200, true, PLAIN_PALETTE)).toContain('1 failed, 4 not run (interrupted)');
    expect(renderSummary(cut, 21_200, false, PLAIN_PALETTE)).toContain('1 failed, 4 not run (--fail-fast)');
    expect(renderSummary({ ...totals, assertionsFailed: 2 }, 21_200, false, PLAIN_PALETTE)).toContain(
      '1 failed, 2 assertions over all runs failed',
    );
  });
});
