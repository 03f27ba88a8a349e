/** The settings of a node as the command line has them, and what is wrong with them in words. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { suggest } from '../cluster/scenario/suggest.ts';
import { type ReadSettings, readSettings, type SettingProblem } from '../node/config/read-settings.ts';
import {
  environmentName,
  flagName,
  isPathSetting,
  SETTING_NAMES,
  type Settings,
} from '../node/config/settings.ts';
import { type Flags, text } from './flags.ts';
import { DEFAULT_FILE } from './node-cli.ts';
import { systemCode, UsageError } from './usage.ts';

/** Settings, and how they came to be. */
export interface StatedSettings extends ReadSettings {
  /** Paths as they were written. */
  readonly stated: Settings;
  readonly file: string | undefined;
}

/** Flags over environment over file over defaults; paths of a file are those of its folder. @throws {UsageError} with everything that is wrong. */
export function settingsOf(flags: Flags): StatedSettings {
  const stated = text(flags, 'config');
  const file = stated ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const found = readSettings({
    file: file === undefined ? undefined : { name: file, text: readText(file) },
    environment: process.env,
    flags: given(flags),
  });
  if (!('settings' in found)) throw new UsageError(found.map(problemText).join('\n'));
  return { ...found, stated: found.settings, settings: withPaths(found, file), file };
}

/** Commander names --p2p-listen p2pListen. */
function given(flags: Flags): Readonly<Record<string, string>> {
  const entries = SETTING_NAMES.flatMap((name): readonly (readonly [string, string])[] => {
    const flag = flagName(name);
    const value = text(
      flags,
      flag.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    );
    return value === undefined ? [] : [[flag, value]];
  });
  return Object.fromEntries(entries);
}

function withPaths({ settings, origins }: ReadSettings, file: string | undefined): Settings {
  if (file === undefined) return settings;
  const folder = dirname(file);
  const paths = SETTING_NAMES.filter(isPathSetting)
    .filter((name) => origins[name].kind !== 'environment' && origins[name].kind !== 'flag')
    .filter((name) => settings[name] !== '')
    .map((name) => [name, resolve(folder, settings[name])]);
  return { ...settings, ...Object.fromEntries(paths) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `${file}: cannot be read (${systemCode(error)})\n  expected: a file of settings, TOML`,
    );
  }
}

function problemText({ where, what, expected, unknown }: SettingProblem): string {
  const near = unknown === undefined ? undefined : nearest(unknown);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `${where}: ${what}${hint}${expected === undefined ? '' : `\n  expected: ${expected}`}`;
}

function nearest(unknown: string): string | undefined {
  const sections = [...new Set(SETTING_NAMES.map((name) => name.slice(0, name.indexOf('.'))))];
  const known = unknown.startsWith('AUREON_')
    ? SETTING_NAMES.map(environmentName)
    : unknown.includes('.')
      ? SETTING_NAMES
      : sections;
  return suggest(unknown, known);
}
