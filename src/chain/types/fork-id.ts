/** Fork ids: whether two nodes of one genesis follow the same upgrades, told by twelve bytes of handshake. EIP-2124. */
import { crc32 } from '../crypto/crc32.ts';
import type { UpgradeSchedule } from './genesis.ts';
import { ByteWriter } from './layout/buffers.ts';
import type { ForkId } from './message.ts';
import { type BlockHash, type Height, height } from './units.ts';

/**
 * EIP-2124 §Validation rules, as this node sees the other. `UPGRADE_REQUIRED`: the other side follows an upgrade that
 * is not in the local schedule, or another chain: disconnect and tell the operator, but never stop for a peer's word.
 * `INCOMPATIBLE`: the other side missed an upgrade that happened here.
 */
export type ForkVerdict = 'ok' | 'UPGRADE_REQUIRED' | 'INCOMPATIBLE';

const ID_BYTES = 32;
const HEIGHT_BYTES = 8;

/** Fork hashes: `[0]` before the first step, `[i]` after i steps. */
function checksums(genesisId: BlockHash, schedule: UpgradeSchedule): readonly number[] {
  const id = new ByteWriter(ID_BYTES);
  id.hex(genesisId);
  const sums = [crc32(id.bytes)];
  for (const step of schedule) {
    const passed = new ByteWriter(HEIGHT_BYTES);
    passed.u64(step.height);
    sums.push(crc32(passed.bytes, sums[sums.length - 1]));
  }
  return sums;
}

function stepsPassed(schedule: UpgradeSchedule, head: Height): number {
  let passed = 0;
  while (passed < schedule.length && (schedule[passed]?.height ?? 0) <= head) passed++;
  return passed;
}

function checksumText(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

function heightOfStep(schedule: UpgradeSchedule, step: number): Height {
  return schedule[step]?.height ?? height(0);
}

/** CRC-32 over genesis id and the heights of passed steps (u64), and the height of the next step or 0. EIP-2124 §Specification. */
export function forkIdOf(genesisId: BlockHash, schedule: UpgradeSchedule, head: Height): ForkId {
  const passed = stepsPassed(schedule, head);
  const checksum = checksums(genesisId, schedule)[passed] ?? 0;
  return { forkHash: checksumText(checksum), forkNext: heightOfStep(schedule, passed) };
}

/** EIP-2124 §Validation rules: whether to stay connected to a node that states `remote`. */
export function checkForkId(
  genesisId: BlockHash,
  schedule: UpgradeSchedule,
  head: Height,
  remote: ForkId,
): ForkVerdict {
  const passed = stepsPassed(schedule, head);
  const texts = checksums(genesisId, schedule).map(checksumText);
  const stated = texts.indexOf(remote.forkHash);
  // Rule 1: the same forks passed; an announced one that this head has passed without it is a difference.
  if (stated === passed) return remote.forkNext > 0 && head >= remote.forkNext ? 'UPGRADE_REQUIRED' : 'ok';
  // Rule 2: the other side is behind, and must know which fork comes next there.
  if (stated >= 0 && stated < passed) {
    return remote.forkNext === heightOfStep(schedule, stated) ? 'ok' : 'INCOMPATIBLE';
  }
  // Rule 3: the other side is ahead by forks that this node knows. Rule 4: anything else.
  return stated > passed ? 'ok' : 'UPGRADE_REQUIRED';
}
