/** A public proof-of-work network as measured in 2019 (degrees: 2015). Facts published with SimBlock (dsg-titech/simblock, Apache-2.0). */

/** Mean one-way latency in ms, [from][to]: North America, Europe, South America, Asia and Pacific, Japan, Australia. */
export const LATENCY_MEAN_MS: readonly (readonly number[])[] = [
  [32, 124, 184, 198, 151, 189],
  [124, 11, 227, 237, 252, 294],
  [184, 227, 88, 325, 301, 322],
  [198, 237, 325, 85, 58, 198],
  [151, 252, 301, 58, 12, 126],
  [189, 294, 322, 198, 126, 16],
];

/** kbit/s by region. */
export const DOWNLOAD_KBIT_PER_S: readonly number[] = [52_000, 40_000, 18_000, 22_800, 22_800, 29_900];
/** kbit/s by region. */
export const UPLOAD_KBIT_PER_S: readonly number[] = [19_200, 20_700, 5_800, 15_700, 10_200, 11_300];

/** Share of nodes by region, in ten-thousandths; sums to 10,000. */
export const NODE_SHARE_PER_10000: readonly number[] = [3_316, 4_998, 90, 1_177, 224, 195];

/** Cumulative share, in thousandths, of nodes with at most 1, 2, … 20 outbound links. */
export const OUTBOUND_DEGREE_CDF_PER_1000: readonly number[] = [
  25, 50, 75, 100, 200, 300, 400, 500, 600, 700, 800, 850, 900, 950, 970, 970, 980, 990, 995, 1_000,
];

/** Bytes of a compact block. */
export const COMPACT_BLOCK_BYTES = 18_000;
/** Nodes that use compact blocks, in thousandths; both ends must. */
export const COMPACT_USERS_PER_1000 = 964;
/** Nodes that come and go, in thousandths; the rest stay. */
export const CHURN_NODES_PER_1000 = 976;
/** Compact blocks that a staying (control) or churning receiver cannot rebuild, in thousandths. */
export const COMPACT_FAILURE_PER_1000 = { control: 130, churn: 270 } as const;
/** What a staying node lacks of a block that it cannot rebuild, in percent: always the same. */
export const CONTROL_REPAIR_PERCENT = 1;
/** Observations of churning nodes that lacked 1, 2, … 96 percent: mean 8.7, median 1, 90th percentile 28. */
export const CHURN_REPAIR_COUNTS: readonly number[] = [
  546, 66, 39, 27, 21, 17, 14, 12, 11, 10, 9, 8, 7, 7, 6, 6, 5, 5, 5, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3,
  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
];
