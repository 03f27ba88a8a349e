/**
 * Eviction: which inbound peer leaves when all places are taken and another comes. After Bitcoin Core's
 * SelectNodeToEvict (node/eviction.cpp), with one place for each address group in every class that can be aimed at.
 */
import type { PeerId } from '../types/units.ts';

/** What is known of an inbound peer. Times are of the monotonic clock; undefined: never. */
export interface EvictionCandidate {
  readonly id: PeerId;
  /** Addresses of one group cost their owner little more than one. */
  readonly group: string;
  readonly upMs: number;
  /** The shortest answer it ever gave: it cannot be made shorter than the way is. */
  readonly pingMs: number;
  /** When it last brought a block that was new here and was executed. */
  readonly blockMs: number | undefined;
  /** When it last brought a transaction that the mempool took. */
  readonly transactionMs: number | undefined;
}

/** Places of each protected class: those of Bitcoin Core, which an attacker must beat all at once. */
export const EVICTION_PLACES = { groups: 4, pings: 8, blocks: 8, transactions: 4 } as const;

/**
 * The peer that makes room for one of `newcomer`'s group; undefined: none, the newcomer is refused.
 *
 * Never one that is protected: of so many groups, drawn by lot, the peer that was here longest; of the groups that
 * answer fastest, and that brought blocks and transactions last, the peer that did; and of the rest the half that is
 * here longest. Then the newest of the group with the most peers. A newcomer whose group would be the largest takes the
 * place of one of its own, or none: who has one group of addresses gets no more places than the largest other group has.
 * @param lotOf orders the groups in a way that no peer can foresee, the same at every call: a keyed hash.
 */
export function selectEviction(
  inbound: readonly EvictionCandidate[],
  newcomer: string,
  lotOf: (group: string) => string,
): PeerId | undefined {
  const sizes = new Map<string, number>();
  for (const { group } of inbound) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const isProtected = protectedPeers(inbound, lotOf);
  const open = inbound.filter(({ id }) => !isProtected.has(id));
  const largest = largestGroup(open, sizes);
  if (largest === undefined) return undefined;
  const own = (sizes.get(newcomer) ?? 0) + 1;
  const group = own > (sizes.get(largest) ?? 0) ? newcomer : largest;
  return newest(open.filter((peer) => peer.group === group))?.id;
}

/** The peers that are not evicted, whoever comes. */
export function protectedPeers(
  inbound: readonly EvictionCandidate[],
  lotOf: (group: string) => string,
): ReadonlySet<PeerId> {
  const chosen = new Set<PeerId>();
  const keep = (ranked: readonly EvictionCandidate[], places: number): void => {
    for (const peer of oneOfEachGroup(ranked).slice(0, places)) chosen.add(peer.id);
  };
  const byAge = [...inbound].sort(older);
  // Once a group: an attacker with one group chooses how often this is asked.
  const groups = new Set(inbound.map(({ group }) => group));
  const lots = new Map([...groups].map((group) => [group, lotOf(group)]));
  keep(
    sortedBy(byAge, ({ group }) => lots.get(group) ?? ''),
    EVICTION_PLACES.groups,
  );
  keep(
    sortedBy(byAge, ({ pingMs }) => pingMs),
    EVICTION_PLACES.pings,
  );
  const blocks = byAge.filter(({ blockMs }) => blockMs !== undefined);
  keep(
    sortedBy(blocks, ({ blockMs = 0 }) => -blockMs),
    EVICTION_PLACES.blocks,
  );
  const transactions = byAge.filter(({ transactionMs }) => transactionMs !== undefined);
  keep(
    sortedBy(transactions, ({ transactionMs = 0 }) => -transactionMs),
    EVICTION_PLACES.transactions,
  );
  const rest = byAge.filter(({ id }) => !chosen.has(id));
  for (const { id } of rest.slice(0, rest.length >>> 1)) chosen.add(id);
  return chosen;
}

/** Longest here first. */
function older(a: EvictionCandidate, b: EvictionCandidate): number {
  return a.upMs - b.upMs || (a.id < b.id ? -1 : 1);
}

/** Stable: of equals the one that is here longer stays first. */
function sortedBy(
  peers: readonly EvictionCandidate[],
  rankOf: (peer: EvictionCandidate) => number | string,
): readonly EvictionCandidate[] {
  return [...peers].sort((a, b) => {
    const [x, y] = [rankOf(a), rankOf(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  });
}

function oneOfEachGroup(ranked: readonly EvictionCandidate[]): readonly EvictionCandidate[] {
  const seen = new Set<string>();
  return ranked.filter(({ group }) => {
    const isFirst = !seen.has(group);
    seen.add(group);
    return isFirst;
  });
}

/** Of the groups that have an open peer the one with the most peers; of equals the one whose newest is the newest. */
function largestGroup(
  open: readonly EvictionCandidate[],
  sizes: ReadonlyMap<string, number>,
): string | undefined {
  let best: EvictionCandidate | undefined;
  for (const peer of open) {
    const more = best === undefined ? 1 : (sizes.get(peer.group) ?? 0) - (sizes.get(best.group) ?? 0);
    if (best === undefined || more > 0 || (more === 0 && older(best, peer) < 0)) best = peer;
  }
  return best?.group;
}

function newest(peers: readonly EvictionCandidate[]): EvictionCandidate | undefined {
  return [...peers].sort(older).at(-1);
}
