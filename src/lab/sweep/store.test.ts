import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed, row } from '../../../tests/support/sweep-rows.ts';
import { tablesOf } from '../../../tests/support/sweep-tables.ts';
import { lockFolder } from './lock.ts';
import { openSqlite } from './sqlite.ts';
import { databasePath, StoreError, SweepStore } from './store.ts';
import { summarise } from './summary.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aureon-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the database of a sweep', () => {
  it('keeps rows over processes, and drops a seed that it has already with all that belongs to it.', () => {
    const first = new SweepStore(folder);
    for (const seed of [3, 1, 2]) first.add(row(seed));
    expect(first.count({ from: 1, to: 9 })).toBe(0);
    first.flush();
    first.close();
    const second = new SweepStore(folder);
    expect([second.has(2), second.has(4)]).toEqual([true, false]);
    expect(second.ends()).toEqual({ from: 1, to: 3 });
    const before = tablesOf(folder);
    second.add(row(2, { behaviours: ['another'], traceHash: 'another' }));
    second.flush();
    expect(tablesOf(folder)).toEqual(before);
    expect(before['runs']).toHaveLength(3);
    expect(before['behaviours']).toContainEqual({ behaviour: 'event: HeadChanged', first_seed: 1, runs: 3 });
    second.close();
  });

  it('comes to the same tables in whatever order the rows come.', () => {
    const rows = Array.from({ length: 9 }, (_, i) =>
      row(i + 1, i % 3 === 0 ? { effect: { kind: 'crash', differs: i % 2 === 0 } } : {}),
    );
    const tables = [rows, rows.toReversed()].map((order, i) => {
      const inner = join(folder, String(i));
      const store = new SweepStore(makeFolder(inner));
      for (const one of order) store.add(one);
      store.flush();
      store.close();
      return tablesOf(inner);
    });
    expect(tables[0]).toEqual(tables[1]);
    expect(tables[0]?.['effects']).toHaveLength(3);
  });

  it('writes by itself what has become many.', () => {
    const store = new SweepStore(folder);
    for (let seed = 1; seed <= 300; seed++) store.add(row(seed));
    expect(store.count({ from: 1, to: 300 })).toBe(256);
    store.close();
  });

  it('writes a batch whole or not at all.', () => {
    const store = new SweepStore(folder);
    store.add(row(1));
    store.add(row(2, { seed: Number.NaN }));
    expect(() => store.flush()).toThrow(StoreError);
    expect(store.count({ from: 1, to: 9 })).toBe(0);
    store.add(row(1));
    store.flush();
    expect(tablesOf(folder)['assertions']).toHaveLength(1);
    store.close();
  });

  it('is of version 1, and later tables are not touched.', () => {
    new SweepStore(folder).close();
    const database = openSqlite(databasePath(folder));
    database.exec('PRAGMA user_version = 2');
    database.close();
    expect(() => new SweepStore(folder)).toThrow(
      /tables of version 2; this version of Aureon reads version 1/,
    );
  });

  it('is told when it is no database.', () => {
    writeFileSync(databasePath(folder), 'no database'.repeat(900));
    const before = readFileSync(databasePath(folder));
    expect(() => new SweepStore(folder)).toThrow(/sweep\.db: cannot be read: file is not a database/);
    expect(readFileSync(databasePath(folder))).toEqual(before);
  });

  it('is of one process at a time.', () => {
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(/another sweep is at work in this folder/);
    lock.release();
    lockFolder(folder).release();
  });
});

describe('what the rows add up to', () => {
  it('are totals, coverage and measured effects.', () => {
    const store = new SweepStore(folder);
    store.add(row(1, { effect: { kind: 'crash', differs: true } }));
    store.add(row(2, { effect: { kind: 'crash', differs: false }, mode: 'isolated' }));
    store.add(row(3, { faults: [{ kind: 'loss', planned: 2, injected: 0, effective: 0 }], mode: 'twice' }));
    store.flush();
    const { totals, faults, byzantine, neverInjected, assertions, runsExitCode } = summarise(
      store.database,
      false,
    );
    store.close();
    expect(totals).toMatchObject({ seeds: 3, passed: 3, events: 300, blocks: 15, isolated: 1, twice: 1 });
    expect(faults).toEqual([
      { kind: 'crash', runs: 2, planned: 4, injected: 4, effective: 2, sampled: 2, differed: 1 },
      { kind: 'loss', runs: 1, planned: 2, injected: 0, effective: 0, sampled: 0, differed: 0 },
    ]);
    expect(neverInjected).toEqual(['loss']);
    expect(byzantine).toEqual([{ behaviour: 'silent', runs: 3, hosts: 3, times: 12 }]);
    expect(assertions).toMatchObject([{ name: 'agreement', runs: 3, checked: 21, first: { seed: '1' } }]);
    expect(runsExitCode).toBe(0);
  });

  it('groups failures by fingerprint, the gravest first, each with its simplest member.', () => {
    const store = new SweepStore(folder);
    const faults = (planned: number) => [{ kind: 'crash', planned, injected: planned, effective: 1 }];
    store.add(failed(1, 'agreement/one-block', { faults: faults(3), endedUs: 5 }));
    store.add(failed(2, 'agreement/one-block', { faults: faults(1), endedUs: 9 }));
    store.add(failed(3, 'agreement/one-block', { faults: faults(1), endedUs: 8 }));
    store.add(failed(4, 'convergence/stall', { exitCode: 3, faults: faults(1) }));
    store.add(failed(5, 'crash/TypeError', { exitCode: 4, faults: faults(7) }));
    store.add(row(6));
    store.flush();
    const { groups, runsExitCode } = summarise(store.database, true);
    store.close();
    expect(
      groups.map(({ fingerprint, seeds, seed, faults: count }) => [fingerprint, seeds, seed, count]),
    ).toEqual([
      ['crash/TypeError', 1, 5, 7],
      ['agreement/one-block', 3, 3, 1],
      ['convergence/stall', 1, 4, 1],
    ]);
    expect(runsExitCode).toBe(4);
  });

  it('takes no offence at what a space gave occasion for in few runs only.', () => {
    const unseen = (seed: number) =>
      row(seed, { assertions: [{ name: 'rare', kind: 'sometimes', isAsked: true, checked: 1, held: 0 }] });
    const store = new SweepStore(folder);
    for (let seed = 1; seed < 20; seed++) store.add(unseen(seed));
    store.flush();
    expect(summarise(store.database, false).assertions[0]?.problem).toBe('neverSeen');
    expect(summarise(store.database, true).assertions[0]?.problem).toBeUndefined();
    store.add(unseen(20));
    store.flush();
    expect(summarise(store.database, true).assertions[0]?.problem).toBe('neverSeen');
    store.close();
  });
});

function makeFolder(path: string): string {
  mkdirSync(path);
  return path;
}
