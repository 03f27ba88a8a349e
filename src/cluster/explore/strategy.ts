/** A strategy of exploration: who says, step by step, what comes next in a run. */
import type { Step } from '../../sim/chosen-steps.ts';

/** One run's worth of decisions; a strategy that learns from run to run makes a new one for each. */
export interface Strategy {
  /** The place of the next step, or NO_MORE_CHOICES. @param nowUs when the one before it came. */
  choose(steps: readonly Step[], nowUs: number): number;
}

/**
 * The chain of a step: steps of one chain never overtake each other. A connection is one, since it keeps its order; so are the
 * timers and other events of one host.
 */
export function chainOf(step: Step): string {
  return step.kind === 'local' ? `@${step.host}` : `${step.from}>${step.to}`;
}

/** Names a delivery in every order in which it can come: a host sends the same to a peer as long as it has heard the same. */
export function keyOf(step: Step): string {
  if (step.kind === 'local') return `@${step.host} ${step.code} ${step.atUs}`;
  return `${step.from}>${step.to} ${step.messageKind} ${step.ordinal}`;
}
