/** `npm run coalitions`: coalitions of just over a third of the power, and of just less, against agreement; exit code 1 unless the first break it and the second never do. */
import { parseArgs } from 'node:util';
import { createNativeSuite } from '../src/lab/native-suite.ts';
import {
  COALITIONS,
  type CoalitionKind,
  type CoalitionOutcome,
  type CoalitionSize,
  runCoalition,
  SIZES,
} from './coalition-runs.ts';
import { seedsOf } from './seeds.ts';

const USAGE = 'usage: npm run coalitions -- [--seeds 1..200]';
/** Of the seeds in which a coalition of more than a third acts, so many per cent end in a split. */
const BREAKS_MIN_PERCENT = 95;
const FAULTS_TOLD_MAX = 20;

const POWER: Readonly<Record<CoalitionSize, string>> = { over: '33,334 of 100,000', f: '33,333 of 100,000' };

interface Row {
  readonly kind: CoalitionKind;
  readonly size: CoalitionSize;
  readonly outcomes: readonly CoalitionOutcome[];
}

function count(row: Row, holds: (outcome: CoalitionOutcome) => boolean): number {
  return row.outcomes.filter(holds).length;
}

/** More than a third breaks agreement and is named each time; less never does. */
function isAsPromised(row: Row): boolean {
  const broken = count(row, ({ isBroken }) => isBroken);
  const accounted = count(row, ({ isAccounted }) => isAccounted);
  if (row.size === 'f') return broken === 0 && count(row, ({ faults }) => faults.length > 0) === 0;
  return 100 * broken >= BREAKS_MIN_PERCENT * row.outcomes.length && accounted === broken;
}

function line(row: Row): string {
  const of = row.outcomes.length;
  const broken = count(row, ({ isBroken }) => isBroken);
  const cells = [
    row.kind,
    POWER[row.size],
    String(of),
    String(count(row, ({ hasActed }) => hasActed)),
    `${broken} (${((100 * broken) / of).toFixed(1)} %)`,
    String(count(row, ({ isAccounted }) => isAccounted)),
  ];
  return `| ${cells.join(' | ')} |`;
}

function main(): number {
  const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1..200' } } });
  const suite = createNativeSuite();
  const seeds = seedsOf(values.seeds);
  const told: string[] = [];
  const rows = COALITIONS.flatMap((kind) =>
    SIZES.map((size): Row => {
      const outcomes = seeds.map((seed) => {
        const outcome = runCoalition(kind, size, seed, suite);
        if (size === 'f' || outcome.isBroken !== outcome.isAccounted)
          told.push(...outcome.faults.map((fault) => `${kind} ${size}, seed ${seed}: ${fault}`));
        if ((size === 'over') !== outcome.isBroken)
          told.push(`${kind} ${size}, seed ${seed}: ${outcome.isBroken ? 'broken' : 'not broken'}`);
        return outcome;
      });
      return { kind, size, outcomes };
    }),
  );
  console.log(
    '| coalition | power | seeds | acted | honest hosts decided differently | named, nobody honest |',
  );
  console.log('|---|---|---|---|---|---|');
  for (const row of rows) console.log(line(row));
  for (const text of told.slice(0, FAULTS_TOLD_MAX)) console.log(text);
  return rows.every(isAsPromised) ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
