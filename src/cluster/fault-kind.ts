/** The scenario-level name of a fault in a plan: what `atLeast.faults` counts. */

/** What stands before the first slash of its id: `crash` of `crash/0/3`. */
export function faultKindOf(id: string): string {
  const slash = id.indexOf('/');
  return slash < 0 ? id : id.slice(0, slash);
}
