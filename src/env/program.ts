/** What a program may ask of the world, and what the world calls on it. */
import type { Clock } from './clock.ts';
import type { Crypto } from './crypto.ts';
import type { Memo } from './memo.ts';
import type { ConnectionInfo, DecodeRejection, DialFailure, DisconnectReason, Network } from './network.ts';
import type { Random } from './random.ts';
import type { Storage } from './storage.ts';
import type { Address, ConnectionId } from './units.ts';

/** What a program speaks: a bundle of types. */
export interface World {
  message: unknown;
  event: unknown;
  command: unknown;
  answer: unknown;
  snapshot: unknown;
}

/** Kinds of work that cost time on a CPU. `units`: hashes in 64-byte blocks, signatures, bytes, gas, bytes. */
export type CostKind = 'hash' | 'verify' | 'sign' | 'execute' | 'decode' | 'storage';

/**
 * Built once per boot; may read storage, has no effects before onStart. A crash calls nothing; a restart builds it
 * anew from what the storage holds.
 */
export type Program<W extends World> = (env: Env<W>) => Process<W>;

/** The world as one boot of one host sees it. No call re-enters the program. */
export interface Env<W extends World> {
  readonly clock: Clock;
  readonly network: Network<W['message']>;
  readonly storage: Storage;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly memo: Memo;
  /** What happened, as readonly data: one source of logs, metrics and traces. Never throws back, never re-enters. */
  emit(event: W['event']): void;
  /** Real: nothing. Simulated: the host is busy that long; charged on a shared result too. `units` is an integer >= 0. */
  spend(kind: CostKind, units: number): void;
}

/**
 * Handlers run to completion, one at a time, each as its own event; effects only through the env. Callbacks belong
 * to a boot: after a crash or `done` nothing of that boot is delivered. What a handler throws ends the boot.
 */
export interface Process<W extends World> {
  /** First, once. */
  onStart(): void;
  /** A dial succeeded, or a peer dialed. Before any message of that connection. */
  onConnected(c: ConnectionId, info: ConnectionInfo): void;
  onDialFailed(address: Address, reason: DialFailure): void;
  onMessage(from: ConnectionId, message: W['message']): void;
  /** Bytes that are no message. The connection stays open until the program closes it. */
  onMalformed(from: ConnectionId, reason: DecodeRejection): void;
  /** Once after a send answered 'full', when the queue has room again: half of SEND_QUEUE_MAX_BYTES. */
  onWritable(c: ConnectionId): void;
  /** Exactly once per connection; the id is never reused. */
  onDisconnected(c: ConnectionId, reason: DisconnectReason): void;
  /** A local request: HTTP, command line, workload. `reply` is called at most once, now or from a later handler. */
  onCommand(command: W['command'], reply: (answer: W['answer']) => void): void;
  /** No new work from here on; flush callbacks still run. `done`, or a deadline of the host, ends the boot. */
  onStop(done: () => void): void;
  /** Pure, JSON-able, changes nothing. */
  inspect(): W['snapshot'];
}
