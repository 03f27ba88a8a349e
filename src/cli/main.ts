#!/usr/bin/env node
/** The command `aureon`: parses the command line, runs a command, and turns what it came to into an exit code. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EXIT } from '../cluster/result.ts';
import { createOutput } from './output.ts';
import { runCommand } from './run-command.ts';
import { parseRunFlags } from './run-flags.ts';
import { UsageError } from './usage.ts';

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return 'unknown';
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function createProgram(onExit: (code: number) => void): Command {
  const program = new Command('aureon')
    .description('A blockchain whose every failure can be replayed from a seed.')
    .version(packageVersion())
    .showHelpAfterError('(aureon --help lists the commands)')
    .exitOverride();
  program
    .command('run')
    .description('Simulate scenario files; without one, the whole gallery.')
    .argument('[scenario...]', 'scenario files (YAML) or folders of them')
    .option('--seed <text>', 'the seed of the run: any text, a git hash too')
    .option('--seeds <from..to>', 'many runs, one for each number of the range, such as 1..500')
    .option('--jobs <n>', 'worker threads; default: one for each core')
    .option(
      '--set <path=value>',
      'replace one value of the file, such as nodes=7; may be repeated',
      collect,
      [],
    )
    .option('--verify', 'run everything twice in lockstep and name the first event that differs', false)
    .option(
      '--permute-ties <n>',
      'also run n other orders of simultaneous events: order-free results must agree',
    )
    .option('--isolate', 'share nothing between the simulated hosts: slower, the same hash', false)
    .option('--json', 'one JSON object a run on standard output, nothing else', false)
    .option('--quiet', 'print failures and the last line only', false)
    .option(
      '--report <dir>',
      'write results.jsonl, summary.txt and one text for each failure into this folder',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 passed, 1 safety, 2 usage, 3 liveness, 4 crashed, 5 nondeterminism, 130 interrupted.',
    )
    .action(async (files: readonly string[], flags: Readonly<Record<string, unknown>>) => {
      onExit(await runCommand(parseRunFlags(files, flags), createOutput()));
    });
  return program;
}

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.passed;
  try {
    await createProgram((exitCode) => {
      code = exitCode;
    }).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.usage;
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n`);
      return EXIT.usage;
    }
    throw error;
  }
  return code;
}

process.exitCode = await main(process.argv);
