/** A host's simulated disk, as the kernel, the fault plan and the oracles see it: types only. */
import type { Storage, StorageFault } from '../../env/storage.ts';
import type { KeyPool } from './key-text.ts';

/**
 * Which key a fault hits; lower-case hexadecimal, so that a plan is plain data. `drawn` picks among the keys that begin
 * with `prefix` (absent: all) by an unsigned 32-bit draw made with the plan, when the fault is switched on; keys that
 * it cannot hit are passed over.
 */
export type KeyTarget =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'drawn'; readonly draw: number; readonly prefix?: string };

/**
 * One fault of a disk, on from `setFault` until `clearFault(id)`: what it hides comes back then, except what an
 * overwrite, a power loss, a restore or a wipe ended before. Setting an id that is on replaces it.
 */
export type DiskFault =
  /** Flushes answer success and make nothing durable. */
  | { readonly kind: 'lyingFlush'; readonly id: string }
  /** The next write of the key (`drawn`: one operation of the next batch that has one) never arrives. Once. */
  | { readonly kind: 'lostWrite'; readonly id: string; readonly target: KeyTarget }
  /** The key reads as it does now, whatever is written to it. */
  | { readonly kind: 'staleValue'; readonly id: string; readonly target: KeyTarget }
  /** The key reads as the value that another key has now. */
  | {
      readonly kind: 'misdirectedValue';
      readonly id: string;
      readonly target: KeyTarget;
      readonly source: KeyTarget;
    }
  /** The key reads as absent. */
  | { readonly kind: 'missingKey'; readonly id: string; readonly target: KeyTarget }
  /** One bit of the value is flipped: `bit` modulo its length in bits. */
  | { readonly kind: 'bitRotValue'; readonly id: string; readonly target: KeyTarget; readonly bit: number }
  /** One bit of the key is flipped: the value stands under a key that nobody wrote. `bit` modulo its length. */
  | { readonly kind: 'bitRotKey'; readonly id: string; readonly target: KeyTarget; readonly bit: number }
  /** Every key that changed since the last `takeSnapshot` reads as it was then. No snapshot: no target. */
  | { readonly kind: 'oldSnapshot'; readonly id: string }
  /** Reads and writes throw StorageCrash of kind IO, flushes answer it. */
  | { readonly kind: 'ioError'; readonly id: string; readonly on: 'read' | 'write' | 'flush' }
  /** Room for `roomBytes` more than the disk holds when this is switched on; a write past it throws StorageCrash of kind FULL; `flush`: a flush answers it instead. */
  | {
      readonly kind: 'diskFull';
      readonly id: string;
      readonly on: 'write' | 'flush';
      readonly roomBytes: number;
    }
  /** Every operation takes that many times as long; an integer >= 1. The kernel reads `latencyMultiplier`. */
  | { readonly kind: 'slow'; readonly id: string; readonly multiplier: number };

/** Faults that give a program bytes that it did not write, or hide what it wrote. */
export type CorruptionKind = Extract<
  DiskFault['kind'],
  'lostWrite' | 'staleValue' | 'misdirectedValue' | 'missingKey' | 'bitRotValue' | 'bitRotKey' | 'oldSnapshot'
>;

/**
 * What came of switching a fault on. `armed`: it waits for a write. `noTarget`: no key to hit, nothing is on.
 * `refused`: every key that it could hit was forbidden, nothing is on.
 */
export type FaultOutcome = 'active' | 'armed' | 'noTarget' | 'refused';

/** The whole content of a disk at one instant, immutable. Opaque. */
export interface DiskSnapshot {
  /** By key, latin1 of its bytes. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
}

/** What a disk shares with the run that it is part of. */
export interface DiskConfig {
  /** One for all disks of a run. */
  readonly keys: KeyPool;
  /** Names the event that is running; a crash within the event that read a corrupt key excuses that it was not named. */
  readonly currentEvent: () => number;
}

/** One key that was corrupt, and what became of it. */
export interface Corruption {
  readonly faultId: string;
  readonly kind: CorruptionKind;
  /** The key that the program wrote. */
  readonly key: Uint8Array;
  /** bitRotKey: the key under which the value stands. */
  readonly shownAs?: Uint8Array;
  /** A checksum over (key, value) finds it when the entry is read. Stale and absent values need other evidence. */
  readonly checkable: boolean;
  /**
   * How often the program was given the wrong answer, scrub included. What a handler read that a crash cut short is
   * not counted: it had no chance to say so.
   */
  readonly reads: number;
  /**
   * `detected`: the program named the key. `undetected`: it was given the wrong answer and did not. Otherwise never
   * read: `overwritten` (also by power loss, restore, wipe), `healed` by switching off, or `neverRead` and still there.
   */
  readonly outcome: 'detected' | 'undetected' | 'overwritten' | 'healed' | 'neverRead';
}

/** What became of every corruption of one disk, in the order in which they arose. */
export interface CorruptionReport {
  readonly corruptions: readonly Corruption[];
  /** Keys that the program called corrupt and that never were, in the order of the calls. */
  readonly falseAlarms: readonly Uint8Array[];
}

/** What the end of a boot took. */
export interface PowerLoss {
  /** Batches that are gone. */
  readonly lostBatches: number;
  /** Those among them that a flush had acknowledged: not 0 only after a lying flush. */
  readonly lostAcknowledged: number;
}

/**
 * A disk: passive, knows no time. `get`, `scan` and `write` are those of the running boot, with the assertions of
 * env/storage.ts; the kernel calls `completeFlush` when a flush's time has come, and applies latency.
 */
export interface SimDisk extends Omit<Storage, 'flush'> {
  /** How many batches were written since the disk was made; a flush covers all up to here. */
  readonly written: number;
  /** Batches that no power loss can take. */
  readonly durable: number;
  /** Keys and values together, without faults. */
  readonly usedBytes: number;
  readonly entryCount: number;
  /** 1, or that of the slowest fault that is on. */
  readonly latencyMultiplier: number;
  /**
   * Ends one flush that was asked when `written` was `batch`: makes batches up to there durable, and answers the
   * fault of this flush, if any. After a fault every flush of this boot answers it. A lying flush marks nothing.
   */
  completeFlush(batch: number): StorageFault | undefined;
  /**
   * Ends the boot, in order or by a kill: the page cache survives. Except after a flush that failed: what was not
   * durable is gone. A write that the crash interrupted may be there or not: the caller calls `write` before, or not.
   */
  kill(): PowerLoss;
  /** Ends the boot by power loss: keeps a prefix of the batches, `durable` + `draw(written - durable + 1)` of them. */
  power(draw: (bound: number) => number): PowerLoss;
  /** What the disk holds without faults. The disk remembers the last one. */
  takeSnapshot(): DiskSnapshot;
  /** Puts another content in place, durable. The host is down. */
  restore(snapshot: DiskSnapshot): void;
  /** An empty disk in place of this one. The host is down. */
  wipe(): void;
  /** @param allow false for a key that must not be corrupted (see fault-atlas.ts); absent: every key may. */
  setFault(fault: DiskFault, allow?: (key: Uint8Array) => boolean): FaultOutcome;
  /** Harmless when no fault of that id is on. */
  clearFault(id: string): void;
  /** True when the fault of that id ever changed what the disk holds, answers or takes. */
  hasFired(id: string): boolean;
  /** The program named this key as corrupt. False when it never was. */
  detected(key: Uint8Array): boolean;
  /**
   * At the end of a run: reads every corrupt key that was never read through the program's own check, which answers
   * true for an entry that looks intact. The value is undefined when the key reads as absent.
   */
  scrub(check: (key: Uint8Array, value: Uint8Array | undefined) => boolean): void;
  report(): CorruptionReport;
  /** Reads what the disk holds without faults, and counts as no read: for oracles. */
  readonly pristine: Pick<Storage, 'get' | 'scan'>;
  /** How this disk holds the key: `unflushed` when a power loss may take or change it. */
  holds(key: Uint8Array): 'good' | 'unflushed' | 'corrupt' | 'absent';
  /** Every key without faults, in no stated but a repeatable order. */
  keys(): readonly Uint8Array[];
}
