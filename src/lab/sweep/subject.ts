/** What a sweep is of: one scenario that every seed runs, or a space from which each seed draws its own. */
import { parseDocument } from 'yaml';
import { parseScenario } from '../../cluster/scenario/parse.ts';
import { drawScenario } from '../../cluster/space/draw.ts';
import { parseSpace } from '../../cluster/space/parse.ts';

/** What one seed runs. */
export interface SeedDraw {
  /** A scenario file. */
  readonly source: string;
  /** Families of faults that were drawn; none for a scenario. */
  readonly families: readonly string[];
}

export interface Subject {
  readonly kind: 'scenario' | 'space';
  readonly name: string;
  /** As the user named it. */
  readonly file: string;
  readonly source: string;
  /** The same seed draws the same. */
  draw(seed: string): SeedDraw;
}

/** Only a space has a list of clusters; what is neither is told as a scenario that is wrong. */
function isSpace(source: string): boolean {
  return parseDocument(source, { logLevel: 'silent' }).has('clusters');
}

/**
 * Reads a scenario or a space, whichever it is.
 * @throws {ScenarioError} with every mistake of it.
 */
export function createSubject(file: string, source: string): Subject {
  if (!isSpace(source)) {
    const { name } = parseScenario(file, source);
    return { kind: 'scenario', name, file, source, draw: () => ({ source, families: [] }) };
  }
  const space = parseSpace(file, source);
  return {
    kind: 'space',
    name: space.name,
    file,
    source,
    draw(seed) {
      const { scenario, families } = drawScenario(space, seed);
      return { source: JSON.stringify(scenario), families };
    },
  };
}
