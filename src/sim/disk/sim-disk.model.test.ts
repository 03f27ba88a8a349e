/** The simulated disk against a naive model: a list of batches, replayed at every question. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newDisk } from '../../../tests/contract/disk-words.ts';
import { bytesToHex, compareBytes } from '../../env/bytes.ts';
import type { WriteOp } from '../../env/storage.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 });
const op: fc.Arbitrary<WriteOp> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 3 }) }),
  fc.record({ kind: fc.constant('delete' as const), key }),
);
const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('write' as const), ops: fc.array(op, { maxLength: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('get' as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('scan' as const),
      start: fc.uint8Array({ maxLength: 2, max: 3 }),
      end: fc.option(fc.uint8Array({ maxLength: 2, max: 3 }), { nil: undefined }),
      limit: fc.nat({ max: 5 }),
      reverse: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const), back: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'failFlush' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('power' as const), draw: fc.nat() }) },
);

/** Batches by number; those that were lost are empty. */
class Model {
  batches: (readonly WriteOp[])[] = [];
  durable = 0;
  hasFailed = false;

  entries(): readonly (readonly [Uint8Array, Uint8Array])[] {
    const map = new Map<string, readonly [Uint8Array, Uint8Array]>();
    for (const o of this.batches.flat()) {
      if (o.kind === 'put') map.set(bytesToHex(o.key), [o.key, o.value]);
      else map.delete(bytesToHex(o.key));
    }
    return [...map.values()].sort(([a], [b]) => compareBytes(a, b));
  }

  end(kept: number): void {
    this.batches = this.batches.map((batch, index) => (index < kept ? batch : []));
    this.hasFailed = false;
  }
}

describe('the simulated disk', () => {
  it('answers as a list of batches would, through flushes, failed flushes, kills and power losses', () => {
    let powered = 0;
    let lost = 0;
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const { disk } = newDisk();
        const model = new Model();
        for (const a of actions) {
          if (a.kind === 'write') {
            disk.write(a.ops);
            model.batches.push(a.ops);
          } else if (a.kind === 'get') {
            const found = model.entries().find(([k]) => compareBytes(k, a.key) === 0);
            expect(disk.get(a.key)).toEqual(found?.[1]);
          } else if (a.kind === 'scan') {
            const range = { start: a.start, ...(a.end === undefined ? {} : { end: a.end }) };
            const inRange = model
              .entries()
              .filter(
                ([k]) => compareBytes(k, a.start) >= 0 && (a.end === undefined || compareBytes(k, a.end) < 0),
              );
            const expected = (a.reverse ? [...inRange].reverse() : inRange).slice(0, a.limit);
            expect(disk.scan(range, a.limit, a.reverse)).toEqual(
              expected.map(([k, value]) => ({ key: k, value })),
            );
          } else if (a.kind === 'flush') {
            const upTo = Math.max(0, disk.written - a.back);
            expect(disk.completeFlush(upTo)).toEqual(model.hasFailed ? { kind: 'IO' } : undefined);
            if (!model.hasFailed) model.durable = Math.max(model.durable, upTo);
          } else if (a.kind === 'failFlush') {
            disk.setFault({ kind: 'ioError', id: 'f', on: 'flush' });
            expect(disk.completeFlush(disk.written)).toEqual({ kind: 'IO' });
            disk.clearFault('f');
            model.hasFailed = true;
          } else if (a.kind === 'kill') {
            disk.kill();
            if (model.hasFailed) {
              model.end(model.durable);
              model.durable = model.batches.length;
            }
          } else {
            const bound = model.batches.length - model.durable + 1;
            const loss = disk.power((b) => {
              expect(b).toBe(bound);
              return a.draw % b;
            });
            expect(loss.lostBatches).toBe(bound - 1 - (a.draw % bound));
            powered++;
            lost += loss.lostBatches;
            model.end(model.durable + (a.draw % bound));
            model.durable = model.batches.length;
          }
          expect([disk.written, disk.durable]).toEqual([model.batches.length, model.durable]);
        }
        const entries = model.entries();
        expect(disk.scan({ start: new Uint8Array(0) }, 1_000)).toEqual(
          entries.map(([k, value]) => ({ key: k, value })),
        );
        expect(disk.usedBytes).toBe(entries.reduce((sum, [k, v]) => sum + k.length + v.length, 0));
        expect(disk.entryCount).toBe(entries.length);
      }),
      { numRuns: 1_000 },
    );
    expect(powered).toBeGreaterThan(100);
    expect(lost).toBeGreaterThan(100);
  });
});
