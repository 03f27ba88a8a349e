/** Two recorded runs beside each other: the numbers of both, and where their stories part. */
import type { Recording } from '../cluster/recording.ts';

/** One number of both runs. */
export interface ComparedRow {
  readonly name: string;
  readonly first: string;
  readonly second: string;
  readonly isSame: boolean;
}

/** How often nodes told of something, where that differs. */
export interface ComparedKind {
  readonly kind: string;
  readonly first: number;
  readonly second: number;
}

/** Where what nodes tell begins to differ. */
export interface Parting {
  readonly atUs: number;
  /** In the first instant of the runs. */
  readonly isAtOnce: boolean;
  readonly first: string;
  readonly second: string;
}

/** Names of counts as people say them. */
const COUNTS = [
  ['blocks', 'blocks on the common chain'],
  ['reorgs', 'reorganisations'],
  ['reorgDepth', 'deepest reorganisation'],
  ['transactions', 'transactions on the chain'],
  ['restarts', 'restarts'],
  ['synced', 'blocks by sync'],
  ['halted', 'nodes that halted'],
  ['corruptionsDetected', 'corruptions detected'],
] as const;

/** What both runs came to. */
export function compareRuns(first: Recording, second: Recording): readonly ComparedRow[] {
  const row = (name: string, of: (recording: Recording) => string | number): ComparedRow => {
    const [a, b] = [String(of(first)), String(of(second))];
    return { name, first: a, second: b, isSame: a === b };
  };
  return [
    row('verdict', ({ result }) => result.verdict.kind),
    row('seed', ({ seed }) => seed),
    row('simulated, s', ({ endUs }) => endUs / 1_000_000),
    row('events', ({ result }) => result.events),
    row('messages delivered', ({ result }) => result.messages),
    row('faults with an effect', ({ faults }) => faults.filter(({ spans }) => spans.length > 0).length),
    ...COUNTS.map(([key, name]) => row(name, ({ result }) => result.counts[key])),
  ];
}

/** Kinds of events that the runs have not equally often, the most unlike first. */
export function compareKinds(first: Recording, second: Recording): readonly ComparedKind[] {
  const [a, b] = [countKinds(first), countKinds(second)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((kind) => ({ kind, first: a.get(kind) ?? 0, second: b.get(kind) ?? 0 }))
    .filter((row) => row.first !== row.second)
    .sort((x, y) => ratio(y) - ratio(x) || (x.kind < y.kind ? -1 : 1));
}

function ratio({ first, second }: ComparedKind): number {
  return (Math.max(first, second) + 1) / (Math.min(first, second) + 1);
}

function countKinds({ emitted, texts, window }: Recording): ReadonlyMap<string, number> {
  const counts = new Map<string, number>(window.routine.map(({ kind, times }) => [kind, times]));
  for (const place of emitted.kind) {
    const kind = texts[place] ?? '';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** The first event that one run tells and the other does not, in the order of the runs; undefined: they tell the same, as far as they are kept. */
export function partingOf(first: Recording, second: Recording): Parting | undefined {
  const count = Math.max(first.emitted.step.length, second.emitted.step.length);
  for (let i = 0; i < count; i++) {
    const [a, b] = [eventText(first, i), eventText(second, i)];
    if (a === b) continue;
    const atUs = Math.min(
      ...[first, second].map(({ emitted }) => emitted.atUs[i] ?? Number.POSITIVE_INFINITY),
    );
    return { atUs, isAtOnce: atUs === 0, first: a, second: b };
  }
  return undefined;
}

function eventText({ emitted, hosts, texts }: Recording, i: number): string {
  const atUs = emitted.atUs[i];
  if (atUs === undefined) return 'nothing more';
  const name = hosts[emitted.host[i] ?? -1]?.name ?? '';
  const what = `${texts[emitted.kind[i] ?? -1] ?? ''} ${texts[emitted.text[i] ?? -1] ?? ''}`.trim();
  return `${(atUs / 1_000_000).toFixed(6)} s ${name} ${what}`;
}
