/** Tests that need a program of the system: installs it where that is asked for, runs them, and fails when nothing ran. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** What is needed, and what runs then. */
export interface NeedingProgram {
  /** The program and its package of Debian, of one name. */
  readonly program: string;
  /** The npm script that this is, as `test:queue`. */
  readonly script: string;
  /** Folder of the tests below tests/, with a vitest.config.ts. */
  readonly folder: string;
}

/** Runs a command with our standard output; answers its exit code, 1 where it could not be started. */
function run(command: string, ...args: readonly string[]): number {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

/** What stands in the way; undefined: it is there. */
function lacking({ program, script }: NeedingProgram): string | undefined {
  if (spawnSync(program, ['--version']).status === 0) return undefined;
  if (!process.argv.includes('--install'))
    return `${program} is needed: apt-get install -y ${program}, or npm run ${script} -- --install`;
  const install = `apt-get update -qq && apt-get install -qq -y --no-install-recommends ${program}`;
  return run('bash', '-c', install) === 0
    ? undefined
    : `${program} could not be installed; it needs root and apt-get`;
}

/** Sets the exit code of the process. */
export function runNeedingProgram(needing: NeedingProgram): void {
  const problem = lacking(needing);
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 1;
    return;
  }
  const report = join(root, `coverage/${needing.folder}.json`);
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules/.bin/vitest');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = run(vitest, 'run', '--config', `tests/${needing.folder}/vitest.config.ts`, ...reporters);
  const counted = run(process.execPath, 'tools/test-counts.mjs', report);
  process.exitCode = code === 0 && counted === 0 ? 0 : 1;
}
