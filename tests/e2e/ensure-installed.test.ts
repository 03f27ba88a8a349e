/** What runs before `npm start` and `npm test`: installs when it must, is silent when not, says what to do when it cannot. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../tools/ensure-installed.mjs', import.meta.url));

/** Stands in for npm: notes its arguments, and leaves what `npm ci` leaves last. */
const NPM = `import { mkdirSync, writeFileSync } from 'node:fs';
writeFileSync('called.txt', process.argv.slice(2).join(' '));
if (process.env.NPM_FAILS) process.exit(7);
mkdirSync('node_modules', { recursive: true });
writeFileSync('node_modules/.package-lock.json', '{}');
`;

describe('ensure-installed', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-install-'));
    mkdirSync(join(folder, 'tools'));
    cpSync(script, join(folder, 'tools/ensure-installed.mjs'));
    writeFileSync(join(folder, 'package-lock.json'), '{}');
    writeFileSync(join(folder, 'npm.mjs'), NPM);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** `nodeVersion`: what the script is told of the Node that runs it. */
  function run({ nodeVersion = process.versions.node, npmFails = false } = {}): {
    exitCode: number | null;
    printed: string;
    npm: boolean;
  } {
    const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${nodeVersion}' } });`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, 'tools/ensure-installed.mjs'],
      {
        cwd: folder,
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          npm_execpath: join(folder, 'npm.mjs'),
          npm_node_execpath: process.execPath,
          ...(npmFails ? { NPM_FAILS: '1' } : {}),
        },
      },
    );
    return { exitCode: status, printed: stdout + stderr, npm: existsSync(join(folder, 'called.txt')) };
  }

  function install(): void {
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), '{}');
  }

  it('installs when node_modules is missing.', () => {
    expect(run()).toMatchObject({ exitCode: 0, npm: true });
  });

  it('installs when the lock file is newer than what is installed.', () => {
    install();
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(folder, 'package-lock.json'), later, later);
    expect(run()).toMatchObject({ exitCode: 0, npm: true });
  });

  it('installs when an installation was interrupted.', () => {
    mkdirSync(join(folder, 'node_modules'));
    expect(run()).toMatchObject({ exitCode: 0, npm: true });
  });

  it('does nothing and prints nothing when all is there.', () => {
    install();
    expect(run()).toEqual({ exitCode: 0, printed: '', npm: false });
  });

  it('fails when npm fails, and says so.', () => {
    const result = run({ npmFails: true });
    expect(result.exitCode).toBe(1);
    expect(result.printed).toContain('npm ci failed with exit code 7');
  });

  it('refuses a Node that is too old to install, before it starts npm.', () => {
    const result = run({ nodeVersion: '18.20.0' });
    expect(result).toMatchObject({ exitCode: 1, npm: false });
    expect(result.printed).toContain('needs Node 20 or newer');
  });

  it('says what to install where no Node is brought and the machine’s cannot run TypeScript.', () => {
    install();
    const result = run({ nodeVersion: '22.17.1' });
    expect(result).toMatchObject({ exitCode: 1, npm: false });
    expect(result.printed).toContain('Install Node 22.18 or newer');
    expect(run({ nodeVersion: '22.18.0' })).toMatchObject({ exitCode: 0, printed: '' });
  });

  it.runIf(process.platform === 'linux')(
    'links the Node that is brought, and takes one that does not start out of the path.',
    () => {
      install();
      const bundled = join(folder, `node_modules/node-linux-${process.arch}/bin`);
      mkdirSync(bundled, { recursive: true });
      const link = join(folder, 'node_modules/.bin/node');
      writeFileSync(join(bundled, 'node'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
      expect(run({ nodeVersion: '20.20.2' })).toEqual({ exitCode: 0, printed: '', npm: false });
      expect(existsSync(link)).toBe(true);
      writeFileSync(join(bundled, 'node'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
      expect(run()).toEqual({ exitCode: 0, printed: '', npm: false });
      expect(existsSync(link)).toBe(false);
    },
  );
});
