/** Which planned losses and corruptions of messages hit one: a fault on a link that carries nothing proves nothing. */
import type { Fault } from '../sim/fault.ts';
import type { LinkTarget } from '../sim/network/link-change.ts';
import type { MessageException } from '../sim/network/ports.ts';

interface Waiting {
  readonly id: string;
  readonly kind: 'loss' | 'corrupt';
  readonly links: LinkTarget;
  readonly fromUs: number;
  readonly untilUs: number;
}

function isAmong(hosts: LinkTarget['from'], host: number): boolean {
  return hosts === 'all' || hosts.includes(host);
}

function covers({ from, to, bothWays }: LinkTarget, a: number, b: number): boolean {
  return (isAmong(from, a) && isAmong(to, b)) || (bothWays && isAmong(from, b) && isAmong(to, a));
}

function waitingOf(faults: readonly Fault[]): readonly Waiting[] {
  return faults.flatMap((fault) => {
    if (fault.kind !== 'link' || fault.off === true) return [];
    const { change, atUs, forUs, id } = fault;
    if (change.kind !== 'loss' && change.kind !== 'corrupt') return [];
    const untilUs = forUs === 'forever' ? Number.POSITIVE_INFINITY : atUs + forUs;
    return [{ id, kind: change.kind, links: change.links, fromUs: atUs, untilUs }];
  });
}

/** One per run. */
export class MessageFaults {
  /** Not over, and not yet seen to hit anything, the earliest first. */
  #waiting: readonly Waiting[];
  readonly #idle: Set<string>;

  constructor(faults: readonly Fault[]) {
    this.#waiting = [...waitingOf(faults)].sort((a, b) => a.fromUs - b.fromUs);
    this.#idle = new Set(this.#waiting.map(({ id }) => id));
  }

  /** False for a fault of this kind that hit no message; true for every other fault. */
  hasHit(id: string): boolean {
    return !this.#idle.has(id);
  }

  /** Told of every message that was lost, delayed by losses, or corrupted. */
  onMessage({ from, to, effect }: MessageException, nowUs: number): void {
    const first = this.#waiting[0];
    if (first === undefined || first.fromUs > nowUs) return;
    const kind = effect.kind === 'corrupt' ? 'corrupt' : 'loss';
    const isHit = (waiting: Waiting): boolean =>
      waiting.kind === kind &&
      waiting.fromUs <= nowUs &&
      nowUs <= waiting.untilUs &&
      covers(waiting.links, from, to);
    const hit = this.#waiting.filter(isHit);
    if (hit.length === 0) return;
    for (const { id } of hit) this.#idle.delete(id);
    this.#waiting = this.#waiting.filter((waiting) => !hit.includes(waiting) && nowUs <= waiting.untilUs);
  }
}
