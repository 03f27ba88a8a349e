/** One boot of a program in the real world: its adapters, its turns, and its end. The twin of sim/host.ts. */
import type { Server } from 'node:net';
import type { Codec } from '../env/network.ts';
import type { Env, Process, Program, World } from '../env/program.ts';
import type { StorageFault } from '../env/storage.ts';
import { StorageCrash } from '../env/storage.ts';
import type { Address, KeyId } from '../env/units.ts';
import {
  createTcpNetwork,
  type OpeningLimit,
  type TcpLimits,
  type TlsIdentity,
} from './network/tcp-network.ts';
import { createRecentMemo } from './recent-memo.ts';
import {
  createSystemCrypto,
  type SignatureSuite,
  type VerifySignatures,
} from './signatures/system-crypto.ts';
import { type LmdbSnapshot, openLmdbStorage } from './storage/lmdb-storage.ts';
import { createSystemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { createTurns, type Instant } from './turns.ts';

/** What a boot is made of. */
export interface HostConfig<W extends World> {
  /** @param enter runs a callback as one handler of the boot, for what the environment does not have: a search of a miner. */
  program(enter: (run: () => void) => void): Program<W>;
  readonly codec: Codec<W['message']>;
  /** An open port, which the boot closes at its end. */
  readonly listener: Server;
  /** The addresses that others dial this host by. */
  readonly own: readonly Address[];
  readonly limits: TcpLimits;
  readonly tls: TlsIdentity | undefined;
  /** Of what strangers send first; absent: as all messages. */
  readonly opening?: OpeningLimit;
  /** The folder of the database; one process at a time. */
  readonly folder: string;
  readonly suite: SignatureSuite;
  readonly verify: VerifySignatures;
  readonly secrets: ReadonlyMap<KeyId, Uint8Array>;
  /** Everything that the program emits, inside its handler: it must not call back. `at`: the instant of that handler. */
  onEvent(event: W['event'], at: Instant): void;
  /** The program is done with its stop: nothing of the boot is called any more. @param inspect what it shows, inside the call. */
  onStopped?(inspect: () => W['snapshot'], at: Instant): void;
  /** The boot has ended by itself; `close` is called by whoever is told. */
  onEnded(why: HostEnd): void;
}

/** Why a boot ended by itself. */
export type HostEnd =
  | { readonly kind: 'storage'; readonly fault: StorageFault }
  /** An assertion, or another error that only a bug throws. */
  | { readonly kind: 'crashed'; readonly error: unknown };

/** A boot that runs. */
export interface RunningHost<W extends World> {
  /** Runs as a handler of its own; false when the boot has ended. */
  command(command: W['command'], reply: (answer: W['answer']) => void): boolean;
  /** Entries of the database; undefined when the boot has ended. */
  readonly keyCount: number | undefined;
  /** What is committed now, for a copy; undefined when the boot has ended. Whoever asks closes it. */
  snapshot(): LmdbSnapshot | undefined;
  /** Undefined when the boot has ended. */
  inspect(): W['snapshot'] | undefined;
  /** What the clocks of the boot show. */
  now(): Instant;
  /** Resolves when the program is done, or the time is over: true when it was done. */
  stop(deadlineMs: number): Promise<boolean>;
  /** Ends the boot: connections are dropped, what was written is committed. */
  close(): Promise<void>;
}

/** Builds the program and starts it. @throws {Error} when the folder cannot be opened. */
export function startHost<W extends World>(config: HostConfig<W>): RunningHost<W> {
  let process: Process<W> | undefined;
  const turns = createTurns((error) => {
    config.onEnded(
      error instanceof StorageCrash ? { kind: 'storage', fault: error.fault } : { kind: 'crashed', error },
    );
  });
  const enter = (run: () => void): void => turns.enter(run);
  const enterProcess = (run: (running: Process<W>) => void): void =>
    turns.enter(() => {
      if (process !== undefined) run(process);
    });
  const storage = openLmdbStorage(config.folder, enter);
  const clock = createSystemClock(turns);
  const network = createTcpNetwork<W>(config, enterProcess);
  const env: Env<W> = {
    clock,
    network,
    storage,
    random: systemRandom,
    crypto: createSystemCrypto(config.suite, config.verify, config.secrets, enter),
    memo: createRecentMemo(),
    emit: (event) => config.onEvent(event, turns.now()),
    spend: () => {},
  };
  turns.enter(() => {
    process = config.program(enter)(env);
  });
  enterProcess((running) => running.onStart());

  return {
    command(command, reply) {
      if (turns.isOver) return false;
      enterProcess((running) => running.onCommand(command, reply));
      return true;
    },
    get keyCount() {
      return turns.isOver ? undefined : storage.keyCount;
    },
    snapshot: () => (turns.isOver ? undefined : storage.snapshot()),
    inspect: () => (turns.isOver ? undefined : process?.inspect()),
    now: () => turns.now(),
    stop: (deadlineMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), deadlineMs);
        const done = (isDone: boolean): void => {
          clearTimeout(timer);
          resolve(isDone);
        };
        if (turns.isOver) done(false);
        else
          enterProcess((running) =>
            running.onStop(() => {
              config.onStopped?.(() => running.inspect(), turns.now());
              turns.end();
              done(true);
            }),
          );
      }),
    async close() {
      turns.end();
      clock.stop();
      await network.stop();
      await storage.close();
    },
  };
}
