/** The tables of a sweep's database as plain rows, without wall times: what two sweeps must agree on. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const QUERIES: Readonly<Record<string, string>> = {
  runs: 'SELECT * FROM runs ORDER BY seed',
  faults: 'SELECT * FROM faults ORDER BY seed, kind',
  byzantine: 'SELECT * FROM byzantine ORDER BY seed, behaviour',
  assertions: 'SELECT * FROM assertions ORDER BY seed, name',
  behaviours: 'SELECT * FROM behaviours ORDER BY behaviour',
  effects: 'SELECT * FROM effects ORDER BY seed',
};

type Rows = readonly Readonly<Record<string, unknown>>[];

/** By table. @param folder what `--out` named. */
export function tablesOf(folder: string): Readonly<Record<string, Rows>> {
  const database = new DatabaseSync(join(folder, 'sweep.db'), { readOnly: true });
  try {
    return Object.fromEntries(
      Object.entries(QUERIES).map(([table, query]) => [
        table,
        database
          .prepare(query)
          .all()
          .map((row) => {
            const { wall_ms: _, ...rest } = row;
            return rest;
          }),
      ]),
    );
  } finally {
    database.close();
  }
}
