/** `npm run test:queue`: sweeps over a real redis-server; `--install` fetches it where it is missing. Fails when it ran nothing. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const REPORT = join(root, 'coverage/queue.json');

/** Runs a program with our standard output; answers its exit code, 1 where it could not be started. */
function run(command: string, ...args: readonly string[]): number {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

/** What stands in the way; undefined: it is there. */
function lacking(): string | undefined {
  if (spawnSync('redis-server', ['--version']).status === 0) return undefined;
  if (!process.argv.includes('--install'))
    return 'redis-server is needed: apt-get install -y redis-server, or npm run test:queue -- --install';
  const install = 'apt-get update -qq && apt-get install -qq -y --no-install-recommends redis-server';
  return run('bash', '-c', install) === 0
    ? undefined
    : 'redis-server could not be installed; it needs root and apt-get';
}

const problem = lacking();
if (problem === undefined) {
  rmSync(REPORT, { force: true });
  const vitest = join(root, 'node_modules/.bin/vitest');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const code = run(vitest, 'run', '--config', 'tests/queue/vitest.config.ts', ...reporters);
  const counted = run(process.execPath, 'tools/test-counts.mjs', REPORT);
  process.exitCode = code === 0 && counted === 0 ? 0 : 1;
} else {
  console.error(problem);
  process.exitCode = 1;
}
