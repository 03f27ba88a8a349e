/** Targets, work and accumulated work of proof of work. PROTOCOL.md, Time and PoW. */
import { assert } from '../../../env/assert.ts';
import { hexToBytes } from '../../../env/bytes.ts';
import type { Weight } from '../../types/units.ts';
import { addWeight, numberWeight } from '../weights.ts';

/** The largest 256-bit number. */
export const TARGET_MAX = (1n << 256n) - 1n;
const HEX_DIGITS = 64;

/** 32 bytes, big-endian, as text. */
export function targetToHex(target: bigint): string {
  return target.toString(16).padStart(HEX_DIGITS, '0');
}

/** 32 bytes, big-endian. */
export function targetToBytes(target: bigint): Uint8Array {
  const bytes = hexToBytes(targetToHex(target));
  assert(bytes?.length === HEX_DIGITS / 2, 'a target has 256 bits');
  return bytes;
}

/** The number of 64 hexadecimal digits. */
export function hexToTarget(text: string): bigint {
  return BigInt(`0x${text}`);
}

/** How many hashes it takes on average: floor(2^256 / (target + 1)). */
export function workOf(target: bigint): bigint {
  return (TARGET_MAX + 1n) / (target + 1n);
}

/** What a seal's hash is held against: at most 2^256 - 1. */
export function scaledTarget(target: bigint, powScale: bigint): bigint {
  const scaled = target * powScale;
  return scaled > TARGET_MAX ? TARGET_MAX : scaled;
}

/** Weight of genesis: no work, in 32 bytes. */
export const NO_WORK: Weight = numberWeight(0n, HEX_DIGITS / 2);

/** 32 bytes, big-endian; a chain of 2^256 hashes is a bug. */
export function addWork(parent: Weight, target: bigint): Weight {
  return addWeight(parent, workOf(target));
}
