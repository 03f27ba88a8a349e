/** The random walk: at each step any of those that can come next, all equally likely. What the others are compared with. */
import type { Stream } from '../../sim/seeds.ts';
import type { Strategy } from './strategy.ts';

/** @param stream of this run. */
export function createRandomWalk(stream: Stream): Strategy {
  return { choose: (steps) => stream.below(steps.length) };
}
