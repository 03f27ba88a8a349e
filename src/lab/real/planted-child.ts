/** Bugs of the gallery in real nodes: what a process is given so that it runs one. */
import { BUG_VARIABLE, findBug, readBugs } from '../bugs/bug-file.ts';
import { BugError } from '../bugs/mutation.ts';
import type { RealRunOptions } from './real-run.ts';

/** @param wanted a number or a name of the gallery; undefined: all nodes are as they are. @throws {BugError} where it cannot be planted. */
export function preloadsOf(wanted: string | undefined): RealRunOptions['preloads'] {
  if (wanted === undefined) return () => ({ imports: [], environment: {} });
  if (!import.meta.url.endsWith('.ts'))
    throw new BugError(
      'bugs are planted into the TypeScript sources while they load: run it from a clone of the repository, not from the built package',
    );
  const bug = findBug(readBugs(), wanted);
  if (bug.kind === 'unit')
    throw new BugError(`${bug.name} is found by tests, not in clusters: aureon score ${bug.number}`);
  const imports = [new URL('../bugs/plant-process.ts', import.meta.url).href];
  return (host) => {
    const isSick = bug.runs === 'all' || host % 2 === 0;
    return isSick ? { imports, environment: { [BUG_VARIABLE]: bug.name } } : { imports: [], environment: {} };
  };
}
