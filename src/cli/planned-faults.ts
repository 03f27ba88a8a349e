/** The fault plan of a run as text: what went wrong around the moment of a failure, and with whom. */

import { faultKindOf } from '../cluster/fault-kind.ts';
import { isHelper } from '../cluster/fault-outcomes.ts';
import type { FaultCoverage, FaultOutcome } from '../cluster/result.ts';
import { formatDurationUs } from '../cluster/scenario/duration.ts';
import { assertNever } from '../env/assert.ts';
import type { Fault, SpanUs } from '../sim/fault.ts';
import type { LinkTarget } from '../sim/network/link-change.ts';
import { alignedMoment, grouped, hostNames, moment, plural } from './format.ts';

/** Faults that are listed; the counts stand above them. */
const FAULTS_SHOWN = 8;
const PPM_OF_PERCENT = 10_000;

function span(us: SpanUs): string {
  return us === 'forever' ? 'for ever' : `for ${moment(us)}`;
}

function links(target: LinkTarget): string {
  const end = (hosts: LinkTarget['from']): string => (hosts === 'all' ? 'all' : hostNames(hosts));
  return `${end(target.from)} ${target.bothWays ? '<->' : '->'} ${end(target.to)}`;
}

function linkFacts(change: Extract<Fault, { kind: 'link' }>['change']): string {
  switch (change.kind) {
    case 'split':
      return change.groups.map(hostNames).join(' | ');
    case 'ring':
      return hostNames(change.hosts);
    case 'isolate':
      return `${hostNames(change.hosts)} alone`;
    case 'cut':
    case 'clog':
      return links(change.links);
    case 'loss':
    case 'corrupt':
    case 'duplicate':
    case 'reorder':
      return `${links(change.links)} ${change.ppm / PPM_OF_PERCENT} %`;
    case 'latency':
      return `${links(change.links)} +${formatDurationUs(change.extraUs)}`;
    case 'bandwidth':
      return `${links(change.links)} ${grouped(change.kbitPerS)} kbit/s`;
    default:
      return assertNever(change);
  }
}

function diskFacts(fault: Extract<Fault, { kind: 'disk' }>['fault']): string {
  switch (fault.kind) {
    case 'slow':
      return ` ${fault.multiplier} times slower`;
    case 'diskFull':
      return ` with room for ${grouped(fault.roomBytes)} bytes`;
    case 'ioError':
      return ` on ${fault.on}`;
    default:
      return '';
  }
}

/** Whom a fault concerns, how much, and how long: `n0, n2 by power, down for 4s, disk keep`. */
export function faultFacts(fault: Fault): string {
  if (fault.kind === 'link') return `${linkFacts(fault.change)} ${span(fault.forUs)}`;
  const who = hostNames(fault.hosts);
  switch (fault.kind) {
    case 'crash':
      return `${who} by ${fault.how}${fault.at === undefined ? '' : ` at effect ${fault.at.count}`}, down ${span(fault.downUs)}, disk ${fault.disk}`;
    case 'stop':
      return `${who} stopped, down ${span(fault.downUs)}${fault.variant === undefined ? '' : `, returns as ${fault.variant}`}`;
    case 'start':
    case 'diskSnapshot':
      return who;
    case 'pause':
      return `${who} ${span(fault.forUs)}`;
    case 'clockStep':
      return `${who} by ${fault.byUs < 0 ? '-' : '+'}${formatDurationUs(Math.abs(fault.byUs))}`;
    case 'clockDrift':
      return `${who} by ${fault.ppm} ppm ${span(fault.forUs)}`;
    case 'timerJitter':
      return `${who} up to ${formatDurationUs(fault.upToUs)} ${span(fault.forUs)}`;
    case 'disk':
      return `${who}${diskFacts(fault.fault)} ${span(fault.forUs)}`;
    default:
      return assertNever(fault);
  }
}

/** One fault in words, with its time: `12.3s crash n2 by power, down for 4s, disk keep`. */
export function faultText(fault: Fault): string {
  return `${moment(fault.atUs)} ${faultKindOf(fault.id)} ${faultFacts(fault)}`;
}

/** `crash 3 of 5 took effect`: what was planned and what became of it. */
export function faultCounts(faults: readonly FaultCoverage[]): string {
  const planned = faults.filter((fault) => fault.planned > 0);
  if (planned.length === 0) return 'none planned';
  return planned
    .map(({ kind, planned: all, effective }) =>
      effective === all ? `${kind} ${all}, all took effect` : `${kind} ${all}, ${effective} took effect`,
    )
    .join(' · ');
}

/** Which faults are told of a failure. */
export interface FaultFocus {
  /** Of faults that began later nothing is told. */
  readonly untilUs: number;
  /** Hosts that the verdict names: their faults come first. */
  readonly hosts: readonly number[];
  /** Kinds that the verdict is about; none: all. */
  readonly kinds: readonly string[];
  /** What came to nothing, and why. */
  readonly idle: readonly FaultOutcome[];
}

function linkHosts(change: Extract<Fault, { kind: 'link' }>['change']): readonly number[] | 'all' {
  if ('hosts' in change) return change.hosts;
  if ('groups' in change) return change.groups.flat();
  const { from, to } = change.links;
  return from === 'all' || to === 'all' ? 'all' : [...from, ...to];
}

function concerns(fault: Fault, hosts: readonly number[]): boolean {
  const named = fault.kind === 'link' ? linkHosts(fault.change) : fault.hosts;
  return named === 'all' || named.some((host) => hosts.includes(host));
}

/** When it is over; for ever counts as at once: damage is done in a moment. */
function endUs(fault: Fault): number {
  const lasts = 'forUs' in fault ? fault.forUs : 'downUs' in fault ? fault.downUs : 0;
  return lasts === 'forever' ? fault.atUs : fault.atUs + lasts;
}

interface Told {
  readonly kind: string;
  readonly text: string;
  readonly atUs: number;
  readonly endUs: number;
  readonly isConcerned: boolean;
}

function tell(fault: Fault, { untilUs, hosts }: FaultFocus, idle: FaultOutcome | undefined): Told {
  const { atUs } = fault;
  const kind = faultKindOf(fault.id);
  const isStillOn = idle === undefined && endUs(fault) > untilUs;
  const fate = idle !== undefined ? `: no effect, ${idle.why}` : isStillOn ? ', still on' : '';
  const text = `${alignedMoment(atUs, 12)}  ${kind} ${faultFacts(fault)}${fate}`;
  return { kind, text, atUs, endUs: Math.min(endUs(fault), untilUs), isConcerned: concerns(fault, hosts) };
}

/** Several that read the same are one line. */
function folded(told: readonly Told[]): readonly (Told & { readonly times: number })[] {
  const byText = new Map<string, Told & { readonly times: number }>();
  for (const one of told) {
    const times = (byText.get(one.text)?.times ?? 0) + 1;
    byText.set(one.text, { ...one, times });
  }
  return [...byText.values()];
}

/** Those that name the hosts concerned before others, what ended late before what ended early, one of each kind first. */
function byRelevance(lines: readonly Told[]): readonly Told[] {
  const sorted = [...lines]
    .reverse()
    .sort((a, b) => Number(b.isConcerned) - Number(a.isConcerned) || b.endUs - a.endUs);
  const kinds = new Set<string>();
  const firsts = sorted.filter(({ kind }) => !kinds.has(kind) && kinds.add(kind));
  return [...firsts, ...sorted.filter((line) => !firsts.includes(line))];
}

/** At most eight planned faults, one a line, oldest first: time, kind, targets, and what became of them. */
export function faultLines(plan: readonly Fault[], focus: FaultFocus): readonly string[] {
  const idle = new Map(focus.idle.map((outcome) => [outcome.id, outcome]));
  const told = plan
    .filter(({ id, atUs, off }) => off !== true && atUs <= focus.untilUs && !isHelper(id))
    .filter(({ id }) => focus.kinds.length === 0 || focus.kinds.includes(faultKindOf(id)))
    .map((fault) => tell(fault, focus, idle.get(fault.id)))
    .sort((a, b) => a.atUs - b.atUs);
  const lines = folded(told);
  const chosen = new Set(byRelevance(lines).slice(0, FAULTS_SHOWN));
  const rest = lines.length - chosen.size;
  return [
    ...lines
      .filter((line) => chosen.has(line))
      .map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`)),
    ...(rest > 0 ? [`${' '.repeat(12)}  and ${plural(rest, 'other')}`] : []),
  ];
}
