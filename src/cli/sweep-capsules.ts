/** Of each kind of failure its simplest member as a capsule, and the line that repeats it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScenarioError } from '../cluster/scenario/problem.ts';
import { capsuleText } from '../lab/capsule.ts';
import { captureCapsule } from '../lab/capture.ts';
import { NONDETERMINISM } from '../lab/nondeterminism.ts';
import { jobOf } from '../lab/sweep/drive.ts';
import type { Subject } from '../lab/sweep/subject.ts';
import type { FailureGroup, SweepSummary } from '../lab/sweep/summary.ts';
import type { Output } from './output.ts';
import { commandWords, quoteShell, replayLine, startWords } from './replay-line.ts';
import { onSignals } from './signals.ts';
import { CAPSULES } from './sweep-folder.ts';
import { systemCode } from './usage.ts';
import { packageVersion } from './version.ts';

/** Kinds of failures that are kept as capsules: each is one more run, and of so many kinds the first say enough. */
const CAPSULES_MAX = 100;
/** Of a fingerprint in a file's name. */
const NAME_MAX = 64;

export interface Capsules {
  /** What could not be written; undefined: all was. */
  readonly problem: string | undefined;
  readonly fileOf: (group: FailureGroup) => string | undefined;
  /** The lines that repeat it. */
  linesOf(group: FailureGroup): readonly string[];
}

function fileName({ fingerprint, seed }: FailureGroup): string {
  return `${fingerprint.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, NAME_MAX)}-seed-${seed}`;
}

/** What repeats a run of which there is no capsule: the scenario of the seed as a file, where it was drawn. */
function runLine(subject: Subject, group: FailureGroup, folder: string): string {
  const { families: _, ...job } = jobOf(subject, group.seed);
  const file = subject.kind === 'scenario' ? subject.file : join(folder, `${fileName(group)}.yaml`);
  if (subject.kind === 'space') writeFileSync(file, `${job.source}\n`);
  return replayLine(
    { ...job, file },
    group.fingerprint === NONDETERMINISM,
    startWords(import.meta.url, process.cwd()),
  );
}

/** Writes one for each kind; one that is there already is of the same run. */
export async function keepCapsules(sweep: {
  readonly subject: Subject;
  readonly folder: string;
  readonly summary: Pick<SweepSummary, 'groups'>;
  readonly output: Output;
}): Promise<Capsules> {
  const { subject, summary, output } = sweep;
  const folder = join(sweep.folder, CAPSULES);
  const files = new Map<string, string>();
  const lines = new Map<string, string>();
  const { signal, off } = onSignals(output);
  let problem: string | undefined;
  try {
    for (const group of summary.groups.slice(0, CAPSULES_MAX)) {
      output.progress(`keeping the capsule of ${group.fingerprint}, seed ${group.seed}`);
      const path = join(folder, `${fileName(group)}.json`);
      try {
        mkdirSync(folder, { recursive: true });
        const isKept = await keepOne(subject, group, path, signal);
        if (isKept) files.set(group.fingerprint, path);
        lines.set(group.fingerprint, isKept ? capsuleLine(path) : runLine(subject, group, folder));
      } catch (error) {
        if (!(error instanceof Error && 'syscall' in error)) throw error;
        problem ??= `${path} cannot be written (${systemCode(error)})`;
      }
    }
  } finally {
    off();
    output.clearProgress();
  }
  return {
    problem,
    fileOf: ({ fingerprint }) => files.get(fingerprint),
    linesOf({ fingerprint }) {
      const line = lines.get(fingerprint);
      return line === undefined ? [] : [`replay  ${line}`];
    },
  };
}

function capsuleLine(path: string): string {
  const words = commandWords(import.meta.url, process.cwd(), 'replay');
  return [...words, path].map(quoteShell).join(' ');
}

/** False: there is none, since the run does not fail alone, could not be planned, or was interrupted. */
async function keepOne(
  subject: Subject,
  { seed, fingerprint }: FailureGroup,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (existsSync(path) && readFileSync(path, 'utf8').includes(JSON.stringify(fingerprint))) return true;
  if (fingerprint === NONDETERMINISM) return false;
  const { families: _, probes: __, ...job } = jobOf(subject, seed);
  try {
    const capsule = await captureCapsule(job, packageVersion(), signal);
    if (capsule === undefined) return false;
    writeFileSync(path, capsuleText(capsule));
    return true;
  } catch (error) {
    // A scenario that cannot even be planned has failed by that.
    if (error instanceof ScenarioError) return false;
    throw error;
  }
}
