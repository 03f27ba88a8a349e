/** What the records of a real run say of the whole of it: when each host had its chain open, how high the chain was, and what a host ended with. */
import type { Head } from '../../cluster/judgement.ts';
import type { Keys } from '../../cluster/load/wallet.ts';
import type { EventRecord } from '../../node/event-file.ts';
import { apartSpans, type PeerChange } from './apart.ts';
import type { Interval, RealCourse } from './real-faults.ts';
import type { RunTraces } from './real-run.ts';

/** With what a host has ended. */
export interface DiskEnd {
  readonly head: Head;
  /** Below it there is the main chain alone. */
  readonly base: number;
}

/** Undefined: it never had a chain. */
export function diskEndOf(records: readonly EventRecord[]): DiskEnd | undefined {
  let head: Head | undefined;
  let base = 0;
  for (const record of records) {
    if (record.kind === 'snapshot') continue;
    const { event } = record;
    if (event.kind === 'NodeStarted') head = { id: event.head, height: event.height };
    else if (event.kind === 'HeadChanged') head = { id: event.id, height: event.height };
    else if (event.kind === 'BaseAdvanced') base = event.height;
  }
  return head === undefined ? undefined : { head, base };
}

/** What of the traces of a run is looked at. */
export type CourseTraces = Pick<RunTraces, 'spans' | 'changes' | 'startedWallMs' | 'endedUs'> & {
  readonly setup: { readonly hostKeys: readonly Pick<Keys, 'key'>[] };
};

/** @param records of each host, in order. */
export function recordedCourse(
  traces: CourseTraces,
  records: readonly (readonly EventRecord[])[],
): RealCourse {
  const { spans, changes, startedWallMs, endedUs, setup } = traces;
  const toUs = (wallMs: number): number => (wallMs - startedWallMs) * 1_000;
  const heights = heightsOf(records).map(([wallMs, height]) => [toUs(wallMs), height] as const);
  const ups = records.map((own, host) => {
    const ends = changes.filter((change) => change.host === host && change.how !== 'up');
    return own.flatMap((record): readonly Interval[] => {
      if (record.kind !== 'event' || record.event.kind !== 'NodeStarted') return [];
      const end = ends.find(({ wallMs }) => wallMs >= record.wallMs);
      return [[toUs(record.wallMs), end === undefined ? endedUs : toUs(end.wallMs)]];
    });
  });
  const hosts = new Map<string, number>(setup.hostKeys.map(({ key }, host) => [key, host]));
  const peers = records.flatMap((own, host) =>
    own.flatMap((record): readonly PeerChange[] => {
      if (record.kind !== 'event') return [];
      const { event, wallMs } = record;
      if (event.kind !== 'PeerUp' && event.kind !== 'PeerDown') return [];
      const peer = hosts.get(event.peer);
      return peer === undefined ? [] : [{ us: toUs(wallMs), host, peer, isUp: event.kind === 'PeerUp' }];
    }),
  );
  return {
    spans,
    endedUs,
    ups,
    aparts: apartSpans(ups, peers, endedUs),
    heightAt: (us) => heights.findLast(([atUs]) => atUs <= us)?.[1] ?? 0,
  };
}

/** When the highest head of all rose, and to what, in order. */
function heightsOf(records: readonly (readonly EventRecord[])[]): readonly (readonly [number, number])[] {
  const told = records
    .flat()
    .flatMap((record) =>
      record.kind === 'event' && record.event.kind === 'HeadChanged'
        ? [[record.wallMs, record.event.height] as const]
        : [],
    )
    .sort((a, b) => a[0] - b[0]);
  let highest = 0;
  return told.filter(([, height]) => {
    const isHigher = height > highest;
    if (isHigher) highest = height;
    return isHigher;
  });
}
