/** The fault atlas: keeps one good copy of every item in the cluster, or knows that there is none any more. */
import { assert } from '../../env/assert.ts';
import { equalBytes } from '../../env/bytes.ts';
import type { DiskFault, DiskSnapshot, FaultOutcome, SimDisk } from './disk.ts';
import { keyToText } from './key-text.ts';

/** One host whose disk the atlas guards. */
export interface AtlasHost {
  readonly disk: SimDisk;
  /**
   * The item that a key of this host holds a copy of: a name that all hosts agree on (`block <id>`). Undefined: not
   * shared, may be corrupted; what that means for its owner is for the oracles to say.
   */
  itemOf(key: Uint8Array): string | undefined;
  /** False while no other host can be given a copy by this one: it is down for good, or Byzantine. */
  isSource(): boolean;
}

export interface AtlasConfig {
  readonly hosts: readonly AtlasHost[];
  /** Hosts keep an item under the same key, so that no host is searched through for it. */
  readonly sameKeys: boolean;
  /** What becomes of a fault that would hit the last good copy. */
  readonly onLastCopy: 'refuse' | 'allow';
}

/** Where faults that can lose content pass. Hosts are named by their index. */
export interface FaultAtlas {
  setFault(host: number, fault: DiskFault): FaultOutcome;
  /** False: refused, nothing was done. */
  wipe(host: number): boolean;
  restore(host: number, snapshot: DiskSnapshot): boolean;
  /**
   * Items that lost a copy through this atlas and of which no source holds a good one now, in the order of the loss.
   * While there are any, only safety is judged. A copy that a program deleted counts as gone too.
   */
  lost(): readonly string[];
}

/** Builds the atlas of a cluster. */
export function createFaultAtlas(config: AtlasConfig): FaultAtlas {
  const { hosts, sameKeys, onLastCopy } = config;
  /** Items that lost a copy, each with a key and the host that had it. */
  const harmed = new Map<string, { readonly host: number; readonly key: Uint8Array }>();

  function hostAt(index: number): AtlasHost {
    const host = hosts[index];
    assert(host !== undefined, 'a fault names a host of the cluster');
    return host;
  }

  function holdsGood(host: AtlasHost, item: string, key: Uint8Array): boolean {
    if (host.itemOf(key) === item && host.disk.holds(key) === 'good') return true;
    if (sameKeys) return false;
    return host.disk.keys().some((other) => host.itemOf(other) === item && host.disk.holds(other) === 'good');
  }

  /** A source that keeps its copy, other than `except`. */
  function hasGoodCopy(item: string, key: Uint8Array, except: number): boolean {
    return hosts.some((host, index) => index !== except && host.isSource() && holdsGood(host, item, key));
  }

  /** Says whether the copy may go, and remembers that it goes. */
  function mayLose(index: number, key: Uint8Array): boolean {
    const item = hostAt(index).itemOf(key);
    if (item === undefined) return true;
    if (onLastCopy === 'refuse' && !hasGoodCopy(item, key, index)) return false;
    harmed.set(item, { host: index, key });
    return true;
  }

  /** All or none: a disk is replaced as a whole. */
  function mayLoseAll(index: number, isKept: (key: Uint8Array) => boolean): boolean {
    const host = hostAt(index);
    const going = host.disk.keys().filter((key) => !isKept(key));
    const isLast = (key: Uint8Array): boolean => {
      const item = host.itemOf(key);
      return item !== undefined && !hasGoodCopy(item, key, index);
    };
    if (onLastCopy === 'refuse' && going.some(isLast)) return false;
    for (const key of going) mayLose(index, key);
    return true;
  }

  return {
    setFault: (index, fault) => hostAt(index).disk.setFault(fault, (key) => mayLose(index, key)),
    wipe(index) {
      const isAllowed = mayLoseAll(index, () => false);
      if (isAllowed) hostAt(index).disk.wipe();
      return isAllowed;
    },
    restore(index, snapshot) {
      const { disk } = hostAt(index);
      const isAllowed = mayLoseAll(index, (key) =>
        isSame(snapshot.entries.get(keyToText(key)), disk.pristine.get(key)),
      );
      if (isAllowed) disk.restore(snapshot);
      return isAllowed;
    },
    lost() {
      return [...harmed].filter(([item, { key }]) => !hasGoodCopy(item, key, -1)).map(([item]) => item);
    },
  };
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && equalBytes(a, b);
}
