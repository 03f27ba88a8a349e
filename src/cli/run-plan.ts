/** The plan of a job, for what is told of its run. */
import type { ClusterPlan } from '../cluster/plan.ts';
import { resolveScenario } from '../cluster/resolve.ts';
import { parseScenario } from '../cluster/scenario/parse.ts';
import type { Job } from '../lab/job.ts';

/** A failure before the simulation, in the scenario or in its planning, leaves nothing to describe. */
export function planOf(job: Job): ClusterPlan | undefined {
  try {
    return resolveScenario(job.scenario ?? parseScenario(job.file, job.source, job.overrides), job.seed);
  } catch {
    return undefined;
  }
}
