#!/usr/bin/env node
/** The command `aureon`: parses the command line, runs a command, and turns what it came to into an exit code. */
import { Command, CommanderError } from 'commander';
import { EXIT } from '../cluster/result.ts';

import { addDivergeCommand } from './diverge-command.ts';
import { addExploreCommand } from './explore-command.ts';
import { addKeysCommand } from './keys-command.ts';
import {
  addClientCommands,
  addConfigCommand,
  addDevnetCommand,
  addGenesisCommand,
  addNodeCommand,
} from './node-cli.ts';
import { createOutput, type Output } from './output.ts';
import { addReplayCommand } from './replay-command.ts';
import { runCommand } from './run-command.ts';
import { parseRunFlags } from './run-flags.ts';
import { addScoreCommand } from './score-command.ts';
import { addShrinkCommand } from './shrink-command.ts';
import { addStorageCommands } from './storage-cli.ts';
import { addSweepCommand, addWorkerCommand } from './sweep-cli.ts';
import { UsageError } from './usage.ts';
import { packageVersion } from './version.ts';

const RUN_HELP = `
Examples:
  aureon run                                          the gallery that comes with it
  aureon run my.yaml --seed $(git rev-parse HEAD)     one scenario, one seed
  aureon run my.yaml --seeds 1..500 --report out      500 seeds, results kept in out/
  aureon run my.yaml --report out.html                a page to look at the run
  aureon run my.yaml --set nodes=9 --set chain.blockInterval=2s
  aureon run my.yaml --set 'faults[0].at=30s' --json
  aureon run my.yaml --seeds 1..500 --fail-fast       the first seed of 500 that fails
  aureon run my.yaml --verify                         is it a function of its seed?
  aureon run scenarios/real --real                    the same files on real nodes
  aureon run --list                                   what the gallery shows

A failure prints the line that replays it.

Exit codes, of several the first in this order:
  130 interrupted
    5 nondeterminism: two runs that must agree differ
    4 the program under test, or the simulator, crashed
    1 a safety check failed, or too little happened; of several seeds: an assertion that a
      scenario gives occasion for was never checked or never seen, or an unreachable one reached
    3 liveness: no agreement within the stated time
    2 usage, or a scenario that cannot be run: nothing ran, nothing was written; also: all
      passed, but output or the report could not be written
    0 passed

Colours follow the terminal; NO_COLOR=1 and FORCE_COLOR=1 decide.`;

const MAIN_HELP = `
Start with:
  aureon run          simulates the gallery of scenarios
  aureon score        counts the seeds until planted bugs are noticed
  aureon run --help   flags, examples and exit codes
  aureon replay FILE  repeats a failure that was kept
  aureon shrink FILE  cuts it down to what it takes
  aureon sweep        thousands of random clusters under random faults
  aureon devnet       a chain of real nodes on this machine
  aureon backup       a copy of a node's database while it runs; restore and check belong to it`;

function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

function createProgram(output: Output, onExit: (code: number) => void): Command {
  const program = new Command('aureon')
    .description('A blockchain whose every failure can be replayed from a seed.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', MAIN_HELP)
    .showHelpAfterError('(aureon --help lists the commands)')
    .exitOverride();
  program
    .command('run')
    .description('Simulate scenario files; without one, the whole gallery.')
    .argument('[scenario...]', 'scenario files (YAML), or folders of them')
    .option('--seed <text>', "the seed: any text; default: the file's own, else 1")
    .option('--seeds <from..to>', 'one run for each number, such as 1..500')
    .option('--jobs <n>', 'worker threads, 1 to 256; default: one a core')
    .option(
      '--set <path=value>',
      'replace one value of every file, such as nodes=7; may be repeated',
      collect,
    )
    .option(
      '--verify',
      'run each twice in lockstep, always in two threads whatever --jobs says; name the first event that differs',
    )
    .option(
      '--permute-ties <n>',
      'also run n other orders of simultaneous events; what is order-free must agree',
    )
    .option('--bug <nn>', 'honest hosts run that bug of the gallery in bugs/, by number or name')
    .option(
      '--real',
      'on real processes of this machine, in real time, with the same oracles: docs/real-runs.md says what can be asked of them',
    )
    .option('--keep', '--real: keep the files of the run, whatever the verdict')
    .option('--isolate', 'share nothing between simulated hosts: slower, the same trace hash')
    .option(
      '--json',
      'one JSON object a run on standard output, of several seeds a last one with the assertions',
    )
    .option('--fail-fast', 'end with the first failure; what comes after it is not run')
    .option('--list', 'check the scenarios and say what they are; run none')
    .option('--quiet', 'print failures and the last line only')
    .option(
      '--report <path>',
      'a file that ends in .html: a page of the first failure, else of the last run; else a folder: results.jsonl, summary.txt, a text and a page for each failure',
    )
    .option(
      '--metrics <file>',
      'what Prometheus would have read of the hosts, with simulated times: OpenMetrics, of one run',
    )
    .option('--beside <seed>', 'show the run with that seed too, beside the other in the report')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', RUN_HELP)
    .showHelpAfterError('(aureon run --help lists the flags)')
    .action(async (files: readonly string[], flags: Readonly<Record<string, unknown>>) => {
      onExit(await runCommand(parseRunFlags(files, flags), output));
    });
  addReplayCommand(program, output, onExit);
  addShrinkCommand(program, output, onExit);
  addDivergeCommand(program, output, onExit);
  addSweepCommand(program, output, onExit);
  addWorkerCommand(program, output, onExit);
  addScoreCommand(program, output, onExit);
  addExploreCommand(program, output, onExit);
  addNodeCommand(program, output, onExit);
  addDevnetCommand(program, output, onExit);
  addClientCommands(program, output, onExit);
  addConfigCommand(program, output, onExit);
  addGenesisCommand(program, output, onExit);
  addKeysCommand(program, output, onExit);
  addStorageCommands(program, output, onExit);
  return program;
}

async function main(argv: readonly string[]): Promise<number> {
  const output = createOutput();
  let code: number = EXIT.passed;
  try {
    await createProgram(output, (exitCode) => {
      code = exitCode;
    }).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.usage;
    if (error instanceof UsageError) output.complain(error.message);
    else
      output.complain(`aureon: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return error instanceof UsageError ? EXIT.usage : EXIT.crashed;
  }
  const lost = output.lost();
  if (lost !== undefined) output.complain(`aureon: standard output could not be written (${lost})`);
  return code === EXIT.passed && lost !== undefined ? EXIT.usage : code;
}

process.exitCode = await main(process.argv);
