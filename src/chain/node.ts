/** Wires one node: ledger, mempool, engine, peers, gossip and sync behind the handlers of a process. */
import type { Program } from '../env/program.ts';
import type { NodeConfig } from './node-config.ts';
import type { ChainWorld } from './types/command.ts';

/** The program of one node. */
export declare function createNode(config: NodeConfig): Program<ChainWorld>;
