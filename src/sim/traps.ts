/** Traps: while a simulation steps, a global that would make the run depend on the machine throws, and never fakes. */
import { PURE_GLOBALS } from './pure-globals.ts';

/** A forbidden global was touched; the stack names the place. */
export class TrapError extends Error {
  readonly code = 'TRAP';
  override readonly name = 'TrapError';
  /** As a program would write it: `Date`, `Math.random`. */
  readonly touched: string;
  constructor(touched: string) {
    super(
      `${touched} is forbidden while a simulation steps: its result depends on the machine or the engine`,
    );
    this.touched = touched;
  }
}

/**
 * Properties of the global object that throw on being read. Native functions and accessors need no line here, since they
 * are trapped unless PURE_GLOBALS names them; Node writes many of its own in JavaScript.
 */
const GLOBALS: ReadonlySet<string> = new Set([
  'Date',
  'Temporal',
  'performance',
  'crypto',
  'Crypto',
  'CryptoKey',
  'SubtleCrypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'process',
  'console',
  'fetch',
  'Intl',
  'WeakRef',
  'FinalizationRegistry',
  'navigator',
  'Navigator',
  'localStorage',
  'sessionStorage',
  'Storage',
  'AbortController',
  'AbortSignal',
  'BroadcastChannel',
  'MessageChannel',
  'WebSocket',
  'EventSource',
  'Event',
  'EventTarget',
  'CustomEvent',
  'MessageEvent',
  'CloseEvent',
  'Blob',
  'File',
  'Request',
  'Response',
  'Performance',
  'PerformanceEntry',
  'PerformanceMark',
  'PerformanceMeasure',
  'PerformanceObserver',
]);
/** Functions that throw on being called: a reference that was captured while the traps were on throws for ever. */
const FUNCTIONS: readonly (readonly [string, readonly string[]])[] = [
  [
    'Math',
    [
      'random',
      'acos',
      'acosh',
      'asin',
      'asinh',
      'atan',
      'atan2',
      'atanh',
      'cbrt',
      'cos',
      'cosh',
      'exp',
      'expm1',
      'hypot',
      'log',
      'log10',
      'log1p',
      'log2',
      'pow',
      'sin',
      'sinh',
      'tan',
      'tanh',
    ],
  ],
  ['Atomics', ['wait', 'waitAsync']],
  // What depends on the locale, or on the edition of Unicode that the engine knows
  ['String.prototype', ['localeCompare', 'normalize', 'toLocaleLowerCase', 'toLocaleUpperCase']],
  ['Number.prototype', ['toLocaleString']],
  ['BigInt.prototype', ['toLocaleString']],
];

interface Trap {
  readonly holder: object;
  readonly property: string;
  /** Undefined: it is inherited, as most of what a worker of a browser has; the trap stands before it. */
  readonly original: PropertyDescriptor | undefined;
  readonly trap: PropertyDescriptor;
}

// oxlint-disable-next-line no-restricted-globals -- the one place that reaches for what is forbidden, to close it
const GLOBAL: object = globalThis;

let depth = 0;
let traps: readonly Trap[] | undefined;
let last: TrapError | undefined;

/**
 * Runs `run` with the traps on; nested calls are one. They come off however it ends.
 * Nothing asynchronous may be awaited in between: other code would meet the traps.
 */
export function withTraps<T>(run: () => T): T {
  installTraps();
  try {
    return run();
  } finally {
    removeTraps();
  }
}

/** Traps on until as many `removeTraps`. */
export function installTraps(): void {
  if (depth++ > 0) return;
  last = undefined;
  traps ??= findTraps();
  for (const { holder, property, trap } of traps) Object.defineProperty(holder, property, trap);
}

export function removeTraps(): void {
  if (depth === 0 || --depth > 0 || traps === undefined) return;
  for (const { holder, property, original } of traps) {
    if (original === undefined) Reflect.deleteProperty(holder, property);
    else Object.defineProperty(holder, property, original);
  }
}

/** The last trap that was touched since they came on, even when what it threw was caught. */
export function touchedTrap(): TrapError | undefined {
  return last;
}

function spring(touched: string): never {
  last = new TrapError(touched);
  throw last;
}

function findTraps(): readonly Trap[] {
  return [...findGlobals(), ...findFunctions()];
}

function findGlobals(): readonly Trap[] {
  const found: Trap[] = [];
  for (const [property, { descriptor, isOwn }] of globalProperties()) {
    if (isOwn && descriptor.configurable === false) continue;
    if (PURE_GLOBALS.has(property) || !(GLOBALS.has(property) || isNative(descriptor))) continue;
    const get = (): never => spring(property);
    const trap = { configurable: true, enumerable: descriptor.enumerable === true, get, set: get };
    found.push({ holder: GLOBAL, property, original: isOwn ? descriptor : undefined, trap });
  }
  return found;
}

function findFunctions(): readonly Trap[] {
  const found: Trap[] = [];
  for (const [name, properties] of FUNCTIONS) {
    const holder = holderOf(name);
    if (holder === undefined) continue;
    for (const property of properties) {
      const original = Object.getOwnPropertyDescriptor(holder, property);
      if (original === undefined) continue;
      const value = (): never => spring(`${name}.${property}`);
      found.push({ holder, property, original, trap: { ...original, value } });
    }
  }
  return found;
}

/** The object at a path of names, such as `Math` or `String.prototype`; undefined where the engine has none. */
function holderOf(path: string): object | undefined {
  let holder: object = GLOBAL;
  for (const name of path.split('.')) {
    const next: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value;
    if (next === null || (typeof next !== 'object' && typeof next !== 'function')) return undefined;
    holder = next;
  }
  return holder;
}

interface GlobalProperty {
  readonly descriptor: PropertyDescriptor;
  /** False: it stands on a prototype of the global object. */
  readonly isOwn: boolean;
}

/** What a bare name can mean, without what every object inherits. */
function globalProperties(): ReadonlyMap<string, GlobalProperty> {
  const found = new Map<string, GlobalProperty>();
  let holder = GLOBAL;
  for (;;) {
    const next: unknown = Object.getPrototypeOf(holder);
    if (typeof next !== 'object' || next === null) return found;
    for (const property of Object.getOwnPropertyNames(holder)) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, property);
      if (descriptor === undefined || found.has(property)) continue;
      found.set(property, { descriptor, isOwn: holder === GLOBAL });
    }
    holder = next;
  }
}

/** ECMA-262 §20.2.3.5: what is not written in JavaScript shows this in place of its body. */
const NATIVE_BODY = '[native code]';

/** True when the world, and no program, brought this function or accessor. */
function isNative(descriptor: Pick<PropertyDescriptor, 'value'> & { readonly get?: unknown }): boolean {
  const brought: unknown = descriptor.get ?? descriptor.value;
  return typeof brought === 'function' && Function.prototype.toString.call(brought).includes(NATIVE_BODY);
}
