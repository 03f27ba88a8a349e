/** Which of the last events of a run a person should see first: what is out of the ordinary, and what the hosts concerned did. */
import type { DomainEvent } from '../chain/types/event.ts';

/** So many lines are read before a terminal scrolls. */
const EVENTS_SHOWN = 12;
/** Of them at most so many for what is out of the ordinary, so that the last steps themselves are seen too. */
const NOTABLE_SHOWN = 8;

/** An event, when it happened, and to whom. */
export interface SeenEvent {
  readonly atUs: number;
  readonly host: number;
  readonly event: DomainEvent;
}

/** Happens with every block and every peer of a healthy run. */
function isOrdinary(kind: DomainEvent['kind']): boolean {
  switch (kind) {
    case 'BlockProduced':
    case 'BlockReceived':
    case 'BlockImported':
    case 'HeadChanged':
    case 'FinalityAdvanced':
    case 'BaseAdvanced':
    case 'PeerUp':
    case 'UnknownMessageIgnored':
    case 'TransactionAccepted':
    case 'TransactionRejected':
    case 'TransactionDropped':
      return true;
    default:
      return false;
  }
}

/**
 * At most twelve of `seen` (oldest first), in their order. `involved`: the hosts that a violation names; none: all are.
 */
export function selectRelevant(
  seen: readonly SeenEvent[],
  involved: readonly number[],
): readonly SeenEvent[] {
  const concerned = ({ host }: SeenEvent): boolean => involved.length === 0 || involved.includes(host);
  const notable = ({ event }: SeenEvent): boolean => !isOrdinary(event.kind);
  const chosen = new Set<SeenEvent>();
  const take = (wanted: (event: SeenEvent) => boolean, upTo: number): void => {
    for (let i = seen.length - 1; i >= 0 && chosen.size < upTo; i--) {
      const event = seen[i];
      if (event !== undefined && wanted(event)) chosen.add(event);
    }
  };
  take((event) => notable(event) && concerned(event), NOTABLE_SHOWN);
  take(concerned, EVENTS_SHOWN);
  take(notable, EVENTS_SHOWN);
  take(() => true, EVENTS_SHOWN);
  return seen.filter((event) => chosen.has(event));
}
