/** Proof of work as an engine that a node can run. */
import type { Sha256 } from '../../crypto/sha256.ts';
import type { Consensus } from '../consensus.ts';
import { createPowEngine, type PowOptions } from './engine.ts';
import { createPowRules } from './rules.ts';
import type { PowView } from './view.ts';

/** The engine of a genesis that names POW_NAME. @param hasher SHA-256 for seals. */
export function createPow(options: PowOptions, hasher?: Sha256): Consensus<PowView> {
  return { rules: createPowRules(hasher), create: (host) => createPowEngine(host, options) };
}
