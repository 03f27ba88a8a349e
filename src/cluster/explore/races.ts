/**
 * Races of one order of deliveries: pairs that came to one host, and could have come the other way round. What happens before what: Lamport's
 * relation over deliveries. Reversals by the initials of source sets (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014, §4).
 */

/** A delivery as it came. */
export interface Delivered {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  /** When it left its sender, and when it came. */
  readonly leftUs: number;
  readonly atUs: number;
}

/** Where another order begins: instead of the delivery at `at` one of `initials` is to come, whichever. */
export interface Reversal {
  readonly at: number;
  /** Keys of deliveries that can come there, and lead to the pair the other way round. */
  readonly initials: readonly string[];
}

/** By index: which deliveries happen before which. */
class HappensBefore {
  readonly #before: readonly ReadonlySet<number>[];
  /** By index: what happens before the message was sent. */
  readonly #beforeSend: readonly ReadonlySet<number>[];

  constructor(order: readonly Delivered[]) {
    const before: Set<number>[] = [];
    const beforeSend: Set<number>[] = [];
    /** By host: its last delivery, and all before. */
    const known = new Map<number, Set<number>>();
    /** By host: how that set stood after each delivery. */
    const history = new Map<number, { readonly atUs: number; readonly known: ReadonlySet<number> }[]>();
    for (const [i, { from, to, leftUs, atUs }] of order.entries()) {
      const sender = history.get(from)?.findLast((state) => state.atUs <= leftUs);
      const sent = new Set(sender?.known);
      const mine = new Set([...(known.get(to) ?? []), ...sent]);
      beforeSend.push(sent);
      before.push(mine);
      const after = new Set([...mine, i]);
      known.set(to, after);
      history.set(to, [...(history.get(to) ?? []), { atUs, known: after }]);
    }
    this.#before = before;
    this.#beforeSend = beforeSend;
  }

  isBefore(a: number, b: number): boolean {
    return this.#before[b]?.has(a) === true;
  }

  causes(a: number, b: number): boolean {
    return this.#beforeSend[b]?.has(a) === true;
  }
}

/** All pairs of which nothing that happens between them keeps the order. */
export function reversalsOf(order: readonly Delivered[]): readonly Reversal[] {
  const relation = new HappensBefore(order);
  const found: Reversal[] = [];
  for (const [late, { to, from }] of order.entries()) {
    for (let early = late - 1; early >= 0; early--) {
      const first = order[early];
      if (first === undefined || first.to !== to || first.from === from || relation.causes(early, late))
        continue;
      if (isBetween(relation, early, late)) continue;
      found.push({ at: early, initials: initialsOf(order, relation, early, late) });
    }
  }
  return found;
}

/** True when some delivery happens after the one and before the other. */
function isBetween(relation: HappensBefore, early: number, late: number): boolean {
  for (let i = early + 1; i < late; i++)
    if (relation.isBefore(early, i) && relation.isBefore(i, late)) return true;
  return false;
}

/** Of what does not happen after the early one, and then the late one: those that nothing else of it happens before. */
function initialsOf(
  order: readonly Delivered[],
  relation: HappensBefore,
  early: number,
  late: number,
): readonly string[] {
  const rest: number[] = [];
  for (let i = early + 1; i < late; i++) if (!relation.isBefore(early, i)) rest.push(i);
  rest.push(late);
  // The pair itself is of one host: its order is what is turned round.
  const isFirst = (one: number): boolean =>
    rest.every((other) => other >= one || !relation.isBefore(other, one));
  return rest.filter(isFirst).flatMap((i) => order[i]?.key ?? []);
}
