/** The fault budget: what an engine still promises with these Byzantine hosts, and why not where it does not. */
import { forgets } from './assumptions.ts';
import { byzantineHosts, keyHolderOf } from './byzantine/byzantine-hosts.ts';
import { engineTolerance, type Share } from './engines.ts';
import type { ClusterPlan } from './plan.ts';
import type { Dials } from './topology.ts';

/** Of each promise why it is not given; undefined: it is. */
export interface Budget {
  /** What is final stays so. */
  readonly finality: string | undefined;
  /** Honest hosts come to agree on new blocks. */
  readonly liveness: string | undefined;
  /** Honest hosts reach each other without Byzantine ones between them. */
  readonly apart: string | undefined;
}

/** A hidden branch that overtakes so many blocks with less than this chance is none that a sweep ever meets. */
const NEGLIGIBLE = 1e-9;

/** Power of the Byzantine, and of all; two hosts with one key have one vote. */
function powers(
  plan: ClusterPlan,
  isFaulty: (host: number) => boolean,
): { readonly faulty: number; readonly all: number } {
  const { powerOf, isByKey } = engineTolerance(plan.chain.engine);
  let faulty = 0;
  let all = 0;
  for (const [i, host] of plan.hosts.entries()) {
    if (isByKey && keyHolderOf(plan.hosts, i) !== i) continue;
    const power = powerOf(host);
    all += power;
    if (isFaulty(i)) faulty += power;
  }
  return { faulty, all };
}

function isWithin(faulty: number, all: number, [part, of]: Share): boolean {
  return faulty === 0 || faulty * of < all * part;
}

function shareText([part, of]: Share, what: string): string {
  return part === 0
    ? `with no Byzantine ${what} at all`
    : `with less than ${part}/${of} of the ${what} Byzantine`;
}

/** Whether a branch of the Byzantine may overtake that many blocks: Nakamoto, Bitcoin, section 11: (q/p)^depth. */
function mayOvertake(faulty: number, all: number, depth: number): boolean {
  const ratio = faulty / (all - faulty);
  let chance = 1;
  for (let i = 0; i < depth && chance >= NEGLIGIBLE; i++) chance *= ratio;
  return chance >= NEGLIGIBLE;
}

/** Whether honest hosts reach each other over honest ones. */
function isConnected(plan: ClusterPlan, byzantine: ReadonlySet<number>, dials: Dials): boolean {
  const honest = plan.hosts.flatMap((_, i) => (byzantine.has(i) ? [] : [i]));
  const neighbours = new Map(honest.map((i) => [i, new Set<number>()]));
  for (const [i, list] of dials.entries()) {
    for (const other of list) {
      if (!neighbours.has(i) || !neighbours.has(other)) continue;
      neighbours.get(i)?.add(other);
      neighbours.get(other)?.add(i);
    }
  }
  const reached = new Set(honest.slice(0, 1));
  for (const host of reached) for (const other of neighbours.get(host) ?? []) reached.add(other);
  return reached.size === honest.length;
}

/** @param dials the links of the plan. */
export function faultBudget(plan: ClusterPlan, dials: Dials): Budget {
  const { engine, finalityDepth } = plan.chain;
  const byzantine = byzantineHosts(plan);
  const { finality, liveness, what, isRace, signsRecords } = engineTolerance(engine);
  const isFaulty = (host: number): boolean => byzantine.has(host) || (signsRecords && forgets(plan, host));
  const { faulty, all } = powers(plan, isFaulty);
  if (byzantine.size === 0 && faulty === 0)
    return { finality: undefined, liveness: undefined, apart: undefined };
  if (!isConnected(plan, byzantine, dials)) {
    const why = 'honest hosts reach each other only through Byzantine ones';
    return { finality: why, liveness: why, apart: why };
  }
  const orForgets = signsRecords ? ', or forgets what it signed' : '';
  const has = `${faulty} of ${all} of the ${what} ${faulty === 1 ? 'is' : 'are'} Byzantine${orForgets}`;
  const exceeds = (promise: string, share: Share): string | undefined =>
    isWithin(faulty, all, share)
      ? undefined
      : `${has}; ${engine} promises ${promise} ${shareText(share, what)}`;
  const race =
    isRace && faulty > 0 && mayOvertake(faulty, all, finalityDepth)
      ? `${has}; they overtake ${finalityDepth} blocks too often for that depth to be final`
      : undefined;
  return {
    finality: exceeds('finality', finality) ?? race,
    liveness: exceeds('agreement', liveness),
    apart: undefined,
  };
}
