/**
 * Which of two heads is better: EIP-225's total difficulty, and EIP-3436's order of those that are equal. A weight holds
 * all of that order but the hash, so that weights alone tell whom to ask: docs/protocol.md, Proof of authority.
 */
import { type Weight, weight } from '../../types/units.ts';
import type { Candidate } from '../consensus.ts';
import { addWeight, compareNumbers, numberWeight } from '../weights.ts';
import { type PoaConfig, TIE_BREAK } from './config.ts';

/** DIFF_INTURN and DIFF_NOTURN of EIP-225, as it suggests them. */
export const DIFFICULTY = { inTurn: 2, outOfTurn: 1 } as const;

const TOTAL_BYTES = 8;
const HEIGHT_MAX = 0xffff_ffff_ffff_ffffn;
const DISTANCE_MAX = 0xffn;

/** What EIP-3436 calls Hn, Vi and Vt. */
export interface Turn {
  readonly height: number;
  /** The signer's place among the signers of the parent. */
  readonly index: number;
  /** How many signers the parent has. */
  readonly signers: number;
}

/** How long ago it was the signer's turn, in blocks: EIP-3436, (Hn - Vi) % Vt, from 0 on however small Hn is. */
export function turnsAgo({ height, index, signers }: Turn): number {
  return (((height - index) % signers) + signers) % signers;
}

/** The weight of block 0. */
export function genesisWeight(config: PoaConfig): Weight {
  return inOrder(numberWeight(0n, TOTAL_BYTES), config, 0, 0);
}

/** The weight of a block of that difficulty and height, signed so many turns after the signer's own, on a parent of that weight. */
export function weightAfter(
  parent: Weight,
  config: PoaConfig,
  { difficulty, height, ago }: { readonly difficulty: number; readonly height: number; readonly ago: number },
): Weight {
  const total = addWeight(weight(parent.slice(0, 2 * TOTAL_BYTES)), BigInt(difficulty));
  return inOrder(total, config, height, ago);
}

/** EIP-3436: 1. most total difficulty; 2. lowest number; 3. smallest (Hn - Vi) % Vt; 4. lowest hash. Without it: rule 1, then the first seen. */
export function compareHeads(a: Candidate, b: Candidate): -1 | 0 | 1 {
  const byWeight = compareNumbers(a.weight, b.weight);
  const isTotalOnly = a.weight.length === 2 * TOTAL_BYTES;
  if (byWeight !== 0 || isTotalOnly || a.id === b.id) return byWeight;
  return a.id < b.id ? 1 : -1;
}

/** Rules 2 and 3 as digits behind the total: what shall be small is taken from its largest value. */
function inOrder(total: Weight, config: PoaConfig, height: number, ago: number): Weight {
  if (config.tieBreak === TIE_BREAK['total-difficulty']) return total;
  const byHeight = numberWeight(HEIGHT_MAX - BigInt(height), 8);
  const byTurn = numberWeight(DISTANCE_MAX - BigInt(ago), 1);
  return weight(`${total}${byHeight}${byTurn}`);
}
