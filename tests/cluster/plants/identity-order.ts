/** Plant: a node hangs up on the peer that stands first in a registry of the process: whoever was met first, in whichever run. */
import type { ConnectionId } from '../../../src/env/units.ts';
import type { Plant } from '../../../src/lab/job.ts';
import { planted } from '../support.ts';

/** In the order in which they were met; a run before leaves its order behind. */
const met = new Set<string>();
/** Messages after which one peer has to go. */
const MESSAGES = 40;

export const plant: Plant = {
  program: planted([0, 1, 2], (env, host) => {
    const open = new Map<string, ConnectionId>();
    let messages = 0;
    return {
      process: (honest) => ({
        onConnected(c, info) {
          const name = `${host} met ${info.remote} by ${info.direction}`;
          // The process remembers of each run a few only: the next one finds another set.
          if (met.size < 3 || met.has(name)) met.add(name);
          open.set(name, c);
          honest.onConnected(c, info);
        },
        onMessage(from, message) {
          messages++;
          if (messages === MESSAGES) {
            const first = [...met].find((name) => open.has(name));
            const c = first === undefined ? undefined : open.get(first);
            if (c !== undefined) env.network.close(c, 'now', 'planted');
          }
          honest.onMessage(from, message);
        },
      }),
    };
  }),
};
