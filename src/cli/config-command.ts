/** `aureon config`, once its flags are read: shows the settings of a node and where each is from, and checks them. */
import { EXIT } from '../cluster/result.ts';
import { whereOf } from '../node/config/read-settings.ts';
import {
  environmentName,
  flagName,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
} from '../node/config/settings.ts';
import type { Flags } from './flags.ts';
import { settingsOf } from './node-settings.ts';
import type { Output } from './output.ts';

/** Prints all settings. @throws {UsageError} with everything that is wrong with them. */
export function showConfig(flags: Flags, output: Output): number {
  output.print(fileOf(flags));
  return EXIT.passed;
}

/** Says that they are good. @throws {UsageError} with everything that is wrong with them. */
export function checkConfig(flags: Flags, output: Output): number {
  const { file } = settingsOf(flags);
  output.print(`${file ?? 'no file'}: ${SETTING_NAMES.length} settings are good`);
  return EXIT.passed;
}

/** TOML that gives the same settings again. */
function fileOf(flags: Flags): string {
  const { stated, origins } = settingsOf(flags);
  const lines: string[] = [];
  let section = '';
  for (const name of SETTING_NAMES) {
    const dot = name.indexOf('.');
    if (name.slice(0, dot) !== section) {
      section = name.slice(0, dot);
      lines.push(...(lines.length === 0 ? [] : ['']), `[${section}]`);
    }
    const isDefault = origins[name].kind === 'default';
    const origin = flags['origin'] === true ? `  # ${whereOf(origins[name])}` : '';
    lines.push(
      `# ${describe(name)}`,
      `${isDefault ? '# ' : ''}${name.slice(dot + 1)} = ${JSON.stringify(stated[name])}${origin}`,
    );
  }
  return lines.join('\n');
}

function describe(name: SettingName): string {
  const { description, expected } = SETTINGS[name];
  return `${description} ${expected}; ${environmentName(name)}, --${flagName(name)}`;
}
