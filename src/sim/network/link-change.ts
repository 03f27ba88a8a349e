/** Changes of links that a fault plan switches on and off: partitions, clogs, loss, delay, limits, corruption. */

/** Directed links by their ends; host numbers, or every host. `bothWays` adds the links from `to` to `from`. */
export interface LinkTarget {
  readonly from: readonly number[] | 'all';
  readonly to: readonly number[] | 'all';
  readonly bothWays: boolean;
}

/**
 * One change, active from `setLink` until `clear(id)`. Changes compose: a link is cut while any active change cuts it,
 * delays add up, the narrowest limit holds, shares combine as independent events. A change that targets nobody changes
 * no draw and no hash. Setting an id that is active replaces it.
 */
export type LinkChange =
  /** Hosts reach each other only within a group. A host in two groups is a bridge; one in none reaches everybody. */
  | { readonly kind: 'split'; readonly id: string; readonly groups: readonly (readonly number[])[] }
  /** Listed hosts reach only those at most `reach` places away in the circle of the list. Others reach everybody. */
  | { readonly kind: 'ring'; readonly id: string; readonly hosts: readonly number[]; readonly reach: number }
  /** Listed hosts reach nobody, and nobody reaches them. */
  | { readonly kind: 'isolate'; readonly id: string; readonly hosts: readonly number[] }
  /** Nothing passes; one way unless `bothWays`. */
  | { readonly kind: 'cut'; readonly id: string; readonly links: LinkTarget }
  /** Messages wait at the receiver's door, in order, until the clog is cleared; no connection ends of it. */
  | { readonly kind: 'clog'; readonly id: string; readonly links: LinkTarget }
  | { readonly kind: 'loss'; readonly id: string; readonly links: LinkTarget; readonly ppm: number }
  | { readonly kind: 'latency'; readonly id: string; readonly links: LinkTarget; readonly extraUs: number }
  /** Each direction of each connection gets that rate somewhere on its way. */
  | { readonly kind: 'bandwidth'; readonly id: string; readonly links: LinkTarget; readonly kbitPerS: number }
  | { readonly kind: 'corrupt'; readonly id: string; readonly links: LinkTarget; readonly ppm: number }
  /** Datagrams only: a stream delivers at most once. */
  | { readonly kind: 'duplicate'; readonly id: string; readonly links: LinkTarget; readonly ppm: number }
  /** Datagrams only: that share of messages is delayed by up to `byUs` more. */
  | {
      readonly kind: 'reorder';
      readonly id: string;
      readonly links: LinkTarget;
      readonly ppm: number;
      readonly byUs: number;
    };

/** A change at an instant of the run, or the end of the change of that id. */
export type TimedLinkChange =
  | { readonly atUs: number; readonly kind: 'set'; readonly change: LinkChange }
  | { readonly atUs: number; readonly kind: 'clear'; readonly id: string };
