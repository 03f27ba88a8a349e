/** A failure as a file: scenario, seed, every fault stated, what came of it, and the code that it was found with. */
import { z } from 'zod';
import { explicitScenario } from '../cluster/explicit-scenario.ts';
import { EXIT, exitCodeOf, type RunResult } from '../cluster/result.ts';
import { messageFaultsSchema } from '../cluster/scenario/schema/explicit.ts';
import { faultSchema } from '../cluster/scenario/schema/faults.ts';
import { type ScenarioFile, scenarioSchema } from '../cluster/scenario/schema.ts';
import { findImpossible } from '../cluster/scenario/sense.ts';
import { codeDigest } from './code-digest.ts';
import type { Job, JobOutcome } from './job.ts';

/** First line of every capsule: what it is, and how it is laid out. */
const FORMAT = 'aureon-capsule-1';
/** Codes by which a run can fail. */
const FAILED: readonly number[] = [EXIT.safety, EXIT.liveness, EXIT.crashed, EXIT.nondeterminism];

const text = z.string().max(1_000_000);
const count = z.int().min(0);

const capsuleSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** Every fault stated. */
  scenario: scenarioSchema,
  seed: z.string().min(1).max(256),
  isolate: z.boolean(),
  permuteTies: count,
  /** The planted bug that its honest hosts run. */
  bug: z.string().min(1).max(128).exactOptional(),
  /** Lines from which the faults were drawn: futures of a branch draw theirs from them. None: they are stated for good. */
  lines: z.array(faultSchema),
  /** Every message that was lost, delayed or corrupted in the run. */
  messageFaults: messageFaultsSchema,
  madeBy: z.strictObject({
    version: text,
    /** Digest of the code. */
    code: text,
    node: text,
  }),
  failure: z.strictObject({
    fingerprint: text,
    exitCode: z.int().refine((code) => FAILED.includes(code), 'the exit code of a failure'),
    /** In one line, for people. */
    text,
    atUs: count,
  }),
  traceHash: z.string().regex(/^[0-9a-f]{16}$/, 'sixteen hexadecimal digits'),
  events: count,
  /** Faults that were planned, and that took effect. */
  planned: count,
  effective: count,
});

export type Capsule = z.infer<typeof capsuleSchema>;

/** A file is no capsule, or one that cannot be run: what is wrong, and where. */
export class CapsuleError extends Error {
  readonly code = 'CAPSULE_INVALID';
  override readonly name = 'CapsuleError';
}

/** The verdict in one line. */
function failureText({ verdict }: RunResult): string {
  switch (verdict.kind) {
    case 'violated': {
      const { oracle, rule, hosts, fact } = verdict.violation;
      return `${oracle}/${rule}${hosts.length === 0 ? '' : ` on ${hosts.join(', ')}`}: ${fact}`;
    }
    case 'crashed':
      return `${verdict.host} threw ${verdict.error}`;
    case 'unexpectedPass':
      return `passed, where ${verdict.expected} was expected`;
    case 'tooLittle':
      return verdict.missing.map(({ what, wanted, got }) => `${what} ${got} of ${wanted}`).join(', ');
    case 'nondeterminism':
      return verdict.fact;
    case 'passed':
      return 'passed';
  }
}

/** When it went wrong; the end of the run where nothing says so. */
export function failedAtUs({ verdict, simulatedUs }: RunResult): number {
  if (verdict.kind === 'violated') return verdict.violation.atUs;
  return verdict.kind === 'crashed' && verdict.atUs > 0 ? verdict.atUs : simulatedUs;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/**
 * What is kept of a failed run.
 * @param scenario as the job ran it.
 * @param version of the package.
 */
export function createCapsule(
  scenario: ScenarioFile,
  job: Job,
  { result, messageFaults = [] }: JobOutcome,
  version: string,
): Capsule {
  return {
    format: FORMAT,
    scenario: explicitScenario(scenario, job.seed),
    seed: job.seed,
    isolate: job.isolate,
    permuteTies: job.permuteTies,
    ...(job.bug === undefined ? {} : { bug: job.bug }),
    lines: [...(scenario.faults ?? [])],
    messageFaults: [...messageFaults],
    madeBy: { version, code: codeDigest(), node: process.versions.node },
    failure: {
      fingerprint: result.fingerprint ?? '',
      exitCode: exitCodeOf(result.verdict),
      text: failureText(result),
      atUs: failedAtUs(result),
    },
    traceHash: result.traceHash,
    events: result.events,
    planned: sum(result.faults.map(({ planned }) => planned)),
    effective: sum(result.faults.map(({ effective }) => effective)),
  };
}

/** The run that a capsule holds. @param file its name, for messages. */
export function capsuleJob(file: string, { scenario, seed, isolate, permuteTies, bug }: Capsule): Job {
  const job = { file, source: '', overrides: [], scenario, seed, isolate, permuteTies };
  return bug === undefined ? job : { ...job, bug };
}

/** As it is written to a file: what people read first stands first. */
export function capsuleText(capsule: Capsule): string {
  const { format, failure, madeBy, ...rest } = capsule;
  return `${JSON.stringify({ format, failure, madeBy, ...rest }, undefined, 1)}\n`;
}

/** @throws {CapsuleError} that names the file, the field, and what was expected there. */
export function parseCapsule(file: string, source: string): Capsule {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    throw new CapsuleError(
      `${file}: not a capsule: no JSON; a capsule is written by aureon sweep or run --report`,
    );
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== FORMAT)
    throw new CapsuleError(`${file}: not a capsule: its format is not ${FORMAT}`);
  const read = capsuleSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const place = (issue?.path ?? []).map(String).join('.');
    throw new CapsuleError(
      `${file}: ${place === '' ? 'the file' : place}: ${issue?.message ?? 'cannot be read'}`,
    );
  }
  const [impossible] = findImpossible(read.data.scenario);
  if (impossible === undefined) return read.data;
  const place = ['scenario', ...impossible.path].join('.');
  throw new CapsuleError(`${file}: ${place}: ${impossible.message}; expected: ${impossible.expected}`);
}
