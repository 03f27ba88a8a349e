/** Where two traces of one run part, for people: the event, what of it differs, its causes, and both sides around it. */
import { compareRings, type TraceRecord } from '../sim/trace.ts';
import { describeRings, kindName } from '../sim/trace-kinds.ts';

/** Events before the difference that stand in the short comparison, and after it. */
const BEFORE_SHOWN = 6;
const AFTER_SHOWN = 3;
/** Steps back along the causes: the next ones are rarely news. */
const CAUSES_SHOWN = 6;
/** Columns of one side. */
const SIDE_COLUMNS = 58;

/** Two traces that part. */
export interface Divergence {
  readonly fact: string;
  /** Lines of at most 122 columns. */
  readonly detail: string;
  /** All records of both sides, side by side, a line each. */
  readonly records: readonly string[];
}

const US_PER_S = 1_000_000;

function seconds(us: number): string {
  return `${(us / US_PER_S).toFixed(6)}s`;
}

/** `12.345678s n2 host.timer 1a2b3c4d, 3 draws`. */
function shortly(record: TraceRecord): string {
  const who = record.host < 0 ? 'nobody' : `n${record.host}`;
  const draws = record.draws === 1 ? '1 draw' : `${record.draws} draws`;
  const fingerprint = record.fingerprint.toString(16).padStart(8, '0');
  return `${seconds(record.timeUs)} ${who} ${kindName(record.kind)} ${fingerprint}, ${draws}`;
}

function side(record: TraceRecord | undefined): string {
  return record === undefined ? '(the run has ended)' : `#${record.index} ${shortly(record)}`;
}

/** What of the event is another one in the other run, in words. */
function whatDiffers(a: TraceRecord, b: TraceRecord): string {
  const parts = [
    ...(a.timeUs === b.timeUs ? [] : ['its time']),
    ...(a.host === b.host ? [] : ['its host']),
    ...(a.kind === b.kind ? [] : ['its kind']),
    ...(a.fingerprint === b.fingerprint ? [] : ['its content']),
    ...(a.parent === b.parent ? [] : ['what caused it']),
    ...(a.draws === b.draws ? [] : ['how many numbers it drew']),
  ];
  return parts.length > 0
    ? parts.join(', ')
    : 'what it did: the same event sent, wrote, set, emitted or drew something else';
}

/** The event that scheduled it, the one that scheduled that, and so on. */
function causes(record: TraceRecord, ring: readonly TraceRecord[]): readonly string[] {
  const oldest = ring[0]?.index ?? 0;
  const lines: string[] = [];
  let { parent } = record;
  while (lines.length < CAUSES_SHOWN) {
    if (parent < 0) return [...lines, 'scheduled before the run began'];
    const cause = ring[parent - oldest];
    if (parent < oldest || cause === undefined)
      return [...lines, `#${parent}, older than the ${ring.length} records that are kept`];
    lines.push(side(cause));
    parent = cause.parent;
  }
  return [...lines, `#${parent} and so on`];
}

function indented(title: string, lines: readonly string[]): readonly string[] {
  return [title, ...lines.map((line) => `  ${line}`)];
}

function causeLines(a: TraceRecord | undefined, b: TraceRecord | undefined, rings: Rings): readonly string[] {
  const ofA = a === undefined ? [] : causes(a, rings.a);
  const ofB = b === undefined ? [] : causes(b, rings.b);
  if (ofA.join() === ofB.join()) return indented('caused, in both, by', ofA);
  return [
    ...(ofA.length === 0 ? [] : indented('caused, in A, by', ofA)),
    ...(ofB.length === 0 ? [] : indented('caused, in B, by', ofB)),
  ];
}

interface Rings {
  readonly a: readonly TraceRecord[];
  readonly b: readonly TraceRecord[];
}

function sideBySide(index: number, { a, b }: Rings): readonly string[] {
  const lines: string[] = [];
  for (let i = Math.max(0, index - BEFORE_SHOWN); i <= index + AFTER_SHOWN; i++) {
    const one = a[i - (a[0]?.index ?? 0)];
    const two = b[i - (b[0]?.index ?? 0)];
    if (one === undefined && two === undefined) continue;
    const mark = one?.hash === two?.hash ? '|' : '≠';
    lines.push(`${side(one).slice(0, SIDE_COLUMNS).padEnd(SIDE_COLUMNS)} ${mark} ${side(two)}`);
  }
  return lines;
}

/** What the two runs are, for people. */
export interface Sides {
  /** `two runs of one seed`. */
  readonly both: string;
  /** `A, in a fresh thread, and B, after a run of another seed`. */
  readonly each: string;
}

const OF_ONE_SEED: Sides = {
  both: 'two runs of one seed',
  each: 'A, in a fresh thread, and B, after a run of another seed',
};

/**
 * Compares the last records of two runs that must agree.
 * @returns undefined when they agree as far back as both go.
 */
export function describeDivergence(
  a: readonly TraceRecord[],
  b: readonly TraceRecord[],
  sides: Sides = OF_ONE_SEED,
): Divergence | undefined {
  const found = compareRings(a, b);
  if (found === undefined) return undefined;
  const { index, a: one, b: two } = found;
  const differs =
    one === undefined || two === undefined
      ? `run ${one === undefined ? 'A' : 'B'} has ended before it`
      : `it differs in ${whatDiffers(one, two)}`;
  const detail = [
    `  A ${side(one)}`,
    `  B ${side(two)}`,
    `  ${differs}`,
    ...[...causeLines(one, two, { a, b }), ...indented(sides.each, sideBySide(index, { a, b }))].map(
      (line) => `  ${line}`,
    ),
  ].join('\n');
  return {
    fact: `event ${index} differs between ${sides.both}`,
    detail,
    records: describeRings(a, b),
  };
}
