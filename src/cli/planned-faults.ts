/** The fault plan of a run as text: what went wrong around the moment of a failure, and with whom. */
import { faultKindOf } from '../cluster/resolve.ts';
import type { FaultCoverage } from '../cluster/result.ts';
import { formatDurationUs } from '../cluster/scenario/duration.ts';
import { assertNever } from '../env/assert.ts';
import type { Fault, SpanUs } from '../sim/fault.ts';
import type { LinkTarget } from '../sim/network/link-change.ts';
import { alignedMoment, grouped, hostNames, moment } from './format.ts';

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

function facts(fault: Fault): string {
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

/** Prepare a fault or end it, and are none: a backup before a crash with an old disk, a start after a repair. */
const HELPERS: readonly string[] = ['backup', 'repaired'];

/** The last faults that began before the failure, one a line, oldest first: time, kind, targets. */
export function faultsNear(plan: readonly Fault[], atUs: number): readonly string[] {
  return plan
    .filter((fault) => fault.off !== true && fault.atUs <= atUs && !HELPERS.includes(faultKindOf(fault.id)))
    .map((fault, index) => ({ fault, index }))
    .sort((a, b) => a.fault.atUs - b.fault.atUs || a.index - b.index)
    .slice(-FAULTS_SHOWN)
    .map(({ fault }) => `${alignedMoment(fault.atUs, 12)}  ${faultKindOf(fault.id)} ${facts(fault)}`);
}
