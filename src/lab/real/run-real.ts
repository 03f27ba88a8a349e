/** `aureon run --real`: one scenario on real nodes of this machine, judged by the oracles of the simulation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveScenario } from '../../cluster/resolve.ts';
import type { Verdict } from '../../cluster/result.ts';
import { resultOf } from '../../cluster/run-result.ts';
import { parseScenario } from '../../cluster/scenario/parse.ts';
import type { Job, JobOutcome } from '../job.ts';
import { preloadsOf } from './planted-child.ts';
import { type RunTraces, runForReal } from './real-run.ts';
import { NOT_JUDGED, openRecordedCluster } from './recorded-cluster.ts';
import type { Casualty } from './run-hosts.ts';
import { SmallDisks } from './small-disk.ts';

/** What a run came to. */
export interface RealOutcome {
  readonly outcome: JobOutcome;
  /** Where its files are; undefined: it passed, and they are gone. */
  readonly folder: string | undefined;
  /** Oracles that had nothing to look at, with the reason. */
  readonly notJudged: readonly string[];
}

export interface RealOptions {
  readonly signal: AbortSignal;
  /** The files stay, whatever the verdict. */
  readonly keep: boolean;
  readonly onProgress: (nowUs: number) => void;
}

/** Undefined: it was interrupted, and nothing of it is left. @throws {ScenarioError} for what real nodes cannot do, before anything is started. */
export async function runReal(
  job: Job,
  { signal, keep, onProgress }: RealOptions,
): Promise<RealOutcome | undefined> {
  const scenario = parseScenario(job.file, job.source, job.overrides, 'real');
  const plan = resolveScenario(scenario, job.seed);
  const preloads = preloadsOf(job.bug);
  const folder = mkdtempSync(join(tmpdir(), `aureon-real-${plan.name}-`));
  const disks = new SmallDisks();
  const startedMs = performance.now();
  let isWanted = keep;
  try {
    const traces = await runForReal(plan, { folder, disks, signal, preloads, onProgress });
    if (traces === undefined) return undefined;
    isWanted = true;
    const result = await judgeTraces(traces);
    isWanted = keep || result.verdict.kind !== 'passed';
    return {
      outcome: { result, wallMs: performance.now() - startedMs },
      folder: isWanted ? folder : undefined,
      notJudged: [...NOT_JUDGED].map(([name, why]) => `${name}: ${why}`),
    };
  } finally {
    disks.end(isWanted);
    if (!isWanted) rmSync(folder, { recursive: true, force: true });
  }
}

/** The verdict of what a run has left. @throws {Error} when its files cannot be read. */
export async function judgeTraces(traces: RunTraces): Promise<JobOutcome['result']> {
  const cluster = await openRecordedCluster(traces);
  try {
    cluster.play();
    return resultOf(cluster, {
      crashed: traces.casualty === undefined ? undefined : crashed(traces, traces.casualty),
      faults: traces.faults,
      hasHit: () => true,
      deviations: [],
      traceHash: '',
      events: cluster.events,
      messages: traces.messages,
    });
  } finally {
    await cluster.close();
  }
}

function crashed({ plan, startedWallMs }: RunTraces, { host, wallMs, what, lines }: Casualty): Verdict {
  return {
    kind: 'crashed',
    host: plan.hosts[host]?.name ?? '',
    atUs: Math.max(0, (wallMs - startedWallMs) * 1_000),
    error: what,
    stack: lines.map((line) => `at ${line}`).join('\n'),
  };
}
