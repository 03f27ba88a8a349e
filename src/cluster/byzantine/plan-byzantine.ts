/** Who is Byzantine and how: from the lines of a scenario and its generator, which draws from a stream of its own. */
import { createStream } from '../../sim/seeds.ts';
import type { HostPlan } from '../plan.ts';
import type { ByzantineGenerator } from '../scenario/schema/byzantine.ts';
import { lineOf } from './behaviours.ts';

/**
 * Gives drawn hosts their behaviours, and makes pairs of them twins. Hosts that have a line of their own are not drawn. The
 * same seed draws the same, whatever else the scenario says.
 */
export function planByzantine(
  hosts: readonly HostPlan[],
  generator: ByzantineGenerator | undefined,
  seed: string,
): readonly HostPlan[] {
  if (generator === undefined) return hosts;
  const planned = [...hosts];
  const stream = createStream(seed, 'byzantine');
  const isTaken = (i: number): boolean => {
    const host = planned[i];
    return (
      host === undefined ||
      host.byzantine.length > 0 ||
      host.twinOf !== undefined ||
      planned.some(({ twinOf }) => twinOf === i)
    );
  };
  const order = stream.shuffled(hosts.map((_, i) => i)).filter((i) => !isTaken(i));
  const { count = 0, of = [], perHost = 1, twins = 0 } = generator;
  for (const i of order.splice(0, count)) {
    const drawn = stream.shuffled(of).slice(0, perHost);
    const host = planned[i] as HostPlan;
    planned[i] = { ...host, byzantine: drawn.map(lineOf) };
  }
  for (let pair = 0; pair < twins; pair++) {
    const [original, twin] = order.splice(0, 2);
    if (original === undefined || twin === undefined) break;
    planned[twin] = { ...(planned[twin] as HostPlan), twinOf: original };
  }
  return planned;
}
