/** What can be left out of a scenario: each dimension is a list of parts, and knows the scenario that has some of them alone. */
import { faultKindOf } from '../../cluster/fault-kind.ts';
import type { ScenarioFile } from '../../cluster/scenario/schema.ts';
import type { Fault } from '../../sim/fault.ts';

/** Parts of one kind, by number. */
export interface Dimension {
  /** Of many parts, in words: `faults`. */
  readonly name: string;
  size(file: ScenarioFile): number;
  /** The scenario with these parts alone. */
  keep(file: ScenarioFile, parts: ReadonlySet<number>): ScenarioFile;
}

type HostRule = NonNullable<ScenarioFile['hosts']>[number];

function planOf(file: ScenarioFile): readonly Fault[] {
  return file.plan ?? [];
}

function kindsOf(file: ScenarioFile): readonly string[] {
  return [...new Set(planOf(file).map(({ id }) => faultKindOf(id)))];
}

/** All faults of a kind at once. */
const families: Dimension = {
  name: 'kinds of faults',
  size: (file) => kindsOf(file).length,
  keep(file, parts) {
    const kinds = kindsOf(file).filter((_, i) => parts.has(i));
    return { ...file, plan: planOf(file).filter(({ id }) => kinds.includes(faultKindOf(id))) };
  },
};

const faults: Dimension = {
  name: 'faults',
  size: (file) => planOf(file).length,
  keep: (file, parts) => ({ ...file, plan: planOf(file).filter((_, i) => parts.has(i)) }),
};

/** Messages that suffer, where they are stated. */
const messages: Dimension = {
  name: 'messages that suffer',
  size: (file) => file.messageFaults?.length ?? 0,
  keep: (file, parts) => ({
    ...file,
    messageFaults: (file.messageFaults ?? []).filter((_, i) => parts.has(i)),
  }),
};

const loads: Dimension = {
  name: 'loads',
  size: (file) => file.load?.length ?? 0,
  keep: (file, parts) => ({ ...file, load: (file.load ?? []).filter((_, i) => parts.has(i)) }),
};

const proposals: Dimension = {
  name: 'proposals',
  size: (file) => file.proposals?.length ?? 0,
  keep: (file, parts) => ({ ...file, proposals: (file.proposals ?? []).filter((_, i) => parts.has(i)) }),
};

/** Lines that say how hosts differ, those of absent hosts apart. */
const rules: Dimension = {
  name: 'lines of hosts',
  size: (file) => file.hosts?.filter(({ absent }) => absent !== true).length ?? 0,
  keep(file, parts) {
    let number = 0;
    return {
      ...file,
      hosts: (file.hosts ?? []).filter((rule) => rule.absent === true || parts.has(number++)),
    };
  },
};

function absentOf(file: ScenarioFile): ReadonlySet<number> {
  return new Set(
    (file.hosts ?? []).flatMap(({ absent, hosts }) => (absent === true && Array.isArray(hosts) ? hosts : [])),
  );
}

function presentOf(file: ScenarioFile): readonly number[] {
  const absent = absentOf(file);
  return Array.from({ length: file.nodes }, (_, i) => i).filter((i) => !absent.has(i));
}

/** The fault without the hosts that are gone; undefined: nothing is left of it. Links keep their ends: who is gone sends nothing. */
function onlyOn(fault: Fault, gone: ReadonlySet<number>): Fault | undefined {
  if (fault.kind === 'link') return fault;
  const hosts = fault.hosts.filter((host) => !gone.has(host));
  return hosts.length === 0 ? undefined : { ...fault, hosts };
}

/** Hosts that are started. Numbers, topology and draws of the others stay: who is left out is absent, by a line of its own. */
function hostsDimension(name: string, rule: Omit<HostRule, 'hosts'>): Dimension {
  return {
    name,
    size: (file) => presentOf(file).length,
    keep(file, parts) {
      const present = presentOf(file);
      const more = present.filter((_, i) => !parts.has(i));
      const gone = new Set([...absentOf(file), ...more]);
      const lines = more.map((host): HostRule => ({ hosts: [host], absent: true, ...rule }));
      return {
        ...file,
        hosts: [...(file.hosts ?? []), ...lines],
        plan: planOf(file).flatMap((fault) => onlyOn(fault, gone) ?? []),
      };
    },
  };
}

/** Without them the others have all the power there is … */
const powerless = hostsDimension('hosts', { stake: 0, hashShare: 0 });
/** … or the absent keep theirs. */
const absent = hostsDimension('hosts', {});

type Setting = (file: ScenarioFile) => ScenarioFile | undefined;

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _gone, ...rest } = value;
  return rest;
}

/** Leaves one key out, where it is there. */
function setting<K extends 'chain' | 'network' | 'node'>(part: K, key: string): Setting {
  return (file) => {
    const value = file[part];
    if (value === undefined || !(key in value)) return undefined;
    return { ...file, [part]: Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) };
  };
}

/** What a run may do without: delays become one constant, limits and time-outs what they are by default. The topology stays. */
const SETTINGS: readonly Setting[] = [
  (file) => (file.atLeast === undefined ? undefined : without(file, 'atLeast')),
  (file) => (file.cpu === undefined ? undefined : without(file, 'cpu')),
  (file) => (file.byzantine === undefined ? undefined : without(file, 'byzantine')),
  ...['latency', 'jitter', 'bandwidth', 'uplink', 'stallReset'].map((key) => setting('network', key)),
  ...['rounds', 'staking', 'snapshots', 'blockBytesMax', 'reward', 'keepUndo', 'halfLife', 'upgrade'].map(
    (key) => setting('chain', key),
  ),
  ...[
    'compactBlocks',
    'mempoolMax',
    'scrubEvery',
    'relayStale',
    'pings',
    'transactionGossip',
    'timeouts',
  ].map((key) => setting('node', key)),
];

function settingsOf(file: ScenarioFile): readonly Setting[] {
  return SETTINGS.filter((leave) => leave(file) !== undefined);
}

const settings: Dimension = {
  name: 'settings',
  size: (file) => settingsOf(file).length,
  keep(file, parts) {
    let kept = file;
    for (const [i, leave] of settingsOf(file).entries()) if (!parts.has(i)) kept = leave(kept) ?? kept;
    return kept;
  },
};

/** In the order in which they are tried: what leaves out much at once comes first. */
export const DIMENSIONS: readonly Dimension[] = [
  settings,
  families,
  loads,
  proposals,
  faults,
  powerless,
  absent,
  rules,
  messages,
];

/** The links of a fault with these hosts alone at their ends. */
function linksAmong(fault: Extract<Fault, { kind: 'link' }>, isThere: (host: number) => boolean): Fault {
  const { change } = fault;
  if ('groups' in change)
    return { ...fault, change: { ...change, groups: change.groups.map((group) => group.filter(isThere)) } };
  if ('hosts' in change) return { ...fault, change: { ...change, hosts: change.hosts.filter(isThere) } };
  const { from, to } = change.links;
  const links = {
    ...change.links,
    from: from === 'all' ? from : from.filter(isThere),
    to: to === 'all' ? to : to.filter(isThere),
  };
  return { ...fault, change: { ...change, links } };
}

/** Whether messages are lost or corrupted by draw, where nothing states which ones. */
export function drawsFates(file: ScenarioFile): boolean {
  return planOf(file).some(
    (fault) => fault.kind === 'link' && (fault.change.kind === 'loss' || fault.change.kind === 'corrupt'),
  );
}

/** The cluster without the absent hosts behind the last one that is there, the others absent by one line, and without what is empty. */
export function trimmed(file: ScenarioFile): ScenarioFile {
  const nodes = 1 + Math.max(...presentOf(file));
  const isThere = (host: number): boolean => host < nodes;
  const others = (file.hosts ?? []).flatMap((rule): readonly HostRule[] => {
    if (rule.absent === true) return [];
    if (!Array.isArray(rule.hosts)) return [rule];
    const hosts = rule.hosts.filter(isThere);
    return hosts.length === 0 ? [] : [{ ...rule, hosts }];
  });
  const gone = (hasPower: boolean): readonly HostRule[] => {
    const hosts = (file.hosts ?? [])
      .filter(({ absent, stake }) => absent === true && (stake === undefined) === hasPower)
      .flatMap((rule) => (Array.isArray(rule.hosts) ? rule.hosts : []))
      .filter(isThere);
    if (hosts.length === 0) return [];
    return [{ hosts, absent: true, ...(hasPower ? {} : { stake: 0, hashShare: 0 }) }];
  };
  const plan = planOf(file).map((fault) => (fault.kind === 'link' ? linksAmong(fault, isThere) : fault));
  const hosts = [...others, ...gone(true), ...gone(false)];
  const { hosts: _hosts, load, network, chain, node, proposals, messageFaults, ...rest } = file;
  const someOf = <T>(list: readonly T[] | undefined): list is readonly T[] => (list?.length ?? 0) > 0;
  return {
    ...rest,
    nodes,
    ...(chain === undefined || Object.keys(chain).length === 0 ? {} : { chain }),
    ...(network === undefined || Object.keys(network).length === 0 ? {} : { network }),
    ...(node === undefined || Object.keys(node).length === 0 ? {} : { node }),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(someOf(load) ? { load } : {}),
    ...(someOf(proposals) ? { proposals } : {}),
    plan,
    // Where nothing would be drawn, nothing need be stated.
    ...(messageFaults === undefined || (messageFaults.length === 0 && !drawsFates(file))
      ? {}
      : { messageFaults }),
  };
}
