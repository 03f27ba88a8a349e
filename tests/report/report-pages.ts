/** Report pages for the tests, made as people make them, and a Chromium that opens them from disk and watches what they do. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { BROWSERS, findBrowser, howToGet } from '../browser/browsers.ts';
import { installBrowsers } from '../browser/install.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What the tests leave to be looked at; git knows nothing of it. */
const folder = join(root, 'reports', 'pages');

/** Runs `aureon run … --report FILE` and answers the file; the exit code is the run's affair. */
export async function makePage(name: string, ...args: readonly string[]): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.html`);
  const command = [join(root, 'src/cli/main.ts'), 'run', ...args, '--report', file];
  const ran = promisify(execFile)(process.execPath, command, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  await ran.catch((error: unknown) => {
    // 1 and 3: the run failed, which is what it is shown for.
    const isVerdict = error instanceof Error && 'code' in error && (error.code === 1 || error.code === 3);
    if (!isVerdict) throw error;
  });
  return file;
}

/** Chromium, found or, in CI, installed. @throws {Error} that says how to get it. */
export async function launch(): Promise<Browser> {
  const kind = BROWSERS.find(({ name }) => name === 'chromium');
  if (kind === undefined) throw new Error('the browser test knows no Chromium');
  if (findBrowser(kind) === undefined && process.env['CI'] !== undefined) installBrowsers([kind]);
  const found = findBrowser(kind);
  if (found === undefined) throw new Error(howToGet(kind));
  return chromium.launch({
    executablePath: found.executable,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  });
}

/** An open page, and everything that it should not have done. */
export interface Visit {
  readonly page: Page;
  /** Errors of the console and of scripts, and requests that leave the file. */
  readonly faults: string[];
  /** How long it took until the views stood there. */
  readonly loadMs: number;
  /** Keeps a picture of what is seen. */
  readonly picture: (name: string) => Promise<void>;
}

export interface VisitOptions {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
}

/** Opens a file from disk. */
export async function visit(browser: Browser, file: string, options: VisitOptions = {}): Promise<Visit> {
  const page = await browser.newPage({
    viewport: { width: options.width ?? 1440, height: 900 },
    colorScheme: options.scheme ?? 'light',
  });
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!/^(file|data|blob):/.test(request.url())) faults.push(`request of ${request.url()}`);
  });
  const startedMs = performance.now();
  await page.goto(`file://${file}`);
  await page.getByRole('tab').first().waitFor();
  const loadMs = performance.now() - startedMs;
  return {
    page,
    faults,
    loadMs,
    async picture(name) {
      await page.screenshot({ path: join(folder, `${name}.png`) });
    },
  };
}
