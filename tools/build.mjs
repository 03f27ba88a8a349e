/** Builds the published package from clean: what stands in dist afterwards comes from the sources of now, and from nothing else. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(join(root, 'dist'), { recursive: true, force: true });
// The command stands on every floor that is published, so its references name them all.
const tsc = join(root, 'node_modules', '.bin', 'tsc');
const page = ['tools/build-report.mjs', 'dist/report/page.html'];
const steps = [
  [tsc, ['-b', 'src/cli']],
  [process.execPath, page],
];
for (const [command, args] of steps) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
