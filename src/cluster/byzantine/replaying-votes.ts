/** Replaying votes: a validator that keeps what was said, its own and others', and says it again later. */
import { z } from 'zod';
import type { ConsensusHost } from '../../chain/consensus/consensus.ts';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { repeatedly } from './connections.ts';
import { withHandlers, withHost } from './engine-door.ts';
import { readPosMessage } from './validator-pen.ts';

const EVERY_MS = 1_000;
/** Messages that are kept: some heights of votes, proposals and statuses. */
const KEPT_MAX = 256;
/** Messages said again at once to each peer. */
const BURST = 4;

export const replayingVotes = defineBehaviour({
  schema: z.strictObject({ kind: z.literal('replaying-votes'), ...WINDOW }).meta({
    description: 'Sends recorded votes, proposals and statuses again, its own and those of others.',
  }),
  engines: ['pos'],
  create(seat, _line, { env }) {
    let host: ConsensusHost<unknown> | undefined;
    const kept: Uint8Array[] = [];
    /** In the place of a drawn one when full, so that old ones are among them. */
    function keep(body: Uint8Array): void {
      if (readPosMessage(body) === undefined) return;
      if (kept.length < KEPT_MAX) kept.push(body);
      else kept[seat.stream.below(KEPT_MAX)] = body;
    }
    const begin = repeatedly(seat, env, 'byzantine.replay', EVERY_MS, () => {
      if (host === undefined || kept.length === 0) return;
      for (const peer of host.peers())
        for (let i = 0; i < BURST; i++) if (host.send(peer, seat.stream.pick(kept))) seat.deviated();
    });
    return {
      consensus: (honest) =>
        withHost(
          honest,
          (inner) => {
            host = inner;
            return {
              send(to, body) {
                // What goes to all is kept once.
                if (to === inner.peers()[0]) keep(body);
                return inner.send(to, body);
              },
            };
          },
          (engine) =>
            withHandlers(engine, {
              onMessage(from, body) {
                keep(body);
                return engine.onMessage(from, body);
              },
            }),
        ),
      process: (honest) => ({
        ...honest,
        onStart() {
          honest.onStart();
          begin();
        },
      }),
    };
  },
});
