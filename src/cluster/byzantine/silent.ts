/** Silent: a host that takes connections and listens, and says nothing. */
import { z } from 'zod';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { Links } from './connections.ts';

export const silent = defineBehaviour({
  schema: z
    .strictObject({ kind: z.literal('silent'), ...WINDOW })
    .meta({ description: 'Says nothing after the handshake; what it produces stays with it.' }),
  engines: 'any',
  create(seat, _line, { env }) {
    const links = new Links(seat, env);
    return {
      env: links.env((message) => (message.kind === 'Handshake' ? message : undefined)),
      process: (honest) => links.process(honest),
    };
  },
});
