/** One node of a real run as a process: started, killed, stopped, paused, and watched for an end that nobody asked for. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Reaper } from './reaper.ts';

/** Lines of a node that are told when it ended by itself. */
const LAST_LINES = 20;

/** Compiled code of earlier processes, where Node keeps it by itself: a node is there in half the time. */
const COMPILED = join(tmpdir(), 'node-compile-cache');

/** What a process is started with. */
export interface ChildPlan {
  readonly name: string;
  /** Of its settings. */
  readonly config: string;
  /** What it prints is added there. */
  readonly log: string;
  /** Its key has signed nothing that its folder does not know of. */
  readonly isVouched: boolean;
  /** Modules that are loaded before it. */
  readonly imports: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was killed or asked to stop. */
  readonly isAsked: boolean;
  /** What it printed last. */
  readonly lines: readonly string[];
}

export class NodeChild {
  /** Resolves when the process is gone and everything that it printed was read. */
  readonly ended: Promise<ChildEnd>;
  /** Resolves with true when the node has its chain, with false when it ended before. */
  readonly started: Promise<boolean>;
  readonly #child: ChildProcess;
  #isAsked = false;

  /** @param reaper ends it when this process cannot. */
  constructor(plan: ChildPlan, reaper: Reaper) {
    const imports = plan.imports.flatMap((module) => ['--import', module]);
    const vouch = plan.isVouched ? ['--vouch'] : [];
    const args = [...imports, mainFile(), 'node', '--config', plan.config, '--log-format', 'json', ...vouch];
    this.#child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C of the terminal is for the runner.
      detached: true,
      env: { NODE_COMPILE_CACHE: COMPILED, ...withoutSettings(process.env), ...plan.environment },
    });
    const { pid } = this.#child;
    if (pid !== undefined) reaper.add(pid);
    const log = createWriteStream(plan.log, { flags: 'a' });
    const lines: string[] = [];
    let onStarted: (isStarted: boolean) => void = () => {};
    this.started = new Promise((resolve) => {
      onStarted = resolve;
    });
    const onLine = (line: string): void => {
      log.write(`${line}\n`);
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
      if (line.includes('"msg":"NodeStarted"')) onStarted(true);
    };
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream !== null) createInterface(stream).on('line', onLine);
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (pid !== undefined) reaper.forget(pid);
        onStarted(false);
        void closed(log).then(() => resolve({ code, signal, isAsked: this.#isAsked, lines }));
      };
      this.#child.on('error', (error) => {
        onLine(error.message);
        if (pid === undefined) end(null, null);
      });
      this.#child.on('close', end);
    });
  }

  kill(): void {
    this.#isAsked = true;
    this.#child.kill('SIGKILL');
  }

  /** Asks it to stop in order. */
  stop(): void {
    this.#isAsked = true;
    this.#child.kill('SIGTERM');
  }

  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }
}

function closed(log: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    log.end(resolve);
    log.on('error', () => resolve());
  });
}

/** The command line that this package brings. */
function mainFile(): string {
  return fileURLToPath(
    new URL(`../../cli/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
  );
}

/** Settings of the user's own node are not those of a run. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('AUREON_')));
}
