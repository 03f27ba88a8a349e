/** Invalid blocks: the part that producers of bad blocks share; every block that they build is spoilt before it is sealed. */
import type { ConsensusHost } from '../../chain/consensus/consensus.ts';
import type { Block } from '../../chain/types/block.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import type { Layer, LayerWorld, Seat } from './behaviour.ts';
import { Links } from './connections.ts';
import { withHost } from './engine-door.ts';
import { RogueBlocks, weightOf } from './rogue-blocks.ts';
import { readPosMessage } from './validator-pen.ts';

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
  /** The spoilt block that a proposal will name, where blocks have no seal: it counts when it is shown. */
  let unproposed: BlockHash | undefined;

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
          if (config.consensus.rules.isCertified) unproposed = blockId(marked.header);
          return marked;
        },
        send(to, body) {
          const message = unproposed === undefined ? undefined : readPosMessage(body);
          if (message?.kind === 'proposal' && message.proposal.block === unproposed) {
            unproposed = undefined;
            seat.deviated();
          }
          return host.send(to, body);
        },
        submit(block, certificate) {
          if (spoilt.has(block.transactions)) offer(host, block);
          else host.submit(block, certificate);
        },
      })),
    process: (honest) => links.process(honest, (link, message) => rogue.answer(link, message)),
  };
}
