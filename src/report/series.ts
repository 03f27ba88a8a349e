/** Numbers over time from a recorded run: heights, waiting transactions, messages a second. */
import type { Recording } from '../cluster/recording.ts';
import { MESSAGE_CLASSES, messageClass } from './message-classes.ts';

/** Hosts that are drawn one by one; of more the lowest, the middle and the highest say more than a tangle. */
export const LINES_MAX = 12;
/** Steps of time in the counts of messages. */
const BINS_MAX = 120;
/** Shorter ones count single messages. */
const BIN_MIN_US = 10_000;

/** Lines over common times. A hole is undefined. */
export interface Series {
  /** Seconds. */
  readonly times: readonly number[];
  readonly lines: readonly {
    readonly name: string;
    /** The host that it is; undefined: none. */
    readonly host: number | undefined;
    readonly values: readonly (number | undefined)[];
  }[];
}

type Row = readonly (number | undefined)[];

function seconds(us: number): number {
  return us / 1_000_000;
}

/** A line a host, or of many hosts three. `rows`: of each time a value a host. */
function linesOf(names: readonly string[], times: readonly number[], rows: readonly Row[]): Series {
  if (names.length <= LINES_MAX) {
    const lines = names.map((name, host) => ({ name, host, values: rows.map((row) => row[host]) }));
    return { times, lines };
  }
  const sorted = rows.map((row) => row.filter((value) => value !== undefined).sort((a, b) => a - b));
  const pick = (name: string, at: (row: readonly number[]) => number): Series['lines'][number] => ({
    name,
    host: undefined,
    values: sorted.map((row) => row[at(row)]),
  });
  return {
    times,
    lines: [
      pick('highest', (row) => row.length - 1),
      pick('middle', (row) => Math.floor(row.length / 2)),
      pick('lowest', () => 0),
    ],
  };
}

/** Height of each host whenever one changed; a host that is down has none. */
export function heightSeries({ hosts, heads, blocks, boots, endUs }: Recording): Series {
  const changes = heads.atUs.map((atUs, i) => ({
    atUs,
    host: heads.host[i] ?? 0,
    value: blocks[heads.what[i] ?? -1]?.height,
  }));
  for (const { host, untilUs } of boots)
    if (untilUs !== undefined) changes.push({ atUs: untilUs, host, value: undefined });
  changes.sort((a, b) => a.atUs - b.atUs);
  const times: number[] = [0];
  const now: (number | undefined)[] = hosts.map(() => undefined);
  const rows: Row[] = [[...now]];
  for (const { atUs, host, value } of changes) {
    now[host] = value;
    if (seconds(atUs) !== times.at(-1)) {
      times.push(seconds(atUs));
      rows.push([...now]);
    } else rows[rows.length - 1] = [...now];
  }
  times.push(Math.max(seconds(endUs), times.at(-1) ?? 0));
  rows.push([...now]);
  return linesOf(
    hosts.map(({ name }) => name),
    times,
    rows,
  );
}

/** Transactions that wait at each host. */
export function mempoolSeries({ hosts, samples }: Recording): Series {
  const rows = samples.mempool.map((row) => row.map((value) => (value < 0 ? undefined : value)));
  return linesOf(
    hosts.map(({ name }) => name),
    samples.atUs.map(seconds),
    rows,
  );
}

/** Peers of each host after their handshakes. */
export function peerSeries({ hosts, samples }: Recording): Series {
  const rows = samples.peers.map((row) => row.map((value) => (value < 0 ? undefined : value)));
  return linesOf(
    hosts.map(({ name }) => name),
    samples.atUs.map(seconds),
    rows,
  );
}

/** Messages sent a second, by what they are for, over the time of which messages are kept. */
export function messageSeries({ messages, kinds, window }: Recording): Series {
  const spanUs = Math.max(1, window.untilUs - window.fromUs);
  const bins = Math.min(BINS_MAX, Math.max(1, Math.round(spanUs / BIN_MIN_US)));
  const binUs = spanUs / bins;
  const classes = MESSAGE_CLASSES.filter((name) => kinds.some((kind) => messageClass(kind) === name));
  const classOf = kinds.map((kind) => classes.indexOf(messageClass(kind)));
  const counts = classes.map(() => Array.from({ length: bins }, () => 0));
  for (const [i, sentUs] of messages.sentUs.entries()) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((sentUs - window.fromUs) / binUs)));
    const row = counts[classOf[messages.kind[i] ?? -1] ?? -1];
    if (row !== undefined) row[bin] = (row[bin] ?? 0) + 1;
  }
  return {
    times: Array.from({ length: bins }, (_, bin) => seconds(window.fromUs + (bin + 0.5) * binUs)),
    lines: classes.map((name, i) => ({
      name,
      host: undefined,
      values: (counts[i] ?? []).map((count) => count / seconds(binUs)),
    })),
  };
}
