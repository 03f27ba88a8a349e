/** The operator of a cluster: tells a node that starts from a snapshot which one to trust, by comparing what others have made. */
import type { DomainEvent } from '../chain/types/event.ts';
import type { Hash } from '../chain/types/units.ts';

/** Hosts that must have made the same snapshot, where the cluster has so many beside the one that starts. */
const WITNESSES = 2;

interface Known {
  readonly id: Hash;
  readonly height: number;
  readonly hosts: Set<number>;
}

/** One per run. Its answers are a function of what hosts emitted before. */
export class SnapshotOperator {
  readonly #interval: number;
  readonly #witnesses: number;
  readonly #made = new Map<Hash, Known>();
  readonly #told = new Map<number, Known>();

  /** @param interval heights between two snapshots. */
  constructor(interval: number, hosts: number) {
    this.#interval = interval;
    this.#witnesses = Math.max(1, Math.min(WITNESSES, hosts - 1));
  }

  onMade(host: number, { id, height }: Extract<DomainEvent, { kind: 'SnapshotMade' }>): void {
    const known = this.#made.get(id) ?? { id, height, hosts: new Set() };
    this.#made.set(id, known);
    known.hosts.add(host);
  }

  /** The newest snapshot with enough witnesses; at a later boot the same as long as others keep it. Undefined: there is none yet. */
  trustedFor(host: number): Hash | undefined {
    let newest: Known | undefined;
    for (const known of this.#made.values()) {
      if (known.hosts.size < this.#witnesses) continue;
      if (newest === undefined || known.height >= newest.height) newest = known;
    }
    const told = this.#told.get(host);
    // The two newest are kept.
    if (told !== undefined && newest !== undefined && newest.height < told.height + 2 * this.#interval)
      return told.id;
    if (newest !== undefined) this.#told.set(host, newest);
    return newest?.id;
  }
}
