/** What must hold of the simulator on the engine that loads this: the traps close it, and an exhausted stack is no result. */
import { createScenarioRun, type ScenarioRun } from '../../src/cluster/run.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { program, runTo, simulate } from '../../src/sim/test-world.ts';
import { TrapError, withTraps } from '../../src/sim/traps.ts';
import type { CheckAnswer, Place } from './report.ts';

/** What a planted program reads in each place, by name, and the run must name. */
const PLANTED: Readonly<Record<Place, readonly string[]>> = {
  page: ['requestAnimationFrame', 'localStorage', 'XMLHttpRequest', 'crypto', 'setTimeout'],
  worker: ['requestAnimationFrame', 'indexedDB', 'XMLHttpRequest', 'crypto', 'setTimeout', 'queueMicrotask'],
};

/** Doors to time, chance, storage, network, screen and machine. No browser has all of them. */
const IMPURE: readonly string[] = [
  ...['Date', 'Temporal', 'performance', 'Event', 'File', 'PerformanceObserver', 'AbortSignal', 'scheduler'],
  ...['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'queueMicrotask', 'reportError'],
  ...['requestAnimationFrame', 'cancelAnimationFrame', 'requestIdleCallback', 'createImageBitmap'],
  ...['crypto', 'Crypto', 'FinalizationRegistry', 'WeakRef', 'Intl', 'console', 'navigator', 'origin'],
  ...['localStorage', 'sessionStorage', 'indexedDB', 'caches', 'cookieStore', 'FileReader', 'FileReaderSync'],
  ...['fetch', 'XMLHttpRequest', 'WebSocket', 'WebTransport', 'EventSource', 'Request', 'importScripts'],
  ...['Worker', 'SharedWorker', 'BroadcastChannel', 'MessageChannel', 'postMessage', 'addEventListener'],
  ...['innerWidth', 'devicePixelRatio', 'screen', 'matchMedia', 'getComputedStyle', 'OffscreenCanvas'],
  ...['history', 'name', 'alert', 'open', 'close', 'Notification', 'speechSynthesis'],
];
/** Of these so many at least are there, wherever this runs: a check that finds nothing to look at has failed. */
const IMPURE_MIN = 15;

/** A cluster so small that it ends in an instant. */
const SMALL: ScenarioFile = {
  name: 'small',
  shows: 'A small cluster for a check.',
  duration: '30s',
  nodes: 2,
  signatures: 'modelled',
  chain: { engine: 'pow', blockInterval: '2s', finalityDepth: 8 },
  network: { latency: { uniform: '10ms..40ms' } },
  load: [{ kind: 'transfers', perSecond: 1, accounts: 4 }],
  liveness: 'excused',
  expect: 'pass',
};

/** Names of the checks of a place, in order. */
export function checkNames(place: Place): readonly string[] {
  return checksOf(place).map(([name]) => `${name} (${place})`);
}

/** Makes them all; what a check throws is its problem. */
export function runChecks(place: Place): readonly CheckAnswer[] {
  return checksOf(place).map(([name, find]) => ({ check: `${name} (${place})`, problem: problemOf(find) }));
}

function checksOf(place: Place): readonly (readonly [string, () => string])[] {
  return [
    ['globals throw while a simulation steps', findUntrapped],
    ['globals are left as they were', findChanged],
    ...PLANTED[place].map((name) => [`a planted ${name} is named`, () => findUnnamed(name)] as const),
    ['an exhausted stack ends the run', findExhaustedResult],
  ];
}

function problemOf(find: () => string): string {
  try {
    return find();
  } catch (error) {
    return `it threw ${String(error)}`;
  }
}

function read(name: string): unknown {
  return Reflect.get(globalThis, name);
}

/** What `read` throws under traps; undefined when it throws nothing. */
function thrownBy(name: string): unknown {
  return withTraps(() => {
    try {
      read(name);
      return undefined;
    } catch (error) {
      return error;
    }
  });
}

function findUntrapped(): string {
  const present = IMPURE.filter((name) => name in globalThis);
  if (present.length < IMPURE_MIN) return `only ${present.length} of the globals to look at are there`;
  const open = present.filter((name) => {
    const thrown = thrownBy(name);
    return !(thrown instanceof TrapError && thrown.touched === name);
  });
  return open.length === 0 ? '' : `these do not throw: ${open.join(', ')}`;
}

/** Every global with all of its flags, and where it stands. */
function picture(): Map<string, PropertyDescriptor> {
  const found = new Map<string, PropertyDescriptor>();
  let depth = 0;
  for (let holder: unknown = globalThis; typeof holder === 'object' && holder !== null; depth++) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(holder)))
      found.set(`${depth} ${name}`, descriptor);
    holder = Object.getPrototypeOf(holder);
  }
  return found;
}

function findChanged(): string {
  const before = picture();
  withTraps(() => undefined);
  const after = picture();
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changed = names.filter((name) => !isSame(before.get(name), after.get(name)));
  return changed.length === 0 ? '' : `these changed: ${changed.join(', ')}`;
}

function isSame(a: PropertyDescriptor | undefined, b: PropertyDescriptor | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const flags = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'] as const;
  return flags.every((flag) => Object.is(a[flag], b[flag]));
}

/** The small cluster, where a host does something else with every message. */
function runPlanted(onMessage: () => void): ScenarioRun {
  const run = createScenarioRun(SMALL, {
    seed: '1',
    program: (_, honest) => (env, number) => ({ ...honest(env, number), onMessage }),
  });
  while (run.step(10_000));
  return run;
}

function findUnnamed(name: string): string {
  if (!(name in globalThis)) return 'there is no such global';
  const run = runPlanted(() => void read(name));
  const { verdict } = run.result();
  if (verdict.kind !== 'crashed') return `the run came to ${verdict.kind}`;
  const { thrown } = run;
  return thrown instanceof TrapError && thrown.touched === name ? '' : `the run ended by ${String(thrown)}`;
}

function findExhaustedResult(): string {
  const deeper = (n: number): number => 1 + deeper(n + 1);
  const run = runPlanted(() => void deeper(0));
  const status = run.cluster.simulator.status();
  const verdict = run.result().verdict.kind;
  if (verdict !== 'crashed' || status.kind !== 'ended' || status.reason.kind !== 'exhausted')
    return `the run came to ${verdict}: ${String(run.thrown)}`;
  const main = program(() => ({ onStart: () => void deeper(0) }));
  const simulator = simulate(1, main, { onProgramThrow: 'endBoot' });
  runTo(simulator, 10_000);
  const other = simulator.status();
  return other.kind === 'ended' && other.reason.kind === 'exhausted' ? '' : 'only the boot ended';
}
