/** The simulated disk against a naive model: a list of batches, replayed at every question. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newDisk } from '../../../tests/contract/disk-words.ts';
import { bytesToHex, compareBytes } from '../../env/bytes.ts';
import type { Entry, WriteOp } from '../../env/storage.ts';
import type { SimDisk } from './disk.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 });
const op: fc.Arbitrary<WriteOp> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 3 }) }),
  fc.record({ kind: fc.constant('delete' as const), key }),
);
/** Batches by number; those that were lost are empty. */
class Model {
  batches: (readonly WriteOp[])[] = [];
  durable = 0;
  hasFailed = false;
  /** What the disk answered, and what it should have, question by question. */
  readonly answers: unknown[] = [];
  readonly expected: unknown[] = [];

  judge(answer: unknown, expected: unknown): void {
    this.answers.push(answer);
    this.expected.push(expected);
  }

  entries(): readonly Entry[] {
    const map = new Map<string, Entry>();
    for (const o of this.batches.flat()) {
      if (o.kind === 'put') map.set(bytesToHex(o.key), { key: o.key, value: o.value });
      else map.delete(bytesToHex(o.key));
    }
    return [...map.values()].sort((a, b) => compareBytes(a.key, b.key));
  }

  /** The boot ended; batches from `kept` on are gone, the others durable. */
  lose(kept: number): void {
    this.batches = this.batches.map((batch, index) => (index < kept ? batch : []));
    this.durable = this.batches.length;
    this.hasFailed = false;
  }
}

type Step = fc.Command<Model, SimDisk>;

function step(name: string, run: (model: Model, disk: SimDisk) => void): Step {
  return { check: () => true, run, toString: () => name };
}

const write = fc.array(op, { maxLength: 4 }).map((ops) =>
  step(`write ${fc.stringify(ops)}`, (model, disk) => {
    disk.write(ops);
    model.batches.push(ops);
  }),
);

const get = key.map((k) =>
  step(`get ${bytesToHex(k)}`, (model, disk) => {
    const found = model.entries().find((entry) => compareBytes(entry.key, k) === 0);
    model.judge(disk.get(k), found?.value);
  }),
);

const bound = fc.uint8Array({ maxLength: 2, max: 3 });
const scan = fc
  .record({
    start: bound,
    end: fc.option(bound, { nil: undefined }),
    limit: fc.nat({ max: 5 }),
    reverse: fc.boolean(),
  })
  .map(({ start, end, limit, reverse }) =>
    step(`scan ${fc.stringify({ start, end, limit, reverse })}`, (model, disk) => {
      const isInRange = (k: Uint8Array): boolean =>
        compareBytes(k, start) >= 0 && (end === undefined || compareBytes(k, end) < 0);
      const inRange = model.entries().filter((entry) => isInRange(entry.key));
      const expected = (reverse ? inRange.toReversed() : inRange).slice(0, limit);
      model.judge(disk.scan({ start, ...(end === undefined ? {} : { end }) }, limit, reverse), expected);
    }),
  );

const flush = fc.nat({ max: 3 }).map((back) =>
  step(`flush all but ${back}`, (model, disk) => {
    const upTo = Math.max(0, disk.written - back);
    model.judge(disk.completeFlush(upTo), model.hasFailed ? { kind: 'IO' } : undefined);
    if (!model.hasFailed) model.durable = Math.max(model.durable, upTo);
  }),
);

const failFlush = fc.constant(
  step('flush that fails', (model, disk) => {
    disk.setFault({ kind: 'ioError', id: 'f', on: 'flush' });
    model.judge(disk.completeFlush(disk.written), { kind: 'IO' });
    disk.clearFault('f');
    model.hasFailed = true;
  }),
);

const kill = fc.constant(
  step('kill', (model, disk) => {
    const kept = model.hasFailed ? model.durable : model.batches.length;
    model.judge(disk.kill(), { lostBatches: model.batches.length - kept, lostAcknowledged: 0 });
    if (model.hasFailed) model.lose(kept);
  }),
);

const power = fc.nat().map((draw) =>
  step(`power ${draw}`, (model, disk) => {
    const bounds: number[] = [];
    const kept = model.durable + (draw % (model.batches.length - model.durable + 1));
    const loss = disk.power((n) => {
      bounds.push(n);
      return draw % n;
    });
    model.judge(bounds, [model.batches.length - model.durable + 1]);
    model.judge(loss, { lostBatches: model.batches.length - kept, lostAcknowledged: 0 });
    model.lose(kept);
  }),
);

const settled = fc.constant(
  step('look at all', (model, disk) => {
    const entries = model.entries();
    model.judge([disk.written, disk.durable], [model.batches.length, model.durable]);
    model.judge(disk.scan({ start: new Uint8Array(0) }, 1_000), entries);
    model.judge(disk.entryCount, entries.length);
    model.judge(
      disk.usedBytes,
      entries.reduce((sum, entry) => sum + entry.key.length + entry.value.length, 0),
    );
  }),
);

describe('the simulated disk', () => {
  it('answers as a list of batches would, through flushes, failed flushes, kills and power losses', () => {
    const steps = [write, write, write, get, scan, flush, failFlush, kill, power, settled];
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 60 }), (commands) => {
        const model = new Model();
        fc.modelRun(() => ({ model, real: newDisk().disk }), commands);
        expect(model.answers).toEqual(model.expected);
      }),
      { numRuns: 1_000 },
    );
  });
});
