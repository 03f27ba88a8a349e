/** What the hosts of one run share, and what becomes of their boots. */
import type { Codec } from '../env/network.ts';
import type { World } from '../env/program.ts';
import type { HostProgram } from './config.ts';
import type { CryptoSuite } from './crypto-suite.ts';
import type { EffectPoint } from './fault.ts';
import type { SimNetwork } from './network/ports.ts';
import type { Scheduler } from './scheduler.ts';
import type { SharedMemo } from './shared-memo.ts';
import type { Watcher } from './watcher.ts';

/** Why a boot ended. */
export type BootEnd =
  | { readonly kind: 'kill' | 'power' | 'done' | 'deadline' }
  /** The disk failed under the program. */
  | { readonly kind: 'storageCrash' }
  /** The program threw, and the run goes on. */
  | { readonly kind: 'threw'; readonly error: unknown };

/** What happens to a host, for observers of the run. */
export type HostChange =
  | { readonly kind: 'started'; readonly boot: number; readonly variant: string }
  | { readonly kind: 'ended'; readonly boot: number; readonly end: BootEnd };

/** A crash that waits for an effect. */
export interface CrashPoint {
  readonly at: EffectPoint;
  readonly crash: () => void;
}

export interface HostWorld<W extends World> {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork<W['message']>;
  readonly codec: Codec<W['message']>;
  readonly crypto: CryptoSuite;
  readonly memo: SharedMemo;
  readonly programs: ReadonlyMap<string, HostProgram<W>>;
  readonly watcher: Watcher<W> | undefined;
  readonly wallStartUs: number;
  readonly fingerprintEvent: (event: W['event']) => number;
  readonly onEmit: (host: number, event: W['event']) => void;
  readonly onChange: (host: number, change: HostChange) => void;
  /** Decides whether the run ends; true: only the boot does. */
  readonly onThrown: (host: number, error: unknown) => boolean;
  /** Calls the harness back at that time. */
  readonly onAnswer: (atUs: number, tell: () => void) => void;
}
