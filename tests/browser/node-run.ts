/** What Node comes to for the same tasks: the reference that the browsers are compared with. */
import { Worker } from 'node:worker_threads';
import type { EngineRun } from './judge.ts';
import type { Answer, Task } from './report.ts';

/** What a thread is given. */
export interface NodeWork {
  readonly tasks: readonly Task[];
  /** Hashes and signatures of the machine's own libraries; false: portable code, as in a browser. */
  readonly isNative: boolean;
}

/** Never rejects: what goes wrong is a problem of the run. */
export function runInNode(work: NodeWork): Promise<EngineRun> {
  const startedMs = performance.now();
  const answers: Answer[] = [];
  const problems: string[] = [];
  const worker = new Worker(new URL('node-worker.ts', import.meta.url), { workerData: work });
  worker.on('message', (answer: Answer) => answers.push(answer));
  worker.on('error', (error) => problems.push(String(error)));
  return new Promise((resolve) => {
    worker.once('exit', () =>
      resolve({
        engine: work.isNative ? 'node' : 'node, portable',
        agent: `Node ${process.version}, ${work.isNative ? 'native' : 'portable'} crypto`,
        tasks: work.tasks,
        answers,
        checks: { expected: [], made: [] },
        problems,
        wallMs: performance.now() - startedMs,
      }),
    );
  });
}
