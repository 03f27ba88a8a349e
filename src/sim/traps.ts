/** Traps: while a simulation steps, a global that would make the run depend on the machine throws, and never fakes. */

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

/** Properties of the global object that throw on being read. */
const GLOBALS: readonly string[] = [
  'Date',
  'performance',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'requestAnimationFrame',
  'process',
  'console',
  'fetch',
  'XMLHttpRequest',
  'WebSocket',
  'Intl',
  'WeakRef',
  'FinalizationRegistry',
];
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
];

interface Trap {
  readonly holder: object;
  readonly property: string;
  readonly original: PropertyDescriptor;
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
  for (const { holder, property, original } of traps) Object.defineProperty(holder, property, original);
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
  const found: Trap[] = [];
  for (const property of GLOBALS) {
    const original = Object.getOwnPropertyDescriptor(GLOBAL, property);
    if (original === undefined || original.configurable === false) continue;
    const get = (): never => spring(property);
    const trap = { configurable: true, enumerable: original.enumerable === true, get, set: get };
    found.push({ holder: GLOBAL, property, original, trap });
  }
  for (const [name, properties] of FUNCTIONS) {
    const holder: unknown = Object.getOwnPropertyDescriptor(GLOBAL, name)?.value;
    if (typeof holder !== 'object' || holder === null) continue;
    for (const property of properties) {
      const original = Object.getOwnPropertyDescriptor(holder, property);
      if (original === undefined) continue;
      const value = (): never => spring(`${name}.${property}`);
      found.push({ holder, property, original, trap: { ...original, value } });
    }
  }
  return found;
}
