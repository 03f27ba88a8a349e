/** The order of stated weights, where only a claim is there and no header that the engine could compare. */
import type { Weight } from '../types/units.ts';

/** True unless `claim` is the lesser weight as an unsigned number. Decides whom to ask, never which chain is better. */
export function isAtLeast(claim: Weight, own: Weight): boolean {
  const digits = Math.max(claim.length, own.length);
  return claim.padStart(digits, '0') >= own.padStart(digits, '0');
}
