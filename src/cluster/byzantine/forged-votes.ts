/** Forged votes: a validator that sends votes in the names of the others, with signatures that are not theirs. */
import { z } from 'zod';
import { encodePosMessage } from '../../chain/consensus/pos/messages.ts';
import type { Vote } from '../../chain/consensus/pos/vote.ts';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { withHost } from './engine-door.ts';
import { ValidatorPen } from './validator-pen.ts';

export const forgedVotes = defineBehaviour({
  schema: z.strictObject({ kind: z.literal('forged-votes'), ...WINDOW }).meta({
    description: 'With each vote sends one for the contrary in the name of everybody else, wrongly signed.',
  }),
  engines: ['pos'],
  create(seat, _line, { config }) {
    return {
      consensus: (honest) =>
        withHost(honest, (host) => {
          const pen = new ValidatorPen(config.consensus.rules, host);
          const forged = new WeakMap<Vote, readonly Uint8Array[]>();

          /** Its own signature of the contrary, under each other name. */
          function forge(vote: Vote): readonly Uint8Array[] {
            const known = forged.get(vote);
            if (known !== undefined) return known;
            const block = vote.block === undefined ? host.head().id : undefined;
            const others = pen.view()?.current.validators.filter(({ key }) => key !== pen.self) ?? [];
            const bytes = others.map(({ key }) =>
              encodePosMessage({ kind: 'vote', vote: { ...vote, block, validator: key } }),
            );
            forged.set(vote, bytes);
            return bytes;
          }

          return {
            send(to, body) {
              const vote = pen.ownVote(body);
              if (vote !== undefined && seat.isActive())
                for (const bytes of forge(vote)) if (host.send(to, bytes)) seat.deviated();
              return host.send(to, body);
            },
          };
        }),
    };
  },
});
