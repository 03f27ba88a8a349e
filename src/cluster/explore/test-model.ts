/** A small message-passing program for the tests of strategies: hosts that answer what they get, on connections that keep order. */
import type { Step } from '../../sim/chosen-steps.ts';
import type { Strategy } from './strategy.ts';

/** What a host sends when it gets a message, by all that it got so far. */
export type Rule = (
  host: number,
  history: readonly string[],
) => readonly { readonly to: number; readonly name: string }[];

interface Sent {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly ordinal: number;
  readonly leftUs: number;
}

/** Steps of one run of a model: past it the rule never ends. */
const STEPS_MAX = 64;

/** What each host got, in its order. */
export type Histories = readonly (readonly string[])[];

/** One run: everything is sent at time 0 by `start`, then one delivery after the other, 1 µs apart. */
export function playModel(
  hosts: number,
  start: readonly { readonly from: number; readonly to: number; readonly name: string }[],
  rule: Rule,
  strategy: Strategy,
): Histories | undefined {
  const links = new Map<string, Sent[]>();
  const ordinals = new Map<string, number>();
  const histories: string[][] = Array.from({ length: hosts }, () => []);
  const send = (from: number, to: number, name: string, leftUs: number): void => {
    const link = `${from}>${to}`;
    const ordinal = ordinals.get(link) ?? 0;
    ordinals.set(link, ordinal + 1);
    links.set(link, [...(links.get(link) ?? []), { from, to, name, ordinal, leftUs }]);
  };
  for (const { from, to, name } of start) send(from, to, name, 0);
  for (let nowUs = 0; nowUs < STEPS_MAX; nowUs++) {
    const heads = [...links.values()].flatMap(([first]) => first ?? []);
    if (heads.length === 0) return histories;
    const steps = heads.map(({ from, to, ordinal, name, leftUs }): Step => {
      return {
        kind: 'delivery',
        from,
        to,
        messageKind: 'm',
        ordinal,
        message: name,
        leftUs,
        atUs: nowUs + 1,
      };
    });
    const chosen = heads[strategy.choose(steps, nowUs)];
    if (chosen === undefined) return undefined;
    links.get(`${chosen.from}>${chosen.to}`)?.shift();
    const mine = histories[chosen.to];
    mine?.push(`${chosen.from}:${chosen.name}`);
    for (const { to, name } of rule(chosen.to, mine ?? [])) send(chosen.to, to, name, nowUs + 1);
  }
  throw new Error(`a model of more than ${STEPS_MAX} steps`);
}
