/** A scenario and a seed as one scenario in which every fault is stated: the same run, and any part of it can be left out. */
import { resolveScenario } from './resolve.ts';
import type { ScenarioFile } from './scenario/schema.ts';

/** With the seed, and the faults that it draws, written down. The same trace hash. */
export function explicitScenario(file: ScenarioFile, seed: string): ScenarioFile {
  const { faults: _lines, ...rest } = file;
  return { ...rest, seed, plan: [...resolveScenario(file, seed).faults] };
}
