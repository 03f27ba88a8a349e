/** What a simulation is made of. */
import type { Codec } from '../env/network.ts';
import type { CostKind, Env, Process, World } from '../env/program.ts';
import type { KeyId } from '../env/units.ts';
import type { OrderConfig } from './chosen-order.ts';
import type { CryptoSuite } from './crypto-suite.ts';
import type { SimDisk } from './disk/disk.ts';
import type { FaultAtlas } from './disk/fault-atlas.ts';
import type { Fault } from './fault.ts';
import type { NetworkConfig } from './network/config.ts';
import type { MessageException } from './network/ports.ts';
import type { Watcher } from './watcher.ts';

/** 2023-11-14T22:13:20Z: where the wall clocks begin when nothing else is said. */
export const WALL_START_US = 1_700_000_000_000_000;
/** What waits at a busy host before the network holds back: about what sockets and a process buffer. */
export const RECEIVE_QUEUE_MAX = 4096;
export const RECEIVE_QUEUE_MAX_BYTES = 16 * 1024 * 1024;

/** Work costs `us / units` microseconds a unit, both integers: 3 µs for 10 hashes is { us: 3, units: 10 }. */
export interface Cost {
  readonly us: number;
  readonly units: number;
}
/** A kind that is missing costs nothing. */
export type CostTable = ReadonlyMap<CostKind, Cost>;

export interface ClockConfig {
  /** Added to the wall clock. */
  readonly skewUs?: number;
  /** Millionths by which both clocks run fast; above -1,000,000. */
  readonly driftPpm?: number;
}

export interface DiskTiming {
  /** The host is busy that long for each get, scan and write. */
  readonly readUs?: number;
  readonly writeUs?: number;
  /** From the call of `flush` to its callback. */
  readonly flushUs?: number;
}

/** One host; its index is its number, here and in `NetworkConfig.hosts`, which holds its address. */
export interface HostConfig {
  /** The program that it runs: a name in `SimulatorConfig.programs`. */
  readonly variant: string;
  /** Secrets of 32 bytes, by the name under which the program signs. */
  readonly keys?: ReadonlyMap<KeyId, Uint8Array>;
  readonly clock?: ClockConfig;
  /** Absent: handlers take no time. */
  readonly cpu?: CostTable;
  readonly disk?: DiskTiming;
  /** First boot; absent: at 0. `never`: only a fault or the harness starts it. */
  readonly startUs?: number | 'never';
  readonly receiveQueueMax?: number;
  readonly receiveQueueMaxBytes?: number;
}

/** A program, told on which host it runs: hosts of one variant share results, and may still be configured apart. */
export type HostProgram<W extends World> = (env: Env<W>, host: number) => Process<W>;

export interface SimulatorConfig<W extends World> {
  /** Any text. Every draw of the run follows from it. */
  readonly seed: string;
  readonly programs: ReadonlyMap<string, HostProgram<W>>;
  readonly hosts: readonly HostConfig[];
  readonly network: NetworkConfig;
  readonly codec: Codec<W['message']>;
  /** True for a message whose bytes its sender chose: its receiver gets what they decode to. Absent: there is none. */
  readonly isRaw?: (message: unknown) => boolean;
  /** Unsigned 32-bit integers that depend on the whole content, for the trace. */
  fingerprintEvent(event: W['event']): number;
  fingerprintCommand(command: W['command']): number;
  readonly crypto: CryptoSuite;
  readonly faults?: readonly Fault[];
  /** Per-message faults by name; see network/ports.ts. */
  readonly messageExceptions?: readonly MessageException[];
  /** False: per-message faults come from `messageExceptions` alone. */
  readonly drawMessageFaults?: boolean;
  readonly onMessageFault?: (fault: MessageException) => void;
  /** Through what faults reach the disks; absent: nothing is refused. See disk/fault-atlas.ts. */
  readonly atlas?: (disks: readonly SimDisk[]) => Pick<FaultAtlas, 'setFault' | 'wipe' | 'restore'>;
  /** Wall clock of a host without skew at time 0; default WALL_START_US. */
  readonly wallStartUs?: number;
  /** Shares nothing: messages are copied through their bytes, the memo is off. Same hash. */
  readonly isolate?: boolean;
  /** Another order of simultaneous events; same faults, same latencies. 0 is the run's own. */
  readonly permuteTies?: number;
  /** Who chooses in which order messages arrive; absent: their latencies alone decide. Of streams only. */
  readonly order?: OrderConfig;
  /** What a program that throws ends: the run (default), or its boot only, as a kill does. */
  readonly onProgramThrow?: 'endRun' | 'endBoot';
  /** False: only the bench, to measure what the trace costs. The run is the same, and has no trace hash. */
  readonly trace?: boolean;
  /** Sees everything, for recordings. */
  readonly watcher?: Watcher<W>;
  /** False lets a debugger's console through while a simulation steps. Default true. */
  readonly traps?: boolean;
}
