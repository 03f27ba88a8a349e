/** The table of settings in docs/node.md, from the table that the node reads them by. */
import { environmentName, flagName, SETTING_NAMES, SETTINGS } from '../src/node/config/settings.ts';
import { withWritten } from './scenario-reference.ts';

function settingsTable(): string {
  const rows = SETTING_NAMES.map((name) => {
    const { initial, expected, description } = SETTINGS[name];
    const names = `\`${name}\`<br>\`${environmentName(name)}\`<br>\`--${flagName(name)}\``;
    return `| ${names} | ${expected} | \`${JSON.stringify(initial)}\` | ${description} |`;
  });
  return ['| setting, variable, flag | allowed | default | meaning |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** The page with its table brought up to date. */
export function withSettings(page: string): string {
  return withWritten(page, settingsTable());
}
