/** The spaces that swarms draw from, by engine. */
import type { SwarmSpace } from '../src/cluster/swarm.ts';

/** Behaviours that tell on an engine whose blocks are certified, and need no chain of their own. */
const POS_BEHAVIOURS = [
  'silent',
  'selective',
  'invalid-transactions',
  'lying-sync',
  'garbage',
  'flooding',
  'double-voter',
  'equivocating-proposer',
  'amnesia',
  'forged-votes',
  'replaying-votes',
  'invalid-state-root',
  'timestamp-liar',
] as const;

const POS: SwarmSpace = {
  engine: 'pos',
  nodesMin: 4,
  nodesMax: 10,
  seconds: 130,
  quietS: 60,
  signatures: 'modelled',
  faultyMax: (nodes) => Math.floor((nodes - 1) / 3),
  behaviours: POS_BEHAVIOURS,
};

/** @throws {TypeError} for an engine without a space, or signatures of another kind. */
export function spaceOf(engine: string, signatures: string): SwarmSpace {
  if (engine !== 'pos') throw new TypeError(`--engine: 'pos' was expected, not '${engine}'`);
  if (signatures !== 'modelled' && signatures !== 'real')
    throw new TypeError(`--signatures: 'modelled' or 'real' was expected, not '${signatures}'`);
  return { ...POS, signatures };
}
