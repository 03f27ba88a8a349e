/** `aureon worker`: runs seeds of sweeps on other machines, until it is told to end. */
import { EXIT } from '../cluster/result.ts';
import { codeDigest } from '../lab/code-digest.ts';
import { serveQueue } from '../lab/sweep/queue/worker.ts';
import { grouped, plural } from './format.ts';
import type { Output } from './output.ts';
import { onSignals } from './signals.ts';
import { isQueueError } from './sweep-command.ts';
import type { WorkerFlags } from './sweep-flags.ts';
import { UsageError } from './usage.ts';
import { packageVersion } from './version.ts';

/** Answers when a signal has ended it: a worker has no verdict of its own. */
export async function workerCommand({ queue, jobs }: WorkerFlags, output: Output): Promise<number> {
  const code = codeDigest();
  const { signal, off } = onSignals(output);
  let seeds = 0;
  let failed = 0;
  output.print(`Aureon ${packageVersion()}: worker of code ${code}, ${plural(jobs, 'thread')}`);
  try {
    await serveQueue({
      url: queue,
      jobs,
      code,
      signal,
      onNews: (text) => output.complain(text),
      onRow(row) {
        seeds++;
        if (row.fingerprint !== undefined) failed++;
        output.progress(`${plural(seeds, 'seed')} run, ${grouped(failed)} failed`);
      },
    });
  } catch (error) {
    if (isQueueError(error)) throw new UsageError(error.message);
    throw error;
  } finally {
    off();
    output.clearProgress();
  }
  output.print(`${plural(seeds, 'seed')} run, ${grouped(failed)} failed`);
  return EXIT.passed;
}
