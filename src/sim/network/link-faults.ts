/** The link changes that are active, asked for each message; a partition costs per host when set, nothing per link. */
import { assert, assertNever } from '../../env/assert.ts';
import type { LinkChange, LinkTarget } from './link-change.ts';

/** Parts in a million, the unit of shares. */
export const MILLION = 1_000_000;
/** Changes at once: each is asked for every message, so a plan that forgets to clear is a bug. */
const ACTIVE_MAX = 100_000;

/** Which directed links a change means. */
interface Links {
  has(from: number, to: number): boolean;
}

interface Active<Change extends LinkChange> {
  readonly change: Change;
  readonly links: Links;
}

type OfKind<Kind extends LinkChange['kind']> = Extract<LinkChange, { readonly kind: Kind }>;
type Cutting = OfKind<'split' | 'ring' | 'isolate' | 'cut'>;

export class LinkFaults {
  /** True while no change is active: the hot path asks nothing else. */
  quiet = true;
  readonly #hosts: number;
  readonly #kinds = new Map<string, LinkChange['kind']>();
  #cuts: Active<Cutting>[] = [];
  #clogs: Active<OfKind<'clog'>>[] = [];
  #losses: Active<OfKind<'loss'>>[] = [];
  #latencies: Active<OfKind<'latency'>>[] = [];
  #bandwidths: Active<OfKind<'bandwidth'>>[] = [];
  #corruptions: Active<OfKind<'corrupt'>>[] = [];
  #duplicates: Active<OfKind<'duplicate'>>[] = [];
  #reorders: Active<OfKind<'reorder'>>[] = [];

  constructor(hosts: number) {
    this.#hosts = hosts;
  }

  /** Starts a change; answers the kind of the one that it replaces. */
  set(change: LinkChange): LinkChange['kind'] | undefined {
    const replaced = this.clear(change.id);
    assert(this.#kinds.size < ACTIVE_MAX, 'no more link changes are active than a plan can mean');
    this.#kinds.set(change.id, change.kind);
    this.quiet = false;
    switch (change.kind) {
      case 'split':
        this.#cuts.push({ change, links: new SplitLinks(this.#hosts, change.groups) });
        break;
      case 'ring':
        this.#cuts.push({ change, links: new RingLinks(this.#hosts, change.hosts, change.reach) });
        break;
      case 'isolate':
        this.#cuts.push({ change, links: new IsolatedLinks(this.#hosts, change.hosts) });
        break;
      case 'cut':
        this.#cuts.push({ change, links: new TargetLinks(this.#hosts, change.links) });
        break;
      case 'clog':
        this.#clogs.push({ change, links: new TargetLinks(this.#hosts, change.links) });
        break;
      case 'loss':
        assertShare(change.ppm);
        this.#losses.push({ change, links: new TargetLinks(this.#hosts, change.links) });
        break;
      case 'latency':
        assert(
          Number.isInteger(change.extraUs) && change.extraUs >= 0,
          'extra latency is a whole number of µs',
        );
        this.#latencies.push({ change, links: new TargetLinks(this.#hosts, change.links) });
        break;
      case 'bandwidth':
        assert(change.kbitPerS > 0, 'a limited link passes something; cut it to pass nothing');
        this.#bandwidths.push({ change, links: new TargetLinks(this.#hosts, change.links) });
        break;
      case 'corrupt':
        assertShare(change.ppm);
        this.#corruptions.push({ change, links: new TargetLinks(this.#hosts, change.links) });
        break;
      case 'duplicate':
        assertShare(change.ppm);
        this.#duplicates.push({ change, links: new TargetLinks(this.#hosts, change.links) });
        break;
      case 'reorder':
        assertShare(change.ppm);
        assert(
          Number.isInteger(change.byUs) && change.byUs >= 0,
          'reordering delays by a whole number of µs',
        );
        this.#reorders.push({ change, links: new TargetLinks(this.#hosts, change.links) });
        break;
      default:
        assertNever(change);
    }
    return replaced;
  }

  /** Ends a change; answers its kind, or undefined when none of that id is active. */
  clear(id: string): LinkChange['kind'] | undefined {
    const kind = this.#kinds.get(id);
    if (kind === undefined) return undefined;
    this.#kinds.delete(id);
    this.quiet = this.#kinds.size === 0;
    switch (kind) {
      case 'split':
      case 'ring':
      case 'isolate':
      case 'cut':
        this.#cuts = without(this.#cuts, id);
        break;
      case 'clog':
        this.#clogs = without(this.#clogs, id);
        break;
      case 'loss':
        this.#losses = without(this.#losses, id);
        break;
      case 'latency':
        this.#latencies = without(this.#latencies, id);
        break;
      case 'bandwidth':
        this.#bandwidths = without(this.#bandwidths, id);
        break;
      case 'corrupt':
        this.#corruptions = without(this.#corruptions, id);
        break;
      case 'duplicate':
        this.#duplicates = without(this.#duplicates, id);
        break;
      case 'reorder':
        this.#reorders = without(this.#reorders, id);
        break;
      default:
        assertNever(kind);
    }
    return kind;
  }

  isCut(from: number, to: number): boolean {
    for (const { links } of this.#cuts) if (links.has(from, to)) return true;
    return false;
  }

  isClogged(from: number, to: number): boolean {
    for (const { links } of this.#clogs) if (links.has(from, to)) return true;
    return false;
  }

  /** The share lost when `ppm` is lost anyway. */
  lossPpm(from: number, to: number, ppm: number): number {
    return combined(this.#losses, from, to, ppm);
  }

  corruptPpm(from: number, to: number, ppm: number): number {
    return combined(this.#corruptions, from, to, ppm);
  }

  duplicatePpm(from: number, to: number, ppm: number): number {
    return combined(this.#duplicates, from, to, ppm);
  }

  reorderPpm(from: number, to: number, ppm: number): number {
    return combined(this.#reorders, from, to, ppm);
  }

  /** The longest delay of a reordered message when `byUs` stands anyway. */
  reorderUs(from: number, to: number, byUs: number): number {
    let longest = byUs;
    for (const { change, links } of this.#reorders) {
      if (links.has(from, to)) longest = Math.max(longest, change.byUs);
    }
    return longest;
  }

  extraUs(from: number, to: number): number {
    let sum = 0;
    for (const { change, links } of this.#latencies) if (links.has(from, to)) sum += change.extraUs;
    return sum;
  }

  /** The narrowest limit; 0: none. */
  kbitPerS(from: number, to: number): number {
    let narrowest = 0;
    for (const { change, links } of this.#bandwidths) {
      if (links.has(from, to) && (narrowest === 0 || change.kbitPerS < narrowest))
        narrowest = change.kbitPerS;
    }
    return narrowest;
  }
}

function assertShare(ppm: number): void {
  assert(Number.isInteger(ppm) && ppm >= 0 && ppm <= MILLION, 'a share is 0 to a million parts in a million');
}

function without<Change extends LinkChange>(active: readonly Active<Change>[], id: string): Active<Change>[] {
  return active.filter((one) => one.change.id !== id);
}

/** Independent shares: what passes is the product of what each lets pass. */
function combined(
  active: readonly Active<LinkChange & { readonly ppm: number }>[],
  from: number,
  to: number,
  ppm: number,
): number {
  let passing = MILLION - ppm;
  for (const { change, links } of active) {
    if (links.has(from, to)) passing = Math.floor((passing * (MILLION - change.ppm)) / MILLION);
  }
  return MILLION - passing;
}

function assertHost(host: number, hosts: number): void {
  assert(Number.isInteger(host) && host >= 0 && host < hosts, 'a link change names hosts of the network');
}

const FROM = 1;
const TO = 2;

class TargetLinks implements Links {
  readonly #ends: Uint8Array;
  readonly #bothWays: boolean;
  constructor(hosts: number, target: LinkTarget) {
    this.#ends = new Uint8Array(hosts);
    this.#bothWays = target.bothWays;
    this.#mark(target.from, FROM);
    this.#mark(target.to, TO);
  }
  #mark(which: readonly number[] | 'all', end: number): void {
    if (which === 'all') {
      for (let i = 0; i < this.#ends.length; i++) this.#ends[i] = (this.#ends[i] as number) | end;
      return;
    }
    for (const host of which) {
      assertHost(host, this.#ends.length);
      this.#ends[host] = (this.#ends[host] as number) | end;
    }
  }
  has(from: number, to: number): boolean {
    const a = this.#ends[from] as number;
    const b = this.#ends[to] as number;
    if ((a & FROM) !== 0 && (b & TO) !== 0) return true;
    return this.#bothWays && (a & TO) !== 0 && (b & FROM) !== 0;
  }
}

class IsolatedLinks implements Links {
  readonly #alone: Uint8Array;
  constructor(hosts: number, alone: readonly number[]) {
    this.#alone = new Uint8Array(hosts);
    for (const host of alone) {
      assertHost(host, hosts);
      this.#alone[host] = 1;
    }
  }
  has(from: number, to: number): boolean {
    return (this.#alone[from] as number) + (this.#alone[to] as number) > 0;
  }
}

const NO_GROUP = -1;
const SEVERAL = -2;

class SplitLinks implements Links {
  readonly #group: Int32Array;
  readonly #several = new Map<number, Set<number>>();
  constructor(hosts: number, groups: readonly (readonly number[])[]) {
    this.#group = new Int32Array(hosts).fill(NO_GROUP);
    for (const [number, group] of groups.entries()) {
      for (const host of group) {
        assertHost(host, hosts);
        this.#add(host, number);
      }
    }
  }
  #add(host: number, group: number): void {
    const before = this.#group[host] as number;
    if (before === NO_GROUP || before === group) {
      this.#group[host] = group;
      return;
    }
    const all = this.#several.get(host) ?? new Set([before]);
    all.add(group);
    this.#several.set(host, all);
    this.#group[host] = SEVERAL;
  }
  has(from: number, to: number): boolean {
    const a = this.#group[from] as number;
    const b = this.#group[to] as number;
    if (a === NO_GROUP || b === NO_GROUP) return false;
    if (a !== SEVERAL && b !== SEVERAL) return a !== b;
    for (const group of this.#several.get(from) ?? [a]) {
      if (b === SEVERAL ? this.#several.get(to)?.has(group) : b === group) return false;
    }
    return true;
  }
}

class RingLinks implements Links {
  readonly #place: Int32Array;
  readonly #size: number;
  readonly #reach: number;
  constructor(hosts: number, circle: readonly number[], reach: number) {
    this.#place = new Int32Array(hosts).fill(-1);
    this.#size = circle.length;
    this.#reach = reach;
    for (const [place, host] of circle.entries()) {
      assertHost(host, hosts);
      assert(this.#place[host] === -1, 'a host stands once in a ring');
      this.#place[host] = place;
    }
  }
  has(from: number, to: number): boolean {
    const a = this.#place[from] as number;
    const b = this.#place[to] as number;
    if (a < 0 || b < 0) return false;
    const apart = a < b ? b - a : a - b;
    return Math.min(apart, this.#size - apart) > this.#reach;
  }
}
