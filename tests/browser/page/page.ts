/** The page that a browser opens: looks at the engine, runs tasks here and in a worker, and posts what came of it. */
import { runChecks } from '../checks.ts';
import type { Report, Task } from '../report.ts';
import { runTask } from '../run-task.ts';
import { post, textOf } from './post.ts';

function fail(thrown: unknown): void {
  void post({ kind: 'failed', text: textOf(thrown) });
}

/** Simulating here blocks the page: for what must be seen to work here too, and no more. */
async function runHere(tasks: readonly Task[]): Promise<void> {
  for (const check of runChecks('page')) await post({ kind: 'check', check });
  for (const task of tasks) {
    await post({ kind: 'began', task: task.name });
    await post({ kind: 'answer', answer: runTask(task, undefined, () => {}) });
  }
}

function runInWorker(tasks: readonly Task[]): void {
  const worker = new Worker(new URL('simulation-worker.js', location.href), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<Report>) => void post(data);
  worker.onerror = (event) => fail(`the worker: ${event.message} (${event.filename}:${event.lineno})`);
  worker.onmessageerror = () => fail('the worker sent what cannot be read');
  worker.postMessage(tasks);
}

async function main(): Promise<void> {
  await post({ kind: 'opened', agent: navigator.userAgent });
  const answer = await fetch('tasks.json');
  const tasks = (await answer.json()) as readonly Task[];
  await runHere(tasks.filter(({ place }) => place === 'page'));
  runInWorker(tasks.filter(({ place }) => place === 'worker'));
}

window.addEventListener('error', ({ error, message }) => fail(error ?? message));
window.addEventListener('unhandledrejection', ({ reason }) => fail(reason));
main().catch(fail);
