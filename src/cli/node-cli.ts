/** `aureon node` and `aureon config`: their flags, of which each setting is one. What they need to run is loaded when they run. */
import type { Command } from 'commander';
import { flagName, SETTING_NAMES, SETTINGS } from '../node/config/settings.ts';
import type { Flags } from './flags.ts';
import type { Output } from './output.ts';

/** The settings, where no other file is named and this one is there. */
export const DEFAULT_FILE = 'aureon.toml';

const HELP = `
Settings come from flags, else from the environment (AUREON_P2P_LISTEN for --p2p-listen), else from
the file, else from their defaults; aureon config show --origin says from where each is.

Examples:
  aureon keys new --out node.key
  aureon node --node-genesis genesis.json --node-key node.key --vouch
  aureon node --config /etc/aureon/aureon.toml --log-level debug

A validator whose data folder has no record of what its key has signed stays silent, since it may
have signed already: --vouch says that it has not.

Exit codes: 0 stopped by SIGTERM or SIGINT; a second one ends it at once, with 130; 2 settings, a
file or a port is no good; 4 a bug; 6 the disk failed; 7 it cannot go on without its operator.`;

const CONFIG_HELP = `
Examples:
  aureon config show --origin          all settings, and from where each is
  aureon config show > aureon.toml     a file to begin with: what is a default is a comment
  aureon config check --config a.toml  what is wrong, with file and line

Exit codes: 0 they are good; 2 they are not.`;

/** Adds it to the program. */
export function addNodeCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  const command = program
    .command('node')
    .description('Run a node.')
    .option(
      '--vouch',
      'the key has signed nothing that is not in the data folder: the first start of a new key',
    )
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('(aureon node --help lists the flags)');
  addSettingFlags(command).action(async (flags: Flags) => {
    const { nodeCommand } = await import('./node-command.ts');
    onExit(await nodeCommand(flags, output));
  });
}

/** Adds it to the program. */
export function addConfigCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  const config = program
    .command('config')
    .description('Show or check the settings of a node.')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', CONFIG_HELP)
    .showHelpAfterError('(aureon config --help lists the commands)');
  const show = config
    .command('show')
    .description('Print all settings as a file that has them; what is a default is a comment.')
    .option('--origin', 'say behind each from where it is');
  addSettingFlags(show).action(async (flags: Flags) => {
    const { showConfig } = await import('./config-command.ts');
    onExit(showConfig(flags, output));
  });
  const check = config.command('check').description('Say whether the settings are good, and what is wrong.');
  addSettingFlags(check).action(async (flags: Flags) => {
    const { checkConfig } = await import('./config-command.ts');
    onExit(checkConfig(flags, output));
  });
}

/** --config and a flag for each setting. */
function addSettingFlags(command: Command): Command {
  command.option('--config <file>', `the settings; default: ${DEFAULT_FILE}, where there is one`);
  for (const name of SETTING_NAMES) {
    const { initial, description } = SETTINGS[name];
    const value = Array.isArray(initial) ? initial.join(',') : String(initial);
    command.option(`--${flagName(name)} <value>`, `${description} Default: ${value === '' ? '""' : value}.`);
  }
  return command;
}
