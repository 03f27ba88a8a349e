/** Garbage: a host that sends bytes which are no message. */
import { z } from 'zod';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { Links, repeatedly } from './connections.ts';

const EVERY_MS = 2_000;
/** Enough for every way in which a decoder gives up. */
const BYTES_MAX = 400;
/** What a message begins with: a decoder that gets so far must still refuse. */
const BEGINNING = '{"kind":"Ping","nonce":"1","head":';

export const garbage = defineBehaviour({
  schema: z
    .strictObject({ kind: z.literal('garbage'), ...WINDOW })
    .meta({ description: 'Sends every peer bytes that are no message, about every two seconds.' }),
  engines: 'any',
  create(seat, _line, { env }) {
    const links = new Links(seat, env);
    const { stream } = seat;
    const noise = (): Uint8Array => {
      const begin = stream.below(2) === 0 ? BEGINNING.slice(0, stream.below(BEGINNING.length)) : '';
      const codes = Array.from(begin, (character) => character.charCodeAt(0));
      const length = 1 + stream.below(BYTES_MAX);
      return Uint8Array.from({ length: codes.length + length }, (_, i) => codes[i] ?? stream.below(256));
    };
    const begin = repeatedly(seat, env, 'byzantine.garbage', EVERY_MS, () => {
      for (const link of links.ready()) if (links.send(link, seat.rawMessage(noise()))) seat.deviated();
    });
    return {
      env: links.env(),
      process: (honest) => ({
        ...links.process(honest),
        onStart() {
          honest.onStart();
          begin();
        },
      }),
    };
  },
});
