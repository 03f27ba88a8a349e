/** The worker of the page: looks at its own globals, then runs one task after another. */
import { runChecks } from '../checks.ts';
import type { Report, Task } from '../report.ts';
import { runTask } from '../run-task.ts';
import { textOf } from './post.ts';

/** Wall time between two signs of life. */
const SIGN_EVERY_MS = 500;

function tell(report: Report): void {
  postMessage(report);
}

function run(tasks: readonly Task[]): void {
  let toldMs = performance.now();
  for (const check of runChecks('worker')) tell({ kind: 'check', check });
  for (const task of tasks) {
    tell({ kind: 'began', task: task.name });
    const answer = runTask(task, undefined, () => {
      const nowMs = performance.now();
      if (nowMs - toldMs < SIGN_EVERY_MS) return;
      toldMs = nowMs;
      tell({ kind: 'working' });
    });
    tell({ kind: 'answer', answer });
  }
  tell({ kind: 'finished' });
}

onmessage = ({ data }: MessageEvent<readonly Task[]>) => {
  try {
    run(data);
  } catch (error) {
    tell({ kind: 'failed', text: textOf(error) });
  }
};
