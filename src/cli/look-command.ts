/** What `aureon replay` shows of a run with --until, --inspect and --trace. */

import { EXIT } from '../cluster/result.ts';
import { parseScenario } from '../cluster/scenario/parse.ts';
import type { Job } from '../lab/job.ts';
import type { Look, TraceLine } from '../lab/look.ts';
import { WorkerHandle } from '../lab/worker-handle.ts';
import { alignedMoment, grouped, moment } from './format.ts';
import type { Output } from './output.ts';
import type { ReplayFlags } from './replay-flags.ts';
import { UsageError } from './usage.ts';

/** `n2` and `2` alike. */
function hostNumbers(names: readonly string[], nodes: number, flag: string): readonly number[] {
  return names.map((name) => {
    const number = /^n?\d{1,6}$/.test(name) ? Number(name.replace('n', '')) : nodes;
    if (number >= nodes)
      throw new UsageError(`${flag} ${name}: a host from n0 to n${nodes - 1} was expected`);
    return number;
  });
}

function lineText({ atUs, host, kind, text }: TraceLine): string {
  return `${alignedMoment(atUs, 12)}  ${host.padEnd(5)} ${text.startsWith(kind) ? text : `${kind} ${text}`}`;
}

/** Answers the exit code: a look judges nothing. */
export async function lookCommand(
  job: Job,
  flags: ReplayFlags,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { nodes } = job.scenario ?? parseScenario(job.file, job.source, job.overrides);
  const look: Look = {
    untilUs: flags.untilUs ?? Number.MAX_SAFE_INTEGER,
    inspect: hostNumbers(flags.inspect, nodes, '--inspect'),
    trace:
      flags.trace === undefined
        ? undefined
        : { hosts: hostNumbers(flags.trace.hosts, nodes, '--hosts'), kinds: flags.trace.kinds },
  };
  const handle = new WorkerHandle();
  const onAbort = (): void => void handle.stop();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = await handle.ask({ kind: 'look', id: 0, job, look }, (interim) => {
      if (interim.kind !== 'lines') return;
      for (const line of interim.lines) output.print(flags.json ? JSON.stringify(line) : lineText(line));
    });
    if (answer.kind === 'failed') throw new UsageError(`${job.file}: ${answer.error}`);
    if (answer.kind !== 'looked') throw new Error(`the worker answered ${answer.kind}`);
    const { seen } = answer;
    for (const { host, json } of seen.snapshots)
      output.print(flags.json ? JSON.stringify({ host, atUs: seen.atUs, state: JSON.parse(json) }) : json);
    if (!flags.json)
      output.complain(
        `stopped at ${moment(seen.atUs)} after ${grouped(seen.events)} events, trace ${seen.traceHash}`,
      );
    return EXIT.passed;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await handle.stop();
  }
}
