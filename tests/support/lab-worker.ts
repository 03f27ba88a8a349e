/** A worker for tests of the main thread's side: it says what the job's seed asks for, and simulates nothing. */
/**
 * A script for a thread that answers `run` after as many milliseconds as the seed says. The seeds `silent`, `exit`,
 * `throw`, `failed` and `chatty` do what their names say; `chatty` makes progress for eight seconds, then is done.
 */
export function testWorker(result: object): URL {
  const script = `
import { parentPort, threadId } from 'node:worker_threads';
const result = ${JSON.stringify(result)};
parentPort.on('message', ({ kind, id, job }) => {
  if (kind !== 'run') return;
  const done = () => parentPort.postMessage({ kind: 'done', id, outcome: { result: { ...result, seed: job.seed, notes: [String(threadId)] }, wallMs: 1 } });
  if (job.seed === 'silent') return;
  if (job.seed === 'exit') process.exit(3);
  if (job.seed === 'throw') throw new Error('thrown in the thread');
  if (job.seed === 'failed') return parentPort.postMessage({ kind: 'failed', id, error: 'Error: planned', stack: 'at x' });
  if (job.seed !== 'chatty') return setTimeout(done, Number(job.seed));
  let left = 40;
  const timer = setInterval(() => {
    if (left-- > 0) return parentPort.postMessage({ kind: 'progress', id, simulatedUs: 1, events: 1 });
    clearInterval(timer);
    done();
  }, 200);
});
`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}
