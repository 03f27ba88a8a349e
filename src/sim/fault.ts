/** The fault plan: what goes wrong, when, and with whom; data that is drawn before the run and can be cut by a shrinker. */
import type { DiskFault } from './disk/disk.ts';
import type { LinkChange } from './network/link-change.ts';

/** How long a fault lasts, or a host stays down. */
export type SpanUs = number | 'forever';

/**
 * Inside a handler, between two of its effects (write, flush, send, dial, close, timer, emit, verify, reply): the first
 * `count` happen, the rest do not. `handler`: of the first handler that has so many, from the fault's time on; 0 is
 * before its first. `boot`, `run`: counted since the start of the boot or of the run, once it is reached.
 */
export interface EffectPoint {
  readonly of: 'handler' | 'boot' | 'run';
  readonly count: number;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** What a fault does. `hosts` are numbers; one that names none changes nothing, not even the hash. */
export type FaultAction =
  /**
   * The boot ends. `kill`: the machine lives, peers see a reset, the page cache survives. `power`: silence, and a
   * suffix of what was not flushed is gone. Then a start with that disk; `old` is the last `diskSnapshot`.
   */
  | {
      readonly kind: 'crash';
      readonly hosts: readonly number[];
      readonly how: 'kill' | 'power';
      readonly at?: EffectPoint;
      readonly downUs: SpanUs;
      readonly disk: 'keep' | 'empty' | 'old';
      /** Another program from then on. */
      readonly variant?: string;
    }
  /** `onStop`, and a kill when `done` was not called within `deadlineUs`; then a start with its disk. */
  | {
      readonly kind: 'stop';
      readonly hosts: readonly number[];
      readonly deadlineUs: number;
      readonly downUs: SpanUs;
      readonly variant?: string;
    }
  /** Starts hosts that are down. */
  | { readonly kind: 'start'; readonly hosts: readonly number[]; readonly variant?: string }
  /** The host stands still and then goes on, its clocks having run: what arrived waits. */
  | { readonly kind: 'pause'; readonly hosts: readonly number[]; readonly forUs: SpanUs }
  /** The wall clock jumps. */
  | { readonly kind: 'clockStep'; readonly hosts: readonly number[]; readonly byUs: number }
  /** Both clocks run faster or slower; several add up. */
  | {
      readonly kind: 'clockDrift';
      readonly hosts: readonly number[];
      readonly ppm: number;
      readonly forUs: SpanUs;
    }
  /** Timers that are set fire up to so much late, drawn for each due time; the largest counts. */
  | {
      readonly kind: 'timerJitter';
      readonly hosts: readonly number[];
      readonly upToUs: number;
      readonly forUs: SpanUs;
    }
  /** Keeps what the disk holds, for a later start with an `old` disk. */
  | { readonly kind: 'diskSnapshot'; readonly hosts: readonly number[] }
  | {
      readonly kind: 'disk';
      readonly hosts: readonly number[];
      readonly fault: WithoutId<DiskFault>;
      readonly forUs: SpanUs;
    }
  | { readonly kind: 'link'; readonly change: WithoutId<LinkChange>; readonly forUs: SpanUs };

/** One line of the plan. `off` leaves it out and shifts nothing else. Ids are unique in a plan. */
export type Fault = { readonly id: string; readonly atUs: number; readonly off?: boolean } & FaultAction;

/** How often a fault was injected, by host that it named, and how often that changed anything. */
export interface FaultCount {
  readonly id: string;
  /** The action's kind; of `disk` and `link` that of the inner fault. */
  readonly kind: string;
  readonly injected: number;
  readonly effective: number;
}
