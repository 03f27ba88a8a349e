/** What `aureon replay --branch` prints: from each moment how many futures fail, as a plot with intervals. */
import { EXIT } from '../cluster/result.ts';
import { type BranchCount, countBranches, wilson } from '../lab/branches.ts';
import type { Capsule } from '../lab/capsule.ts';
import { moment } from './format.ts';
import type { Output } from './output.ts';
import type { ReplayFlags } from './replay-flags.ts';

/** Columns of a bar that is full. */
const BAR_COLUMNS = 30;

interface BranchContext {
  readonly jobs: number;
  readonly json: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** `30s  ██████████░░░░  123 of 200 fail so, 61.5 % (95 %: 54.6 to 68.0); 2 in another way`. */
function line({ atUs, runs, same, other }: BranchCount): string {
  const { share, low, high } = wilson(same, runs);
  const full = Math.round(share * BAR_COLUMNS);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_COLUMNS - full);
  const interval = `95 %: ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`;
  const others = other === 0 ? '' : `; ${other} in another way`;
  return `${moment(atUs).padStart(12)}  ${bar}  ${same} of ${runs} fail so, ${percent(share)} (${interval})${others}`;
}

/** Answers 0, or 5 when a past was not that of the capsule's run. */
export async function branchCommand(
  capsule: Capsule,
  branch: NonNullable<ReplayFlags['branch']>,
  { jobs, json, output, signal }: BranchContext,
): Promise<number> {
  const { fingerprint, atUs: failedUs } = capsule.failure;
  if (!json) {
    const drawn = branch.keepsFaults || capsule.lines.length === 0;
    const faults = drawn ? 'its faults stay' : 'faults after the moment are drawn anew';
    output.print(
      output.palette.bold(
        `${fingerprint} at ${moment(failedUs)}; ${branch.seeds.length} futures each, ${faults}`,
      ),
    );
  }
  let code: number = EXIT.passed;
  for (const [i, atUs] of branch.momentsUs.entries()) {
    const counted = await countBranches(capsule, atUs, {
      seeds: branch.seeds,
      jobs,
      keepsFaults: branch.keepsFaults,
      signal,
      onProgress: (finished) =>
        output.progress(
          `from ${moment(atUs)} (${i + 1} of ${branch.momentsUs.length}): ${finished} of ${branch.seeds.length}`,
        ),
    });
    if (counted === undefined) return EXIT.interrupted;
    output.print(
      json ? JSON.stringify({ ...counted, ...wilson(counted.same, counted.runs) }) : line(counted),
    );
    if (counted.hasOnePast) continue;
    output.complain(
      `from ${moment(atUs)}: a future had another past than the capsule's run: two runs of one seed differ`,
    );
    code = EXIT.nondeterminism;
  }
  return code;
}
