/** What was seen of a run: heads, counts and the last events, fed by every domain event. */
import type { DomainEvent } from '../chain/types/event.ts';
import type { BlockHash } from '../chain/types/units.ts';
import { type SeenEvent, selectRelevant } from './relevant-events.ts';
import type { EventLine } from './result.ts';

/** Events kept for a failure's report, which chooses among them: a block's way through a few dozen hosts. */
const LAST_EVENTS = 400;

interface Seen {
  atUs: number;
  host: number;
  event: DomainEvent | undefined;
}

/** Says too little to stand among the last events. */
function isRoutine(kind: DomainEvent['kind']): boolean {
  return (
    kind === 'TransactionAccepted' ||
    kind === 'TransactionRejected' ||
    kind === 'TransactionDropped' ||
    kind === 'PeerScored'
  );
}

/** Facts of an event as `key=value`, ids cut to 12 digits. */
function factsOf(value: object, prefix = ''): string {
  const parts: string[] = [];
  for (const [key, field] of Object.entries(value)) {
    if (key === 'kind' && prefix === '') continue;
    if (typeof field === 'object' && field !== null) parts.push(factsOf(field, `${prefix}${key}.`));
    else {
      const text = String(field);
      parts.push(`${prefix}${key}=${text.length === 64 ? text.slice(0, 12) : text}`);
    }
  }
  return parts.join(' ');
}

/** One per run. */
export class Observation {
  readonly heads: { id: BlockHash; height: number }[];
  readonly halted: boolean[];
  reorgs = 0;
  reorgDepth = 0;
  synced = 0;
  compact = 0;
  rejected = 0;
  corruptionsDetected = 0;
  repairs = 0;
  starts = 0;
  produced = 0;
  readonly #last: Seen[] = Array.from({ length: LAST_EVENTS }, () => ({
    atUs: 0,
    host: 0,
    event: undefined,
  }));
  #next = 0;

  constructor(hosts: number, genesisId: BlockHash) {
    this.heads = Array.from({ length: hosts }, () => ({ id: genesisId, height: 0 }));
    this.halted = Array.from({ length: hosts }, () => false);
  }

  /** @returns whether a head moved. */
  onEvent(host: number, event: DomainEvent, atUs: number): boolean {
    if (!isRoutine(event.kind)) {
      const seen = this.#last[this.#next] as Seen;
      seen.atUs = atUs;
      seen.host = host;
      seen.event = event;
      this.#next = (this.#next + 1) % LAST_EVENTS;
    }
    return this.#count(host, event);
  }

  #count(host: number, event: DomainEvent): boolean {
    switch (event.kind) {
      case 'HeadChanged':
        return this.#head(host, event.id, event.height);
      case 'NodeStarted':
        this.starts++;
        this.halted[host] = false;
        return this.#head(host, event.head, event.height);
      case 'NodeHalted':
        this.halted[host] = true;
        return true;
      case 'Reorganised':
        this.reorgs++;
        this.reorgDepth = Math.max(this.reorgDepth, event.depth);
        return false;
      case 'BlockReceived':
        if (event.via === 'sync') this.synced++;
        if (event.via === 'compact') this.compact++;
        return false;
      case 'BlockProduced':
        this.produced++;
        return false;
      case 'TransactionRejected':
        this.rejected++;
        return false;
      case 'CorruptionDetected':
        this.corruptionsDetected++;
        return false;
      case 'CorruptionRepaired':
        this.repairs++;
        return false;
      default:
        return false;
    }
  }

  #head(host: number, id: BlockHash, height: number): boolean {
    const head = this.heads[host] as { id: BlockHash; height: number };
    head.id = id;
    head.height = height;
    return true;
  }

  /** The most relevant of the last events, oldest first. `involved`: the hosts that a violation names. */
  lastEvents(nameOf: (host: number) => string, involved: readonly string[]): readonly EventLine[] {
    const seen: SeenEvent[] = [];
    for (let i = 0; i < LAST_EVENTS; i++) {
      const { atUs, host, event } = this.#last[(this.#next + i) % LAST_EVENTS] as Seen;
      if (event !== undefined) seen.push({ atUs, host, event });
    }
    const hosts = new Set(seen.map(({ host }) => host).filter((host) => involved.includes(nameOf(host))));
    return selectRelevant(seen, [...hosts]).map(({ atUs, host, event }) => ({
      atUs,
      host: nameOf(host),
      text: `${event.kind} ${factsOf(event)}`,
    }));
  }
}
