/** What a sweep and its workers say to each other through Redis: names of queues, and plain data, checked where it is read. */
import { z } from 'zod';
import type { SweepRow } from '../row.ts';

/** Goes up with every change of what is said here: other versions have other queues. */
const WIRE_VERSION = 1;

/** Seeds that are handed out at once: a worker that dies loses at most so many runs a thread. */
export const BATCH_SEEDS = 8;

/** A worker that says nothing for so long is taken for dead. Its main thread only waits, so that it is never that busy. */
export const LOCK_MS = 10_000;
/** Between two looks for such workers. */
export const STALLED_EVERY_MS = 5_000;

/** A sweep or a worker that has not renewed its note is gone. */
export const NOTE_TTL_S = 15;
/** Between two renewals, and two looks at the notes of others. */
export const NOTE_EVERY_MS = 3_000;

/** Seeds wait here, by code: a worker never sees those of other code. */
export function seedsQueue(code: string): string {
  return `aureon-seeds-${WIRE_VERSION}-${code}`;
}

/** Rows of one sweep wait here until its process has written them. */
export function rowsQueue(sweep: string): string {
  return `aureon-rows-${WIRE_VERSION}-${sweep}`;
}

/** Keys of the notes by which sweeps and workers know of each other. */
export const NOTES = { sweep: 'aureon:sweep:', worker: 'aureon:worker:' } as const;

const batchSchema = z.strictObject({
  sweep: z.string(),
  /** Of the scenario or space: the name that the user gave, and the content. */
  file: z.string(),
  source: z.string(),
  seeds: z.array(z.int().nonnegative()),
});
/** Seeds to be run. */
export type SeedBatch = Readonly<z.infer<typeof batchSchema>>;

/** @throws {z.ZodError} when somebody else has put something into our queue. */
export function parseBatch(data: unknown): SeedBatch {
  return batchSchema.parse(data);
}

const noteSchema = z.object({ code: z.string(), name: z.string(), jobs: z.int().nonnegative() });
/** A sweep, or a worker with its threads. */
export type Note = Readonly<z.infer<typeof noteSchema>>;

/** Undefined: not one of ours. */
export function parseNote(text: string): Note | undefined {
  try {
    return noteSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The rows of a batch; both ends agree on their form by WIRE_VERSION, and on what they mean by their code. */
export function parseRows(data: unknown): readonly SweepRow[] {
  const { rows } = z.object({ rows: z.array(z.custom<SweepRow>(isRow)) }).parse(data);
  return rows;
}

function isRow(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'seed' in value &&
    Number.isSafeInteger(value.seed) &&
    ['faults', 'byzantine', 'assertions', 'behaviours', 'families'].every((name) =>
      Array.isArray(Object.getOwnPropertyDescriptor(value, name)?.value),
    )
  );
}
