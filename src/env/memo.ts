/** A cache for pure functions of immutable data; in simulation one for all hosts, so that equal work is done once. */
export interface Memo {
  /**
   * The value of `compute()`, which must depend on nothing but what `key` names: the content hash of ALL its inputs.
   * Only for bytes that this host already holds, never for what it reads from its disk. Bounded: may compute again.
   * Values are deeply readonly. What it costs is charged by `spend` whether shared or not.
   * @param kind names the function; a small closed set.
   */
  get<T>(kind: string, key: string, compute: () => T): T;
}
