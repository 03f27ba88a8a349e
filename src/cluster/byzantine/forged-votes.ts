/** Forged votes: a validator that sends votes in the names of the others, with signatures that are not theirs. */
import { z } from 'zod';
import { encodePosMessage } from '../../chain/consensus/pos/messages.ts';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { withHost } from './engine-door.ts';
import { PerVote, ValidatorPen } from './validator-pen.ts';

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
          /** Its own signature of the contrary, under each other name. */
          const forged = new PerVote((vote) => {
            const block = vote.block === undefined ? host.head().id : undefined;
            const others = pen.view()?.current.validators.filter(({ key }) => key !== pen.self) ?? [];
            return others.map(({ key }) =>
              encodePosMessage({ kind: 'vote', vote: { ...vote, block, validator: key } }),
            );
          });

          return {
            send(to, body) {
              const vote = pen.ownVote(body);
              if (vote !== undefined && seat.isActive())
                for (const bytes of forged.of(vote) ?? []) if (host.send(to, bytes)) seat.deviated();
              return host.send(to, body);
            },
          };
        }),
    };
  },
});
