/** `aureon backup`, `restore` and `check`: their flags. What they need to run is loaded when they run. */
import type { Command } from 'commander';
import type { Flags } from './flags.ts';
import { addSettingFlags } from './node-cli.ts';
import type { Output } from './output.ts';

const BACKUP_HELP = `
Examples:
  aureon backup /backups/2026-12-01            of the node whose settings are in this folder
  aureon backup ../copy --node-data my-devnet/node-0/data

The node may run, and goes on. Exit codes: 0 done; 1 records of the node are damaged: nothing was made;
2 a folder is no good; 130 interrupted: nothing is left of it.`;

const RESTORE_HELP = `
Examples:
  aureon restore /backups/2026-12-01 --node-data data
  aureon restore /backups/2026-12-01 --vouch   the node was stopped before that backup, and never ran since

A validator signs nothing at first: its key may have signed after the backup was made what the backup does
not tell, and nothing may contradict that. It begins again by itself when the chain is beyond. --vouch says
that the key has signed nothing since; two nodes never run with one key.

Exit codes: 0 done; 1 the backup is damaged: nothing was put in place; 2 a folder is no good; 130 interrupted.`;

const CHECK_HELP = `
Examples:
  aureon check                   the data folder of the node whose settings are here; it must not run
  aureon check --repair          and write what can be written anew
  aureon check /backups/monday   a backup, whose node may run

Every record against its checksum; every block executed again, with its signatures, to every root that it
states; every entry of the indexes, the state, the journal, certificates and snapshots against that.

Exit codes: 0 nothing is wrong, or nothing any more; 1 something is; 2 a folder or a setting is no good.`;

/** Adds all three to the program. */
export function addStorageCommands(program: Command, output: Output, onExit: (code: number) => void): void {
  const backup = program
    .command('backup')
    .description('Copy the database of a node, which may run, into a new folder.')
    .argument('<folder>', 'the new folder')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', BACKUP_HELP)
    .showHelpAfterError('(aureon backup --help lists the flags)');
  addSettingFlags(backup, ['node.data']).action(async (folder: string, flags: Flags) => {
    const { backupCommand } = await import('./backup-command.ts');
    onExit(await backupCommand(folder, flags, output));
  });
  const restore = program
    .command('restore')
    .description('Make a data folder of a backup, verified before it is put in place.')
    .argument('<backup>', 'the folder of the backup')
    .option('--vouch', 'the key has signed nothing since the backup was made')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', RESTORE_HELP)
    .showHelpAfterError('(aureon restore --help lists the flags)');
  addSettingFlags(restore, ['node.data', 'node.genesis']).action(async (folder: string, flags: Flags) => {
    const { restoreCommand } = await import('./backup-command.ts');
    onExit(await restoreCommand(folder, flags, output));
  });
  const check = program
    .command('check')
    .description('Verify the data folder of a stopped node, or a backup, and repair what can be repaired.')
    .argument('[folder]', 'a data folder or a backup; default: node.data')
    .option('--repair', 'write what can be written anew')
    .option('--json', 'one JSON object in place of text')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', CHECK_HELP)
    .showHelpAfterError('(aureon check --help lists the flags)');
  addSettingFlags(check, ['node.data', 'node.genesis', 'store.bodies', 'store.account_index']).action(
    async (folder: string | undefined, flags: Flags) => {
      const { checkCommand } = await import('./check-command.ts');
      onExit(await checkCommand(folder, flags, output));
    },
  );
}
