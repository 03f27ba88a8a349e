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

/** What all these faults ask for together. */
export function conditionsOf(faults: Iterable<DiskFault>): Conditions {
  let all = HEALTHY;
  for (const fault of faults) all = withFault(all, fault);
  return all;
}

function withFault(all: Conditions, fault: DiskFault): Conditions {
  switch (fault.kind) {
    case 'lyingFlush':
      return { ...all, flushLies: true };
    case 'ioError':
      if (fault.on === 'read') return { ...all, readFails: true };
      return fault.on === 'write' ? { ...all, writeFails: true } : { ...all, flushFails: true };
    case 'diskFull':
      return fault.on === 'write'
        ? { ...all, writeCapacityBytes: Math.min(all.writeCapacityBytes, fault.capacityBytes) }
        : { ...all, flushCapacityBytes: Math.min(all.flushCapacityBytes, fault.capacityBytes) };
    case 'slow':
      return { ...all, latencyMultiplier: Math.max(all.latencyMultiplier, fault.multiplier) };
    default:
      return all;
  }
}
