/** `aureon diverge`: two runs event by event, and the first event that differs, with what caused it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { EXIT } from '../cluster/result.ts';
import { capsuleJob } from '../lab/capsule.ts';
import type { Job } from '../lab/job.ts';
import { type LockstepRun, RunFailedError, runInLockstep } from '../lab/lockstep.ts';
import { ProcessHandle } from '../lab/process-handle.ts';
import { type Asked, WorkerHandle, WorkerLostError } from '../lab/worker-handle.ts';
import { parseCaseFlags, readCase } from './case-file.ts';
import { type Flags, text } from './flags.ts';
import { grouped } from './format.ts';
import type { Output } from './output.ts';
import { onSignals } from './signals.ts';
import { UsageError } from './usage.ts';

const HELP = `
Examples:
  aureon diverge a.json b.json                     a failure, and a run that nearly is one
  aureon diverge f.json --isolate-b                shared between hosts, against copied: must be one run
  aureon diverge f.json --node-b /opt/node22/bin/node   two engines of JavaScript: must be one run
  aureon diverge f.json --code-b ../aureon-before  two versions: where did it change?

Without a second file both runs are of the first one. Exit codes: 0 the runs are one; 1 they part, and
the first event that differs is named; 2 usage; 130 interrupted.`;

/** Adds it to the program. */
export function addDivergeCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  program
    .command('diverge')
    .description('Name the first event in which two runs differ, and its causes.')
    .argument('<a>', 'a capsule (.json), or a scenario file with --seed')
    .argument('[b]', 'another one; default: the same')
    .option('--seed <text>', 'of scenario files: the seed')
    .option(
      '--set <path=value>',
      'of scenario files: replace one value',
      (value: string, all?: readonly string[]) => [...(all ?? []), value],
    )
    .option('--bug <nn>', 'of scenario files: honest hosts run that bug of the gallery')
    .option('--isolate-b', 'the second run shares nothing between its hosts')
    .option('--node-b <path>', 'the second run is under this Node')
    .option(
      '--code-b <folder>',
      'the second run is of the code in this folder: a clone, or an installed package',
    )
    .option('--json', 'one JSON object in place of text')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('(aureon diverge --help lists the flags)')
    .action(async (a: string, b: string | undefined, flags: Flags) => {
      onExit(await divergeCommand(a, b ?? a, flags, output));
    });
}

function jobOf(file: string, flags: Flags): Job {
  const named = readCase(file, parseCaseFlags(flags));
  return named.kind === 'capsule' ? capsuleJob(file, named.capsule) : named.job;
}

/** The worker of some code. @throws {UsageError} when the folder has none. */
function workerScript(folder: string | undefined): string {
  if (folder === undefined) {
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    return fileURLToPath(new URL(`../lab/worker.${ending}`, import.meta.url));
  }
  const known = ['src/lab/worker.ts', 'dist/lab/worker.js', 'node_modules/aureon/dist/lab/worker.js'];
  const found = known.map((path) => join(folder, path)).find((path) => existsSync(path));
  if (found === undefined)
    throw new UsageError(`--code-b ${folder}: no code of aureon there (${known.join(', ')})`);
  return found;
}

function secondOf(flags: Flags): Asked {
  const node = text(flags, 'nodeB');
  const code = text(flags, 'codeB');
  if (node === undefined && code === undefined) return new WorkerHandle();
  if (node !== undefined && !existsSync(node))
    throw new UsageError(`--node-b ${node}: there is no such file`);
  return new ProcessHandle({ node: node ?? process.execPath, script: workerScript(code) });
}

/** What tells the second run from the first, in words. */
function secondText(a: string, b: string, flags: Flags): string {
  const parts = [
    ...(a === b ? [] : [b]),
    ...(flags['isolateB'] === true ? ['sharing nothing'] : []),
    ...(text(flags, 'nodeB') === undefined ? [] : [`under ${text(flags, 'nodeB')}`]),
    ...(text(flags, 'codeB') === undefined ? [] : [`of the code in ${text(flags, 'codeB')}`]),
  ];
  return parts.length === 0 ? 'the same again' : parts.join(', ');
}

async function divergeCommand(a: string, b: string, flags: Flags, output: Output): Promise<number> {
  const jobA = jobOf(a, flags);
  const jobB = { ...jobOf(b, flags), ...(flags['isolateB'] === true ? { isolate: true } : {}) };
  const second = secondOf(flags);
  const first = new WorkerHandle();
  const { signal, off } = onSignals(output);
  const stop = async (): Promise<void> => void (await Promise.all([first.stop(), second.stop()]));
  const onAbort = (): void => void stop();
  signal.addEventListener('abort', onAbort, { once: true });
  const ran: readonly LockstepRun[] = [
    { by: first, job: jobA, warmUp: undefined },
    { by: second, job: jobB, warmUp: undefined },
  ];
  output.progress('comparing event by event');
  try {
    const sides = { both: 'the two runs', each: `A, ${a}, and B, ${secondText(a, b, flags)}` };
    const both = await runInLockstep(ran[0] as LockstepRun, ran[1] as LockstepRun, sides);
    if (both.kind === 'agree') {
      const { traceHash, events } = both.a.result;
      output.print(
        flags['json'] === true
          ? JSON.stringify({ same: true, events, traceHash })
          : `one run: ${grouped(events)} events, trace ${traceHash} in both`,
      );
      return EXIT.passed;
    }
    const { divergence } = both;
    const fact = divergence?.fact ?? 'they differ before what their traces remember';
    if (flags['json'] === true)
      output.print(JSON.stringify({ same: false, fact, detail: divergence?.detail }));
    else
      output.print(
        [output.palette.bold(fact), ...(divergence === undefined ? [] : [divergence.detail])].join('\n'),
      );
    return EXIT.safety;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    if (error instanceof RunFailedError || error instanceof WorkerLostError)
      throw new UsageError(`a run could not be simulated: ${error.message}`);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    off();
    output.clearProgress();
    await stop();
  }
}
