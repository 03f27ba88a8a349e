/** Scenarios that read well but cannot be: a partition of nobody, more crashes than hosts, a fault after the end. */
import { POA_SIGNERS_MAX } from '../../chain/consensus/poa/signers.ts';
import { faultKindOf } from '../fault-kind.ts';
import { formatDurationUs, parseDurationRange, parseDurationUs } from './duration.ts';
import { quietUsOf } from './quiet.ts';
import type { FaultLine } from './schema/faults.ts';
import type { ProposalLine } from './schema/proposals.ts';
import type { HostSelector } from './schema/values.ts';
import type { ScenarioFile } from './schema.ts';
import { findImpossibleByzantine, type Impossible } from './sense-byzantine.ts';
import { findImpossibleExplicit } from './sense-explicit.ts';
import { listProblems, type Path } from './sense-hosts.ts';
import { findImpossibleLengths } from './sense-lengths.ts';
import { findImpossibleStake } from './sense-stake.ts';

function selectorProblems(selector: HostSelector, nodes: number, path: Path): readonly Impossible[] {
  if (selector === 'all') return [];
  if (!Array.isArray(selector)) {
    if (selector.random <= nodes) return [];
    const message = `${selector.random} hosts of a cluster of ${nodes}`;
    return [{ path: [...path, 'random'], message, expected: `at most ${nodes}, the number of nodes` }];
  }
  return listProblems(selector, nodes, path);
}

function groupProblems(
  groups: readonly (readonly number[])[],
  nodes: number,
  path: Path,
): readonly Impossible[] {
  const problems = groups.flatMap((group, i) => listProblems(group, nodes, [...path, i]));
  const seen = new Map<number, number>();
  for (const [i, group] of groups.entries()) {
    for (const [j, host] of group.entries()) {
      const other = seen.get(host);
      if (other !== undefined && other !== i) {
        problems.push({
          path: [...path, i, j],
          message: `host ${host} is in two groups`,
          expected: 'each host in one group at most',
        });
      }
      seen.set(host, i);
    }
  }
  return problems;
}

function tooFewProblems(needed: number, nodes: number, what: string, path: Path): readonly Impossible[] {
  if (nodes >= needed) return [];
  return [{ path, message: `${what} in a cluster of ${nodes}`, expected: `nodes to be at least ${needed}` }];
}

function partitionProblems(
  fault: Extract<FaultLine, { kind: 'partition' }>,
  nodes: number,
  path: Path,
): readonly Impossible[] {
  const ways = [fault.groups, fault.isolate, fault.split].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    const message =
      ways === 0 ? 'a partition that names no host' : 'a partition that says twice whom it separates';
    return [{ path, message, expected: 'exactly one of groups, isolate, split' }];
  }
  if (fault.groups !== undefined) return groupProblems(fault.groups, nodes, [...path, 'groups']);
  if (fault.split !== undefined) return tooFewProblems(2, nodes, 'a random split', [...path, 'split']);
  return fault.isolate === undefined ? [] : selectorProblems(fault.isolate, nodes, [...path, 'isolate']);
}

function bridgeProblems(
  fault: Extract<FaultLine, { kind: 'bridge' }>,
  nodes: number,
  path: Path,
): readonly Impossible[] {
  if (fault.bridge === undefined || fault.bridge < nodes) return tooFewProblems(3, nodes, 'a bridge', path);
  return [
    {
      path: [...path, 'bridge'],
      message: `there is no host ${fault.bridge}`,
      expected: `0 to ${nodes - 1}, since nodes is ${nodes}`,
    },
  ];
}

function faultProblems(fault: FaultLine, scenario: ScenarioFile, path: Path): readonly Impossible[] {
  const nodes = scenario.nodes;
  const problems: Impossible[] = [];
  if (fault.kind === 'partition') problems.push(...partitionProblems(fault, nodes, path));
  if (fault.kind === 'flap') {
    if ((fault.groups === undefined) === (fault.link === undefined)) {
      problems.push({
        path,
        message: 'a flap must say what flaps, once',
        expected: 'exactly one of groups, link',
      });
    }
    if (fault.groups !== undefined) problems.push(...groupProblems(fault.groups, nodes, [...path, 'groups']));
  }
  if (fault.kind === 'bridge') problems.push(...bridgeProblems(fault, nodes, path));
  if (fault.kind === 'ring') problems.push(...tooFewProblems(4, nodes, 'a ring', path));
  if ('hosts' in fault) problems.push(...selectorProblems(fault.hosts, nodes, [...path, 'hosts']));
  if ('link' in fault && fault.link !== undefined) {
    problems.push(...selectorProblems(fault.link.from, nodes, [...path, 'link', 'from']));
    problems.push(...selectorProblems(fault.link.to, nodes, [...path, 'link', 'to']));
  }
  return [...problems, ...timeProblems(fault, scenario, path)];
}

function timeProblems(fault: FaultLine, scenario: ScenarioFile, path: Path): readonly Impossible[] {
  const endUs = parseDurationUs(scenario.duration) ?? 0;
  const at = parseDurationRange(fault.at);
  const problems: Impossible[] = [];
  const quietUs = endUs - quietUsOf(scenario);
  if (at !== undefined && at.maxUs >= Math.min(endUs, quietUs)) {
    const why =
      at.maxUs >= endUs
        ? `the run ends at ${scenario.duration}`
        : `the quiet end, in which nothing goes wrong, begins at ${formatDurationUs(quietUs)}`;
    problems.push({
      path: [...path, 'at'],
      message: `at ${fault.at}, but ${why}`,
      expected: `a time before ${formatDurationUs(quietUs)}, or a longer duration, or a shorter quiet`,
    });
  }
  if (fault.every !== undefined && (parseDurationRange(fault.every)?.minUs ?? 0) === 0) {
    problems.push({
      path: [...path, 'every'],
      message: 'a fault without pause',
      expected: 'a duration above 0s',
    });
  }
  const untilUs = fault.until === undefined ? undefined : parseDurationUs(fault.until);
  if (at !== undefined && untilUs !== undefined && untilUs < at.minUs) {
    problems.push({
      path: [...path, 'until'],
      message: `until ${fault.until} ends before it begins`,
      expected: `a time after ${fault.at}`,
    });
  }
  return problems;
}

function upgradeProblems(scenario: ScenarioFile): readonly Impossible[] {
  if (scenario.chain?.upgrade !== undefined) return [];
  return (scenario.load ?? []).flatMap((load, i) =>
    load.kind === 'burns'
      ? [
          {
            path: ['load', i, 'kind'],
            message: 'burn is a transaction of version 2',
            expected: 'chain.upgrade to be set',
          },
        ]
      : [],
  );
}

/** Who starts from a snapshot needs somebody who makes them. */
function snapshotProblems(scenario: ScenarioFile): readonly Impossible[] {
  const problems: Impossible[] = [];
  const starters = (scenario.hosts ?? []).filter((rule) => rule.snapshot === true);
  for (const [i, rule] of (scenario.hosts ?? []).entries()) {
    if (rule.snapshot !== true || scenario.chain?.snapshots !== undefined) continue;
    const message = 'a start from a snapshot, but nobody makes any';
    problems.push({ path: ['hosts', i, 'snapshot'], message, expected: 'chain.snapshots to be set' });
  }
  const wanted = scenario.atLeast?.snapshots ?? 0;
  if (wanted > 0 && starters.length === 0) {
    const message = `${wanted} starts from a snapshot, but no host may make one`;
    problems.push({
      path: ['atLeast', 'snapshots'],
      message,
      expected: 'hosts to have a line with snapshot: true',
    });
  }
  return problems;
}

/** A run that waits for faults which no line plans can never pass. */
function atLeastProblems(scenario: ScenarioFile): readonly Impossible[] {
  const planned = [
    ...new Set([
      ...(scenario.faults ?? []).map((fault) => fault.kind),
      ...(scenario.plan ?? []).map((fault) => faultKindOf(fault.id)),
    ]),
  ];
  return Object.entries(scenario.atLeast?.faults ?? {})
    .filter(([kind, wanted]) => (wanted ?? 0) > 0 && !planned.some((known) => known === kind))
    .map(([kind, wanted]) => ({
      path: ['atLeast', 'faults', kind],
      message: `${wanted} of ${kind}, but no fault has this kind`,
      expected: planned.length === 0 ? 'faults to have such a line' : `counts of ${planned.join(', ')}`,
    }));
}

/** Settings of proof of authority, and proposals, are for that engine alone. */
function poaProblems(scenario: ScenarioFile): readonly Impossible[] {
  const { chain, nodes, proposals = [] } = scenario;
  if (chain?.engine !== 'poa') {
    const expected = 'chain.engine to be poa';
    return [
      ...(chain?.poa === undefined
        ? []
        : [{ path: ['chain', 'poa'], message: 'proof of authority of another engine', expected }]),
      ...(proposals.length === 0
        ? []
        : [{ path: ['proposals'], message: 'votes in an engine that has none', expected }]),
    ];
  }
  const signers = chain.poa?.signers ?? 'all';
  const count = signers === 'all' ? nodes : Array.isArray(signers) ? signers.length : signers.random;
  const problems = [
    ...selectorProblems(signers, nodes, ['chain', 'poa', 'signers']),
    ...proposals.flatMap((line, i) => proposalProblems(line, scenario, ['proposals', i])),
  ];
  if (count <= POA_SIGNERS_MAX) return problems;
  const message = `${count} signers`;
  return [
    ...problems,
    {
      path: ['chain', 'poa', 'signers'],
      message,
      expected: `at most ${POA_SIGNERS_MAX}, whose keys fit a header`,
    },
  ];
}

function proposalProblems(line: ProposalLine, scenario: ScenarioFile, path: Path): readonly Impossible[] {
  const { nodes } = scenario;
  const problems = [...selectorProblems(line.hosts, nodes, [...path, 'hosts'])];
  const targets = [line.add, line.drop, line.withdraw].filter((host) => host !== undefined);
  if (targets.length !== 1)
    problems.push({
      path,
      message: `a proposal about ${targets.length} hosts`,
      expected: 'exactly one of add, drop, withdraw',
    });
  for (const key of ['add', 'drop', 'withdraw'] as const) {
    const host = line[key];
    if (host === undefined || host < nodes) continue;
    const expected = `0 to ${nodes - 1}, since nodes is ${nodes}`;
    problems.push({ path: [...path, key], message: `there is no host ${host}`, expected });
  }
  if ((parseDurationUs(line.at) ?? 0) >= (parseDurationUs(scenario.duration) ?? 0))
    problems.push({
      path: [...path, 'at'],
      message: `at ${line.at}, but the run ends at ${scenario.duration}`,
      expected: `a time before ${scenario.duration}`,
    });
  return problems;
}

function quietProblems(scenario: ScenarioFile): readonly Impossible[] {
  const quietUs = scenario.quiet === undefined ? 0 : (parseDurationUs(scenario.quiet) ?? 0);
  if (quietUs <= (parseDurationUs(scenario.duration) ?? 0)) return [];
  return [
    {
      path: ['quiet'],
      message: `quiet for ${scenario.quiet} of a run of ${scenario.duration}`,
      expected: `at most ${scenario.duration}`,
    },
  ];
}

/** Every contradiction, in no particular order. */
export function findImpossible(scenario: ScenarioFile): readonly Impossible[] {
  const problems: Impossible[] = [
    ...upgradeProblems(scenario),
    ...quietProblems(scenario),
    ...atLeastProblems(scenario),
    ...snapshotProblems(scenario),
    ...findImpossibleByzantine(scenario),
    ...poaProblems(scenario),
    ...findImpossibleLengths(scenario),
    ...findImpossibleExplicit(scenario),
  ];
  const rules = scenario.hosts ?? [];
  const strangers = rules.flatMap(({ hosts }, i) =>
    selectorProblems(hosts, scenario.nodes, ['hosts', i, 'hosts']),
  );
  // Who has a stake is known where all hosts that rules name are there.
  problems.push(...strangers, ...(strangers.length === 0 ? findImpossibleStake(scenario) : []));
  for (const [i, rule] of rules.entries()) {
    const joins = rule.joins === undefined ? undefined : parseDurationUs(rule.joins);
    if (joins !== undefined && joins >= (parseDurationUs(scenario.duration) ?? 0)) {
      problems.push({
        path: ['hosts', i, 'joins'],
        message: 'joins after the run has ended',
        expected: `a time before ${scenario.duration}`,
      });
    }
  }
  for (const [i, fault] of (scenario.faults ?? []).entries()) {
    problems.push(...faultProblems(fault, scenario, ['faults', i]));
  }
  const topology = scenario.network?.topology;
  if (typeof topology === 'object' && 'links' in topology && topology.links >= scenario.nodes) {
    const message = `${topology.links} links a node in a cluster of ${scenario.nodes}`;
    problems.push({
      path: ['network', 'topology', 'links'],
      message,
      expected: `fewer than ${scenario.nodes}`,
    });
  }
  if (scenario.network?.compactModel === true && scenario.network.model !== 'simblock') {
    problems.push({
      path: ['network', 'compactModel'],
      message: 'the modelled compact form needs the simblock model',
      expected: 'model: simblock',
    });
  }
  return problems;
}
