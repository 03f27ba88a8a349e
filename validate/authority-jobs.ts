/** The runs about authorities: the model against its published share, partitions of real nodes, odd numbers, and late blocks. */
import type { TieBreak } from '../src/chain/consensus/poa/config.ts';
import type { AuthorityMissesJob } from './authority-misses.ts';
import type { AuthorityModelJob } from './authority-model.ts';
import type { AuthorityPartitionJob } from './authority-partition.ts';

type AuthorityJob = AuthorityMissesJob | AuthorityModelJob | AuthorityPartitionJob;

/** As many alignments as the published model. */
const MODEL_TRIALS = 20_000;
const MODEL_TRIALS_OF_JOB = 5_000;
/** Alignments of each split of each odd number. */
const ODD_TRIALS = 2_000;
const ODD_MAX = 15;
const EVEN = 8;
const RUNS = 1_000;
const RUNS_OF_JOB = 50;
/** Odd numbers with real nodes. */
const ODD_NODES = [5, 7, 9];
const ODD_RUNS = 200;
const MISS_BLOCKS = 100_000;
const MISS_BLOCKS_OF_JOB = 10_000;
/** The most that was published to give no deadlock. */
const MISS_PERMILLE = 50;

function model(signers: number, side: number, trials: number): readonly AuthorityJob[] {
  return Array.from({ length: Math.ceil(trials / MODEL_TRIALS_OF_JOB) }, (_, i) => ({
    kind: 'authority-model',
    signers,
    side,
    trials: Math.min(MODEL_TRIALS_OF_JOB, trials - i * MODEL_TRIALS_OF_JOB),
    seed: `${signers}/${side}/${i}`,
  }));
}

function partitions(signers: number, tieBreak: TieBreak, runs: number): readonly AuthorityJob[] {
  return Array.from({ length: Math.ceil(runs / RUNS_OF_JOB) }, (_, i) => ({
    kind: 'authority-partition',
    signers,
    tieBreak,
    runs: Math.min(RUNS_OF_JOB, runs - i * RUNS_OF_JOB),
    // The same partitions both ways.
    seed: `${signers}/${i}`,
  }));
}

function misses(tieBreak: TieBreak, blocks: number): readonly AuthorityJob[] {
  return Array.from({ length: Math.ceil(blocks / MISS_BLOCKS_OF_JOB) }, (_, i) => ({
    kind: 'authority-misses',
    signers: EVEN,
    tieBreak,
    blocks: Math.min(MISS_BLOCKS_OF_JOB, blocks - i * MISS_BLOCKS_OF_JOB),
    missPermille: MISS_PERMILLE,
    seed: `${tieBreak}/${i}`,
  }));
}

/** Every split of every odd number into two sides. */
function oddSplits(): readonly (readonly [number, number])[] {
  const splits: (readonly [number, number])[] = [];
  for (let signers = 3; signers <= ODD_MAX; signers += 2)
    for (let side = 1; 2 * side < signers; side++) splits.push([signers, side]);
  return splits;
}

/** All of them; `short`: a few of each. */
export function authorityJobs(short: boolean): readonly AuthorityJob[] {
  if (short) {
    return [
      ...model(EVEN, EVEN / 2, 2_000),
      ...model(5, 2, 300),
      ...model(7, 3, 300),
      ...partitions(EVEN, 'total-difficulty', 50),
      ...partitions(EVEN, 'eip-3436', 50),
      ...partitions(5, 'total-difficulty', 10),
      ...misses('total-difficulty', 300),
    ];
  }
  return [
    ...model(EVEN, EVEN / 2, MODEL_TRIALS),
    ...oddSplits().flatMap(([signers, side]) => model(signers, side, ODD_TRIALS)),
    ...partitions(EVEN, 'total-difficulty', RUNS),
    ...partitions(EVEN, 'eip-3436', RUNS),
    ...ODD_NODES.flatMap((signers) => partitions(signers, 'total-difficulty', ODD_RUNS)),
    ...misses('total-difficulty', MISS_BLOCKS),
    ...misses('eip-3436', MISS_BLOCKS / 5),
  ];
}
