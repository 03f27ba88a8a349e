/** Weights that are unsigned numbers, big-endian, of one size in a chain: what most engines add up. */
import { assert } from '../../env/assert.ts';
import { type Weight, weight } from '../types/units.ts';
import type { Candidate } from './consensus.ts';

/** The weight of that value in so many bytes, at most 64 on the wire. */
export function numberWeight(value: bigint, sizeBytes: number): Weight {
  const text = value.toString(16).padStart(2 * sizeBytes, '0');
  assert(text.length === 2 * sizeBytes, 'a weight fits the bytes that its engine gives it');
  return weight(text);
}

/** A weight of the parent's size, greater by `gained`. */
export function addWeight(parent: Weight, gained: bigint): Weight {
  return numberWeight(BigInt(`0x${parent}`) + gained, parent.length / 2);
}

/** -1: `b` is greater; 1: `a` is. Of any two byte strings: one is a claim, and may be longer or shorter than a weight here. */
export function compareNumbers(a: Weight, b: Weight): -1 | 0 | 1 {
  const digits = Math.max(a.length, b.length);
  const left = a.length === digits ? a : a.padStart(digits, '0');
  const right = b.length === digits ? b : b.padStart(digits, '0');
  return left === right ? 0 : left < right ? -1 : 1;
}

/** More weight wins; of equals the lower id, so that all nodes agree. For `ConsensusRules.compare`. */
export function compareWeightThenId(a: Candidate, b: Candidate): -1 | 0 | 1 {
  const byWeight = compareNumbers(a.weight, b.weight);
  if (byWeight !== 0 || a.id === b.id) return byWeight;
  return a.id < b.id ? 1 : -1;
}
