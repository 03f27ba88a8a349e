/**
 * The fingerprint of a failure: which law broke, at what, and in which role. No times, ids, heights or host numbers, so that one
 * bug has one fingerprint under many seeds, and keeps it while its run is cut down.
 */
import { assertNever } from '../env/assert.ts';
import { engineTolerance } from './engines.ts';
import type { ClusterPlan, HostPlan } from './plan.ts';
import type { Verdict } from './result.ts';

/** What a host is to the consensus of its plan. */
function roleOf(plan: ClusterPlan, host: HostPlan): string {
  const { powerOf } = engineTolerance(plan.chain.engine);
  if (powerOf(host) <= 0) return 'follower';
  switch (plan.chain.engine) {
    case 'pow':
      return 'miner';
    case 'pos':
      return 'validator';
    case 'poa':
      return 'signer';
    case 'round-robin':
      return 'producer';
    default:
      return assertNever(plan.chain.engine);
  }
}

function rolesOf(plan: ClusterPlan, names: readonly string[]): string {
  const roles = plan.hosts.filter(({ name }) => names.includes(name)).map((host) => roleOf(plan, host));
  return [...new Set(roles)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join('+');
}

/** Words, those that are empty left out. */
function joined(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ');
}

/** Of a run that did not come to what was expected; undefined: it passed. */
export function failureFingerprint(plan: ClusterPlan, verdict: Verdict): string | undefined {
  switch (verdict.kind) {
    case 'passed':
      return undefined;
    case 'violated': {
      const { oracle, rule, kind, trigger, hosts } = verdict.violation;
      // Who is apart from the others when nothing goes on is a matter of chance.
      const roles = kind === 'safety' ? rolesOf(plan, hosts) : '';
      return joined(plan.chain.engine, `${oracle}/${rule}`, `at:${trigger}`, roles);
    }
    case 'crashed': {
      const { error: className, host } = verdict;
      return joined(plan.chain.engine, `crash/${className}`, rolesOf(plan, [host]));
    }
    case 'unexpectedPass':
      return joined(plan.chain.engine, `no ${verdict.expected}`);
    case 'tooLittle':
      return joined(plan.chain.engine, 'too-little', verdict.missing.map(({ what }) => what).join('+'));
    case 'nondeterminism':
      return joined(plan.chain.engine, 'nondeterminism');
    default:
      return assertNever(verdict);
  }
}
