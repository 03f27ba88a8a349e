/** Reads a scenario file: YAML, checked against the schema and for sense; every mistake is shown at its place. */
import type { JsonSchema } from './expected.ts';
import { jsonSchemaOf, type Override, readYaml } from './read-yaml.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';
import { findImpossible } from './sense.ts';
import { findUnreal } from './sense-real.ts';

/** The JSON Schema of scenario files, draft 2020-12. */
export function scenarioJsonSchema(): JsonSchema {
  return jsonSchemaOf(scenarioSchema);
}

/** Where a scenario runs: in the simulator, or on processes of this machine. */
export type ScenarioWorld = 'simulated' | 'real';

/**
 * Parses, overrides and checks a scenario file.
 * @param file its name, for messages only. @param world where it is to run: the real one cannot do everything.
 * @throws {ScenarioError} with every mistake found, in the order of the file.
 */
export function parseScenario(
  file: string,
  source: string,
  overrides: readonly Override[] = [],
  world: ScenarioWorld = 'simulated',
): ScenarioFile {
  const findAll = (scenario: ScenarioFile) => [
    ...findImpossible(scenario),
    ...(world === 'real' ? findUnreal(scenario) : []),
  ];
  const kind = { what: 'scenario', schema: scenarioSchema, findImpossible: findAll } as const;
  return readYaml(kind, file, source, overrides);
}
