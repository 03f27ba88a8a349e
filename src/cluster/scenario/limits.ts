/** Limits of scenario files, each with its reason. */

/** Most hosts of one cluster: the scale that is benchmarked, doubled. */
export const SCENARIO_HOSTS_MAX = 20_000;
/** Longest simulated time: 400 days in microseconds stay far below 2^53. */
export const SCENARIO_LENGTH_MAX_US = 400 * 86_400_000_000;
/** Largest scenario file: 1 MiB; a longer one is a mistake. */
export const SCENARIO_FILE_MAX_CHARS = 1_048_576;
