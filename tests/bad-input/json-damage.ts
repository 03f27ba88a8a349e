/** Damage to JSON that was valid: of its structure, of its text, of its depth. */
import fc from 'fast-check';

/** What no form expects somewhere. */
const STRANGE: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    Number.MAX_VALUE,
    2 ** 53,
    Number.MIN_SAFE_INTEGER,
    '',
    ' ',
    '0',
    '-1',
    '1e9',
    '01',
  ],
  ...[
    '18446744073709551615',
    '18446744073709551616',
    '9'.repeat(400),
    '\u0000',
    '\ud800',
    '__proto__',
    'constructor',
  ],
  ...[
    [],
    {},
    [[]],
    [null],
    { kind: 'transfer' },
    { toString: 1 },
    'x'.repeat(5_000),
    Array.from({ length: 300 }, () => 0),
  ],
];
const DEPTH_MAX = 20_000;

/** Bytes that were JSON. */
export function damagedJson(valid: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> {
  const structural = fc
    .tuple(valid, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([value, changes]) => {
      const copy: unknown = structuredClone(value);
      return Buffer.from(jsonText(changes.reduce(applied, copy)));
    });
  const textual = valid.chain((value) => damagedBytes(Buffer.from(JSON.stringify(value))));
  const nested = fc
    .tuple(fc.constantFrom('[', '{"a":', '[{"transaction":'), fc.nat(DEPTH_MAX))
    .map(([open, depth]) => Buffer.from(open.repeat(depth)));
  return fc.oneof(
    { arbitrary: structural, weight: 8 },
    { arbitrary: textual, weight: 4 },
    { arbitrary: nested, weight: 1 },
    { arbitrary: fc.json().map((text) => Buffer.from(text)), weight: 2 },
    { arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
  );
}

/** Bytes with some flipped, left out, doubled, put in, or cut off. */
export function damagedBytes(bytes: Buffer): fc.Arbitrary<Buffer> {
  const place = fc.nat(Math.max(0, bytes.length - 1));
  return fc.oneof(
    fc.tuple(place, fc.nat(255)).map(([at, byte]) => {
      const flipped = Buffer.from(bytes);
      flipped[at] = byte;
      return flipped;
    }),
    place.map((at) => bytes.subarray(0, at)),
    fc.tuple(place, place).map(([from, to]) => Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])),
    fc
      .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 40 }))
      .map(([at, put]) => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at)])),
    fc.constant(Buffer.concat([bytes, bytes])),
  );
}

interface Change {
  readonly where: readonly number[];
  readonly how: 'replace' | 'remove' | 'add' | 'rename' | 'double';
  readonly what: unknown;
}

const change: fc.Arbitrary<Change> = fc.record({
  where: fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }),
  how: fc.constantFrom('replace', 'remove', 'add', 'rename', 'double'),
  what: fc.oneof(fc.constantFrom(...STRANGE), fc.anything({ maxDepth: 2, withNullPrototype: false })),
});

/** The value with the change at a place that the numbers lead to. */
function applied(value: unknown, { where, how, what: shared }: Change): unknown {
  // What is put in may be changed by the next change: it is of this value alone.
  const what: unknown = structuredClone(shared);
  let parent: unknown = value;
  let at: unknown = value;
  let name: string | undefined;
  for (const step of where) {
    if (typeof at !== 'object' || at === null) break;
    const names = Object.keys(at);
    if (names.length === 0) break;
    name = names[step % names.length] ?? '';
    parent = at;
    at = Reflect.get(at, name);
  }
  if (name === undefined || typeof parent !== 'object' || parent === null) return what;
  if (how === 'remove') Reflect.deleteProperty(parent, name);
  else if (how === 'add') put(parent, `${name}2`, what);
  else if (how === 'rename') {
    Reflect.deleteProperty(parent, name);
    put(parent, name.toUpperCase(), at);
  } else put(parent, name, how === 'double' ? [at, structuredClone(at)] : what);
  return value;
}

/** Not by assignment: a name such as __proto__ is a field here. */
function put(into: object, name: string, value: unknown): void {
  Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
}

/** JSON knows no bigint, and not everything that fast-check thinks of. */
function jsonText(value: unknown): string {
  return (
    JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ??
    'undefined'
  );
}
