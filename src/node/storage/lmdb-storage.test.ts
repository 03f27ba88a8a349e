import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareBytes } from '../../env/bytes.ts';
import type { WriteOp } from '../../env/storage.ts';
import { type LmdbStorage, openLmdbStorage } from './lmdb-storage.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 });
const op: fc.Arbitrary<WriteOp> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 2 }) }),
  fc.record({ kind: fc.constant('delete' as const), key }),
);
const bound = fc.uint8Array({ maxLength: 2, max: 3 });
const action = fc.oneof(
  fc.record({ do: fc.constant('write' as const), ops: fc.array(op, { maxLength: 4 }) }),
  fc.record({ do: fc.constant('flush' as const) }),
  // So many turns of the loop in which commits may end.
  fc.record({ do: fc.constant('wait' as const), turns: fc.nat({ max: 3 }) }),
  fc.record({
    do: fc.constant('scan' as const),
    start: bound,
    end: fc.option(bound, { nil: undefined }),
    limit: fc.nat({ max: 5 }),
    reverse: fc.boolean(),
  }),
);

/** Entries of a map in the order of keys. */
function sorted(content: ReadonlyMap<string, Uint8Array>) {
  return [...content]
    .map(([text, value]) => ({ key: Uint8Array.from(Buffer.from(text, 'hex')), value }))
    .sort((a, b) => compareBytes(a.key, b.key));
}

describe('the database', () => {
  let folder: string;
  let count = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-lmdb-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const flushed = (storage: LmdbStorage): Promise<void> =>
    new Promise((resolve) => storage.flush(() => resolve()));

  it('answers as a map does, whatever of it is committed, and after it was opened again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
        const path = join(folder, `${count++}`);
        let storage = openLmdbStorage(path, (run) => run());
        const model = new Map<string, Uint8Array>();
        for (const one of actions) {
          if (one.do === 'flush') await flushed(storage);
          else if (one.do === 'wait')
            for (let i = 0; i < one.turns; i++) await new Promise((resolve) => setImmediate(resolve));
          else if (one.do === 'write') {
            storage.write(one.ops);
            for (const each of one.ops) {
              const text = Buffer.from(each.key).toString('hex');
              if (each.kind === 'put') model.set(text, each.value);
              else model.delete(text);
            }
            for (const each of one.ops)
              expect(storage.get(each.key)).toEqual(model.get(Buffer.from(each.key).toString('hex')));
          } else {
            const { start, end, limit, reverse } = one;
            const inside = sorted(model).filter(
              (entry) =>
                compareBytes(entry.key, start) >= 0 &&
                (end === undefined || compareBytes(entry.key, end) < 0),
            );
            const ordered = reverse ? inside.reverse() : inside;
            const range = end === undefined ? { start } : { start, end };
            expect(storage.scan(range, limit, reverse)).toEqual(ordered.slice(0, limit));
          }
        }
        await storage.close();
        storage = openLmdbStorage(path, (run) => run());
        expect(storage.scan({ start: new Uint8Array(0) }, 1_000)).toEqual(sorted(model));
        await storage.close();
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('shows nothing that a killed boot had committed and not synced: the disk may lose it yet', async () => {
    const path = join(folder, 'killed');
    const file = join(path, 'data.mdb');
    const at = Uint8Array.of(1);
    const storage = openLmdbStorage(path, (run) => run());
    storage.write([{ kind: 'put', key: at, value: Uint8Array.of(1) }]);
    await flushed(storage);
    const synced = readFileSync(file);
    storage.write([{ kind: 'put', key: at, value: Uint8Array.of(2) }]);
    await flushed(storage);
    const committed = readFileSync(file);
    await storage.close();
    // The commit is there in whole, and not the note that it is synced, which LMDB keeps in the second half of the first page.
    synced.copy(committed, 2_048, 2_048, 4_096);
    const killed = join(folder, 'killed-before-its-sync');
    mkdirSync(killed);
    writeFileSync(join(killed, 'data.mdb'), committed);
    const again = openLmdbStorage(killed, (run) => run());
    expect(again.get(at)).toEqual(Uint8Array.of(1));
    again.write([{ kind: 'put', key: at, value: Uint8Array.of(3) }]);
    await flushed(again);
    await again.close();
    const last = openLmdbStorage(killed, (run) => run());
    expect(last.get(at)).toEqual(Uint8Array.of(3));
    await last.close();
  });

  describe.skipIf(process.platform === 'win32')('that is new', () => {
    const put = (value: number): WriteOp => {
      return { kind: 'put', key: Uint8Array.of(1), value: Uint8Array.of(value) };
    };

    it('has its name once it is whole on the disk, and before anything in it is called durable', async () => {
      const path = join(folder, 'founded');
      const storage = openLmdbStorage(path, (run) => run());
      storage.write([put(1)]);
      expect(existsSync(path)).toBe(false);
      await flushed(storage);
      expect(existsSync(`${path}.new`)).toBe(false);
      // A copy is what a kill leaves: no close has written anything.
      const killed = join(folder, 'founded-and-killed');
      mkdirSync(killed);
      cpSync(join(path, 'data.mdb'), join(killed, 'data.mdb'));
      await storage.close();
      const again = openLmdbStorage(killed, (run) => run());
      expect(again.get(Uint8Array.of(1))).toEqual(Uint8Array.of(1));
      await again.close();
    });

    it('has it after a close, too, and no entry of its own', async () => {
      const path = join(folder, 'closed-at-once');
      await openLmdbStorage(path, (run) => run()).close();
      const storage = openLmdbStorage(path, (run) => run());
      expect(storage.keyCount).toBe(0);
      await storage.close();
    });

    it('is made anew where a kill or a power cut left it unfinished', async () => {
      const path = join(folder, 'unfinished');
      mkdirSync(`${path}.new`);
      writeFileSync(join(`${path}.new`, 'data.mdb'), new Uint8Array(10_000).fill(7));
      const storage = openLmdbStorage(path, (run) => run());
      storage.write([put(2)]);
      await flushed(storage);
      expect(existsSync(`${path}.new`)).toBe(false);
      expect(storage.get(Uint8Array.of(1))).toEqual(Uint8Array.of(2));
      await storage.close();
    });

    it('takes the place of an empty folder, and stands beside files that are not its own', async () => {
      for (const [name, other] of [
        ['empty', undefined],
        ['left', 'lock.mdb'],
        ['shared', 'notes.txt'],
      ] as const) {
        const path = join(folder, name);
        mkdirSync(path);
        if (other !== undefined) writeFileSync(join(path, other), '');
        const storage = openLmdbStorage(path, (run) => run());
        storage.write([put(3)]);
        await flushed(storage);
        await storage.close();
        const again = openLmdbStorage(path, (run) => run());
        expect(again.get(Uint8Array.of(1))).toEqual(Uint8Array.of(3));
        await again.close();
        if (other === 'notes.txt') expect(existsSync(join(path, other))).toBe(true);
      }
    });
  });

  it('calls flushes back in the order in which they were asked for, each after what was written before it', async () => {
    const storage = openLmdbStorage(join(folder, 'flushes'), (run) => run());
    const order: number[] = [];
    const all = Array.from({ length: 20 }, (_, i) => {
      storage.write([{ kind: 'put', key: Uint8Array.of(i + 1), value: Uint8Array.of(i) }]);
      return new Promise<void>((resolve) => {
        storage.flush((fault) => {
          expect(fault).toBeUndefined();
          order.push(i);
          resolve();
        });
      });
    });
    expect(order).toEqual([]);
    await Promise.all(all);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await storage.close();
  });
});
