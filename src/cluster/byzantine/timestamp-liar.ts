/** Timestamp liar: a producer whose blocks state another time than the one at which they were made. */
import { z } from 'zod';
import { unixMs } from '../../env/units.ts';
import { parseDurationUs } from '../scenario/duration.ts';
import { signedDuration } from '../scenario/schema/values.ts';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { Links } from './connections.ts';
import { withHost } from './engine-door.ts';
import { RogueBlocks, weightOf } from './rogue-blocks.ts';

/** Within the two hours that proof of work bears: nobody refuses it. */
const BY_DEFAULT = '100min';

export const timestampLiar = defineBehaviour({
  schema: z
    .strictObject({
      kind: z.literal('timestamp-liar'),
      ...WINDOW,
      by: signedDuration.optional().meta({
        description:
          'Added to the time of each block that it makes; default 100min. Past what the engine bears (pow 2h, round-robin 15s) others wait.',
      }),
    })
    .meta({ description: 'Makes blocks that state a time of the future, or of the past.' }),
  engines: ['pow', 'round-robin'],
  create(seat, { by = BY_DEFAULT }, { env, config }) {
    const byMs = Math.trunc((parseDurationUs(by) ?? 0) / 1_000);
    const links = new Links(seat, env);
    const rogue = new RogueBlocks(links);
    return {
      env: links.env(),
      consensus: (honest) =>
        withHost(honest, (host) => {
          /** Times that were stated by this lie and not yet sealed. */
          const lies = new Set<number>();
          return {
            build(plan) {
              if (!seat.isActive()) return host.build(plan);
              const timestampMs = unixMs(Math.max(0, plan.timestampMs + byMs));
              lies.add(timestampMs);
              return host.build({ ...plan, timestampMs });
            },
            submit(block, certificate) {
              const isLie = lies.delete(block.header.timestampMs);
              lies.clear();
              const weight = isLie ? weightOf(config.consensus.rules, host, block) : undefined;
              if (weight === undefined) host.submit(block, certificate);
              // What the own node may not take, since its clock is right, the others are told all the same.
              else if (rogue.offer(block, weight) > 0) {
                seat.deviated();
                host.submit(block, certificate);
              }
            },
          };
        }),
      process: (honest) => links.process(honest, (link, message) => rogue.answer(link, message)),
    };
  },
});
