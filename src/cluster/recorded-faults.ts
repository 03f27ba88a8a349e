/** The faults of a recorded run: whom they concern, and when each was on. */
import type { Fault } from '../sim/fault.ts';
import type { LinkTarget } from '../sim/network/link-change.ts';
import type { FaultChange } from '../sim/watcher.ts';
import { faultKindOf } from './fault-kind.ts';
import { isHelper } from './fault-outcomes.ts';
import { FAULTS_KEPT_MAX, type RecordedFault } from './recording.ts';

interface Span {
  readonly host: number;
  readonly fromUs: number;
  untilUs: number | undefined;
}

interface Entry {
  readonly fault: Fault;
  readonly spans: Span[];
}

/** One per recorded run. */
export class RecordedFaults {
  readonly #hosts: number;
  readonly #entries = new Map<string, Entry>();
  #isFull = false;

  constructor(plan: readonly Fault[], hosts: number) {
    this.#hosts = hosts;
    for (const fault of [...plan].sort((a, b) => a.atUs - b.atUs)) if (fault.off !== true) this.#entry(fault);
  }

  onChange(fault: Fault, host: number, change: FaultChange, atUs: number): void {
    const entry = this.#entry(fault);
    if (entry === undefined) return;
    if (change.kind === 'began') {
      if (change.took) entry.spans.push({ host, fromUs: atUs, untilUs: isInstant(fault) ? atUs : undefined });
      return;
    }
    for (const span of entry.spans) if (span.host === host) span.untilUs ??= atUs;
  }

  /** A host is up again: what took it down is over. */
  onStarted(host: number, atUs: number): void {
    for (const { fault, spans } of this.#entries.values()) {
      if (fault.kind !== 'crash' && fault.kind !== 'stop') continue;
      for (const span of spans) if (span.host === host) span.untilUs ??= atUs;
    }
  }

  faults(): readonly RecordedFault[] {
    return [...this.#entries.values()].map(({ fault, spans }) => ({
      id: fault.id,
      kind: faultKindOf(fault.id),
      plannedUs: fault.atUs,
      hosts: concerned(fault, this.#hosts),
      groups: fault.kind === 'link' && fault.change.kind === 'split' ? fault.change.groups : undefined,
      isOfLinks: fault.kind === 'link',
      isHelper: isHelper(fault.id),
      spans,
    }));
  }

  limits(): readonly string[] {
    return this.#isFull ? [`faults: the first ${FAULTS_KEPT_MAX} by their times`] : [];
  }

  #entry(fault: Fault): Entry | undefined {
    const known = this.#entries.get(fault.id);
    if (known !== undefined) return known;
    this.#isFull ||= this.#entries.size >= FAULTS_KEPT_MAX;
    if (this.#isFull) return undefined;
    const entry: Entry = { fault, spans: [] };
    this.#entries.set(fault.id, entry);
    return entry;
  }
}

/** What happens at a point in time and leaves nothing to end. */
function isInstant(fault: Fault): boolean {
  return fault.kind === 'clockStep' || fault.kind === 'diskSnapshot' || fault.kind === 'start';
}

function everyone(hosts: number): readonly number[] {
  return Array.from({ length: hosts }, (_, i) => i);
}

function ascending(hosts: readonly number[]): readonly number[] {
  return [...new Set(hosts)].sort((a, b) => a - b);
}

/** Hosts at either end of its links. */
function linkEnds({ from, to }: LinkTarget, hosts: number): readonly number[] {
  if (from === 'all') return to === 'all' ? everyone(hosts) : ascending(to);
  // From some to all: those whose links they are.
  return to === 'all' ? ascending(from) : ascending([...from, ...to]);
}

function concerned(fault: Fault, hosts: number): readonly number[] {
  if (fault.kind !== 'link') return ascending(fault.hosts);
  const { change } = fault;
  switch (change.kind) {
    case 'split':
      return ascending(change.groups.flat());
    case 'ring':
    case 'isolate':
      return ascending(change.hosts);
    default:
      return linkEnds(change.links, hosts);
  }
}
