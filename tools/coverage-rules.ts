/** How line coverage of several reports is merged, and what share of each floor must be covered. */

/** The floors whose code a simulation runs; less than this share of their lines (in percent) fails. */
const GATED = ['env', 'sim', 'chain', 'cluster'];
const GATE_PERCENT = 95;

/** What is read of Istanbul's coverage of one file. */
export interface FileCoverage {
  readonly statementMap: Readonly<Record<string, { readonly start: { readonly line: number } }>>;
  readonly s: Readonly<Record<string, number>>;
}

/** Line → hits. */
type LineHits = Map<number, number>;

/** Texts for people; without a problem the gate is passed. */
export interface CoverageVerdict {
  readonly problems: readonly string[];
  readonly summary: readonly string[];
  readonly uncovered: readonly string[];
}

/**
 * File → (line → hits). The first report that names a file says which of its lines count: the tests' report knows statements,
 * the one of processes takes every line, blank ones too, for a statement. Later reports add their hits.
 */
export function mergeReports(
  reports: readonly ReadonlyMap<string, FileCoverage>[],
): ReadonlyMap<string, LineHits> {
  const merged = new Map<string, LineHits>();
  for (const report of reports) {
    for (const [file, coverage] of report) {
      const lines = linesOf(coverage);
      const known = merged.get(file);
      if (known === undefined) merged.set(file, lines);
      else for (const [line, hits] of known) known.set(line, hits + (lines.get(line) ?? 0));
    }
  }
  return merged;
}

/** A line is where a statement begins; of several statements on a line the one with most hits counts. */
function linesOf({ statementMap, s }: FileCoverage): LineHits {
  const lines: LineHits = new Map();
  for (const [id, { start }] of Object.entries(statementMap)) {
    lines.set(start.line, Math.max(lines.get(start.line) ?? 0, s[id] ?? 0));
  }
  return lines;
}

/** `sources` are all files of src that are neither tests nor declarations. */
export function judgeCoverage(
  merged: ReadonlyMap<string, LineHits>,
  sources: readonly string[],
): CoverageVerdict {
  const problems: string[] = [];
  const summary: string[] = [];
  const uncovered: string[] = [];
  for (const floor of floorsOf(sources)) {
    const files = sources.filter((path) => floorOf(path) === floor);
    let count = 0;
    let covered = 0;
    for (const file of files.toSorted((a, b) => (a < b ? -1 : 1))) {
      const lines = merged.get(file);
      if (lines === undefined) {
        problems.push(`${file} is in no report`);
        continue;
      }
      const missed = [...lines].filter(([, hits]) => hits === 0).map(([line]) => line);
      count += lines.size;
      covered += lines.size - missed.length;
      if (missed.length > 0) uncovered.push(`${file}: ${ranges(missed)}`);
    }
    const percent = count === 0 ? 0 : (100 * covered) / count;
    summary.push(`${floor.padEnd(8)} ${percent.toFixed(2).padStart(6)} %  ${covered} of ${count} lines`);
    if (!GATED.includes(floor)) continue;
    if (count === 0) problems.push(`src/${floor}: the report is empty`);
    else if (percent < GATE_PERCENT) {
      problems.push(
        `src/${floor}: ${percent.toFixed(2)} % of lines are covered, ${GATE_PERCENT} % are required`,
      );
    }
  }
  return { problems, summary, uncovered };
}

/** The gated floors, whether they have files or not, then the others. */
function floorsOf(sources: readonly string[]): ReadonlySet<string> {
  return new Set([...GATED, ...sources.map(floorOf)]);
}

function floorOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** `3-5, 9` for 3, 4, 5, 9. */
function ranges(lines: readonly number[]): string {
  const sorted = lines.toSorted((a, b) => a - b);
  const texts: string[] = [];
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (sorted[to + 1] === (sorted[to] as number) + 1) to++;
    texts.push(to === from ? `${sorted[from]}` : `${sorted[from]}-${sorted[to]}`);
    from = to + 1;
  }
  return texts.join(', ');
}
