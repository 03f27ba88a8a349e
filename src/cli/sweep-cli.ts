/** How `aureon sweep` and `aureon worker` are said on the command line; what carries them out is loaded when they are called. */
import type { Command } from 'commander';
import type { Output } from './output.ts';

const SWEEP_HELP = `
Examples:
  aureon sweep                                   1,000 seeds of the default space
  aureon sweep --seeds 1..200000 --minutes 480   as many as a night has room for
  aureon sweep my.yaml --seeds 1..5000           one scenario, other seeds
  aureon sweep my-space.yaml --out found         a space of your own, results in found/
  aureon sweep --show 17                         the scenario that seed 17 draws
  aureon sweep --queue redis://host:6379         the seeds are run by 'aureon worker's

The same line again goes on where the last call ended, whatever ended it.

Exit codes are those of 'aureon run' (aureon run --help); a kind of fault that was planned and
never injected counts as 1, as an assertion does that was never seen.`;

/** Adds the command to the program. */
export function addSweepCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  program
    .command('sweep')
    .description(
      'Run many seeds of a scenario or a space; results are kept, and a sweep that ended early is resumed.',
    )
    .argument('[file]', 'a scenario or a space (YAML); default: the space that comes with it')
    .option('--seeds <from..to>', 'the seeds, default 1..1000')
    .option('--jobs <n>', 'worker threads, 1 to 256; default: one a core')
    .option('--out <dir>', 'where results are kept; default: reports/sweep- and the name')
    .option('--queue <url>', "redis://host:port[/db]: let 'aureon worker's on any machines run the seeds")
    .option('--minutes <n>', 'end after so many minutes; the same line goes on later')
    .option('--fail-fast', 'end with the first failure')
    .option('--restart', 'delete what is in the folder, and begin anew')
    .option('--show <seed>', 'print the scenario of a seed; run none')
    .option('--json', 'one JSON object at the end on standard output, nothing else')
    .option('--quiet', 'print failures and the last line only')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', SWEEP_HELP)
    .showHelpAfterError('(aureon sweep --help lists the flags)')
    .action(async (file: string | undefined, flags: Readonly<Record<string, unknown>>) => {
      const { parseSweepFlags } = await import('./sweep-flags.ts');
      const parsed = parseSweepFlags(file, flags);
      const { sweepCommand } = await import('./sweep-command.ts');
      onExit(await sweepCommand(parsed, output));
    });
}

const WORKER_HELP = `
Examples:
  aureon worker --queue redis://host:6379
  aureon worker --queue rediss://user:secret@host:6380/2 --jobs 8

It takes seeds of sweeps of its own version only, of as many sweeps as there are, until it is told
to end: Ctrl-C or SIGTERM let it finish what it has begun; a second one ends it at once, and
others run those seeds again.`;

/** Adds the command to the program. */
export function addWorkerCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  program
    .command('worker')
    .description("Run the seeds of 'aureon sweep --queue' on this machine, until it is told to end.")
    .requiredOption('--queue <url>', 'redis://host:port[/db]: where the sweeps are')
    .option('--jobs <n>', 'worker threads, 1 to 256; default: one a core')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', WORKER_HELP)
    .showHelpAfterError('(aureon worker --help lists the flags)')
    .action(async (flags: Readonly<Record<string, unknown>>) => {
      const { parseWorkerFlags } = await import('./sweep-flags.ts');
      const parsed = parseWorkerFlags(flags);
      const { workerCommand } = await import('./worker-command.ts');
      onExit(await workerCommand(parsed, output));
    });
}
