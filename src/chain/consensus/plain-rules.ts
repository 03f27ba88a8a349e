/** Rules of an engine that has no system data, no certificates, no seal signatures and executes nothing: a start for real ones. */
import { amount } from '../types/units.ts';
import type { ConsensusRules, SystemEffects } from './consensus.ts';

/** Nothing issued, nothing burnt, nothing to follow. */
export const NO_EFFECTS: SystemEffects = { issued: amount(0n), burnt: amount(0n), data: new Uint8Array(0) };

/** What most engines take as it is. */
export type PlainRules<View> = Pick<
  ConsensusRules<View>,
  'sealItems' | 'checkSystem' | 'execute' | 'afterExecution' | 'checkCertificate'
>;

export function plainRules<View>(): PlainRules<View> {
  return {
    sealItems: () => [],
    checkSystem(_view, { system }) {
      if (system.evidence.length === 0 && system.lastCommit === '') return undefined;
      return { code: 'SYSTEM_DATA_INVALID', fact: 'this engine has neither evidence nor commits' };
    },
    execute: () => NO_EFFECTS,
    afterExecution: (view) => view,
    checkCertificate(_view, _header, certificate) {
      if (certificate.length === 0) return undefined;
      return { code: 'BAD_CERTIFICATE', fact: 'this engine has no certificates' };
    },
  };
}
