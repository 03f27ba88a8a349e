/** What the rules of most engines have in common: they take it as it is, and say only what is their own. */
import type { Header } from '../types/block.ts';
import type { Finality } from '../types/finality.ts';
import type { HeaderRejection } from '../types/rejection.ts';
import { amount, type Height, height } from '../types/units.ts';
import type { Candidate, ConsensusRules, SystemEffects } from './consensus.ts';
import { compareNumbers } from './weights.ts';

/** Nothing issued, nothing burnt, nothing to follow. */
export const NO_EFFECTS: SystemEffects = { issued: amount(0n), burnt: amount(0n), data: new Uint8Array(0) };

/** What an engine need not say. */
export type DefaultRules<View> = Pick<
  ConsensusRules<View>,
  | 'isCertified'
  | 'systemItems'
  | 'sealItems'
  | 'checkSystem'
  | 'execute'
  | 'afterExecution'
  | 'compare'
  | 'compareWeight'
  | 'checkCertificate'
>;

/** No system data, no certificates, no signature as a seal; nothing is issued; the heavier chain wins, of equals the first seen. */
export function defaultRules<View>(): DefaultRules<View> {
  return {
    isCertified: false,
    systemItems: () => [],
    sealItems: () => [],
    checkSystem(_view, { system }) {
      if (system.evidence.length === 0 && system.lastCommit === '') return undefined;
      return { code: 'SYSTEM_DATA_INVALID', fact: 'this engine has neither evidence nor commits' };
    },
    execute: () => NO_EFFECTS,
    afterExecution: (view) => view,
    compare: (a, b) => compareNumbers(a.weight, b.weight),
    compareWeight: compareNumbers,
    checkCertificate(_view, _header, certificate) {
      if (certificate.length === 0) return undefined;
      return { code: 'BAD_CERTIFICATE', fact: 'this engine has no certificates' };
    },
  };
}

/** The height of a header on this parent is one more. */
export function checkHeight(parent: Height, header: Header): HeaderRejection | undefined {
  const expected = height(parent + 1);
  if (header.height === expected) return undefined;
  return { code: 'WRONG_HEIGHT', height: header.height, expected };
}

/** Final by depth: so many blocks stand above it. An assumption, which an oracle judges inside its bounds alone. */
export function depthFinality(head: Candidate, depth: number): Finality {
  const final = height(Math.max(0, head.header.height - depth));
  return { final, acknowledged: final, kind: 'depth' };
}
