/** What lies over the lanes of hosts for a while: times in which a host is down, and faults. */
import type { RecordedFault, Recording } from '../cluster/recording.ts';

/** A stretch of one lane. */
export interface Band {
  readonly host: number;
  readonly fromUs: number;
  readonly untilUs: number;
  readonly kind: 'down' | 'fault';
  readonly text: string;
}

/** A fault of links, which lies over several lanes. */
export interface LinkBand {
  readonly hosts: readonly number[];
  readonly fromUs: number;
  readonly untilUs: number;
  readonly text: string;
  /** Row of its label: those that overlap have different ones. */
  readonly row: number;
}

/** Rows of labels: more faults of links at once share the last one. */
const LINK_ROWS_MAX = 4;

/** When a host was not running, and why, as far as it is known. */
function downBands({ boots, hosts, endUs }: Recording): readonly Band[] {
  return hosts.flatMap((_, host) => {
    const own = boots.filter((boot) => boot.host === host);
    const bands: Band[] = [];
    let fromUs = 0;
    let text = 'not started';
    for (const boot of own) {
      if (boot.fromUs > fromUs) bands.push({ host, fromUs, untilUs: boot.fromUs, kind: 'down', text });
      fromUs = boot.untilUs ?? endUs;
      text = `down (${boot.end ?? ''})`;
    }
    if (fromUs < endUs) bands.push({ host, fromUs, untilUs: endUs, kind: 'down', text });
    return bands;
  });
}

/** Faults that end a boot are seen as its end already. */
function isOutage({ id }: RecordedFault, recording: Recording): boolean {
  return recording.boots.length > 0 && /^(crash|rollingRestart|backup|repaired|permanent)\//.test(id);
}

function faultBands(recording: Recording): readonly Band[] {
  return recording.faults
    .filter((fault) => !fault.isOfLinks && !isOutage(fault, recording))
    .flatMap(({ kind, spans }) =>
      spans.map(({ host, fromUs, untilUs }) => {
        return { host, fromUs, untilUs: untilUs ?? recording.endUs, kind: 'fault' as const, text: kind };
      }),
    );
}

/** Stretches of single lanes. */
export function bandsOf(recording: Recording): readonly Band[] {
  return [...downBands(recording), ...faultBands(recording)];
}

/** Faults of links, by the time of their beginning. */
export function linkBandsOf(recording: Recording): readonly LinkBand[] {
  const ends: number[] = [];
  const spans = recording.faults
    .filter(({ isOfLinks }) => isOfLinks)
    .flatMap((fault) => fault.spans.map((span) => ({ fault, span })))
    .sort((a, b) => a.span.fromUs - b.span.fromUs);
  return spans.map(({ fault, span }) => {
    const untilUs = span.untilUs ?? recording.endUs;
    const free = ends.findIndex((end) => end <= span.fromUs);
    const row = Math.min(LINK_ROWS_MAX - 1, free < 0 ? ends.length : free);
    ends[row] = Math.max(ends[row] ?? 0, untilUs);
    return { hosts: fault.hosts, fromUs: span.fromUs, untilUs, text: linkText(fault, recording), row };
  });
}

/** The times in which any of them is on: stretches that do not overlap, in order. */
export function unionOf(
  stretches: readonly { readonly fromUs: number; readonly untilUs: number }[],
): readonly { readonly fromUs: number; readonly untilUs: number }[] {
  const union: { fromUs: number; untilUs: number }[] = [];
  for (const { fromUs, untilUs } of [...stretches].sort((a, b) => a.fromUs - b.fromUs)) {
    const last = union.at(-1);
    if (last !== undefined && fromUs <= last.untilUs) last.untilUs = Math.max(last.untilUs, untilUs);
    else union.push({ fromUs, untilUs });
  }
  return union;
}

/** `partition n0 | n1, n2`: who is named is few; of many their number. */
function linkText({ kind, groups, hosts }: RecordedFault, recording: Recording): string {
  const names = (some: readonly number[]): string =>
    some.length > 4
      ? `${some.length} hosts`
      : some.map((host) => recording.hosts[host]?.name ?? host).join(', ');
  return `${kind} ${groups === undefined ? names(hosts) : groups.map(names).join(' | ')}`;
}
