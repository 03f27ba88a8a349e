/** Plant: a counter of the process, not of the run, decides after how many messages a node tells something. */
import type { Plant } from '../../../src/lab/job.ts';
import { planted } from '../support.ts';

/** Lives as long as the process. */
let boots = 0;

export const plant: Plant = {
  program: planted([1], (env) => {
    boots++;
    let messages = 0;
    return {
      process: (honest) => ({
        onMessage(from, message) {
          messages++;
          if (messages === 20 + boots) env.emit({ kind: 'UnknownMessageIgnored', count: 1 });
          honest.onMessage(from, message);
        },
      }),
    };
  }),
};
