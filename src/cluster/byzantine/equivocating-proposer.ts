/** Equivocating proposer: a producer that seals two blocks on one parent, and shows each to one half of the others. */
import { z } from 'zod';
import type { Block } from '../../chain/types/block.ts';
import { blockId, headerSignBytes } from '../../chain/types/header-codec.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import { hexToBytes } from '../../env/bytes.ts';
import { unixMs } from '../../env/units.ts';
import { defineBehaviour, drawHalf, WINDOW } from './behaviour.ts';
import { type Link, Links } from './connections.ts';
import { withHost } from './engine-door.ts';
import { RogueBlocks, weightOf } from './rogue-blocks.ts';

/** Blocks whose audience is remembered: they are announced within seconds. */
const PAIRS_MAX = 64;

export const equivocatingProposer = defineBehaviour({
  schema: z
    .strictObject({ kind: z.literal('equivocating-proposer'), ...WINDOW })
    .meta({ description: 'Seals two blocks on one parent, and shows each to a drawn half of the hosts.' }),
  engines: ['round-robin'],
  create(seat, _line, { env, config }) {
    const links = new Links(seat, env);
    const rogue = new RogueBlocks(links);
    const half = drawHalf(seat);
    /** In which half the host must be that may hear of the block from here. */
    const audience = new Map<BlockHash, boolean>();
    const isMeant = (id: BlockHash, { host }: Link): boolean =>
      audience.get(id) === undefined || audience.get(id) === (host !== undefined && half.has(host));

    function remember(block: Block, isFirst: boolean): void {
      const [oldest] = audience.keys();
      if (oldest !== undefined && audience.size >= PAIRS_MAX) audience.delete(oldest);
      audience.set(blockId(block.header), isFirst);
    }

    return {
      env: links.env(
        (message, to) =>
          message.kind === 'Block' && !isMeant(blockId(message.header), to) ? undefined : message,
        false,
      ),
      consensus: (honest) =>
        withHost(honest, (host) => ({
          submit(block, certificate) {
            const consensus = hexToBytes(block.header.consensus);
            const weight = weightOf(config.consensus.rules, host, block);
            const { parent, beneficiary, timestampMs } = block.header;
            const twin =
              seat.isActive() && consensus !== undefined && weight !== undefined
                ? host.build({
                    parent,
                    beneficiary,
                    timestampMs: unixMs(timestampMs + 1),
                    consensus,
                    system: block.system,
                  })
                : undefined;
            if (twin === undefined || weight === undefined) {
              host.submit(block, certificate);
              return;
            }
            const seal = host.sign({ tag: 'seal', bytes: headerSignBytes(twin.header) });
            const other: Block = { ...twin, header: { ...twin.header, seal } };
            remember(block, true);
            remember(other, false);
            const told = [block, other].map((one) =>
              rogue.offer(one, weight, (link) => isMeant(blockId(one.header), link)),
            );
            if (told.every((count) => count > 0)) seat.deviated();
            host.submit(block, certificate);
            host.submit(other);
          },
        })),
      process: (honest) => links.process(honest, (link, message) => rogue.answer(link, message)),
    };
  },
});
