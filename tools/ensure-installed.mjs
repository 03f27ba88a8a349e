/**
 * Runs before `npm start` and `npm test`: installs what is missing, and says what to do when no fitting Node is found.
 * Plain JavaScript, because the machine's own Node may be too old for TypeScript. Quiet when nothing is to do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The oldest Node that can run this script and npm's `npm ci` of this lock file. */
const INSTALLER_NODE_MIN = [20, 0];
/** The oldest Node that runs TypeScript without a flag. */
const RUNTIME_NODE_MIN = [22, 18];

const root = fileURLToPath(new URL('..', import.meta.url));

if (!isAtLeast(process.versions.node, INSTALLER_NODE_MIN)) {
  fail(
    `Node ${process.versions.node} is too old: Aureon needs Node 20 or newer to install itself.`,
    'Install a current Node from https://nodejs.org and run the command again.',
  );
}
if (!isInstalled()) install();
checkRuntime();

/** npm writes node_modules/.package-lock.json last, so an interrupted installation does not count. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  return statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function install() {
  process.stderr.write('Installing dependencies (npm ci); this happens once …\n');
  // npm runs on the Node that started it: the one in node_modules is about to be replaced.
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.env.npm_node_execpath ?? process.execPath, [npm]] : ['npm', []];
  const flags = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync(command, [...args, ...flags], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    fail(
      `npm ci failed${error ? `: ${error.message}` : ` with exit code ${status}`}.`,
      'Its own message stands above. With a network that reaches the npm registry, run the command again.',
    );
  }
}

/** The Node that npm scripts find first on their path is the bundled one where it runs, else the machine's. */
function checkRuntime() {
  const link = join(root, 'node_modules', '.bin', 'node');
  const bundled = join('node-linux-' + process.arch, 'bin', 'node');
  if (process.platform === 'linux' && existsSync(join(root, 'node_modules', bundled))) {
    // npm 10 unlinks it again when it drops the package of the other architecture.
    if (!existsSync(link)) symlinkSync(join('..', bundled), link);
    if (spawnSync(link, ['--version']).status === 0) return;
    // A Linux without glibc (Alpine): out of the path with it, so that the machine's own Node is found.
    rmSync(link);
  }
  if (isAtLeast(process.versions.node, RUNTIME_NODE_MIN)) return;
  fail(
    `Aureon brings Node 24 for Linux with glibc on x64 and arm64; this is ${process.platform} ${process.arch}, and its ` +
      `Node ${process.versions.node} cannot run TypeScript.`,
    'Install Node 22.18 or newer (24 is best) from https://nodejs.org and run the command again.',
  );
}

function isAtLeast(version, [major, minor]) {
  const [actualMajor, actualMinor] = version.split('.').map(Number);
  return actualMajor > major || (actualMajor === major && actualMinor >= minor);
}

function fail(problem, remedy) {
  process.stderr.write(`${problem}\n${remedy}\n`);
  process.exit(1);
}
