/** What the faults that are on do to every operation of a disk, whatever the key. */
import type { DiskFault } from './disk.ts';

/** The faults of a disk taken together: one condition holds while any fault asks for it, the narrowest limit holds. */
export interface Conditions {
  readonly readFails: boolean;
  readonly writeFails: boolean;
  readonly flushFails: boolean;
  readonly flushLies: boolean;
  readonly writeCapacityBytes: number;
  readonly flushCapacityBytes: number;
  readonly latencyMultiplier: number;
}

/** The conditions of a disk without faults. */
export const HEALTHY: Conditions = {
  readFails: false,
  writeFails: false,
  flushFails: false,
  flushLies: false,
  writeCapacityBytes: Number.POSITIVE_INFINITY,
  flushCapacityBytes: Number.POSITIVE_INFINITY,
  latencyMultiplier: 1,
};

/** What all these faults ask for together. `usedAtStart`: bytes that the disk held when a full disk began, by fault id. */
export function conditionsOf(
  faults: Iterable<DiskFault>,
  usedAtStart: ReadonlyMap<string, number>,
): Conditions {
  let all = HEALTHY;
  for (const fault of faults) all = withFault(all, fault, usedAtStart.get(fault.id) ?? 0);
  return all;
}

function withFault(all: Conditions, fault: DiskFault, usedBytes: number): Conditions {
  switch (fault.kind) {
    case 'lyingFlush':
      return { ...all, flushLies: true };
    case 'ioError':
      if (fault.on === 'read') return { ...all, readFails: true };
      return fault.on === 'write' ? { ...all, writeFails: true } : { ...all, flushFails: true };
    case 'diskFull':
      return fault.on === 'write'
        ? { ...all, writeCapacityBytes: Math.min(all.writeCapacityBytes, usedBytes + fault.roomBytes) }
        : { ...all, flushCapacityBytes: Math.min(all.flushCapacityBytes, usedBytes + fault.roomBytes) };
    case 'slow':
      return { ...all, latencyMultiplier: Math.max(all.latencyMultiplier, fault.multiplier) };
    default:
      return all;
  }
}

/** Whether the fault makes reads fail. */
export function isReadError(fault: DiskFault): boolean {
  return fault.kind === 'ioError' && fault.on === 'read';
}

/** Whether the fault makes writes fail. */
export function isWriteError(fault: DiskFault): boolean {
  return fault.kind === 'ioError' && fault.on === 'write';
}

/** Whether the fault makes flushes fail. */
export function isFlushError(fault: DiskFault): boolean {
  return fault.kind === 'ioError' && fault.on === 'flush';
}

/** Whether the fault is a disk that is full for writes. */
export function isFullOnWrite(fault: DiskFault): boolean {
  return fault.kind === 'diskFull' && fault.on === 'write';
}

/** Whether the fault is a disk that is full for flushes. */
export function isFullOnFlush(fault: DiskFault): boolean {
  return fault.kind === 'diskFull' && fault.on === 'flush';
}

/** Whether the fault makes flushes lie. */
export function isLie(fault: DiskFault): boolean {
  return fault.kind === 'lyingFlush';
}
