/** Looks into a run at one moment: what its hosts hold then, and what happened on the way. */
import { describeEvent, type Names } from '../cluster/relevant-events.ts';
import type { ScenarioRun } from '../cluster/run.ts';
import { bytesToHex } from '../env/bytes.ts';
import { kindName } from '../sim/trace-kinds.ts';

/** Events between two readings of the trace's ring: half of what it holds. */
const CHUNK_EVENTS = 2_048;
/** Deeper than any snapshot of a node. */
const DEPTH_MAX = 32;

/** What to look at. */
export interface Look {
  /** Simulated time at which the run stops. */
  readonly untilUs: number;
  /** Hosts whose state is wanted then. */
  readonly inspect: readonly number[];
  /** What of the way is wanted; undefined: nothing. */
  readonly trace: TraceFilter | undefined;
}

/** No hosts, no kinds: all of them. A kind with a dot is one of the simulator's own: `host.timer`, `network.arrive`. */
export interface TraceFilter {
  readonly hosts: readonly number[];
  readonly kinds: readonly string[];
}

/** One thing that happened. */
export interface TraceLine {
  readonly atUs: number;
  readonly host: string;
  readonly kind: string;
  readonly text: string;
}

/** What was seen at the end of the look. */
export interface Seen {
  readonly atUs: number;
  readonly events: number;
  readonly traceHash: string;
  /** JSON of each host, by name; `null`: it is down. */
  readonly snapshots: readonly { readonly host: string; readonly json: string }[];
}

/** Plain JSON of what a program shows: amounts as decimal text, bytes in hexadecimal, maps as lists of pairs. */
function toPlain(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) return '…';
  if (value === undefined) return null;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (value instanceof Map) return [...value].map((pair) => toPlain(pair, depth + 1));
  if (value instanceof Set) return [...value].map((item) => toPlain(item, depth + 1));
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toPlain(part, depth + 1)]));
}

class Tracer {
  readonly #run: ScenarioRun;
  readonly #filter: TraceFilter;
  readonly #tell: (lines: readonly TraceLine[]) => void;
  readonly #lines: TraceLine[] = [];
  /** Records of the simulator are wanted too. */
  readonly #wantsRecords: boolean;
  #next = 0;

  constructor(run: ScenarioRun, filter: TraceFilter, tell: (lines: readonly TraceLine[]) => void) {
    this.#run = run;
    this.#filter = filter;
    this.#tell = tell;
    this.#wantsRecords = filter.kinds.some((kind) => kind.includes('.'));
    const { cluster } = run;
    const owners = new Map<string, number>(cluster.setup.hostKeys.map(({ key }, i) => [key, i]));
    const names: Names = {
      nameOf: (host) => cluster.node(host).name,
      hostOf: (peer) => owners.get(peer),
    };
    cluster.simulator.observe((host, event, atUs) => {
      if (!this.#isWanted(host, event.kind)) return;
      const seen = { atUs, host, event, sequence: 0, times: 1, sinceUs: atUs };
      this.#lines.push({ ...describeEvent(seen, names), kind: event.kind });
    });
    cluster.simulator.observeHosts((host, change, atUs) => {
      const kind = change.kind === 'started' ? 'HostUp' : 'HostDown';
      if (!this.#isWanted(host, kind)) return;
      const text = change.kind === 'started' ? 'starts' : `is down: ${change.end.kind}`;
      this.#lines.push({ atUs, host: names.nameOf(host), kind, text });
    });
  }

  flush(): void {
    if (this.#wantsRecords) this.#readRecords();
    if (this.#lines.length > 0) this.#tell(this.#lines.splice(0).sort((a, b) => a.atUs - b.atUs));
  }

  #isWanted(host: number, kind: string): boolean {
    const { hosts, kinds } = this.#filter;
    return (hosts.length === 0 || hosts.includes(host)) && (kinds.length === 0 || kinds.includes(kind));
  }

  #readRecords(): void {
    for (const record of this.#run.cluster.simulator.trace.records()) {
      if (record.index < this.#next) continue;
      this.#next = record.index + 1;
      const kind = kindName(record.kind);
      if (!this.#isWanted(record.host, kind)) continue;
      const host = record.host < 0 ? '-' : this.#run.cluster.node(record.host).name;
      const text = `#${record.index} from #${record.parent}, ${record.draws} draws, ${record.hash}`;
      this.#lines.push({ atUs: record.timeUs, host, kind, text });
    }
  }
}

/** Runs up to the moment and answers what is there. Lines come in the order of simulated time. */
export function lookInto(
  run: ScenarioRun,
  { untilUs, inspect, trace }: Look,
  tell: (lines: readonly TraceLine[]) => void,
): Seen {
  const { cluster } = run;
  const { simulator } = cluster;
  const tracer = trace === undefined ? undefined : new Tracer(run, trace, tell);
  const endUs = Math.min(untilUs, cluster.plan.durationUs);
  for (let status = simulator.step(CHUNK_EVENTS, endUs); status.kind === 'running'; ) {
    tracer?.flush();
    status = simulator.step(CHUNK_EVENTS, endUs);
  }
  tracer?.flush();
  return {
    atUs: cluster.nowUs,
    events: run.events,
    traceHash: run.traceHash,
    snapshots: inspect.map((host) => ({
      host: cluster.node(host).name,
      json: JSON.stringify(toPlain(simulator.inspect(host) ?? null), undefined, 2),
    })),
  };
}
