/** Explicit faults that cannot be: of hosts that are not there, two with one name, beside lines that would draw others. */
import { assertNever } from '../../env/assert.ts';
import type { Fault } from '../../sim/fault.ts';
import type { LinkTarget } from '../../sim/network/link-change.ts';
import type { ScenarioFile } from './schema.ts';
import type { Impossible } from './sense-byzantine.ts';
import { listProblems, type Path } from './sense-hosts.ts';

interface HostList {
  readonly hosts: readonly number[];
  readonly path: Path;
}

function endLists({ from, to }: LinkTarget, path: Path): readonly HostList[] {
  return [
    ...(from === 'all' ? [] : [{ hosts: from, path: [...path, 'from'] }]),
    ...(to === 'all' ? [] : [{ hosts: to, path: [...path, 'to'] }]),
  ];
}

/** Every list of hosts in a fault, with its place. */
function hostLists(fault: Fault, path: Path): readonly HostList[] {
  if (fault.kind !== 'link') return [{ hosts: fault.hosts, path: [...path, 'hosts'] }];
  const { change } = fault;
  const at = [...path, 'change'];
  switch (change.kind) {
    case 'split':
      return change.groups.map((hosts, i) => ({ hosts, path: [...at, 'groups', i] }));
    case 'ring':
    case 'isolate':
      return [{ hosts: change.hosts, path: [...at, 'hosts'] }];
    case 'cut':
    case 'clog':
    case 'loss':
    case 'latency':
    case 'bandwidth':
    case 'corrupt':
    case 'duplicate':
    case 'reorder':
      return endLists(change.links, [...at, 'links']);
    default:
      return assertNever(change);
  }
}

function planProblems(plan: readonly Fault[], nodes: number): readonly Impossible[] {
  const ids = new Set<string>();
  return plan.flatMap((fault, i) => {
    const problems = hostLists(fault, ['plan', i]).flatMap(({ hosts, path }) =>
      listProblems(hosts, nodes, path),
    );
    if (ids.has(fault.id))
      problems.push({
        path: ['plan', i, 'id'],
        message: `${fault.id} stands twice`,
        expected: 'each fault to have an id of its own',
      });
    ids.add(fault.id);
    return problems;
  });
}

/** Every contradiction of `plan` and `messageFaults`. */
export function findImpossibleExplicit(scenario: ScenarioFile): readonly Impossible[] {
  const { plan, faults, messageFaults = [], nodes } = scenario;
  const both =
    plan === undefined || faults === undefined
      ? []
      : [
          {
            path: ['plan'],
            message: 'faults one by one, beside lines of faults',
            expected: 'one of faults and plan',
          },
        ];
  const messages = messageFaults.flatMap(({ from, to }, i) => [
    ...listProblems([from], nodes, ['messageFaults', i, 'from']),
    ...listProblems([to], nodes, ['messageFaults', i, 'to']),
  ]);
  return [...both, ...planProblems(plan ?? [], nodes), ...messages];
}
