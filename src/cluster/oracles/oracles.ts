/** The oracles of a run: which laws are judged. */
import { createAccountability } from './accountability.ts';
import { createAcknowledged } from './acknowledged.ts';
import { createAgreement } from './agreement.ts';
import { createBans } from './bans.ts';
import { createBounds } from './bounds.ts';
import { createClaims } from './claims.ts';
import { createCorruption } from './corruption.ts';
import { createDurability } from './durability.ts';
import type { ClusterView, Finding, Oracle, OracleFactory } from './oracle.ts';
import { createReexecution } from './reexecution.ts';
import { createRequests } from './requests.ts';
import { createReturned } from './returned.ts';
import { createSigning } from './signing.ts';
import { createSlashing } from './slashing.ts';

/** Every law, by the name under which a scenario's `expect` and a report call it. */
export const ORACLES: ReadonlyMap<string, OracleFactory> = new Map<string, OracleFactory>([
  ['agreement', createAgreement],
  ['re-execution', createReexecution],
  ['durability', createDurability],
  ['acknowledged', createAcknowledged],
  ['corruption', createCorruption],
  ['bounds', createBounds],
  ['bans', createBans],
  ['claims', createClaims],
  ['signing', createSigning],
  ['slashing', createSlashing],
  ['accountability', createAccountability],
  ['returned', createReturned],
  ['requests', createRequests],
]);

/** @param names absent: all of them. */
export function createOracles(
  view: ClusterView,
  report: (oracle: string, finding: Finding) => void,
  names: readonly string[] = [...ORACLES.keys()],
): readonly Oracle[] {
  return [...ORACLES]
    .filter(([name]) => names.includes(name))
    .map(([name, create]) => create(view, (finding) => report(name, finding)));
}
