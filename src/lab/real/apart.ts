/** When nodes of a real run that were up did not all reach each other, directly or by way of others: as they start, and until links that were cut are there again. */
import type { Interval } from './real-faults.ts';

/** What a host told of another one. */
export interface PeerChange {
  readonly us: number;
  readonly host: number;
  readonly peer: number;
  readonly isUp: boolean;
}

type Change = PeerChange | { readonly us: number; readonly host: number; readonly isUp: boolean };

/** @param ups for each host when it had its chain open. A link is one of which both sides have told. */
export function apartSpans(
  ups: readonly (readonly Interval[])[],
  peers: readonly PeerChange[],
  endedUs: number,
): readonly Interval[] {
  const changes: Change[] = [...peers];
  for (const [host, intervals] of ups.entries())
    for (const [fromUs, untilUs] of intervals)
      changes.push({ us: fromUs, host, isUp: true }, { us: untilUs, host, isUp: false });
  changes.sort((a, b) => a.us - b.us);
  const world = new Reach(ups.length);
  const spans: Interval[] = [];
  let apartUs: number | undefined;
  for (const change of changes) {
    world.apply(change);
    const isApart = world.isApart();
    if (isApart) apartUs ??= change.us;
    else if (apartUs !== undefined) {
      spans.push([apartUs, change.us]);
      apartUs = undefined;
    }
  }
  return apartUs === undefined || apartUs >= endedUs ? spans : [...spans, [apartUs, endedUs]];
}

/** Who is up and sees whom just now. */
class Reach {
  readonly #up = new Set<number>();
  readonly #sees: readonly Set<number>[];

  constructor(hosts: number) {
    this.#sees = Array.from({ length: hosts }, () => new Set<number>());
  }

  apply(change: Change): void {
    const { host, isUp } = change;
    const seen = this.#sees[host];
    if ('peer' in change) {
      if (isUp) seen?.add(change.peer);
      else seen?.delete(change.peer);
      return;
    }
    if (isUp) this.#up.add(host);
    else {
      this.#up.delete(host);
      seen?.clear();
    }
  }

  isApart(): boolean {
    const [first] = this.#up;
    if (first === undefined) return false;
    const reached = new Set([first]);
    for (const host of reached)
      for (const peer of this.#sees[host] ?? [])
        if (this.#up.has(peer) && this.#sees[peer]?.has(host) === true) reached.add(peer);
    return reached.size < this.#up.size;
  }
}
