/** `aureon node`, `config`, `genesis`, `devnet`, `tx`, `account` and `status`: their flags, of which each setting is one. What they need to run is loaded when they run. */
import type { Command } from 'commander';
import { flagName, SETTING_NAMES, SETTINGS, type SettingName } from '../node/config/settings.ts';
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

const GENESIS_HELP = `
Examples:
  aureon genesis new --validator node.key --fund aur1…:1000000000
  aureon genesis new --engine poa --interval 5s --validator a.key --validator b.key --out genesis.json
  aureon genesis show genesis.json

Every node of a chain has the same file. Exit codes: 0 done; 2 the file, or what was asked for, is no good.`;

/** Adds it to the program. */
export function addGenesisCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  const genesis = program
    .command('genesis')
    .description('Make or show the file that says which chain a node is of.')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', GENESIS_HELP)
    .showHelpAfterError('(aureon genesis --help lists the commands)');
  genesis
    .command('new')
    .description('Make a chain that begins now.')
    .option('--engine <name>', 'pos (stake and votes), poa (authority) or pow (work); default pos')
    .option('--name <text>', "1 to 64 characters a-z, 0-9, '-'; default aureon-devnet")
    .option('--interval <time>', 'between two blocks; default 2s')
    .option(
      '--validator <key[:power]>',
      'who decides: 64 hexadecimal digits or a key file; may be repeated',
      collect,
    )
    .option('--fund <address:amount>', 'who has money at the start; may be repeated', collect)
    .option('--work <hashes>', 'pow: what the first blocks take; default 1000000')
    .option('--out <file>', 'the new file; default genesis.json')
    .option('--json', 'one JSON object in place of text')
    .action(async (flags: Flags) => {
      const { newGenesisCommand } = await import('./genesis-command.ts');
      onExit(newGenesisCommand(flags, output));
    });
  genesis
    .command('show')
    .description('Print what a file says.')
    .argument('[file]', 'the file', 'genesis.json')
    .option('--json', 'one JSON object in place of text')
    .action(async (file: string, flags: Flags) => {
      const { showGenesis } = await import('./genesis-command.ts');
      onExit(showGenesis(file, flags, output));
    });
}

const DEVNET_HELP = `
Examples:
  aureon devnet                             four validators with stake, a block a second
  aureon devnet --consensus poa --nodes 3
  aureon devnet --dir my-devnet             kept; the same line goes on with it

One Ctrl-C stops all nodes, a second one kills them. Exit codes: 0 all stopped in order; 2 a flag or the
folder is no good; else what a node ended with that was not told to.`;

/** Adds it to the program. */
export function addDevnetCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  program
    .command('devnet')
    .description('Run a chain of real nodes on this machine, with funded accounts.')
    .option('--nodes <n>', 'nodes, 1 to 30; default 4')
    .option('--consensus <name>', 'pos (stake and votes), poa (authority) or pow (work); default pos')
    .option('--interval <time>', 'between two blocks, 100ms to 1min; default 1s')
    .option('--accounts <n>', 'funded accounts beside those of the nodes; default 3')
    .option('--port <n>', 'of the first node, the others follow; default 6000')
    .option('--api-port <n>', 'of the first HTTP API, the others follow; default 8080')
    .option('--dir <folder>', 'where all of it is kept; default: a temporary folder that is removed')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', DEVNET_HELP)
    .showHelpAfterError('(aureon devnet --help lists the flags)')
    .action(async (flags: Flags) => {
      const { devnetCommand } = await import('./devnet-command.ts');
      onExit(await devnetCommand(flags, output));
    });
}

const TX_HELP = `
Examples:
  aureon tx send --key account-0.key --to aur1… --amount 1000 --wait
  aureon tx show 0a1b…

Exit codes: 0 done; 1 the node refused it; 2 a flag is no good, or no node answers; 3 --wait: not final within a minute.`;

/** A client's flag: which node is asked. */
const NODE_FLAG = [
  '--node <url>',
  'the node that is asked; default: AUREON_NODE, else http://127.0.0.1:8080',
] as const;

/** Adds aureon tx, account and status. */
export function addClientCommands(program: Command, output: Output, onExit: (code: number) => void): void {
  const load = () => import('./client-command.ts');
  const tx = program
    .command('tx')
    .description('Send or show a transaction.')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', TX_HELP)
    .showHelpAfterError('(aureon tx --help lists the commands)');
  tx.command('send')
    .description('Sign a transfer and give it to a node.')
    .requiredOption('--to <address>', 'who gets it: aur1…')
    .requiredOption('--amount <n>', 'base units')
    .option('--key <file>', 'who pays; default node.key')
    .option('--wait', 'until it is final')
    .option('--gas-price <n>', 'base units for one unit of gas; default: the least of the chain')
    .option('--gas-limit <n>', 'default 200000')
    .option('--nonce <n>', 'default: the next that nobody has used')
    .option(...NODE_FLAG)
    .action(async (flags: Flags) => onExit(await (await load()).sendCommand(flags, output)));
  tx.command('show')
    .description('Print a transaction and where it is, as JSON.')
    .argument('<id>', 'its id')
    .option(...NODE_FLAG)
    .action(async (id: string, flags: Flags) =>
      onExit(await (await load()).showTransaction(id, flags, output)),
    );
  program
    .command('account')
    .description('Print balance and nonce of an account.')
    .argument('<address>', 'aur1…')
    .option('--json', 'one JSON object in place of text')
    .option(...NODE_FLAG)
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('(aureon account --help lists the flags)')
    .action(async (address: string, flags: Flags) =>
      onExit(await (await load()).accountCommand(address, flags, output)),
    );
  program
    .command('status')
    .description('Print how a node is, and whom it is connected with.')
    .option('--watch', 'again each second, until Ctrl-C')
    .option(...NODE_FLAG)
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('(aureon status --help lists the flags)')
    .action(async (flags: Flags) => onExit(await (await load()).statusCommand(flags, output)));
}

function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

/** --config and a flag for each setting, or for those that are named. */
export function addSettingFlags(command: Command, names: readonly SettingName[] = SETTING_NAMES): Command {
  command.option('--config <file>', `the settings; default: ${DEFAULT_FILE}, where there is one`);
  for (const name of names) {
    const { initial, description } = SETTINGS[name];
    const value = Array.isArray(initial) ? initial.join(',') : String(initial);
    command.option(`--${flagName(name)} <value>`, `${description} Default: ${value === '' ? '""' : value}.`);
  }
  return command;
}
