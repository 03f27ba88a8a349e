/** The browsers of the test: where they are found, how one is opened on a fresh profile, and how it is always ended. */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface BrowserKind {
  readonly name: string;
  /** Environment variable that names its executable, before the path is searched. */
  readonly variable: string;
  /** Names under which it is looked for on the path. */
  readonly commands: readonly string[];
  /** The package of Debian that brings it. */
  readonly debian: string;
  /** Settings that are written into a fresh profile: file name → text. */
  readonly settings: Readonly<Record<string, string>>;
  args(profile: string, url: string): readonly string[];
}

/** A browser that was found. */
export interface Browser {
  readonly kind: BrowserKind;
  readonly executable: string;
}

export interface OpenBrowser {
  /** How it ended, when it did so by itself: its exit code and the last it printed. */
  readonly ended: Promise<string>;
  /** Ends it with all of its processes, and removes its profile. */
  close(): Promise<void>;
}

/** What is kept of what a browser prints. */
const PRINTED_MAX_CHARS = 2_000;

const CHROMIUM: BrowserKind = {
  name: 'chromium',
  variable: 'CHROMIUM',
  commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debian: 'chromium',
  settings: {},
  args: (profile, url) => [
    '--headless=new',
    // Its sandbox refuses to run as root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-extensions',
    '--disable-sync',
    '--disable-breakpad',
    '--no-first-run',
    '--no-default-browser-check',
    `--user-data-dir=${profile}`,
    url,
  ],
};

const FIREFOX: BrowserKind = {
  name: 'firefox',
  variable: 'FIREFOX',
  commands: ['firefox-esr', 'firefox'],
  debian: 'firefox-esr',
  settings: {
    'user.js': [
      ['app.update.enabled', false],
      ['browser.shell.checkDefaultBrowser', false],
      ['browser.startup.homepage_override.mstone', 'ignore'],
      ['datareporting.policy.dataSubmissionEnabled', false],
      // A simulation in the page is a slow script, and no question is asked of nobody.
      ['dom.max_script_run_time', 0],
      ['network.captive-portal-service.enabled', false],
      ['network.connectivity-service.enabled', false],
      ['toolkit.telemetry.enabled', false],
    ]
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
      .join(''),
  },
  args: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url],
};

/** V8 as in Node, and SpiderMonkey, which shares no line with it. */
export const BROWSERS: readonly BrowserKind[] = [CHROMIUM, FIREFOX];

/** Undefined when it is not installed. */
export function findBrowser(kind: BrowserKind, env: NodeJS.ProcessEnv = process.env): Browser | undefined {
  const stated = env[kind.variable];
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths =
    stated === undefined
      ? kind.commands.flatMap((command) => folders.map((folder) => join(folder, command)))
      : [stated];
  const executable = paths.find(isExecutable);
  return executable === undefined ? undefined : { kind, executable };
}

/** What to tell who has not got it. */
export function howToGet({ name, variable, commands, debian }: BrowserKind): string {
  return (
    `${name} was not found: looked for ${commands.join(', ')} on the path. ` +
    `Debian: apt-get install ${debian}; or name its executable: ${variable}=/path/to/${name}`
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Opens a page in a browser that has no past: its home, too, is the new profile. */
export function openBrowser({ kind, executable }: Browser, url: string): OpenBrowser {
  const profile = mkdtempSync(join(tmpdir(), `aureon-${kind.name}-`));
  for (const [name, text] of Object.entries(kind.settings)) writeFileSync(join(profile, name), text);
  const child = spawn(executable, kind.args(profile, url), {
    // A group of its own, to be ended as one.
    detached: true,
    env: { ...process.env, HOME: profile, XDG_CACHE_HOME: profile, XDG_CONFIG_HOME: profile },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const onPrinted = (text: Buffer): void => {
    printed = (printed + text.toString('utf8')).slice(-PRINTED_MAX_CHARS);
  };
  child.stdout.on('data', onPrinted);
  child.stderr.on('data', onPrinted);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(String(error)));
    child.once('close', (code, signal) => resolve(`exit code ${code ?? signal}; it printed:\n${printed}`));
  });
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The whole group is gone already.
    }
  };
  const forget = (): void =>
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  const abandon = (): void => {
    kill();
    forget();
  };
  process.once('exit', abandon);
  return {
    ended,
    async close() {
      kill();
      await ended;
      process.off('exit', abandon);
      forget();
    },
  };
}
