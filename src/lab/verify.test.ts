import { describe, expect, it } from 'vitest';
import type { Job } from './job.ts';
import { verifyJob } from './verify.ts';

const SOURCE = `name: verified
shows: Two nodes, for a comparison of two runs.
duration: 60s
nodes: 2
signatures: modelled
chain: { blockInterval: 2s }
expect: pass
`;
const job: Job = { file: 'v.yaml', source: SOURCE, overrides: [], seed: '1', isolate: false, permuteTies: 0 };

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
