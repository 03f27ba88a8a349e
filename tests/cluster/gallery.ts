/** The scenario gallery in short forms: the same hosts, links and faults, over minutes instead of hours. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ClusterPlan } from '../../src/cluster/plan.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { parseScenario } from '../../src/cluster/scenario/parse.ts';
import type { Override } from '../../src/cluster/scenario/read-yaml.ts';
import type { Fault } from '../../src/sim/fault.ts';

const FOLDER = new URL('../../scenarios/', import.meta.url);
/** Faults begin before, and end by then. */
const FAULTS_US = 130_000_000;
/** Then all must come together. */
const QUIET_US = 70_000_000;

/** Scenarios that are long or large by what they show are made small in the file. */
const SMALLER: ReadonlyMap<string, readonly Override[]> = new Map([
  ['11-majority-reorg.yaml', [{ path: 'faults[0].at', value: '30s' }]],
  ['12-late-joiner.yaml', [{ path: 'hosts[0].joins', value: '100s' }]],
  ['13-overload.yaml', [{ path: 'load[0].perSecond', value: '10' }]],
  [
    '14-upgrade-with-laggard.yaml',
    [
      { path: 'chain.upgrade.height', value: '14' },
      { path: 'faults[0].at', value: '20s' },
      { path: 'load[1].from', value: '125s' },
    ],
  ],
  [
    '19-snapshot-joiner.yaml',
    [
      { path: 'chain.blockInterval', value: '1s' },
      { path: 'chain.snapshots.every', value: '20' },
      { path: 'hosts[0].joins', value: '110s' },
      { path: 'faults[0].at', value: '109s' },
      { path: 'faults[1].at', value: '111s' },
      { path: 'faults[2].at', value: '111s' },
      { path: 'faults[3].at', value: '112s' },
    ],
  ],
  ['33-eclipse.yaml', [{ path: 'hosts[0].byzantine[0].places', value: '12' }]],
  [
    '48-pos-late-joiner.yaml',
    [
      { path: 'hosts[0].joins', value: '100s' },
      { path: 'faults[0].at', value: '101s' },
    ],
  ],
  ['50-pos-rolling-upgrade.yaml', [{ path: 'chain.upgrade.height', value: '50' }]],
  [
    '51-pos-hundred.yaml',
    [
      { path: 'nodes', value: '20' },
      { path: 'duration', value: '30s' },
    ],
  ],
  [
    '52-pos-changes-every-block.yaml',
    [
      { path: 'duration', value: '60s' },
      { path: 'atLeast', value: '{}' },
    ],
  ],
  [
    '15-internet-2019-300.yaml',
    [
      { path: 'nodes', value: '20' },
      { path: 'chain.blockInterval', value: '12s' },
    ],
  ],
  [
    '16-internet-2019-600.yaml',
    [
      { path: 'nodes', value: '20' },
      { path: 'chain.blockInterval', value: '12s' },
    ],
  ],
]);

/** File names of the gallery, in order. */
export const GALLERY: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .sort();

function cut(fault: Fault): Fault {
  if (!('forUs' in fault) || fault.forUs === 'forever') return fault;
  return { ...fault, forUs: Math.min(fault.forUs, FAULTS_US - fault.atUs) };
}

/** A plan of that scenario that ends after 200 s of simulated time; it demands no counts. */
export function shortPlan(name: string, seed = '1'): ClusterPlan {
  const source = readFileSync(new URL(name, FOLDER), 'utf8');
  const overrides = [{ path: 'signatures', value: 'modelled' }, ...(SMALLER.get(name) ?? [])];
  const plan = resolveScenario(parseScenario(name, source, overrides), seed);
  if (plan.quietFromUs <= FAULTS_US) return { ...plan, atLeast: {} };
  return {
    ...plan,
    durationUs: FAULTS_US + QUIET_US,
    quietFromUs: FAULTS_US,
    loads: plan.loads.map((load) => ({ ...load, untilUs: Math.min(load.untilUs, FAULTS_US) })),
    faults: plan.faults.filter((fault) => fault.atUs < FAULTS_US).map(cut),
    atLeast: {},
  };
}
