import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderSearch } from './order-search.ts';
import { playModel, type Rule } from './test-model.ts';

interface Model {
  readonly hosts: number;
  readonly start: readonly { readonly from: number; readonly to: number; readonly name: string }[];
  readonly rule: Rule;
}

/** Runs the whole search; answers the different executions (what each host got in which order), and all that were run. */
function explore({ hosts, start, rule }: Model, isReducing: boolean) {
  const search = new OrderSearch({ isReducing });
  const ran: string[] = [];
  do {
    const histories = playModel(hosts, start, rule, search);
    if (histories !== undefined) ran.push(JSON.stringify(histories));
  } while (search.advance());
  return { executions: [...new Set(ran)].sort(), ran: ran.length, counts: search.counts };
}

/** Hosts answer by a table: after their n-th message, and depending on who sent it, they send to some. */
const models: fc.Arbitrary<Model> = fc
  .record({
    hosts: fc.integer({ min: 2, max: 3 }),
    start: fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: 2, maxLength: 4 }),
    table: fc.array(fc.array(fc.nat(2), { maxLength: 1 }), { minLength: 12, maxLength: 12 }),
    byFirst: fc.boolean(),
  })
  .map(({ hosts, start, table, byFirst }) => ({
    hosts,
    start: start.map(([a, b], i) => {
      const from = a % hosts;
      return { from, to: b % hosts === from ? (from + 1) % hosts : b % hosts, name: `s${i}` };
    }),
    rule: (host, history) => {
      if (history.length > 2) return [];
      const [sender = '0'] = (byFirst ? history[0] : history.at(-1))?.split(':') ?? [];
      const targets = table[(host * 4 + history.length + Number(sender)) % table.length] ?? [];
      return targets
        .map((to) => to % hosts)
        .filter((to) => to !== host)
        .map((to) => ({ to, name: `${host}.${history.length}` }));
    },
  }));

describe('the exhaustive search of orders', () => {
  it('finds exactly the executions of the naive enumeration, and runs each of them once', () => {
    let naiveRuns = 0;
    let reducedRuns = 0;
    fc.assert(
      fc.property(models, (model) => {
        const naive = explore(model, false);
        const reduced = explore(model, true);
        naiveRuns += naive.ran;
        reducedRuns += reduced.ran;
        expect(reduced.executions).toEqual(naive.executions);
        expect(reduced.ran).toBe(naive.executions.length);
      }),
      { numRuns: 150 },
    );
    expect(reducedRuns * 2).toBeLessThan(naiveRuns);
  });

  it('three hosts that all tell each other once have 8 executions in 720 orders', () => {
    const start = [0, 1, 2].flatMap((from) =>
      [0, 1, 2].filter((to) => to !== from).map((to) => ({ from, to, name: 'x' })),
    );
    const model: Model = { hosts: 3, start, rule: () => [] };
    expect(explore(model, true).counts).toMatchObject({ schedules: 8, pruned: 0, deepest: 6, cut: 0 });
    expect(explore(model, false).counts).toMatchObject({ schedules: 720, pruned: 0 });
  });

  it('keeps the order of a connection: what one host tells another has one execution', () => {
    const start = [1, 2, 3].map((i) => ({ from: 0, to: 1, name: `m${i}` }));
    expect(explore({ hosts: 2, start, rule: () => [] }, false).ran).toBe(1);
  });

  it('says that it cut orders that are longer than its limit', () => {
    const start = [0, 1].map((from) => ({ from, to: 2, name: 'x' }));
    const search = new OrderSearch({ isReducing: true, stepsMax: 1 });
    do playModel(3, start, () => [], search);
    while (search.advance());
    expect(search.counts.cut).toBe(search.counts.schedules);
    expect(search.counts.cut).toBeGreaterThan(0);
  });
});
