/** Selective: a host that speaks to half of the others and is silent towards the rest. */
import { z } from 'zod';
import { defineBehaviour, drawHalf, WINDOW } from './behaviour.ts';
import { Links } from './connections.ts';

export const selective = defineBehaviour({
  schema: z
    .strictObject({ kind: z.literal('selective'), ...WINDOW })
    .meta({ description: 'Speaks to a drawn half of the hosts, and to the others not after the handshake.' }),
  engines: 'any',
  create(seat, _line, { env }) {
    const links = new Links(seat, env);
    const friends = drawHalf(seat);
    return {
      env: links.env((message, to) =>
        message.kind === 'Handshake' || (to.host !== undefined && friends.has(to.host)) ? message : undefined,
      ),
      process: (honest) => links.process(honest),
    };
  },
});
