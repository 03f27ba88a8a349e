/** A main chain as text: what an independent checker is given. */
import { encodeBlock } from '../chain/types/block-codec.ts';
import { encodeGenesis } from '../chain/types/genesis-codec.ts';
import { bytesToHex } from '../env/bytes.ts';
import type { TestCluster } from './test-cluster.ts';

/** Canonical bytes as lower-case hexadecimal; the blocks from height 1 to the head, in order. */
export interface ChainExport {
  readonly genesis: string;
  readonly schedule: readonly { readonly height: number; readonly version: number }[];
  readonly blocks: readonly string[];
}

/** The chain that a host has on its disk, or on others where it began with a snapshot; undefined when a body of it is missing there. */
export function exportChain(cluster: TestCluster, host: number): ChainExport | undefined {
  const { context } = cluster.setup;
  const { blocks, missing } = cluster.chains.wholeChain(cluster.disks(), host, cluster.node(host).head);
  if (missing !== undefined) return undefined;
  return {
    genesis: bytesToHex(encodeGenesis(context.genesis)),
    schedule: context.schedule.map(({ height, version }) => ({ height, version })),
    blocks: blocks.map(({ block }) => bytesToHex(encodeBlock(block))),
  };
}
