/** The last events of a run in two bounded rings: the usual ones, and those out of the ordinary, which they would push out. */
import type { DomainEvent } from '../chain/types/event.ts';
import type { BootEnd } from '../sim/host-world.ts';

/** Usual events kept: a block's way through a few dozen hosts. */
const USUAL_KEPT = 400;
/** Unusual ones: what went wrong in a run of an hour with a fault every ten seconds. */
const UNUSUAL_KEPT = 256;
/** An event like one of the last so many unusual ones takes its place and its count: a flood pushes nothing out. */
const LOOK_BACK = 8;

/** What a failure may show: what nodes emit, and what happens to their hosts. */
export type LoggedEvent =
  | DomainEvent
  | { readonly kind: 'HostDown'; readonly how: BootEnd['kind'] }
  | { readonly kind: 'Deviated'; readonly behaviour: string };

/** An event, when it happened, and to whom. */
export interface SeenEvent {
  readonly atUs: number;
  readonly host: number;
  readonly event: LoggedEvent;
  /** Place among all events of the run: orders those of one instant. */
  readonly sequence: number;
  /** How often it, or one like it, was seen, and when first; the rest is of the last one. */
  readonly times: number;
  readonly sinceUs: number;
}

/** Says too little to be kept at all: there are thousands, and a scenario's load makes them. */
export function isRoutine(kind: LoggedEvent['kind']): boolean {
  return kind === 'TransactionAccepted' || kind === 'TransactionRejected' || kind === 'TransactionDropped';
}

function isUnusual(event: LoggedEvent, isReturn: boolean): boolean {
  switch (event.kind) {
    case 'HostDown':
    case 'Deviated':
    case 'NodeStopped':
    case 'NodeHalted':
    case 'PeerScored':
    case 'PeerBanned':
    case 'HandshakeRefused':
    case 'BlockRejected':
    case 'BlockHeld':
    case 'SyncPeerDropped':
    case 'SnapshotUnavailable':
    case 'SnapshotLeftAside':
    case 'SnapshotInstalled':
    case 'ProducersChanged':
    case 'CorruptionDetected':
    case 'CorruptionRepaired':
    case 'Engine':
      return true;
    case 'NodeStarted':
      return isReturn;
    case 'Reorganised':
      // One block deep is what two miners at once make of every proof of work.
      return event.depth > 1;
    default:
      return false;
  }
}

/** Two unusual events of one host with the same key are one that repeats. */
function repeatKey(event: LoggedEvent): string {
  switch (event.kind) {
    case 'PeerScored':
    case 'PeerBanned':
    case 'SyncPeerDropped':
      return `${event.kind} ${event.fault} ${event.peer}`;
    case 'HandshakeRefused':
    case 'BlockRejected':
      return `${event.kind} ${event.code}`;
    case 'CorruptionDetected':
    case 'CorruptionRepaired':
      return `${event.kind} ${event.record}`;
    case 'Engine':
      return `${event.kind} ${event.engine} ${event.what}`;
    case 'HostDown':
      return `${event.kind} ${event.how}`;
    case 'Deviated':
      return `${event.kind} ${event.behaviour}`;
    default:
      return event.kind;
  }
}

interface Slot {
  atUs: number;
  host: number;
  event: LoggedEvent | undefined;
  sequence: number;
}

/** One per run. */
export class EventLog {
  readonly #usual: Slot[] = Array.from({ length: USUAL_KEPT }, () => ({
    atUs: 0,
    host: 0,
    event: undefined,
    sequence: 0,
  }));
  #next = 0;
  /** Oldest first. */
  readonly #unusual: SeenEvent[] = [];
  #sequence = 0;
  /** Hosts that were down at least once: their next start is a recovery. */
  readonly #wasDown = new Set<number>();

  add(host: number, event: LoggedEvent, atUs: number): void {
    const sequence = this.#sequence++;
    if (event.kind === 'HostDown') this.#wasDown.add(host);
    if (isUnusual(event, this.#wasDown.has(host))) return this.#addUnusual(host, event, atUs, sequence);
    if (isRoutine(event.kind)) return;
    const slot = this.#usual[this.#next] as Slot;
    slot.atUs = atUs;
    slot.host = host;
    slot.event = event;
    slot.sequence = sequence;
    this.#next = (this.#next + 1) % USUAL_KEPT;
  }

  /** What is kept of the usual events, oldest first. */
  usual(): readonly SeenEvent[] {
    const seen: SeenEvent[] = [];
    for (let i = 0; i < USUAL_KEPT; i++) {
      const { atUs, host, event, sequence } = this.#usual[(this.#next + i) % USUAL_KEPT] as Slot;
      if (event !== undefined) seen.push({ atUs, host, event, sequence, times: 1, sinceUs: atUs });
    }
    return seen;
  }

  /** What is kept of the unusual events, oldest first. */
  unusual(): readonly SeenEvent[] {
    return this.#unusual;
  }

  #addUnusual(host: number, event: LoggedEvent, atUs: number, sequence: number): void {
    const key = repeatKey(event);
    const from = Math.max(0, this.#unusual.length - LOOK_BACK);
    const at = this.#unusual.findIndex(
      (earlier, i) => i >= from && earlier.host === host && repeatKey(earlier.event) === key,
    );
    const [earlier] = at < 0 ? [] : this.#unusual.splice(at, 1);
    if (this.#unusual.length === UNUSUAL_KEPT) this.#unusual.shift();
    const times = (earlier?.times ?? 0) + 1;
    this.#unusual.push({ atUs, host, event, sequence, times, sinceUs: earlier?.sinceUs ?? atUs });
  }
}
