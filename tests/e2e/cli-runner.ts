/** Runs the command line as a process, with scenarios in a folder of its own and, where asked for, a bug planted into its modules. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The root of the repository, with a slash at its end. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));
/** The Node that the repository brings. */
export const node: string = join(root, 'node_modules/.bin/node');
export const main: string = join(root, 'src/cli/main.ts');

/** A healthy cluster that is simulated in well under a second. */
export const PASSES = `name: passes
shows: Three nodes agree, and nothing goes wrong.
duration: 120s
nodes: 3
signatures: modelled
chain: { blockInterval: 5s, finalityDepth: 6 }
load: [{ kind: transfers, perSecond: 1 }]
faults: [{ kind: crash, at: 20s, hosts: { random: 1 }, how: kill, down: 3s }]
expect: pass
atLeast: { blocks: 5, faults: { crash: 1 } }
`;
/** Half of the network is cut off until the last second. */
export const STALLS: string = PASSES.replace('name: passes', 'name: stalls')
  .replace(
    /faults: .*\n/,
    'faults: [{ kind: partition, at: 20s, for: 1h, groups: [[0], [1, 2]] }]\nquiet: 1s\n',
  )
  .replace(/atLeast: .*\n/, '');
/** More blocks than there can be. */
export const TOO_LITTLE: string = PASSES.replace('name: passes', 'name: too-little').replace(
  'blocks: 5',
  'blocks: 5000',
);
/** Simulates for hours of wall time. */
export const ENDLESS: string = PASSES.replace('name: passes', 'name: endless').replace(
  'duration: 120s',
  'duration: 300d',
);

/** Text of one module that is replaced while it loads; it must stand there exactly once. */
export interface Plant {
  /** End of the module's path: `src/chain/node.ts`. */
  readonly module: string;
  readonly anchor: string;
  readonly bug: string;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  readonly env?: Readonly<Record<string, string>>;
  readonly plant?: Plant;
  readonly cwd?: string;
}

/** A folder under the system's temporary one. */
export interface Workshop {
  readonly folder: string;
  path(name: string): string;
  write(name: string, content: string | Uint8Array): string;
  /** Runs `aureon` in the folder. */
  aureon(args: readonly string[], settings?: RunSettings): Promise<Finished>;
  start(command: string, args: readonly string[], settings?: RunSettings): ChildProcess;
  /** The words before `aureon`'s arguments. */
  words(settings?: RunSettings): readonly string[];
  remove(): void;
}

/** Loads in every thread, since threads inherit `--import`. The bug may ask which thread it is in. */
function hookText(plant: Plant): string {
  return `import { registerHooks } from 'node:module';
import { threadId } from 'node:worker_threads';
globalThis.planted = { thread: threadId, count: 0 };
const plant = ${JSON.stringify(plant)};
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(plant.module)) return loaded;
    const parts = String(loaded.source).split(plant.anchor);
    if (parts.length !== 2) throw new Error(plant.module + ' has the anchor ' + (parts.length - 1) + ' times');
    return { ...loaded, source: parts.join(plant.bug) };
  },
});
`;
}

/** Compiled code of earlier starts: hundreds of processes begin in half the time. */
const COMPILED = join(root, '.cache', 'compile');

function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...rest } = process.env;
  return { ...rest, NODE_COMPILE_CACHE: COMPILED, ...extra };
}

/** Everything that a process printed, once it has ended. */
export function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Resolves once the process has printed the text, or something that holds. */
export function printed(child: ChildProcess, what: string | ((seen: string) => boolean)): Promise<void> {
  let seen = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (typeof what === 'string' ? seen.includes(what) : what(seen)) resolve();
    });
    child.on('close', () => reject(new Error(`the process ended without printing ${String(what)}: ${seen}`)));
  });
}

/** Resolves once a process has threads that simulate: from then on it takes signals as it says. */
export async function atWork({ pid }: ChildProcess): Promise<void> {
  const tasks = `/proc/${pid}/task`;
  const isWorker = (task: string): boolean => {
    try {
      return readFileSync(join(tasks, task, 'comm'), 'utf8').trim() === 'WorkerThread';
    } catch {
      return false;
    }
  };
  while (!readdirSync(tasks).some(isWorker)) await sleep(20);
}

export function createWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'aureon-cli-'));
  const path = (name: string): string => join(folder, name);
  function write(name: string, content: string | Uint8Array): string {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), content);
    return name;
  }
  function words(settings: RunSettings = {}): readonly string[] {
    if (settings.plant === undefined) return [node, main];
    return [
      node,
      '--import',
      path(write(`plant-${settings.plant.module.replaceAll('/', '-')}.mjs`, hookText(settings.plant))),
      main,
    ];
  }
  function start(command: string, args: readonly string[], settings: RunSettings = {}): ChildProcess {
    return spawn(command, args, {
      cwd: settings.cwd ?? folder,
      env: environment(settings.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
  return {
    folder,
    path,
    write,
    words,
    start,
    aureon(args, settings) {
      const [command, ...before] = words(settings);
      return finished(start(command ?? node, [...before, ...args], settings));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
