import { describe, expect, it } from 'vitest';
import { resolveScenario } from '../../cluster/resolve.ts';
import { createPlanRun } from '../../cluster/run.ts';
import { parseScenario } from '../../cluster/scenario/parse.ts';
import type { Job, JobOutcome } from '../job.ts';
import { createNativeSuite } from '../native-suite.ts';
import { probesOf } from './probe-plan.ts';
import { type ProbeRun, runProbed, withoutFaults } from './probes.ts';

const nativeSuite = createNativeSuite();
const HEAD = `name: probed
shows: A short run.
duration: 60s
nodes: 3
signatures: modelled
chain: { engine: pow, blockInterval: 5s, finalityDepth: 6 }
expect: pass
`;
/** One fault that nobody can miss, and one that nobody notices: it strikes a host that has not come yet. */
const SOURCE = `${HEAD}faults:
  - { kind: pause, at: 20s, for: 15s, hosts: [1] }
`;
const IDLE = `${HEAD}hosts:
  - { hosts: [2], joins: 25s }
faults:
  - { kind: pause, at: 10s, for: 5s, hosts: [2] }
`;

function jobOf(source: string): Job {
  return { file: 'a.yaml', source, overrides: [], seed: '3', isolate: false, permuteTies: 0 };
}

/** As a worker does it, and what it was asked for. */
function runner(alter: (outcome: JobOutcome, what: ProbeRun) => JobOutcome = (outcome) => outcome) {
  const asked: ProbeRun[] = [];
  const run = async (what: ProbeRun): Promise<JobOutcome> => {
    asked.push(what);
    const { job, without, watch } = what;
    const plan = resolveScenario(parseScenario(job.file, job.source), job.seed);
    const one = createPlanRun(without === undefined ? plan : withoutFaults(plan, without), {
      nativeSuite,
      isolate: job.isolate,
    });
    watch?.(one.cluster);
    while (one.step(10_000));
    return alter({ result: one.result(), wallMs: 1 }, what);
  };
  return { asked, run };
}

describe('the probes of a sweep', () => {
  it('are one seed in sixteen, one in 64 of the others, and an effect in one of twenty.', () => {
    const plans = Array.from({ length: 1_600 }, (_, seed) => probesOf(seed));
    expect(plans.filter(({ mode }) => mode === 'isolated')).toHaveLength(100);
    expect(plans.filter(({ mode }) => mode === 'twice')).toHaveLength(25);
    expect(plans.filter(({ measuresEffect }) => measuresEffect)).toHaveLength(80);
  });

  it('change nothing in the run that they watch.', async () => {
    const { run } = runner();
    const job = jobOf(SOURCE);
    const plain = await run({ job });
    for (const mode of ['shared', 'isolated', 'twice'] as const) {
      const probed = await runProbed(job, { mode, measuresEffect: true, turn: 0 }, run);
      expect(probed.result).toEqual(plain.result);
    }
  });

  it('name what was seen, each once, sorted.', async () => {
    const { findings } = await runProbed(
      jobOf(SOURCE),
      { mode: 'shared', measuresEffect: false, turn: 0 },
      runner().run,
    );
    expect(findings?.behaviours).toContain('event: HeadChanged');
    expect(findings?.behaviours).toContain('fault: pause');
    expect(findings?.behaviours).toEqual([...new Set(findings?.behaviours)].sort());
    expect(findings?.effect).toBeUndefined();
  });

  it.each([
    ['that stops a host for a quarter of the run', SOURCE, { kind: 'pause', differs: true }],
    ['of a host that is not there yet', IDLE, { kind: 'pause', differs: false }],
  ])('measure the effect of a fault %s.', async (_, source, effect) => {
    const { asked, run } = runner();
    const { findings } = await runProbed(
      jobOf(source),
      { mode: 'shared', measuresEffect: true, turn: 4 },
      run,
    );
    expect(findings?.effect).toEqual(effect);
    expect(asked.map(({ without }) => without)).toEqual([undefined, effect.kind]);
  });

  it('call a run that goes another way with nothing shared nondeterminism.', async () => {
    const alter = (outcome: JobOutcome, { job }: ProbeRun): JobOutcome =>
      job.isolate ? { ...outcome, result: { ...outcome.result, traceHash: 'other' } } : outcome;
    const { result } = await runProbed(
      jobOf(SOURCE),
      { mode: 'twice', measuresEffect: false, turn: 0 },
      runner(alter).run,
    );
    expect(result.verdict).toMatchObject({
      kind: 'nondeterminism',
      fact: 'run again with nothing shared the trace differs',
    });
  });
});
