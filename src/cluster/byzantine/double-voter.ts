/** Double voter: a validator that votes for two values in one round and step, each of them to one half. */
import { z } from 'zod';
import { encodePosMessage } from '../../chain/consensus/pos/messages.ts';
import type { Vote } from '../../chain/consensus/pos/vote.ts';
import { defineBehaviour, drawHalf, WINDOW } from './behaviour.ts';
import { withHost } from './engine-door.ts';
import { drawBlockHash, PerVote, readPosMessage, ValidatorPen } from './validator-pen.ts';

export const doubleVoter = defineBehaviour({
  schema: z.strictObject({ kind: z.literal('double-voter'), ...WINDOW }).meta({
    description: 'Votes for two values in one round and step, and shows each to a drawn half of the hosts.',
  }),
  engines: ['pos'],
  create(seat, _line, { config }) {
    const half = drawHalf(seat);
    return {
      consensus: (honest) =>
        withHost(honest, (host) => {
          const pen = new ValidatorPen(config.consensus.rules, host);
          /** The newest block that this host has proposed itself. */
          let proposed: Vote['block'];

          /** nil in place of a block; in place of nil the own block, or one that nobody made. */
          const seconds = new PerVote((vote) => {
            const { type, height, round, timestampMs } = vote;
            const block = vote.block === undefined ? (proposed ?? drawBlockHash(seat.stream)) : undefined;
            const second = pen.vote({ type, height, round, timestampMs, block });
            if (second === undefined) return undefined;
            seat.deviated();
            return encodePosMessage({ kind: 'vote', vote: second });
          });

          return {
            send(to, body) {
              const message = readPosMessage(body);
              if (message?.kind === 'proposal') proposed = message.proposal.block;
              const vote = pen.ownVote(body);
              const isFirst = vote === undefined || half.has(seat.hostOfKey(to) ?? seat.host);
              if (isFirst || !seat.isActive()) return host.send(to, body);
              return host.send(to, seconds.of(vote) ?? body);
            },
          };
        }),
    };
  },
});
