/** The core of liveness mode (TigerBeetle's VOPR): hosts with a quorum that heal, while every other fault becomes permanent. */
import type { Stream } from '../sim/seeds.ts';
import { byzantineHosts } from './byzantine/byzantine-hosts.ts';
import { engineTolerance } from './engines.ts';
import type { ClusterPlan } from './plan.ts';

/** Who must go on, and what becomes of the others for ever. */
export interface Core {
  readonly hosts: ReadonlySet<number>;
  readonly down: readonly number[];
  /** Up, and cut off from everybody. */
  readonly apart: readonly number[];
}

/** Honest hosts in a drawn order until they have a quorum of all power; the rest is down or apart, as drawn. */
export function drawCore(plan: ClusterPlan, stream: Stream): Core {
  const order = stream.shuffled(plan.hosts.map((_, host) => host));
  const byzantine = byzantineHosts(plan);
  const { powerOf, quorum } = engineTolerance(plan.chain.engine);
  const [part, of] = quorum;
  const total = plan.hosts.reduce((sum, host) => sum + powerOf(host), 0);
  const hosts = new Set<number>();
  let power = 0;
  for (const host of order) {
    if (power * of > total * part) break;
    const own = plan.hosts[host];
    if (own === undefined || byzantine.has(host)) continue;
    hosts.add(host);
    power += powerOf(own);
  }
  const others = order.filter((host) => !hosts.has(host));
  const down = others.filter(() => stream.below(2) === 0);
  return { hosts, down, apart: others.filter((host) => !down.includes(host)) };
}
