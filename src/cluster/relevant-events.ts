/** Which of the last events of a run a person should see first, and how they read. */

import type { EventLog, LoggedEvent, SeenEvent } from './event-log.ts';
import type { EventLine } from './result.ts';
import { formatSecondsUs } from './scenario/duration.ts';

/** So many lines are read before a terminal scrolls. */
const EVENTS_SHOWN = 12;
/** Of them at most so many of what is unusual with the hosts concerned … */
const UNUSUAL_SHOWN = 6;
/** … and so many with their peers added, so that the last steps themselves are seen too. */
const UNUSUAL_WITH_PEERS_SHOWN = 8;
/** Digits of ids and keys: they are uniform, and are only compared with each other. */
const ID_DIGITS = 12;

/** What a verdict is about. */
export type Focus =
  /** These hosts, then those that they deal with, then the rest; none: all are concerned. */
  | { readonly kind: 'hosts'; readonly hosts: readonly number[] }
  /** Nothing but what is unusual: a verdict without time and place, which the last blocks do not explain. */
  | { readonly kind: 'unusual' }
  /** Nothing but these kinds. */
  | { readonly kind: 'kinds'; readonly kinds: readonly LoggedEvent['kind'][] };

/** Who is who in a cluster. */
export interface Names {
  nameOf(host: number): string;
  /** The host that has this node identity; undefined: nobody in this cluster. */
  hostOf(peer: string): number | undefined;
}

function peerOf(event: LoggedEvent): string | undefined {
  if (event.kind === 'BlockReceived') return event.from;
  return 'peer' in event ? event.peer : undefined;
}

/** At most twelve, in the order in which they happened. */
export function selectRelevant(log: EventLog, focus: Focus, names: Names): readonly SeenEvent[] {
  const usual = log.usual();
  const unusual = log.unusual();
  const chosen = new Set<SeenEvent>();
  const take = (
    from: readonly SeenEvent[],
    upTo: number,
    isWanted: (seen: SeenEvent) => boolean = () => true,
  ): void => {
    for (let i = from.length - 1; i >= 0 && chosen.size < upTo; i--) {
      const seen = from[i];
      if (seen !== undefined && isWanted(seen)) chosen.add(seen);
    }
  };
  if (focus.kind === 'kinds') {
    const isOfKind = ({ event }: SeenEvent): boolean => focus.kinds.includes(event.kind);
    take(unusual, EVENTS_SHOWN, isOfKind);
    take(usual, EVENTS_SHOWN, isOfKind);
  } else if (focus.kind === 'unusual' || focus.hosts.length === 0) {
    take(unusual, focus.kind === 'unusual' ? EVENTS_SHOWN : UNUSUAL_WITH_PEERS_SHOWN);
    if (focus.kind === 'hosts') take(usual, EVENTS_SHOWN);
  } else {
    const isConcerned = ({ host }: SeenEvent): boolean => focus.hosts.includes(host);
    const peers = new Set(
      [...usual, ...unusual].filter(isConcerned).map(({ event }) => names.hostOf(peerOf(event) ?? '')),
    );
    take(unusual, UNUSUAL_SHOWN, isConcerned);
    take(unusual, UNUSUAL_WITH_PEERS_SHOWN, ({ host }) => peers.has(host));
    take(usual, EVENTS_SHOWN, isConcerned);
    take(unusual, EVENTS_SHOWN);
    take(usual, EVENTS_SHOWN);
  }
  return [...chosen].sort((a, b) => a.sequence - b.sequence);
}

/** Facts of an event as `key=value`: ids and keys cut, node identities as the hosts that have them. */
export function factsOf(value: object, names: Names, prefix = ''): string {
  const parts: string[] = [];
  for (const [key, field] of Object.entries(value)) {
    if (key === 'kind' && prefix === '') continue;
    if (typeof field === 'object' && field !== null) parts.push(factsOf(field, names, `${prefix}${key}.`));
    else parts.push(`${prefix}${key}=${shown(String(field), names)}`);
  }
  return parts.join(' ');
}

function shown(text: string, names: Names): string {
  const host = names.hostOf(text);
  if (host !== undefined) return names.nameOf(host);
  return text.length >= 2 * ID_DIGITS && /^[0-9a-f]+$/.test(text) ? text.slice(0, ID_DIGITS) : text;
}

/** One event as a line. */
export function describeEvent(seen: SeenEvent, names: Names): EventLine {
  const { atUs, host, event, times, sinceUs } = seen;
  const again = times === 1 ? '' : ` (the last of ${times} since ${formatSecondsUs(sinceUs)})`;
  return { atUs, host: names.nameOf(host), text: `${event.kind} ${factsOf(event, names)}${again}` };
}
