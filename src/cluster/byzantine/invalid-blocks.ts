/** Invalid blocks: the part that producers of bad blocks share; every block that they build is spoilt before it is sealed. */
import type { ConsensusHost } from '../../chain/consensus/consensus.ts';
import type { Block } from '../../chain/types/block.ts';
import type { Layer, LayerWorld, Seat } from './behaviour.ts';
import { Links } from './connections.ts';
import { withHost } from './engine-door.ts';
import { RogueBlocks, weightOf } from './rogue-blocks.ts';

/** The layer of a producer whose blocks are spoilt while it is active. @param spoil of a block without its seal. */
export function invalidBlocks(
  seat: Seat,
  { env, config }: LayerWorld,
  spoil: (block: Block) => Block,
): Layer {
  const links = new Links(seat, env);
  const rogue = new RogueBlocks(links);
  /** The transactions of what was spoilt, which the sealed block shares: its id is not known before the seal. */
  const spoilt = new WeakSet<Block['transactions']>();

  function offer(host: ConsensusHost<unknown>, block: Block): void {
    const weight = weightOf(config.consensus.rules, host, block);
    if (weight !== undefined && rogue.offer(block, weight) > 0) seat.deviated();
  }

  return {
    env: links.env(),
    consensus: (honest) =>
      withHost(honest, (host) => ({
        build(plan) {
          const block = host.build(plan);
          if (block === undefined || !seat.isActive()) return block;
          const bad = spoil(block);
          // A list of its own: the sealed form keeps it, and is known by it.
          const marked = { ...bad, transactions: [...bad.transactions] };
          spoilt.add(marked.transactions);
          return marked;
        },
        submit(block, certificate) {
          if (spoilt.has(block.transactions)) offer(host, block);
          else host.submit(block, certificate);
        },
      })),
    process: (honest) => links.process(honest, (link, message) => rogue.answer(link, message)),
  };
}
