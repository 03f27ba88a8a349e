/** Installs browsers that are missing, where the machine has Debian's package manager. */
import { spawnSync } from 'node:child_process';
import type { BrowserKind } from './browsers.ts';

/** @returns what stood in the way; empty when they are installed. */
export function installBrowsers(kinds: readonly BrowserKind[]): string {
  const packages = kinds.map(({ debian }) => debian);
  console.log(`installing ${packages.join(', ')} with apt-get`);
  return apt('update', '-qq') || apt('install', '-qq', '-y', '--no-install-recommends', ...packages);
}

function apt(...args: readonly string[]): string {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { error, status, stdout, stderr } = spawnSync('apt-get', args, { encoding: 'utf8', env });
  if (error !== undefined)
    return `there is no apt-get here (${error.message}): install the browsers by other means`;
  return status === 0
    ? ''
    : `apt-get ${args.join(' ')} ended with ${status}; it must run as root:\n${stdout}${stderr}`;
}
