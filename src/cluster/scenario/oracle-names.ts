/** The laws that a scenario may expect to be violated, by the names under which reports call them. */

/** The oracles, and what workloads (`acceptance`) and the end of a run (`convergence`) judge. */
export const ORACLE_NAMES = [
  'agreement',
  're-execution',
  'durability',
  'acknowledged',
  'corruption',
  'bounds',
  'bans',
  'claims',
  'signing',
  'slashing',
  'accountability',
  'returned',
  'requests',
  'acceptance',
  'convergence',
] as const;
