/** An exploration worker: one question after another, so that the main thread keeps signals and output. */
import { parentPort } from 'node:worker_threads';
import type { FromExplorer, ToExplorer } from './explore-job.ts';
import { Explorer } from './explorer.ts';
import { plantOf } from './plant.ts';

/** Wall time between two progress messages. */
const PROGRESS_EVERY_MS = 200;

const port = parentPort;
if (port === null) throw new Error('explore-worker.ts runs as a worker thread only');

function post(message: FromExplorer): void {
  port?.postMessage(message);
}

async function handle(message: ToExplorer): Promise<void> {
  const explorer = new Explorer(message.explore, await plantOf(message.explore.job));
  switch (message.kind) {
    case 'probe':
      return post({ kind: 'ran', ran: explorer.probe() });
    case 'runs':
      return post({ kind: 'ran', ran: explorer.runs(message.from, message.count) });
    case 'replay':
      return post({ kind: 'replayed', result: explorer.replay(message.schedule) });
    case 'search': {
      let toldMs = performance.now();
      const searched = explorer.search(message.all, (state) => {
        if (performance.now() - toldMs < PROGRESS_EVERY_MS) return;
        toldMs = performance.now();
        post({ kind: 'searching', state });
      });
      return post({ kind: 'searched', ...searched });
    }
  }
}

port.on('message', (message: ToExplorer) => {
  handle(message).catch((error: unknown) => {
    const known = error instanceof Error;
    const stack = known ? (error.stack ?? '') : '';
    post({ kind: 'failed', error: known ? `${error.name}: ${error.message}` : String(error), stack });
  });
});
