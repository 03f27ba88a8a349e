/** What a scenario says of Byzantine hosts and cannot be: more of them than hosts, a behaviour that its engine does not have. */
import { BEHAVIOURS, behaviourOf, lineOf, TWIN } from '../byzantine/behaviours.ts';
import { formatDurationUs, parseDurationUs } from './duration.ts';
import type { ScenarioFile } from './schema.ts';

/** A contradiction and its place. */
export interface Impossible {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly expected: string;
}

type Path = Impossible['path'];
type Text = NonNullable<NonNullable<ScenarioFile['byzantine']>['of']>[number];

function lineProblems(text: Text, scenario: ScenarioFile, path: Path): readonly Impossible[] {
  const line = lineOf(text);
  const engine = scenario.chain?.engine ?? 'pow';
  const engines = behaviourOf(line.kind)?.engines ?? 'any';
  const problems: Impossible[] = [];
  if (engines !== 'any' && !engines.includes(engine)) {
    const fitting = BEHAVIOURS.filter((one) => one.engines === 'any' || one.engines.includes(engine));
    problems.push({
      path: typeof text === 'string' ? path : [...path, 'kind'],
      message: `${line.kind} needs an engine that has it: ${engines.join(', ')}; this one is ${engine}`,
      expected: `chain.engine to be ${engines.join(' or ')}, or one of ${fitting.map(({ kind }) => kind).join(', ')}`,
    });
  }
  const fromUs = line.from === undefined ? 0 : (parseDurationUs(line.from) ?? 0);
  const endUs = parseDurationUs(scenario.duration) ?? 0;
  if (fromUs >= endUs) {
    const message = `from ${line.from}, but the run ends at ${scenario.duration}`;
    problems.push({ path: [...path, 'from'], message, expected: `a time before ${formatDurationUs(endUs)}` });
  }
  if (line.until !== undefined && (parseDurationUs(line.until) ?? 0) <= fromUs) {
    const message = `until ${line.until} ends before it begins`;
    problems.push({ path: [...path, 'until'], message, expected: `a time after ${line.from ?? '0s'}` });
  }
  if (line.kind === 'eclipse' && line.victim !== undefined && line.victim >= scenario.nodes) {
    const message = `there is no host ${line.victim}`;
    const expected = `0 to ${scenario.nodes - 1}, since nodes is ${scenario.nodes}`;
    problems.push({ path: [...path, 'victim'], message, expected });
  }
  if (line.kind === 'coalition') problems.push(...coalitionProblems(line.second ?? [], scenario, path));
  return problems;
}

/** The second group is of honest hosts that there are. */
function coalitionProblems(
  second: readonly number[],
  scenario: ScenarioFile,
  path: Path,
): readonly Impossible[] {
  const { nodes } = scenario;
  const lined = new Set((scenario.hosts ?? []).flatMap((rule) => hostsOfLine(rule, nodes)));
  return second.flatMap((host, i): readonly Impossible[] => {
    const at = [...path, 'second', i];
    if (host >= nodes) {
      const expected = `0 to ${nodes - 1}, since nodes is ${nodes}`;
      return [{ path: at, message: `there is no host ${host}`, expected }];
    }
    if (!lined.has(host)) return [];
    return [{ path: at, message: `host ${host} is Byzantine itself`, expected: 'an honest host' }];
  });
}

/** Two lines of one kind are one behaviour with two minds. */
function twiceProblems(lines: readonly Text[], path: Path): readonly Impossible[] {
  const kinds = lines.map((text) => lineOf(text).kind);
  return kinds.flatMap((kind, i) =>
    kinds.indexOf(kind) === i
      ? []
      : [{ path: [...path, i], message: `${kind} stands twice`, expected: 'each behaviour once' }],
  );
}

function generatorProblems(scenario: ScenarioFile): readonly Impossible[] {
  const { byzantine, nodes } = scenario;
  if (byzantine === undefined) return [];
  const { count, of, perHost, twins } = byzantine;
  const problems: Impossible[] = [];
  if (count === undefined && twins === undefined) {
    problems.push({
      path: ['byzantine'],
      message: 'a generator of nobody',
      expected: 'count and of, or twins, or all three',
    });
  }
  if ((count === undefined) !== (of === undefined)) {
    const [has, lacks] = count === undefined ? ['of', 'count'] : ['count', 'of'];
    problems.push({
      path: ['byzantine', has],
      message: `${has} without ${lacks}`,
      expected: `${lacks} beside it`,
    });
  }
  const lined = new Set((scenario.hosts ?? []).flatMap((rule) => hostsOfLine(rule, nodes))).size;
  const free = nodes - lined;
  const wanted = (count ?? 0) + 2 * (twins ?? 0);
  if (wanted > free) {
    const own = lined === 0 ? '' : `, ${lined} of which have a line of their own`;
    problems.push({
      path: ['byzantine', count === undefined ? 'twins' : 'count'],
      message: `${wanted} Byzantine hosts of a cluster of ${nodes}${own}`,
      expected: `at most ${free} together: count, and two for each of twins`,
    });
  }
  if (of !== undefined && (perHost ?? 1) > of.length) {
    const message = `${perHost} behaviours a host, drawn from ${of.length}`;
    problems.push({ path: ['byzantine', 'perHost'], message, expected: `at most ${of.length}` });
  }
  return [
    ...problems,
    ...twiceProblems(of ?? [], ['byzantine', 'of']),
    ...(of ?? []).flatMap((text, i) => lineProblems(text, scenario, ['byzantine', 'of', i])),
  ];
}

/** Hosts that a line makes Byzantine; of drawn ones as many as there are, not which. */
function hostsOfLine(
  { hosts, byzantine, twinOf }: NonNullable<ScenarioFile['hosts']>[number],
  nodes: number,
): readonly (number | string)[] {
  if (byzantine === undefined && twinOf === undefined) return [];
  if (hosts === 'all') return Array.from({ length: nodes }, (_, i) => i);
  if (!Array.isArray(hosts)) return Array.from({ length: hosts.random }, (_, i) => `drawn ${i}`);
  return twinOf === undefined ? hosts : [...hosts, twinOf];
}

function twinProblems(scenario: ScenarioFile): readonly Impossible[] {
  const problems: Impossible[] = [];
  for (const [i, { hosts, twinOf }] of (scenario.hosts ?? []).entries()) {
    if (twinOf === undefined) continue;
    const path = ['hosts', i, 'twinOf'];
    const ofTwin = (scenario.hosts ?? []).some(
      (rule) => rule.twinOf !== undefined && Array.isArray(rule.hosts) && rule.hosts.includes(twinOf),
    );
    if (twinOf >= scenario.nodes)
      problems.push({
        path,
        message: `there is no host ${twinOf}`,
        expected: `0 to ${scenario.nodes - 1}, since nodes is ${scenario.nodes}`,
      });
    else if (!Array.isArray(hosts))
      problems.push({ path, message: 'a twin that is not named', expected: 'hosts to be a list' });
    else if (hosts.includes(twinOf))
      problems.push({ path, message: `host ${twinOf} would be its own twin`, expected: 'another host' });
    else if (ofTwin)
      problems.push({
        path,
        message: `host ${twinOf} has the key of another itself`,
        expected: 'the host whose key it is',
      });
  }
  return problems;
}

/** A run that waits for deviations which nobody is to make can never pass. */
function atLeastProblems(scenario: ScenarioFile): readonly Impossible[] {
  const lines = [
    ...(scenario.hosts ?? []).flatMap(({ byzantine }) => byzantine ?? []),
    ...(scenario.byzantine?.of ?? []),
  ];
  const kinds = new Set<string>(lines.map((text) => lineOf(text).kind));
  const hasTwins =
    scenario.byzantine?.twins !== undefined ||
    (scenario.hosts ?? []).some(({ twinOf }) => twinOf !== undefined);
  if (hasTwins) kinds.add(TWIN);
  return Object.entries(scenario.atLeast?.byzantine ?? {})
    .filter(([kind, wanted]) => (wanted ?? 0) > 0 && !kinds.has(kind))
    .map(([kind, wanted]) => ({
      path: ['atLeast', 'byzantine', kind],
      message: `${wanted} of ${kind}, but no host behaves so`,
      expected:
        kinds.size === 0 ? 'hosts[].byzantine or byzantine to name it' : `counts of ${[...kinds].join(', ')}`,
    }));
}

/** Every contradiction, in no particular order. */
export function findImpossibleByzantine(scenario: ScenarioFile): readonly Impossible[] {
  const lines = (scenario.hosts ?? []).flatMap(({ byzantine }, i) => {
    const path = ['hosts', i, 'byzantine'];
    return [
      ...twiceProblems(byzantine ?? [], path),
      ...(byzantine ?? []).flatMap((text, j) => lineProblems(text, scenario, [...path, j])),
    ];
  });
  return [...lines, ...twinProblems(scenario), ...generatorProblems(scenario), ...atLeastProblems(scenario)];
}
