/** `aureon sweep`: many seeds of a scenario or a space into a database that survives its process, and what they add up to. */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../cluster/result.ts';
import { ScenarioError } from '../cluster/scenario/problem.ts';
import { codeDigest } from '../lab/code-digest.ts';
import { type SweepWork, sweepHere } from '../lab/sweep/drive.ts';
import type { SweepRow } from '../lab/sweep/row.ts';
import { StoreError, type SweepStore } from '../lab/sweep/store.ts';
import { createSubject, type Subject } from '../lab/sweep/subject.ts';
import { failureGroups, summarise } from '../lab/sweep/summary.ts';
import { plural } from './format.ts';
import type { Output } from './output.ts';
import { readOneFile } from './scenario-files.ts';
import { onSignals } from './signals.ts';
import type { SweepFlags } from './sweep-flags.ts';
import { openFolder, type SweepFolder } from './sweep-folder.ts';
import { SweepProgress } from './sweep-progress.ts';
import { finishSweep } from './sweep-report.ts';
import { systemCode, UsageError } from './usage.ts';
import { packageVersion } from './version.ts';

/** Wall time between two progress lines. */
const PROGRESS_EVERY_MS = 200;

const DEFAULT_SPACE = fileURLToPath(new URL('../../spaces/default.yaml', import.meta.url));

/** @throws {UsageError} when it cannot be read, or is wrong. */
function readSubject(file: string | undefined): Subject {
  const path = file ?? DEFAULT_SPACE;
  const near = relative(process.cwd(), path);
  const shown = file ?? (near.startsWith('..') ? path : near);
  try {
    return createSubject(shown, readOneFile(path));
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(error.message);
    throw error;
  }
}

/** In a file's name: what a scenario is called may be any text. */
function safe(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
}

/** Aborted when the time that was asked for is over; never without such a time. */
function deadline(minutes: number | undefined): { readonly signal: AbortSignal; readonly off: () => void } {
  const abort = new AbortController();
  if (minutes === undefined) return { signal: abort.signal, off() {} };
  const timer = setTimeout(() => abort.abort(), minutes * 60_000);
  return { signal: abort.signal, off: () => clearTimeout(timer) };
}

/** What an earlier call left, for the progress line. */
function knownOf(store: SweepStore, done: number): ConstructorParameters<typeof SweepProgress>[1] {
  const groups = failureGroups(store.database);
  return {
    done,
    failed: groups.reduce((sum, { seeds }) => sum + seeds, 0),
    groups: groups.map(({ fingerprint }) => fingerprint),
    behaviours: store.behaviours(),
  };
}

function announce(
  flags: SweepFlags,
  subject: Subject,
  folder: string,
  missing: number,
  output: Output,
): void {
  if (flags.json || flags.quiet) return;
  const { from, to } = flags.seeds;
  const left = missing === to - from + 1 ? '' : `, ${plural(missing, 'seed')} to run`;
  const where =
    flags.queue === undefined
      ? `on ${plural(Math.max(1, Math.min(flags.jobs, missing)), 'thread')}`
      : `by workers at ${flags.queue}`;
  output.print(
    output.palette.bold(
      `Aureon ${packageVersion()}: sweep of the ${subject.kind} ${subject.name}, seeds ${from}..${to}${left}, ${where}, into ${folder}`,
    ),
  );
}

/** The packages for it are loaded here, when they are needed. */
async function byQueue(work: SweepWork, url: string, id: string, output: Output): Promise<void> {
  const { sweepByQueue } = await import('../lab/sweep/queue/sweep-by-queue.ts');
  const onNews = (text: string): void => output.complain(text);
  await sweepByQueue({ ...work, url, id, code: codeDigest(), onNews });
}

/** Runs what is missing. Answers whether somebody or something ended it before its time. */
async function runMissing(
  flags: SweepFlags,
  subject: Subject,
  opened: SweepFolder,
  missing: number,
  output: Output,
): Promise<'interrupted' | 'minutes' | undefined> {
  const { store } = opened;
  const all = flags.seeds.to - flags.seeds.from + 1;
  const progress = new SweepProgress(all, knownOf(store, opened.done), performance.now());
  const interrupt = onSignals(output);
  const late = deadline(flags.minutes);
  const signal = AbortSignal.any([interrupt.signal, late.signal]);
  const timer = setInterval(() => {
    if (!signal.aborted) output.progress(progress.text(performance.now()));
  }, PROGRESS_EVERY_MS);
  const onRow = (row: SweepRow): void => {
    const isFirst = progress.add(row, performance.now());
    if (isFirst && !flags.json)
      output.print(
        `${output.palette.bad('✗')} seed ${row.seed}: ${row.failure ?? ''} (the first of its kind)`,
      );
  };
  const { seeds, jobs, failFast } = flags;
  const work: SweepWork = { subject, seeds, store, missing, jobs, failFast, signal, onRow };
  try {
    if (flags.queue === undefined) await sweepHere(work);
    else await byQueue(work, flags.queue, opened.id, output);
  } finally {
    clearInterval(timer);
    interrupt.off();
    late.off();
    output.clearProgress();
  }
  if (interrupt.signal.aborted) return 'interrupted';
  return late.signal.aborted ? 'minutes' : undefined;
}

/** Everything is read, checked and compared with what the folder holds before anything runs. Answers the exit code. */
export async function sweepCommand(flags: SweepFlags, output: Output): Promise<number> {
  const subject = readSubject(flags.file);
  if (flags.show !== undefined) {
    const { source } = subject.draw(flags.show);
    output.print(subject.kind === 'space' ? JSON.stringify(JSON.parse(source), null, 2) : source.trimEnd());
    return EXIT.passed;
  }
  const folder = flags.out ?? join('reports', `sweep-${safe(subject.name)}`);
  const { restart } = flags;
  const opened = openFolder(folder, subject, flags.seeds, {
    code: codeDigest(),
    version: packageVersion(),
    restart,
  });
  try {
    return await sweepInto({ flags, subject, folder, opened, output });
  } catch (error) {
    if (isQueueError(error)) throw new UsageError(error.message);
    if (!(error instanceof StoreError)) throw error;
    throw new UsageError(
      `${error.message}\nwhat was written before is kept: the same line goes on where it ended`,
    );
  } finally {
    opened.close();
  }
}

/** By its code: its class is loaded with the queue only. */
export function isQueueError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'QUEUE';
}

async function sweepInto(sweep: {
  readonly flags: SweepFlags;
  readonly subject: Subject;
  readonly folder: string;
  readonly opened: SweepFolder;
  readonly output: Output;
}): Promise<number> {
  const { flags, subject, folder, opened, output } = sweep;
  const { from, to } = flags.seeds;
  const missing = to - from + 1 - opened.done;
  announce(flags, subject, folder, missing, output);
  const startedMs = performance.now();
  const ended = missing === 0 ? undefined : await runMissing(flags, subject, opened, missing, output);
  const wallMs = performance.now() - startedMs;
  const left = to - from + 1 - opened.store.count(flags.seeds);
  const report = await finishSweep({
    flags,
    subject,
    folder,
    summary: summarise(opened.store.database, subject.kind === 'space'),
    ran: missing - left,
    left,
    wallMs,
    ended: ended ?? (left > 0 ? 'fail-fast' : undefined),
    output,
  });
  let unwritten: string | undefined;
  try {
    writeFileSync(join(folder, 'summary.txt'), `${report.text}\n`);
  } catch (error) {
    unwritten = `${join(folder, 'summary.txt')} cannot be written (${systemCode(error)})`;
    output.complain(unwritten);
  }
  if (ended === 'interrupted') return EXIT.interrupted;
  return report.code === EXIT.passed && unwritten !== undefined ? EXIT.usage : report.code;
}
