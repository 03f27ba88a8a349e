/** From the outcomes of runs to lines of a table, each judged against what was published. */
import type { DoubleSpendOutcome } from './double-spend.ts';
import type { ValidateOutcome } from './jobs.ts';
import { judgeAuthorities } from './judge-authorities.ts';
import type { Line } from './line.ts';
import type { PropagationOutcome } from './propagation.ts';
import type { RealCompactOutcome } from './real-compact.ts';
import network from './reference/network-2019.json' with { type: 'json' };
import type { SelfishOutcome } from './selfish.ts';
import { SELFISH_POINTS } from './settings.ts';
import {
  addHistogram,
  createHistogram,
  type Histogram,
  proportionSigma,
  quantile,
  standardErrorOfMean,
} from './statistics.ts';
import { eyalSirer, nakamotoPoisson, orphanLaw, orphansOfArrivals, rosenfeld } from './theory.ts';

/** Standard errors that a value may be away. */
const SIGMAS = 3;
/** The published median may be missed by a tenth. */
const MEDIAN_SHARE = 0.1;
/** The law of orphans is an approximation to about a twentieth. */
const ORPHAN_SHARE = 0.05;

/** Where the Poisson approximation of 2008 is less than half of the truth, and must be told from it. */
const EXCLUDED = { q: 0.1, n: 6 } as const;
/** What is judged: 600 s rows, by their published medians. */
const MEDIAN_INTERVAL_S = 600;

function judged(line: Omit<Line, 'verdict'>, ok: boolean): Line {
  return { ...line, verdict: ok ? 'ok' : 'FAIL' };
}

function merged(histograms: readonly Histogram[]): Histogram {
  const all = createHistogram((histograms[0]?.counts.length ?? 1) - 1);
  for (const histogram of histograms) addHistogram(all, histogram);
  return all;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function spreadText(arrivals: Histogram): string {
  const meanMs = arrivals.sum / arrivals.total;
  return `mean ${ms(meanMs)}, p90 ${ms(quantile(arrivals, 0.9))}, p99 ${ms(quantile(arrivals, 0.99))}`;
}

function judgePropagation(outcomes: readonly PropagationOutcome[]): readonly Line[] {
  const lines: Line[] = [];
  for (const row of network.rows) {
    const runs = outcomes.filter((run) => run.intervalS === row.intervalS && run.compact === row.compact);
    if (runs.length === 0) continue;
    const part = `${row.intervalS} s, ${row.compact ? 'compact' : 'whole'}`;
    const arrivals = merged(runs.map((run) => run.arrivals));
    const median = quantile(arrivals, 0.5);
    const line = { part, what: 'median', value: ms(median), published: ms(row.medianMs) };
    lines.push(
      row.intervalS === MEDIAN_INTERVAL_S
        ? judged(
            { ...line, tolerance: '10 %' },
            Math.abs(median - row.medianMs) <= MEDIAN_SHARE * row.medianMs,
          )
        : { ...line, tolerance: '', verdict: '' },
      {
        part,
        what: 'spread',
        value: spreadText(arrivals),
        published: `mean ${row.meanMs} ms, p90 ${row.p90Ms} ms, p99 ${row.p99Ms} ms`,
        tolerance: '',
        verdict: '',
      },
      ...judgeOrphans(part, row, runs, arrivals),
    );
  }
  return lines;
}

function judgeOrphans(
  part: string,
  row: (typeof network.rows)[number],
  runs: readonly PropagationOutcome[],
  arrivals: Histogram,
): readonly Line[] {
  const orphans = runs.reduce((sum, run) => sum + run.orphans, 0);
  const blocks = runs.reduce((sum, run) => sum + run.main + run.orphans, 0);
  const rate = orphans / blocks;
  const intervalMs = row.intervalS * 1_000;
  const law = orphanLaw(arrivals.sum / arrivals.total, intervalMs);
  const allowed = Math.max(SIGMAS * proportionSigma(law, blocks), ORPHAN_SHARE * law);
  const spread = orphansOfArrivals(sharesWithin(arrivals), arrivals.counts.length, intervalMs);
  const sigma = proportionSigma(spread, blocks);
  const line = { part, what: `orphans of ${blocks} blocks`, value: rate.toFixed(5) };
  return [
    judged(
      {
        ...line,
        published: `${law.toFixed(5)} by the law (${row.orphanRate} ± ${row.sd})`,
        tolerance: allowed.toFixed(5),
      },
      Math.abs(rate - law) <= allowed,
    ),
    {
      ...line,
      published: `${spread.toFixed(5)} by the spread of arrivals`,
      tolerance: `${((rate - spread) / sigma).toFixed(1)} sigma away`,
      verdict: '',
    },
  ];
}

/** Share of the arrivals up to a time in whole ms. */
function sharesWithin({ counts, total }: Histogram): (ms: number) => number {
  const shares: number[] = [];
  let below = 0;
  for (const count of counts) {
    below += count;
    shares.push(below / total);
  }
  return (at) => shares[at] ?? 1;
}

function judgeDoubleSpend(outcomes: readonly DoubleSpendOutcome[]): readonly Line[] {
  // Trials of one kind: one q, and the same confirmations asked for.
  const kinds = new Map<string, DoubleSpendOutcome[]>();
  for (const run of outcomes) {
    const kind = `${run.q} ${run.successes.map(({ confirmations }) => confirmations).join(' ')}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), run]);
  }
  return [...kinds.values()].flatMap((runs) => {
    const [{ q, successes }] = runs as [DoubleSpendOutcome];
    const carriedOut = successes.at(-1)?.confirmations;
    return successes.flatMap(({ confirmations }) => judgeSuccess(q, confirmations, carriedOut, runs));
  });
}

function judgeSuccess(
  q: number,
  n: number,
  carriedOut: number | undefined,
  runs: readonly DoubleSpendOutcome[],
): readonly Line[] {
  const trials = runs.reduce((sum, run) => sum + run.trials, 0);
  const count = runs
    .flatMap((run) => run.successes)
    .filter((success) => success.confirmations === n)
    .reduce((sum, success) => sum + success.count, 0);
  const value = count / trials;
  const success = rosenfeld(q, n);
  const sigma = proportionSigma(success, trials);
  const part = `q = ${q}, n = ${n}`;
  const lines = [
    judged(
      {
        part,
        what:
          n === carriedOut
            ? `success in ${trials} trials`
            : `success in ${trials} races for n = ${carriedOut}`,
        value: value.toFixed(6),
        published: `${success.toFixed(6)} Rosenfeld`,
        tolerance: `3 sigma = ${(SIGMAS * sigma).toFixed(6)}`,
      },
      Math.abs(value - success) <= SIGMAS * sigma,
    ),
  ];
  if (q !== EXCLUDED.q || n !== EXCLUDED.n) return lines;
  const wrong = nakamotoPoisson(q, n);
  const away = (value - wrong) / proportionSigma(value, trials);
  lines.push(
    judged(
      {
        part,
        what: "excludes Nakamoto's approximation",
        value: `${away.toFixed(1)} sigma away`,
        published: wrong.toFixed(7),
        tolerance: '> 3 sigma',
      },
      away > SIGMAS,
    ),
  );
  return lines;
}

/** A ratio of sums over independent segments, and its standard error: the usual linearisation of a ratio. */
export function ratioOf(parts: readonly { readonly won: number; readonly blocks: number }[]): {
  readonly ratio: number;
  readonly sigma: number;
} {
  const blocks = parts.reduce((sum, part) => sum + part.blocks, 0);
  const ratio = parts.reduce((sum, part) => sum + part.won, 0) / blocks;
  const rests = parts.map((part) => part.won - ratio * part.blocks);
  return { ratio, sigma: (standardErrorOfMean(rests) * parts.length) / blocks };
}

function judgeSelfish(outcomes: readonly SelfishOutcome[]): readonly Line[] {
  return SELFISH_POINTS.flatMap(({ alpha, gamma, hearsLateMs }) => {
    const runs = outcomes.filter((run) => run.alpha === alpha && run.hearsLateMs === hearsLateMs);
    if (runs.length === 0) return [];
    const sum = (of: (run: SelfishOutcome) => number): number => runs.reduce((all, run) => all + of(run), 0);
    const measured = sum((run) => run.onAttacker) / sum((run) => run.racers);
    const segments = runs.flatMap((run) => run.segments);
    const { ratio, sigma } = ratioOf(segments);
    const expected = eyalSirer(alpha, measured);
    const blocks = segments.reduce((all, segment) => all + segment.blocks, 0);
    const part = `alpha = ${alpha}, gamma near ${gamma}`;
    return [
      judged(
        {
          part,
          what: `revenue over ${blocks} blocks`,
          value: ratio.toFixed(5),
          published: `${expected.toFixed(5)} at the measured gamma`,
          tolerance: `3 sigma = ${(SIGMAS * sigma).toFixed(5)}`,
        },
        Math.abs(ratio - expected) <= SIGMAS * sigma,
      ),
      {
        part,
        what: 'gamma measured',
        value: `${measured.toFixed(4)} in ${sum((run) => run.races)} races`,
        published: '',
        tolerance: `${sum((run) => run.leaked)} of ${sum((run) => run.produced)} blocks leaked`,
        verdict: '' as const,
      },
    ];
  });
}

function describeRealCompact(run: RealCompactOutcome): Line {
  return {
    part: 'real compact blocks, 50 nodes, streams, 60 s',
    what: `median; ${run.compact} compact, ${run.full} whole, ${run.transactions} transactions`,
    value: `${ms(quantile(run.arrivals, 0.5))}; ${spreadText(run.arrivals)}`,
    published: '',
    tolerance: `${run.orphans} orphans`,
    verdict: '',
  };
}

/** The table. */
export function judge(outcomes: readonly ValidateOutcome[]): readonly Line[] {
  return [
    ...judgePropagation(outcomes.filter((outcome) => outcome.kind === 'propagation')),
    ...outcomes.filter((outcome) => outcome.kind === 'real-compact').map(describeRealCompact),
    ...judgeDoubleSpend(outcomes.filter((outcome) => outcome.kind === 'double-spend')),
    ...judgeSelfish(outcomes.filter((outcome) => outcome.kind === 'selfish')),
    ...judgeAuthorities(outcomes),
  ];
}
