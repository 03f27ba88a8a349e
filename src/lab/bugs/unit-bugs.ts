/** Bugs of unit level: the tests that a bug names are run with it, in a vitest of their own, and at least one must fail. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT, type UnitBug } from './bug-file.ts';
import { BugError } from './mutation.ts';

/** What one bug of unit level came to. */
export interface UnitScore {
  readonly bug: UnitBug;
  /** Names of the tests that failed; none: the bug was missed. */
  readonly failed: readonly string[];
  readonly wallMs: number;
}

/** What vitest's JSON reporter says, as far as it is read. */
const report = z.object({
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** Longest wait for a few unit tests on a busy machine. */
const TIMEOUT_MS = 300_000;
/** What vitest says when it cannot begin. */
const COMPLAINT_MAX_CHARS = 2_000;

/** Runs the tests of the bug; answers vitest's report. */
async function vitest(bug: UnitBug): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'aureon-bug-'));
  const file = join(folder, 'report.json');
  try {
    const complaints = await new Promise<string>((resolve, reject) => {
      const child = spawn(
        process.execPath,
        [
          join(ROOT, 'node_modules/vitest/vitest.mjs'),
          ...['run', '--config', 'bugs/vitest.config.ts', '--reporter=json', `--outputFile=${file}`],
          ...bug.tests,
        ],
        { cwd: ROOT, env: { ...process.env, AUREON_BUG: bug.name }, timeout: TIMEOUT_MS },
      );
      let said = '';
      const onData = (chunk: Buffer): void => {
        said += chunk.toString('utf8');
      };
      child.stdout.on('data', onData);
      child.stderr.on('data', onData);
      child.on('error', reject);
      child.on('close', () => resolve(said));
    });
    if (!existsSync(file))
      throw new BugError(`${bug.name}: vitest gave no report: ${complaints.slice(0, COMPLAINT_MAX_CHARS)}`);
    return JSON.parse(await readFile(file, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws {BugError} when no test was run: that would be no detection. */
export async function runUnitBug(bug: UnitBug): Promise<UnitScore> {
  const startedMs = performance.now();
  const read = report.parse(await vitest(bug));
  const tests = read.testResults.flatMap(({ assertionResults }) => assertionResults);
  if (tests.every(({ status }) => status === 'skipped')) {
    const why = read.testResults.map(({ message }) => message ?? '').join(' ');
    throw new BugError(`${bug.name}: none of ${bug.tests.join(', ')} could be run: ${why}`);
  }
  const failed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName.trim());
  return { bug, failed, wallMs: performance.now() - startedMs };
}
