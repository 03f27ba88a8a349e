import { describe, expect, it } from 'vitest';
import type { Job, TraceLine } from './job.ts';
import { describeDifference, verifyJob } from './verify.ts';

const SOURCE = `name: verified
shows: Two nodes, for a comparison of two runs.
duration: 60s
nodes: 2
signatures: modelled
chain: { blockInterval: 2s }
expect: pass
`;
const job: Job = { file: 'v.yaml', source: SOURCE, overrides: [], seed: '1', isolate: false, permuteTies: 0 };

/** A trace of so many events; from `differs` on its hashes are others. */
function trace(from: number, to: number, differs = Number.POSITIVE_INFINITY): readonly TraceLine[] {
  return Array.from({ length: to - from }, (_, i) => {
    const index = from + i;
    const other = index >= differs ? 'x' : '';
    return { index, hash: `${index}${other}`, text: index === differs ? 'n1 timer b' : `n0 timer ${index}` };
  });
}

describe('where two traces part', () => {
  it('is the first event that differs, with what came before and both sides of it.', () => {
    const { fact, detail } = describeDifference(trace(0, 50), trace(0, 50, 20));
    expect(fact).toBe('event 20 differs: n0 timer 20 in one run, n1 timer b in the other');
    const lines = detail.split('\n');
    expect(lines.slice(0, 8)).toEqual([
      ...[14, 15, 16, 17, 18, 19].map((index) => `    ${index}  n0 timer ${index}`),
      '  A 20  n0 timer 20',
      '  B 20  n1 timer b',
    ]);
    expect(lines).toHaveLength(12);
  });

  it('is found although one run remembers other events, or ended earlier.', () => {
    expect(describeDifference(trace(10, 30), trace(12, 32, 20)).fact).toContain('event 10 differs');
    expect(describeDifference(trace(0, 10), trace(0, 7)).fact).toBe(
      'event 7 differs: n0 timer 7 in one run, (none) in the other',
    );
    expect(describeDifference([], []).fact).toBe('event 0 differs: (none) in one run, (none) in the other');
  });
});

describe('verifying', () => {
  it('answers the outcome of a run that is a function of its seed.', async () => {
    const outcome = await verifyJob(job, new AbortController().signal);
    expect(outcome?.result.verdict).toEqual({ kind: 'passed' });
    expect(outcome?.result.seed).toBe('1');
  });

  it('counts a run that cannot be built as crashed.', async () => {
    const outcome = await verifyJob({ ...job, source: 'name: 5' }, new AbortController().signal);
    expect(outcome?.result.verdict).toMatchObject({ kind: 'crashed', host: 'simulator' });
    expect(outcome?.result.verdict).toHaveProperty('error', expect.stringContaining('v.yaml:1:7'));
  });

  it('answers nothing once it is aborted, before or in the middle.', async () => {
    const before = new AbortController();
    before.abort();
    expect(await verifyJob(job, before.signal)).toBeUndefined();
    const amid = new AbortController();
    setTimeout(() => amid.abort(), 600);
    const endless = { ...job, source: SOURCE.replace('60s', '300d') };
    expect(await verifyJob(endless, amid.signal)).toBeUndefined();
  });
});
