/** The engines that a node can run, by the name that a genesis gives. */
import type { Consensus } from '../chain/consensus/consensus.ts';
import { POA_NAME } from '../chain/consensus/poa/config.ts';
import { createPoa } from '../chain/consensus/poa/engine.ts';
import { POS_NAME } from '../chain/consensus/pos/config.ts';
import { createPos } from '../chain/consensus/pos/engine.ts';
import { POW_NAME } from '../chain/consensus/pow/config.ts';
import { REBUILD_MS } from '../chain/consensus/pow/engine.ts';
import { createPow } from '../chain/consensus/pow/pow.ts';
import { ROUND_ROBIN_NAME } from '../chain/consensus/round-robin/config.ts';
import { createRoundRobin } from '../chain/consensus/round-robin/engine.ts';

/** Undefined: no engine has this name. @param mines whether a node with proof of work searches blocks. */
export function consensusOf(engine: string, mines = false): Consensus | undefined {
  switch (engine) {
    case POW_NAME:
      return createPow({ mine: mines, hashRate: 0, rebuildMs: REBUILD_MS });
    case POA_NAME:
      return createPoa();
    case POS_NAME:
      return createPos();
    case ROUND_ROBIN_NAME:
      return createRoundRobin();
    default:
      return undefined;
  }
}
