import { describe, expect, it } from 'vitest';
import { capsuleJob, capsuleText, parseCapsule } from './capsule.ts';
import { captureCapsule } from './capture.ts';
import type { Job, JobOutcome } from './job.ts';
import { runPool } from './pool.ts';

/** Fails: no quorum is left for good, and nothing excuses that it is asked for. */
const FAILS = `
name: fails
shows: A run that fails for a test of capsules.
duration: 60s
quiet: 30s
nodes: 4
signatures: modelled
chain: { engine: pos, blockInterval: 2s }
faults:
  - { kind: crash, at: 3s..9s, every: 4s, hosts: { random: 1 }, how: kill, down: 1s..5s }
  - { kind: loss, at: 5s, for: 10s, link: { from: all, to: all }, percent: 10 }
expect: pass
atLeast: { blocks: 1000 }
`;
const JOB: Job = {
  file: 'fails.yaml',
  source: FAILS,
  overrides: [],
  seed: '3',
  isolate: false,
  permuteTies: 0,
};
const NEVER = new AbortController().signal;

async function outcomeOf(job: Job): Promise<JobOutcome | undefined> {
  let outcome: JobOutcome | undefined;
  await runPool([job], {
    jobs: 1,
    signal: NEVER,
    onProgress: () => {},
    onOutcome: (_, ended) => {
      outcome = ended;
    },
  });
  return outcome;
}

describe('a capsule', async () => {
  const capsule = await captureCapsule(JOB, '1.2.3', NEVER);
  if (capsule === undefined) throw new Error('the run did not fail');
  const written = capsuleText(capsule);

  it('holds the failure, every fault and every message that suffered', async () => {
    const original = await outcomeOf(JOB);
    expect(capsule.failure).toMatchObject({ exitCode: 1, fingerprint: 'pos too-little blocks' });
    expect(capsule.traceHash).toBe(original?.result.traceHash);
    expect(capsule.scenario.plan?.length).toBeGreaterThan(3);
    expect(capsule.messageFaults.length).toBeGreaterThan(3);
    expect(capsule.madeBy).toMatchObject({ version: '1.2.3', node: process.versions.node });
  });

  it('written and read again replays to the same hash and the same failure', async () => {
    const again = await outcomeOf(capsuleJob('x.json', parseCapsule('x.json', written)));
    expect(again?.result.traceHash).toBe(capsule.traceHash);
    expect(again?.result.fingerprint).toBe(capsule.failure.fingerprint);
  });

  it('is none of a run that passes', async () => {
    const source = FAILS.replace('blocks: 1000', 'blocks: 1');
    expect(await captureCapsule({ ...JOB, source }, '1.2.3', NEVER)).toBeUndefined();
  });

  it.each([
    ['no JSON', 'name: x', 'x.json: not a capsule: no JSON'],
    ['other JSON', '{"a":1}', 'its format is not aureon-capsule-1'],
    ['a wrong hash', written.replace(capsule.traceHash, 'xyz'), 'traceHash: sixteen hexadecimal digits'],
    ['a host that is not there', written.replace('"nodes": 4', '"nodes": 1'), 'there is no host'],
    ['a key too many', written.replace('"seed":', '"sed": 1, "seed":'), 'Unrecognized key'],
  ])('with %s is refused in words', (_, source, message) => {
    expect(() => parseCapsule('x.json', source)).toThrow(message);
  });
});
