/** A run's outcome as text for people: one line each, and everything that is known of a failure. */
import type { ClusterPlan } from '../cluster/plan.ts';
import { EXIT, exitCodeOf, type RunResult, type Violation } from '../cluster/result.ts';
import { assertNever } from '../env/assert.ts';
import { failedAtUs } from '../lab/capsule.ts';
import type { JobOutcome } from '../lab/job.ts';
import { alignedMoment, grouped, moment, plural } from './format.ts';
import type { Palette } from './output.ts';
import { parameterLines } from './parameters.ts';
import { type FaultFocus, faultCounts, faultLines } from './planned-faults.ts';

/** Lines of a crash's stack: below them stands the event loop. */
const STACK_LINES = 12;

/** Hosts of a violation that are named: of a cluster of hundreds all may be concerned. */
const HOSTS_NAMED = 12;

/** `22.5s`, `0.04s`: wall time with as many digits as mean something. */
function wallTime(ms: number): string {
  return ms < 100 ? `${(ms / 1_000).toFixed(2)}s` : `${(ms / 1_000).toFixed(1)}s`;
}

/** `600s simulated in 1.2s, 500x real time`. */
function pace(simulatedUs: number, wallMs: number, isReal: boolean): string {
  if (isReal) return `${grouped(simulatedUs / 1_000_000)}s on real nodes in ${wallTime(wallMs)}`;
  const simulated = `${grouped(simulatedUs / 1_000_000)}s`;
  const ratio = wallMs > 0 ? `, ${grouped(simulatedUs / 1_000 / wallMs)}x real time` : '';
  return `${simulated} simulated in ${wallTime(wallMs)}${ratio}`;
}

function faultSummary(result: RunResult): string {
  return result.faults
    .filter((fault) => fault.planned > 0)
    .map(({ kind, planned, effective }) => `${kind} ${effective}/${planned}`)
    .join(', ');
}

/** `silent 12, twin 3`: deviations by behaviour, of all hosts together. */
function deviationSummary({ byzantine }: RunResult): string {
  const times = new Map<string, number>();
  for (const one of byzantine) times.set(one.behaviour, (times.get(one.behaviour) ?? 0) + one.times);
  return [...times].map(([behaviour, count]) => `${behaviour} ${grouped(count)}`).join(', ');
}

/** `n4 silent: deviated 12 times`: a line a behaviour of a host. */
function deviationLines({ byzantine }: RunResult): readonly string[] {
  return byzantine.map(({ host, behaviour, times }) => {
    const fate =
      times === 0 ? 'never deviated' : `deviated ${times === 1 ? 'once' : `${grouped(times)} times`}`;
    return `${host.padEnd(5)} ${behaviour}: ${fate}`;
  });
}

/** How a run is named in one line. */
export interface LineStyle {
  readonly palette: Palette;
  /** Columns for the scenario's name. */
  readonly nameWidth: number;
  readonly showSeed: boolean;
  /** 0: the run's own order of simultaneous events. */
  readonly order: number;
}

/** One line: what ran, how long, what happened; of a failure its exit code. */
export function renderLine({ result, wallMs }: JobOutcome, style: LineStyle): string {
  const { palette } = style;
  const code = exitCodeOf(result.verdict);
  const facts = [
    plural(result.counts.blocks, 'block'),
    ...(result.counts.reorgs > 0 ? [plural(result.counts.reorgs, 'reorg')] : []),
    ...(faultSummary(result) === '' ? [] : [faultSummary(result)]),
    ...(result.byzantine.length === 0 ? [] : [`Byzantine: ${deviationSummary(result)}`]),
  ];
  const simulated = `${moment(Math.round(result.simulatedUs / 100_000) * 100_000)} in ${wallTime(wallMs)}`;
  const ratio = wallMs > 0 ? ` ${`(${grouped(result.simulatedUs / 1_000 / wallMs)}x)`.padStart(8)}` : '';
  return [
    code === EXIT.passed ? palette.good('✓') : palette.bad('✗'),
    result.scenario.padEnd(style.nameWidth),
    ...(style.showSeed ? [`seed ${result.seed}`] : []),
    ...(style.order > 0 ? [`order ${style.order}`] : []),
    palette.dim(`${simulated.padStart(14)}${ratio} `),
    facts.join(' · '),
  ].join(' ');
}

function violated(violation: Violation): readonly string[] {
  const { hosts, kind, oracle, rule, fact } = violation;
  const names = `${hosts.slice(0, HOSTS_NAMED).join(', ')}${hosts.length > HOSTS_NAMED ? ', …' : ''}`;
  const by = hosts.length > 0 && kind === 'safety' ? ` by ${names}` : '';
  const apart = hosts.length > 0 && kind === 'liveness' ? `, ${names} apart from the others` : '';
  return [`${kind}: ${oracle}/${rule} violated${by} at ${moment(violation.atUs)}${apart}`, `  ${fact}`];
}

/** What is wrong, in words; one line for a passed run. */
export function renderVerdict(result: RunResult): readonly string[] {
  const { verdict } = result;
  switch (verdict.kind) {
    case 'passed':
      return ['passed'];
    case 'violated':
      return violated(verdict.violation);
    case 'unexpectedPass':
      return [
        `nothing was violated within ${moment(result.simulatedUs)}, but expect says ${verdict.expected}`,
        ...result.assertions
          .filter(({ name }) => verdict.expected === `violation: ${name}`)
          .map(({ name, checked }) => `  ${name} was checked ${plural(checked, 'time')} and held`),
      ];
    case 'tooLittle':
      return [
        'too little happened, so that the run proves nothing (expected by atLeast):',
        ...verdict.missing.flatMap(({ what, wanted, got, why, change }) => [
          `  ${what}: at least ${wanted}, counted ${got}: ${wanted - got} too few`,
          `    because  ${why}`,
          `    change   ${change}`,
        ]),
      ];
    case 'crashed':
      return [
        `crashed: ${verdict.host} at ${moment(verdict.atUs)}: ${verdict.error}`,
        ...verdict.stack
          .split('\n')
          .filter((line) => line.trim().startsWith('at '))
          .slice(0, STACK_LINES)
          .map((line) => `  ${line.trim()}`),
      ];
    case 'nondeterminism':
      return [`nondeterminism: ${verdict.fact}`, ...verdict.detail.split('\n')];
    default:
      return assertNever(verdict);
  }
}

/** Faults around the moment of a failure, those of the hosts that it names first; of too few faults those that were counted. */
function faultFocus(result: RunResult, plan: ClusterPlan): FaultFocus {
  const { verdict, idleFaults } = result;
  const names =
    verdict.kind === 'violated' ? verdict.violation.hosts : verdict.kind === 'crashed' ? [verdict.host] : [];
  const kinds = verdict.kind === 'tooLittle' ? verdict.missing.map(({ what }) => what) : [];
  return {
    untilUs: failedAtUs(result),
    hosts: plan.hosts.flatMap(({ name }, i) => (names.includes(name) ? [i] : [])),
    kinds: kinds.filter((what) => what.startsWith('faults.')).map((what) => what.slice('faults.'.length)),
    idle: idleFaults,
  };
}

/** What the listed events are. */
function eventsTitle({ verdict }: RunResult): string {
  switch (verdict.kind) {
    case 'tooLittle':
      return 'what was seen of it';
    case 'unexpectedPass':
    case 'passed':
    case 'nondeterminism':
      return 'unusual events';
    case 'violated':
    case 'crashed':
      return 'unusual and last events';
    default:
      return assertNever(verdict);
  }
}

/** What is told of a failure beside its result. */
export interface FailureContext {
  readonly file: string;
  readonly version: string;
  /** Flags that changed the run, as the user gave them. */
  readonly flags: readonly string[];
  /** Undefined when the scenario could not even be planned. */
  readonly plan: ClusterPlan | undefined;
  /** Where the records of two runs that differ are; undefined where there are none. */
  readonly records: string | undefined;
  readonly replay: string;
  readonly palette: Palette;
  /** It ran on real nodes. */
  readonly isReal?: boolean;
}

/** Seed, what was violated by whom and when, the faults and events before it, all parameters, and the line that repeats it. */
export function renderFailure(result: RunResult, context: FailureContext): string {
  const { palette, plan } = context;
  const atUs = failedAtUs(result);
  const given = [context.file, `seed ${result.seed}`, `aureon ${context.version}`, ...context.flags];
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [`  ${palette.bold(title)}`, ...lines.map((line) => `    ${line}`)];
  return [
    palette.bad(palette.bold(`FAILED ${result.scenario}, seed ${result.seed}`)),
    ...renderVerdict(result).map((line) => `  ${line}`),
    ...section('run', [
      given.join(' · '),
      ...(plan === undefined ? [] : parameterLines(plan, context.isReal === true)),
    ]),
    ...section(`faults up to ${moment(atUs)}`, [
      faultCounts(result.faults),
      ...(plan === undefined ? [] : faultLines(plan.faults, faultFocus(result, plan))),
    ]),
    ...section('Byzantine hosts', deviationLines(result)),
    ...section(
      eventsTitle(result),
      result.lastEvents.map(
        (event) => `${alignedMoment(event.atUs, 12)}  ${event.host.padEnd(5)} ${event.text}`,
      ),
    ),
    ...section('notes', result.notes),
    ...(context.records === undefined ? [] : [`  ${palette.bold('records')} ${context.records}`]),
    `  ${palette.bold('trace')}   ${traceText(result)}`,
    `  ${palette.bold('replay')}  ${context.replay}`,
  ].join('\n');
}

function traceText({ traceHash, events }: RunResult): string {
  if (traceHash !== '') return traceHash;
  return events === 0 ? 'none: the run never began' : 'none: no two runs of real nodes are the same';
}

/** What was seen over all runs. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  /** Assertions over all runs that the sweep fails over. */
  readonly assertionsFailed: number;
  readonly notRun: number;
  readonly simulatedUs: number;
  readonly events: number;
  /** Of real nodes: nothing was simulated. */
  readonly isReal?: boolean;
}

/** The last line. */
export function renderSummary(
  totals: Totals,
  wallMs: number,
  interrupted: boolean,
  palette: Palette,
): string {
  const parts = [
    totals.passed > 0 ? palette.good(`${grouped(totals.passed)} passed`) : '0 passed',
    totals.failed > 0 ? palette.bad(`${grouped(totals.failed)} failed`) : '0 failed',
    ...(totals.assertionsFailed > 0
      ? [palette.bad(`${plural(totals.assertionsFailed, 'assertion')} over all runs failed`)]
      : []),
    ...(totals.notRun > 0 || interrupted
      ? [`${grouped(totals.notRun)} not run (${interrupted ? 'interrupted' : '--fail-fast'})`]
      : []),
  ];
  const time = `${pace(totals.simulatedUs, wallMs, totals.isReal === true)}, ${plural(totals.events, 'event')}`;
  return `${parts.join(', ')}  ${palette.dim(time)}`;
}
