/** Reads the settings of a node: flags over environment over file over defaults, with the origin of each, or everything that is wrong. */
import { parse, TomlError } from 'smol-toml';
import { assert, assertNever } from '../../env/assert.ts';
import type { Setting } from './setting.ts';
import {
  environmentName,
  flagName,
  isSettingName,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  type Settings,
} from './settings.ts';

/** Where settings come from. */
export interface SettingSources {
  /** Undefined: there is no file. `name` as it is told. */
  readonly file: { readonly name: string; readonly text: string } | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By the name of the flag, without dashes in front. */
  readonly flags: Readonly<Record<string, string>>;
}

/** Where a value is from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly name: string; readonly line: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string };

/** What is wrong with one of them. */
export interface SettingProblem {
  /** For people: file and line, variable or flag. */
  readonly where: string;
  readonly what: string;
  /** What is allowed there; undefined: nothing. */
  readonly expected: string | undefined;
  /** A name that no setting has. */
  readonly unknown?: string;
}

/** All settings, and where each is from. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly origins: Readonly<Record<SettingName, Origin>>;
}

/** A value as it was given, before it was looked at. */
interface Given {
  readonly value: unknown;
  readonly origin: Origin;
}

/** Every problem of every source, or all settings. */
export function readSettings(sources: SettingSources): ReadSettings | readonly SettingProblem[] {
  const problems: SettingProblem[] = [];
  const given = new Map<SettingName, Given>();
  for (const layer of [fromFile, fromEnvironment, fromFlags]) layer(sources, given, problems);
  const values: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, Origin>> = {};
  for (const name of SETTING_NAMES) {
    const setting: Setting<unknown> = SETTINGS[name];
    const own = given.get(name);
    const value = own === undefined ? setting.initial : setting.read(own.value);
    if (own !== undefined && value === undefined) {
      const { expected } = setting;
      problems.push({ where: whereOf(own.origin), what: `${name}: found ${shown(own.value)}`, expected });
    }
    values[name] = value;
    origins[name] = own?.origin ?? { kind: 'default' };
  }
  if (problems.length > 0) return problems;
  assert(isRead(values) && isOfAll(origins), 'every setting was read, and has an origin');
  return { settings: values, origins };
}

/** Each value is what its setting has read. */
function isRead(values: Partial<Record<SettingName, unknown>>): values is Settings {
  return SETTING_NAMES.every((name) => {
    const setting: Setting<unknown> = SETTINGS[name];
    return values[name] === setting.initial || setting.read(values[name]) !== undefined;
  });
}

function isOfAll(origins: Partial<Record<SettingName, Origin>>): origins is Record<SettingName, Origin> {
  return SETTING_NAMES.every((name) => origins[name] !== undefined);
}

/** A place for people. */
export function whereOf(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'the default';
    case 'file':
      return `${origin.name}:${origin.line}`;
    case 'environment':
      return `environment ${origin.name}`;
    case 'flag':
      return `--${origin.name}`;
    default:
      return assertNever(origin);
  }
}

type Layer = (sources: SettingSources, given: Map<SettingName, Given>, problems: SettingProblem[]) => void;

const fromFile: Layer = ({ file }, given, problems) => {
  if (file === undefined) return;
  let document: Readonly<Record<string, unknown>>;
  try {
    document = parse(file.text, { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    problems.push({ where: `${file.name}:${error.line}:${error.column}`, what, expected: 'TOML 1.0' });
    return;
  }
  const lineOf = createLineFinder(file.text);
  for (const [section, content] of Object.entries(document)) {
    const isTable = typeof content === 'object' && content !== null && !Array.isArray(content);
    const names = isTable ? Object.entries(content) : [];
    if (!isTable || !SETTING_NAMES.some((name) => name.startsWith(`${section}.`))) {
      const expected = `a section of ${sections().join(', ')}`;
      const where = `${file.name}:${lineOf(section, undefined)}`;
      problems.push({ where, what: `unknown section "${section}"`, expected, unknown: section });
      continue;
    }
    for (const [key, value] of names) {
      const name = `${section}.${key}`;
      const line = lineOf(section, key);
      if (isSettingName(name)) given.set(name, { value, origin: { kind: 'file', name: file.name, line } });
      else {
        const known = SETTING_NAMES.filter((one) => one.startsWith(`${section}.`));
        const expected = known.map((one) => one.slice(section.length + 1)).join(', ');
        problems.push({
          where: `${file.name}:${line}`,
          what: `unknown setting "${name}"`,
          expected,
          unknown: name,
        });
      }
    }
  }
};

/** Variables of other programs, and others of ours, are left alone: only those that begin like a section are looked at. */
const fromEnvironment: Layer = ({ environment }, given, problems) => {
  const names = new Map(SETTING_NAMES.map((name) => [environmentName(name), name]));
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    const name = names.get(variable);
    if (name !== undefined) {
      const origin = { kind: 'environment', name: variable } as const;
      given.set(name, { value: SETTINGS[name].fromText(value), origin });
    } else if (sections().some((section) => variable.startsWith(`AUREON_${section.toUpperCase()}_`))) {
      const where = `environment ${variable}`;
      problems.push({ where, what: 'no setting has this name', expected: undefined, unknown: variable });
    }
  }
};

const fromFlags: Layer = ({ flags }, given, problems) => {
  const names = new Map(SETTING_NAMES.map((name) => [flagName(name), name]));
  for (const [flag, value] of Object.entries(flags)) {
    const name = names.get(flag);
    if (name === undefined)
      problems.push({
        where: `--${flag}`,
        what: 'no setting has this name',
        expected: undefined,
        unknown: flag,
      });
    else given.set(name, { value: SETTINGS[name].fromText(value), origin: { kind: 'flag', name: flag } });
  }
};

function sections(): readonly string[] {
  return [...new Set(SETTING_NAMES.map((name) => name.slice(0, name.indexOf('.'))))];
}

/** The line of a key, or of its section: the parser keeps none. 1 where it is written in a way that is not looked for. */
function createLineFinder(text: string): (section: string, key: string | undefined) => number {
  const lines = new Map<string, number>();
  let section = '';
  for (const [i, line] of text.split('\n').entries()) {
    const header = /^\s*\[\s*"?([\w.-]+)"?\s*\]/.exec(line)?.[1];
    const key = /^\s*"?([\w.-]+)"?\s*(?:\.\s*"?([\w-]+)"?\s*)?=/.exec(line);
    if (header !== undefined) section = header;
    const name =
      header ?? [section, key?.[1], key?.[2]].filter((part) => part !== undefined && part !== '').join('.');
    if ((header !== undefined || key !== null) && !lines.has(name)) lines.set(name, i + 1);
  }
  return (of, key) => (key === undefined ? undefined : lines.get(`${of}.${key}`)) ?? lines.get(of) ?? 1;
}

const SHOWN_MAX = 60;

function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)} …` : text;
}
