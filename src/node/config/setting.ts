/** What one setting of a node is: where it stands, what it may be, what it is by itself, and what it means. */
import { parseEndpoint } from '../network/endpoints.ts';

/** A setting whose values are of type T. */
export interface Setting<T> {
  readonly initial: T;
  /** Of a number. */
  readonly unit: string | undefined;
  /** What is allowed, to stand behind 'expected:'. */
  readonly expected: string;
  readonly description: string;
  /** The value, from a file; undefined: it is not allowed. */
  read(value: unknown): T | undefined;
  /** A text of the environment or of a flag as a file would have it. */
  fromText(text: string): unknown;
}

/** An integer of a range, with its unit; the unit stands at the end of the setting's name too. */
export function integer(
  initial: number,
  [min, max]: readonly [number, number],
  unit: string,
  description: string,
): Setting<number> {
  return {
    initial,
    unit,
    expected: `a whole number from ${min} to ${max} (${unit})`,
    description,
    read: (value) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : undefined,
    fromText: (text) => (/^-?\d{1,16}$/.test(text) ? Number(text) : text),
  };
}

/** A word for all, or an integer of a range. */
export function allOr<const W extends string>(
  word: W,
  [min, max]: readonly [number, number],
  unit: string,
  description: string,
): Setting<W | number> {
  const whole = integer(min, [min, max], unit, description);
  return {
    ...whole,
    initial: word,
    expected: `"${word}", or ${whole.expected}`,
    read: (value) => (value === word ? word : whole.read(value)),
  };
}

/** true or false. */
export function flag(initial: boolean, description: string): Setting<boolean> {
  return {
    initial,
    unit: undefined,
    expected: 'true or false',
    description,
    read: (value) => (typeof value === 'boolean' ? value : undefined),
    fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  };
}

/** One of some words. */
export function choice<const W extends readonly string[]>(
  initial: W[number],
  words: W,
  description: string,
): Setting<W[number]> {
  return {
    initial,
    unit: undefined,
    expected: words.join(', '),
    description,
    read: (value): W[number] | undefined => words.find((word) => word === value),
    fromText: (given) => given,
  };
}

/** A path; relative ones are of the folder that the configuration file stands in. */
export function path(initial: string, description: string): Setting<string> {
  return {
    initial,
    unit: undefined,
    expected: 'a path',
    description,
    read: (value) => (typeof value === 'string' && value !== '' && !value.includes('\0') ? value : undefined),
    fromText: (text) => text,
  };
}

/** The same, and the empty text for none. */
export function optionalPath(description: string): Setting<string> {
  const whole = path('', description);
  return { ...whole, expected: 'a path, or ""', read: (value) => (value === '' ? '' : whole.read(value)) };
}

/** Text of a form; '' where it may be left out. */
export function text(initial: string, form: RegExp, expected: string, description: string): Setting<string> {
  return {
    initial,
    unit: undefined,
    expected,
    description,
    read: (value) => (typeof value === 'string' && form.test(value) ? value : undefined),
    fromText: (given) => given,
  };
}

const ENDPOINT = 'host:port, such as 127.0.0.1:6000 or [::1]:6000';

/** Where to listen or to dial. */
export function endpoint(initial: string, description: string): Setting<string> {
  return {
    initial,
    unit: undefined,
    expected: ENDPOINT,
    description,
    read: (value) => (typeof value === 'string' && parseEndpoint(value) !== undefined ? value : undefined),
    fromText: (given) => given,
  };
}

/** The same, and the empty text for none. */
export function optionalEndpoint(initial: string, description: string): Setting<string> {
  const whole = endpoint(initial, description);
  return {
    ...whole,
    expected: `${ENDPOINT}, or ""`,
    read: (value) => (value === '' ? '' : whole.read(value)),
  };
}

/** Some of them, at most `max`; in the environment and in flags with commas in between. */
export function endpoints(max: number, description: string): Setting<readonly string[]> {
  return {
    initial: [],
    unit: undefined,
    expected: `a list of at most ${max} of ${ENDPOINT}`,
    description,
    read(value) {
      if (!Array.isArray(value) || value.length > max) return undefined;
      const found = value.filter(
        (one): one is string => typeof one === 'string' && parseEndpoint(one) !== undefined,
      );
      return found.length === value.length ? found : undefined;
    },
    fromText: (given) => (given === '' ? [] : given.split(',').map((one) => one.trim())),
  };
}
