/** A worker of validate: runs one job after another. */
import { parentPort } from 'node:worker_threads';
import { assertNever } from '../src/env/assert.ts';
import { runAuthorityMisses } from './authority-misses.ts';
import { runAuthorityModel } from './authority-model.ts';
import { runAuthorityPartition } from './authority-partition.ts';
import { runDoubleSpend } from './double-spend.ts';
import type { ValidateJob, ValidateOutcome, WorkerAnswer } from './jobs.ts';
import { runPropagation } from './propagation.ts';
import { runRealCompact } from './real-compact.ts';
import { runSelfish } from './selfish.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs as a worker thread only');

function run(job: ValidateJob): ValidateOutcome {
  switch (job.kind) {
    case 'authority-misses':
      return runAuthorityMisses(job);
    case 'authority-model':
      return runAuthorityModel(job);
    case 'authority-partition':
      return runAuthorityPartition(job);
    case 'double-spend':
      return runDoubleSpend(job);
    case 'propagation':
      return runPropagation(job);
    case 'real-compact':
      return runRealCompact(job);
    case 'selfish':
      return runSelfish(job);
    default:
      return assertNever(job);
  }
}

function answerTo(job: ValidateJob): WorkerAnswer {
  const before = process.threadCpuUsage();
  try {
    const outcome = run(job);
    const { user, system } = process.threadCpuUsage(before);
    return { kind: 'done', finished: { outcome, cpuMs: Math.round((user + system) / 1_000) } };
  } catch (error) {
    return { kind: 'failed', error: error instanceof Error ? (error.stack ?? error.name) : String(error) };
  }
}

port.on('message', (job: ValidateJob) => port.postMessage(answerTo(job)));
