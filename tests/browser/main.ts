/** `npm run test:browser`: the gallery in headless Chromium and Firefox comes to the same traces as in Node, else exit code 1. */
import { parseArgs } from 'node:util';
import { BROWSERS, type Browser, type BrowserKind, findBrowser, howToGet } from './browsers.ts';
import { bundlePage } from './bundle.ts';
import { checkNames } from './checks.ts';
import { installBrowsers } from './install.ts';
import { type EngineRun, problemsOf } from './judge.ts';
import { runInNode } from './node-run.ts';
import type { Task } from './report.ts';
import { startServer } from './server.ts';
import { createTasks, hasRealSignatures } from './tasks.ts';
import { visit } from './visit.ts';

const USAGE = `npm run test:browser -- [--browser chromium|firefox]… [--seed TEXT] [--events N] [--install] [SCENARIO.yaml]…

Simulates the gallery, or the files that are named, in headless browsers and in Node: all must come to the same traces.
--events N  of each run the first N alone: the short form; default: all
--install   browsers that are missing are installed with apt-get (as root)
${BROWSERS.map(({ variable, commands }) => `${variable}=PATH   its executable; else ${commands.join(', ')} on the path`).join('\n')}`;

interface Wishes {
  readonly kinds: readonly BrowserKind[];
  readonly seed: string;
  /** Undefined: all of each run. */
  readonly events: number | undefined;
  readonly install: boolean;
  readonly files: readonly string[];
}

function usageError(text: string): never {
  console.error(`${text}\n\n${USAGE}`);
  process.exit(2);
}

function readWishes(): Wishes {
  const options = {
    browser: { type: 'string', multiple: true, default: BROWSERS.map(({ name }) => name) },
    seed: { type: 'string', default: '1' },
    events: { type: 'string' },
    install: { type: 'boolean', default: false },
  } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const unknown = values.browser.filter((name) => BROWSERS.every((kind) => kind.name !== name));
    if (unknown.length > 0) usageError(`no such browser: ${unknown.join(', ')}`);
    const kinds = BROWSERS.filter(({ name }) => values.browser.includes(name));
    const events = values.events === undefined ? undefined : Number(values.events);
    if (events !== undefined && !(Number.isSafeInteger(events) && events > 0))
      usageError(`--events ${values.events}: expected a number of events, 1 or more`);
    return { kinds, seed: values.seed, events, install: values.install, files: positionals };
  } catch (error) {
    return usageError(String(error));
  }
}

/** All of them, or the end of the process with how to get them. */
function findAll({ kinds, install }: Wishes): readonly Browser[] {
  const missing = (): readonly BrowserKind[] => kinds.filter((kind) => findBrowser(kind) === undefined);
  const trouble = install && missing().length > 0 ? installBrowsers(missing()) : '';
  if (missing().length > 0) {
    for (const text of [trouble, ...missing().map(howToGet)]) if (text !== '') console.error(text);
    process.exit(1);
  }
  return kinds.flatMap((kind) => findBrowser(kind) ?? []);
}

function readTasks({ seed, files, events }: Wishes): readonly Task[] {
  try {
    return createTasks(seed, files, events);
  } catch (error) {
    return usageError(String(error));
  }
}

function unbundled(error: unknown): never {
  console.error(`✗ the floors cannot be bundled for a browser: ${String(error)}`);
  process.exit(1);
}

async function runAll(browsers: readonly Browser[], tasks: readonly Task[]): Promise<readonly EngineRun[]> {
  const checks = [...checkNames('page'), ...checkNames('worker')];
  const server = await startServer(await bundlePage().catch(unbundled), tasks);
  try {
    const visits = browsers.map((browser) => visit(browser, server, tasks, checks));
    const native = await runInNode({ tasks, isNative: true });
    const portable = await runInNode({ tasks: tasks.filter(hasRealSignatures), isNative: false });
    return [native, portable, ...(await Promise.all(visits))];
  } finally {
    await server.close();
  }
}

function describe({ engine, agent, tasks, answers, wallMs }: EngineRun): string {
  const runMs = answers.reduce((sum, answer) => sum + answer.wallMs, 0);
  const events = answers.reduce((sum, answer) => sum + answer.events, 0);
  const counts = `${answers.length} of ${tasks.length} runs, ${events} events`;
  const times = `simulated in ${(runMs / 1_000).toFixed(1)} s, ${(wallMs / 1_000).toFixed(1)} s in all`;
  return `${engine.padEnd(14)}  ${counts}, ${times}  ${agent}`;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const wishes = readWishes();
const [reference, ...others] = await runAll(findAll(wishes), readTasks(wishes));
if (reference === undefined) throw new Error('there is no reference');
for (const run of [reference, ...others]) console.log(describe(run));
const problems = problemsOf(reference, others);
for (const problem of problems) console.error(`✗ ${problem}`);
if (problems.length === 0) console.log(`✓ equal traces: ${others.map(({ engine }) => engine).join('; ')}`);
process.exitCode = problems.length > 0 ? 1 : 0;
