/**
 * The operator of a cluster: tells a node that starts from a snapshot which one to trust, by comparing what others have made,
 * and names a newer one to a node that still waits for one that the others have dropped.
 */
import type { DomainEvent } from '../chain/types/event.ts';
import type { Hash } from '../chain/types/units.ts';

/** Hosts that must have made the same snapshot, where the cluster has so many beside the one that starts. */
const WITNESSES = 2;
/** Between two looks at nodes that wait for their snapshot. */
const LOOK_EVERY_US = 5_000_000;

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
    const told = this.#told.get(host);
    const newest = this.#newest();
    if (told !== undefined && newest !== undefined && !this.#isDropped(told, newest)) return told.id;
    if (newest !== undefined) this.#told.set(host, newest);
    return newest?.id;
  }

  /** The others have dropped what this host was told to trust. */
  isGone(host: number): boolean {
    const told = this.#told.get(host);
    const newest = this.#newest();
    return told !== undefined && newest !== undefined && this.#isDropped(told, newest);
  }

  #newest(): Known | undefined {
    let newest: Known | undefined;
    for (const known of this.#made.values()) {
      if (known.hosts.size < this.#witnesses) continue;
      if (newest === undefined || known.height >= newest.height) newest = known;
    }
    return newest;
  }

  /** The two newest are kept. */
  #isDropped(told: Known, newest: Known): boolean {
    return newest.height >= told.height + 2 * this.#interval;
  }
}

/** What an operator sees of the nodes, and does to them. */
export interface OperatorPorts {
  nowUs(): number;
  at(atUs: number, run: () => void): void;
  /** The node has no chain yet, and waits for its snapshot. */
  isWaiting(host: number): boolean;
  /** Starts the node again: it asks whom to trust. */
  restart(host: number): void;
}

/** Looks after these hosts to the end of the run. */
export function watchSnapshots(
  operator: SnapshotOperator,
  hosts: readonly number[],
  ports: OperatorPorts,
): void {
  const look = (): void => {
    for (const host of hosts) if (ports.isWaiting(host) && operator.isGone(host)) ports.restart(host);
    ports.at(ports.nowUs() + LOOK_EVERY_US, look);
  };
  if (hosts.length > 0) ports.at(ports.nowUs() + LOOK_EVERY_US, look);
}
