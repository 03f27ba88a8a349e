/** Reads a space file: YAML, checked against the schema and for sense; every mistake is shown at its place. */
import { behaviourOf, lineOf } from '../byzantine/behaviours.ts';
import { parseDurationUs } from '../scenario/duration.ts';
import type { JsonSchema } from '../scenario/expected.ts';
import { jsonSchemaOf, type Override, readYaml } from '../scenario/read-yaml.ts';
import type { Impossible } from '../scenario/sense-byzantine.ts';
import { type SpaceCluster, type SpaceFile, spaceSchema } from './schema.ts';

/** Faults of a run need some time before its quiet end. */
const FAULTY_MIN_US = 10_000_000;

function clusterProblems(cluster: SpaceCluster, path: Impossible['path']): readonly Impossible[] {
  const problems: Impossible[] = [];
  const durationUs = parseDurationUs(cluster.duration) ?? 0;
  const quietUs = parseDurationUs(cluster.quiet) ?? 0;
  if (quietUs > durationUs - FAULTY_MIN_US)
    problems.push({
      path: [...path, 'quiet'],
      message: `quiet for ${cluster.quiet} of a run of ${cluster.duration}`,
      expected: 'at least 10s of the run to be left for faults',
    });
  for (const [i, text] of (cluster.behaviours ?? []).entries()) {
    const { kind } = lineOf(text);
    const engines = behaviourOf(kind)?.engines ?? 'any';
    if (engines === 'any' || engines.includes(cluster.engine)) continue;
    problems.push({
      path: [...path, 'behaviours', i],
      message: `${kind} is no behaviour of ${cluster.engine}`,
      expected: `engine to be ${engines.join(' or ')}, or another behaviour`,
    });
  }
  return problems;
}

function findImpossible(space: SpaceFile): readonly Impossible[] {
  return space.clusters.flatMap((cluster, i) => clusterProblems(cluster, ['clusters', i]));
}

/** The JSON Schema of space files, draft 2020-12. */
export function spaceJsonSchema(): JsonSchema {
  return jsonSchemaOf(spaceSchema);
}

/**
 * Parses, overrides and checks a space file.
 * @param file its name, for messages only.
 * @throws {ScenarioError} with every mistake found, in the order of the file.
 */
export function parseSpace(file: string, source: string, overrides: readonly Override[] = []): SpaceFile {
  return readYaml({ what: 'space', schema: spaceSchema, findImpossible }, file, source, overrides);
}
