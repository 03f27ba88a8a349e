/** What a validation prints: one line for each thing that was measured. */

/** One line: what was measured against what, and whether it is near enough. Without a verdict it is for information. */
export interface Line {
  readonly part: string;
  readonly what: string;
  readonly value: string;
  readonly published: string;
  readonly tolerance: string;
  readonly verdict: 'ok' | 'FAIL' | '';
}
