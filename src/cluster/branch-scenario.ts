/** A scenario that leaves another at a moment: the faults before it stay, those after it are drawn anew. */
import { planFaults } from './plan-faults.ts';
import { parseDurationUs } from './scenario/duration.ts';
import { quietUsOf } from './scenario/quiet.ts';
import type { FaultLine } from './scenario/schema/faults.ts';
import type { ScenarioFile } from './scenario/schema.ts';

/**
 * @param scenario with every fault stated.
 * @param lines from which faults after the moment are drawn; none: those of the scenario stay.
 */
export function branchScenario(
  scenario: ScenarioFile,
  lines: readonly FaultLine[],
  atUs: number,
  seed: string,
): ScenarioFile {
  if (lines.length === 0) return scenario;
  const endUs = (parseDurationUs(scenario.duration) ?? 0) - quietUsOf(scenario);
  const past = (scenario.plan ?? []).filter((fault) => fault.atUs <= atUs);
  const taken = new Set(past.map(({ id }) => id));
  const future = planFaults(lines, { seed, hosts: scenario.nodes, endUs })
    .filter((fault) => fault.atUs > atUs)
    .map((fault) => (taken.has(fault.id) ? { ...fault, id: `${fault.id}/branch` } : fault));
  return { ...scenario, plan: [...past, ...future] };
}
