/** Lists of hosts that name one who is not there, or one twice. */
import type { Impossible } from './sense-byzantine.ts';

/** Of a place in a scenario file. */
export type Path = readonly (string | number)[];

export function listProblems(list: readonly number[], nodes: number, path: Path): readonly Impossible[] {
  const problems: Impossible[] = [];
  const seen = new Set<number>();
  for (const [i, host] of list.entries()) {
    if (host >= nodes) {
      problems.push({
        path: [...path, i],
        message: `there is no host ${host}`,
        expected: `0 to ${nodes - 1}, since nodes is ${nodes}`,
      });
    }
    if (seen.has(host))
      problems.push({ path: [...path, i], message: `host ${host} stands twice`, expected: 'each host once' });
    seen.add(host);
  }
  return problems;
}
