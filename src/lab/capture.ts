/** Makes the capsule of a failed run: simulates it again and keeps what befell its messages. */
import { parseScenario } from '../cluster/scenario/parse.ts';
import { type Capsule, createCapsule } from './capsule.ts';
import type { Job, JobOutcome } from './job.ts';
import { runPool } from './pool.ts';

/**
 * Undefined when the run passes, or was interrupted.
 * @param version of the package.
 * @throws {ScenarioError} when the job's file cannot be run.
 */
export async function captureCapsule(
  job: Job,
  version: string,
  signal: AbortSignal,
): Promise<Capsule | undefined> {
  const scenario = job.scenario ?? parseScenario(job.file, job.source, job.overrides);
  let outcome: JobOutcome | undefined;
  await runPool([{ ...job, keepsMessageFaults: true }], {
    jobs: 1,
    signal,
    onProgress: () => {},
    onOutcome: (_, ended) => {
      outcome = ended;
    },
  });
  if (outcome === undefined || outcome.result.fingerprint === undefined) return undefined;
  return createCapsule(scenario, job, outcome, version);
}
