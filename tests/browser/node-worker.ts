/** A thread of Node that runs tasks as a browser does, with native or with portable code. */
import { parentPort, workerData } from 'node:worker_threads';
import { createNativeSuite } from '../../src/lab/native-suite.ts';
import type { NodeWork } from './node-run.ts';
import { runTask } from './run-task.ts';

const { tasks, isNative } = workerData as NodeWork;
const suite = isNative ? createNativeSuite() : undefined;
for (const task of tasks) parentPort?.postMessage(runTask(task, suite, () => {}));
