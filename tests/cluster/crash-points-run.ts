/** `npm run crash-points`: one host of a few dies after every effect, with every fate of its disk; exit code 1 when one is unsound. */
import {
  type CrashOutcome,
  countEffects,
  DISK_FATES,
  isSound,
  runCrashPoint,
} from '../../src/cluster/crash-points.ts';
import type { ClusterPlan } from '../../src/cluster/plan.ts';
import { crashPlan, installPlan, JOINER, VICTIM } from './crash-plans.ts';
import { SUITE } from './support.ts';

const OPTIONS = { nativeSuite: SUITE };
/** Unsound points that are told one by one. */
const TOLD_MAX = 20;

function describe({ point, violations, corruptions, thrown, crashed }: CrashOutcome): string {
  const laws = violations.map(({ oracle, rule, fact }) => `${oracle}/${rule}: ${fact}`);
  const facts = [
    ...laws,
    ...(corruptions > 0 ? [`${corruptions} records called rotten`] : []),
    ...(thrown === undefined
      ? []
      : [`threw ${thrown instanceof Error ? (thrown.stack ?? thrown.name) : typeof thrown}`]),
    ...(crashed ? [] : ['never came to that effect']),
  ];
  return `  effect ${point.effect}, ${point.fate}: ${facts.join('; ')}`;
}

function enumerate(name: string, plan: ClusterPlan, host: number): number {
  const effects = countEffects(plan, host, OPTIONS);
  const startedMs = performance.now();
  const unsound: CrashOutcome[] = [];
  for (let effect = 1; effect <= effects; effect++) {
    for (const fate of DISK_FATES) {
      const outcome = runCrashPoint(plan, { host, effect, fate }, OPTIONS);
      if (!isSound(outcome)) unsound.push(outcome);
    }
  }
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  const runs = effects * DISK_FATES.length;
  console.log(
    `${name}: ${effects} points × ${DISK_FATES.length} fates = ${runs} runs in ${seconds} s, ${unsound.length} unsound`,
  );
  for (const outcome of unsound.slice(0, TOLD_MAX)) console.log(describe(outcome));
  return unsound.length;
}

const unsound =
  enumerate('pow', crashPlan('pow'), VICTIM) +
  enumerate('round-robin', crashPlan('round-robin'), VICTIM) +
  enumerate('poa', crashPlan('poa'), VICTIM) +
  enumerate('pos', crashPlan('pos'), VICTIM) +
  enumerate('snapshot', installPlan(), JOINER);
process.exitCode = unsound > 0 ? 1 : 0;
