/** Lengths of time that no chain can have: what genesis has no room for, or no time passes in. */
import { parseDurationUs } from './duration.ts';
import type { ScenarioFile } from './schema.ts';
import type { Impossible } from './sense-byzantine.ts';
import type { Path } from './sense-hosts.ts';

interface Length {
  readonly path: Path;
  readonly text: string | undefined;
  readonly least: string;
  readonly most: string;
}

/** Blocks come as late as thirty times their mean interval, and a timer waits 24 days at most. */
const INTERVAL_MOST = '12h';
/** What the network draws delays up to. */
const DELAY_MOST = '30min';
/** 32 bits of ms, which genesis has for most lengths. */
const MOST = '1193h';

function lengthsOf({ chain = {}, network, faults = [] }: ScenarioFile): readonly Length[] {
  const { rounds = {}, staking = {}, poa } = chain;
  const inGenesis = { least: '0s', most: MOST };
  return [
    { path: ['chain', 'blockInterval'], text: chain.blockInterval, least: '1ms', most: INTERVAL_MOST },
    { path: ['chain', 'halfLife'], text: chain.halfLife, least: '1s', most: MOST },
    { path: ['network', 'jitter'], text: network?.jitter, least: '0s', most: DELAY_MOST },
    ...faults.map((fault, i) => {
      const text = 'minStable' in fault ? fault.minStable : undefined;
      return { path: ['faults', i, 'minStable'], text, least: '1ms', most: MOST };
    }),
    { path: ['chain', 'poa', 'wiggle'], text: poa?.wiggle, least: '0s', most: INTERVAL_MOST },
    ...(['propose', 'prevote', 'precommit', 'growth'] as const).map((key) => {
      return { path: ['chain', 'rounds', key], text: rounds[key], ...inGenesis };
    }),
    ...(['unbonding', 'evidence'] as const).map((key) => {
      return { path: ['chain', 'staking', key], text: staking[key], ...inGenesis };
    }),
  ];
}

/** Every length out of its limits. */
export function findImpossibleLengths(scenario: ScenarioFile): readonly Impossible[] {
  return lengthsOf(scenario).flatMap(({ path, text, least, most }) => {
    const us = text === undefined ? undefined : parseDurationUs(text);
    if (us === undefined) return [];
    const isWithin = us >= (parseDurationUs(least) ?? 0) && us <= (parseDurationUs(most) ?? us);
    return isWithin ? [] : [{ path, message: `${text}`, expected: `${least} to ${most}` }];
  });
}
