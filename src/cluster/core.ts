/** The core of liveness mode (TigerBeetle's VOPR): hosts with a quorum that heal, while every other fault becomes permanent. */
import type { Stream } from '../sim/seeds.ts';
import type { ClusterPlan } from './plan.ts';

/** Who must go on, and what becomes of the others for ever. */
export interface Core {
  readonly hosts: ReadonlySet<number>;
  readonly down: readonly number[];
  /** Up, and cut off from everybody. */
  readonly apart: readonly number[];
}

/** What a host counts for towards a quorum: its hash power, or its place among the validators. */
function powerOf(plan: ClusterPlan, host: number): number {
  const { hashShare = 0, isValidator = false } = plan.hosts[host] ?? {};
  return plan.chain.engine === 'pow' ? hashShare : Number(isValidator);
}

/** Hosts in a drawn order until they have more than half of the power; the rest is down or apart, as drawn. */
export function drawCore(plan: ClusterPlan, stream: Stream): Core {
  const order = stream.shuffled(plan.hosts.map((_, host) => host));
  const total = order.reduce((sum, host) => sum + powerOf(plan, host), 0);
  const hosts = new Set<number>();
  let power = 0;
  for (const host of order) {
    if (power * 2 > total) break;
    hosts.add(host);
    power += powerOf(plan, host);
  }
  const others = order.filter((host) => !hosts.has(host));
  const down = others.filter(() => stream.below(2) === 0);
  return { hosts, down, apart: others.filter((host) => !down.includes(host)) };
}
