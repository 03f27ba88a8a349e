/** `aureon devnet`: real nodes of one machine, in processes of their own, until all are told to stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { encodeAddress } from '../chain/crypto/address.ts';
import { EXIT } from '../cluster/result.ts';
import { type Devnet, openDevnet } from '../node/devnet.ts';
import { objectIn } from '../node/jsonable.ts';
import { createNativeSignatures } from '../node/signatures/native-signatures.ts';
import { type Flags, text, whole } from './flags.ts';
import { engineOf, intervalMsOf, used } from './node-flags.ts';
import type { Output } from './output.ts';

const NODES_MAX = 30;
const ACCOUNTS_MAX = 1_000;
const PORT_MAX = 65_535;
const DEFAULTS = { nodes: 4, accounts: 3, port: 6_000, apiPort: 8_080, interval: '1s' } as const;
/** A node that does not stop by itself is killed after so long; its own deadline is shorter. */
const KILL_AFTER_MS = 15_000;

/** Runs it; answers the exit code. @throws {UsageError} when a flag or the folder is no good. */
export async function devnetCommand(flags: Flags, output: Output): Promise<number> {
  const stated = text(flags, 'dir');
  const folder = stated ?? mkdtempSync(join(tmpdir(), 'aureon-devnet-'));
  try {
    const devnet = used(openDevnet({ folder, ...planOf(flags) }, createNativeSignatures()));
    describe(devnet, folder, stated !== undefined, output);
    return await new Running(devnet, output).ended;
  } finally {
    if (stated === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function planOf(flags: Flags) {
  const nodes = whole(flags, 'nodes', '--nodes', NODES_MAX) ?? DEFAULTS.nodes;
  const port = whole(flags, 'port', '--port', PORT_MAX - nodes) ?? DEFAULTS.port;
  return {
    nodes,
    port,
    apiPort: whole(flags, 'apiPort', '--api-port', PORT_MAX - nodes) ?? DEFAULTS.apiPort,
    accounts: whole(flags, 'accounts', '--accounts', ACCOUNTS_MAX) ?? DEFAULTS.accounts,
    engine: engineOf(flags, 'consensus'),
    intervalMs: intervalMsOf(flags, DEFAULTS.interval, ['100ms', '1min']),
  };
}

function describe(
  { id, engine, isNew, nodes, accounts }: Devnet,
  folder: string,
  isKept: boolean,
  output: Output,
): void {
  output.print(
    [
      `chain     ${id}`,
      `engine    ${engine}, ${nodes.length} nodes, ${isNew ? 'new' : 'as it was'}`,
      `folder    ${folder}${isKept ? '' : ', removed at the end: --dir keeps it'}`,
      ...accounts.map(({ file, address }) => `account   ${encodeAddress(address)}  ${file}`),
    ].join('\n'),
  );
}

/** The processes, and their end. */
class Running {
  readonly #output: Output;
  readonly #children = new Map<string, ChildProcess>();
  readonly ended: Promise<number>;
  #resolve: (code: number) => void = () => {};
  #code: number = EXIT.passed;
  #height = 0;
  #isStopping = false;
  #killing: NodeJS.Timeout | undefined;
  readonly #onSignal = (): void => (this.#isStopping ? this.#kill() : this.#stop());

  constructor({ nodes, isNew }: Devnet, output: Output) {
    this.#output = output;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
    const main = fileURLToPath(
      new URL(`./main.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
    );
    for (const { name, settings } of nodes) {
      const args = [
        main,
        'node',
        '--config',
        settings,
        '--log-format',
        'json',
        ...(isNew ? ['--vouch'] : []),
      ];
      // A Ctrl-C of the terminal is for this process, which tells the others.
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      output.print(`node      ${name}, process ${child.pid}, ${settings}`);
      this.#add(name, child);
    }
    output.print('Ctrl-C stops all nodes.');
  }

  #add(name: string, child: ChildProcess): void {
    this.#children.set(name, child);
    if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => this.#onLine(name, line));
    if (child.stderr !== null)
      createInterface(child.stderr).on('line', (line) => this.#output.complain(`${name}  ${line}`));
    child.on('error', (error) => this.#onGone(name, EXIT.crashed, error.message));
    child.on('exit', (code, signal) => this.#onGone(name, code ?? EXIT.crashed, signal ?? `code ${code}`));
  }

  /** New heights, once for all nodes; and what any of them warns of. */
  #onLine(name: string, line: string): void {
    const event = parsed(line);
    if (event === undefined) this.#output.print(`${name}  ${line}`);
    else if (event.msg === 'HeadChanged' && event.height > this.#height) {
      this.#height = event.height;
      this.#output.print(`${event.time}  height ${event.height}  ${event.id}  first on ${name}`);
    } else if (event.level === 'warn' || event.level === 'error') this.#output.print(`${name}  ${line}`);
  }

  #onGone(name: string, code: number, how: string): void {
    if (!this.#children.delete(name)) return;
    if (!this.#isStopping || code !== EXIT.passed) {
      this.#output.complain(`${name} has ended: ${how}`);
      this.#code = Math.max(this.#code, code === EXIT.passed ? EXIT.crashed : code);
    }
    if (this.#children.size > 0) return;
    clearTimeout(this.#killing);
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
    this.#output.print(`stopped at height ${this.#height}`);
    this.#resolve(this.#code);
  }

  #stop(): void {
    this.#isStopping = true;
    this.#output.print('stopping all nodes; once more to kill them');
    for (const child of this.#children.values()) child.kill('SIGTERM');
    this.#killing = setTimeout(() => this.#kill(), KILL_AFTER_MS);
  }

  #kill(): void {
    for (const child of this.#children.values()) child.kill('SIGKILL');
  }
}

interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly height: number;
  readonly id: string;
}

const ID_DIGITS = 12;

function parsed(line: string): LogLine | undefined {
  const found = objectIn(line);
  if (found === undefined) return undefined;
  const { time, level, msg, height, id } = { time: '', level: '', msg: '', height: 0, id: '', ...found };
  return {
    time: String(time).slice(11, 19),
    level: String(level),
    msg: String(msg),
    height: Number(height),
    id: String(id).slice(0, ID_DIGITS),
  };
}
