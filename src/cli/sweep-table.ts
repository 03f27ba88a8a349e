/** The assertions of a sweep as a table: what was checked or seen, where first, and what the sweep fails over. */
import type { SweepAssertion } from '../lab/sweep.ts';
import { grouped, plural } from './format.ts';
import type { Palette } from './output.ts';

function fate({ kind, problem, runs, askedRuns, checked, first }: SweepAssertion, all: number): string {
  const where = first === undefined ? '' : `, first in ${first.scenario} seed ${first.seed}`;
  switch (problem) {
    case 'neverChecked':
      return `NEVER CHECKED, though ${plural(askedRuns, 'run')} should have`;
    case 'neverSeen':
      return `NEVER SEEN, though ${plural(askedRuns, 'run')} should have`;
    case 'reached':
      return `REACHED in ${plural(runs, 'run')}${where}`;
    case undefined:
      break;
  }
  if (kind === 'always') {
    if (runs > 0) return `checked ${plural(checked, 'time')} in ${grouped(runs)} of ${plural(all, 'run')}`;
    return 'not checked: no scenario gives occasion';
  }
  if (kind === 'unreachable')
    return runs === 0 ? 'not reached' : `reached only where the scenario provokes it${where}`;
  if (runs > 0) return `seen in ${grouped(runs)} of ${plural(all, 'run')}${where}`;
  if (askedRuns > 0) return `not seen: ${plural(askedRuns, 'run')} that may show it are too few`;
  return 'not seen: no scenario makes it sure';
}

/** A title and a line for each assertion. `onlyProblems`: nothing but what the sweep fails over. */
export function renderSweep(
  assertions: readonly SweepAssertion[],
  runs: number,
  palette: Palette,
  onlyProblems: boolean,
): readonly string[] {
  const shown = assertions.filter(({ problem }) => !onlyProblems || problem !== undefined);
  if (shown.length === 0) return [];
  const width = Math.max(...shown.map(({ name }) => name.length));
  return [
    palette.bold(`assertions over ${plural(runs, 'run')}`),
    ...shown.map((assertion) => {
      const { kind, name, problem } = assertion;
      const text = `${kind.padEnd(11)}  ${name.padEnd(width)}  ${fate(assertion, runs)}`;
      return problem === undefined ? `  ${text}` : palette.bad(`✗ ${text}`);
    }),
  ];
}
