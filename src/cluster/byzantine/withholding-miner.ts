/** Withholding miner: keeps the blocks that he finds, and publishes them when that makes others' work worth nothing. */
import { z } from 'zod';
import { blockId } from '../../chain/types/header-codec.ts';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { Links } from './connections.ts';
import { withHost } from './engine-door.ts';
import { HiddenBlocks } from './hidden-blocks.ts';
import { weightOf } from './rogue-blocks.ts';
import { SelfishStrategy } from './selfish-strategy.ts';

export const withholdingMiner = defineBehaviour({
  schema: z.strictObject({ kind: z.literal('withholding-miner'), ...WINDOW }).meta({
    description: 'Mines selfishly (SM1 of Eyal and Sirer): hides its blocks until publishing them pays.',
  }),
  engines: ['pow'],
  create(seat, _line, { env, config }) {
    const links = new Links(seat, env);
    const hidden = new HiddenBlocks(links);
    const strategy = new SelfishStrategy();
    const own = new Set<string>();
    const filtered = links.env((message) => hidden.filter(message), false);

    return {
      env: {
        ...filtered,
        emit(event) {
          env.emit(event);
          if (event.kind !== 'BlockImported' || own.has(event.id)) return;
          if (!seat.isActive()) hidden.publish();
          else if (strategy.onHeard(event.height) !== 'keep') hidden.publish();
        },
      },
      consensus: (honest) =>
        withHost(honest, (host) => ({
          submit(block, certificate) {
            const id = blockId(block.header);
            own.add(id);
            const weight = weightOf(config.consensus.rules, host, block);
            if (seat.isActive() && weight !== undefined) {
              if (strategy.onOwn(block.header.height) === 'keep') {
                hidden.hide(block, weight, host.head());
                seat.deviated();
              } else hidden.publish();
            }
            host.submit(block, certificate);
          },
        })),
      process: (honest) => links.process(honest),
    };
  },
});
