/** What led to a step of a recorded run, what could have, and what followed from it. */
import type { RecordedMessages, RecordedSteps } from '../cluster/recording.ts';

/** The step that caused it, the one that caused that, and so on; the step itself first. */
export function causesOf({ cause }: RecordedSteps, step: number): readonly number[] {
  const chain: number[] = [];
  for (let at = step; at >= 0 && at < cause.length; at = cause[at] ?? -1) chain.push(at);
  return chain;
}

/** The step and all that it caused, directly or not. */
export function consequencesOf({ cause }: RecordedSteps, step: number): ReadonlySet<number> {
  const found = new Set([step]);
  for (let at = step + 1; at < cause.length; at++) if (found.has(cause[at] ?? -1)) found.add(at);
  return found;
}

/**
 * For each host the last step that the step can know of, itself included; -1: none. Whatever a host did up to there could have
 * reached it over messages: Lamport's happened-before, of the messages that are kept.
 */
export function knowableTo(
  steps: RecordedSteps,
  messages: RecordedMessages,
  step: number,
  hosts: number,
): readonly number[] {
  const until: number[] = Array.from({ length: hosts }, () => -1);
  const own = steps.host[step] ?? -1;
  if (own >= 0) until[own] = step;
  const byDelivery = messages.deliveredIn
    .map((at, message) => ({ at, message }))
    .filter(({ at }) => at >= 0 && at <= step)
    .sort((a, b) => b.at - a.at);
  for (const { at, message } of byDelivery) {
    const to = messages.to[message] ?? -1;
    const from = messages.from[message] ?? -1;
    const sentIn = messages.sentIn[message] ?? -1;
    if (at <= (until[to] ?? -1) && sentIn > (until[from] ?? -1)) until[from] = sentIn;
  }
  return until;
}

/** How messages are picked by what caused what. */
export type CauseFilter = 'led' | 'knowable' | 'followed';

/** Which messages belong to the causal past or future of a step: `1` by their places. */
export function messagesAround(
  steps: RecordedSteps,
  messages: RecordedMessages,
  step: number,
  filter: CauseFilter,
  hosts: number,
): Uint8Array {
  const picked = new Uint8Array(messages.from.length);
  if (filter === 'knowable') {
    const until = knowableTo(steps, messages, step, hosts);
    for (const [message, at] of messages.deliveredIn.entries()) {
      if (at >= 0 && at <= (until[messages.to[message] ?? -1] ?? -1)) picked[message] = 1;
    }
    return picked;
  }
  const among = filter === 'led' ? new Set(causesOf(steps, step)) : consequencesOf(steps, step);
  for (const [message, at] of messages.deliveredIn.entries()) {
    if (among.has(at) && among.has(messages.sentIn[message] ?? -1)) picked[message] = 1;
  }
  return picked;
}
