/** A simulation worker, as a thread or as a process of its own: runs scenarios in slices, and says how far it is. */
import { parentPort } from 'node:worker_threads';
import type { ClusterOptions } from '../cluster/chain-setup.ts';
import { Recorder } from '../cluster/recorder.ts';
import type { Recording } from '../cluster/recording.ts';
import { resolveScenario } from '../cluster/resolve.ts';
import { createPlanRun, createScenarioRun, type ScenarioRun } from '../cluster/run.ts';
import { parseScenario } from '../cluster/scenario/parse.ts';
import type { MessageException } from '../sim/network/ports.ts';
import type { FromWorker, Job, JobOutcome, ToWorker } from './job.ts';
import { lookInto } from './look.ts';
import { MeteredRun } from './metered-run.ts';
import { createNativeSuite } from './native-suite.ts';
import { plantOf } from './plant.ts';
import { type ProbeRun, runProbed, withoutFaults } from './sweep/probes.ts';
import { withThrown } from './thrown-text.ts';

/** Events between two looks at the clock: about 50 ms of work. */
const SLICE_EVENTS = 20_000;
/** Wall time between two progress messages. */
const PROGRESS_EVERY_MS = 200;

interface OpenRun {
  readonly run: ScenarioRun;
  /** What the scenario shows, in its own words. */
  readonly shows: string;
  readonly startedMs: number;
  readonly messageFaults: MessageException[] | undefined;
}

/** Whoever started it: the main thread, or a process that forked it. */
interface Port {
  postMessage(message: FromWorker): void;
  on(event: 'message', listener: (message: ToWorker) => void): unknown;
}

function portOf(): Port {
  if (parentPort !== null) return parentPort;
  const send = process.send?.bind(process);
  if (send === undefined) throw new Error('worker.ts runs as a worker thread, or forked, only');
  process.on('disconnect', () => process.exit());
  return {
    postMessage: (message) => void send(message),
    on: (event, listener) => process.on(event, listener),
  };
}

const port = portOf();
const suite = createNativeSuite();
const open = new Map<number, OpenRun>();

function post(message: FromWorker): void {
  port.postMessage(message);
}

async function prepare(
  { job, without, watch }: ProbeRun,
  { watcher, meterOf }: Pick<ClusterOptions, 'watcher' | 'meterOf'> = {},
): Promise<OpenRun> {
  const plant = await plantOf(job);
  const scenario = job.scenario ?? parseScenario(job.file, job.source, job.overrides);
  const messageFaults: MessageException[] | undefined = job.keepsMessageFaults === true ? [] : undefined;
  const startedMs = performance.now();
  const { seed, isolate, permuteTies } = job;
  const options = {
    seed,
    isolate,
    permuteTies,
    nativeSuite: suite,
    ...(job.branch === undefined ? {} : { branch: job.branch }),
    ...(watcher === undefined ? {} : { watcher }),
    ...(meterOf === undefined ? {} : { meterOf }),
    ...(messageFaults === undefined
      ? {}
      : { onMessageFault: (fault: MessageException) => void messageFaults.push(fault) }),
    ...plant,
  };
  const run =
    without === undefined
      ? createScenarioRun(scenario, options)
      : createPlanRun(withoutFaults(resolveScenario(scenario, seed), without), options);
  watch?.(run.cluster);
  return { run, shows: scenario.shows, startedMs, messageFaults };
}

function finish({ run, startedMs, messageFaults }: OpenRun): JobOutcome {
  const result = withThrown(run.result(), run.thrown);
  const { branchHash } = run;
  return {
    result,
    wallMs: performance.now() - startedMs,
    ...(messageFaults === undefined ? {} : { messageFaults }),
    ...(branchHash === undefined ? {} : { branchHash }),
  };
}

async function runWhole(what: ProbeRun, onProgress: (run: ScenarioRun) => void): Promise<JobOutcome> {
  const opened = await prepare(what);
  let reportedMs = opened.startedMs;
  while (opened.run.step(SLICE_EVENTS)) {
    const nowMs = performance.now();
    if (nowMs - reportedMs < PROGRESS_EVERY_MS) continue;
    reportedMs = nowMs;
    onProgress(opened.run);
  }
  return finish(opened);
}

async function recordWhole(job: Job, onProgress: (run: ScenarioRun) => void): Promise<Recording> {
  const recorder = new Recorder();
  const { run, shows } = await prepare({ job }, { watcher: recorder });
  recorder.attach(run.cluster);
  while (run.step(SLICE_EVENTS)) onProgress(run);
  return recorder.recording(withThrown(run.result(), run.thrown), shows);
}

function opened(id: number): OpenRun {
  const run = open.get(id);
  if (run === undefined) throw new Error(`run ${id} is not open`);
  return run;
}

async function handle(message: ToWorker): Promise<void> {
  const { id } = message;
  const onProgress = (run: ScenarioRun): void =>
    post({ kind: 'progress', id, simulatedUs: run.nowUs, events: run.events });
  switch (message.kind) {
    case 'run': {
      const { job } = message;
      const run = (what: ProbeRun): Promise<JobOutcome> => runWhole(what, onProgress);
      const outcome = await (job.probes === undefined ? run({ job }) : runProbed(job, job.probes, run));
      return post({ kind: 'done', id, outcome });
    }
    case 'look': {
      const { run } = await prepare({ job: message.job });
      const seen = lookInto(run, message.look, (lines) => post({ kind: 'lines', id, lines }));
      return post({ kind: 'looked', id, seen });
    }
    case 'record': {
      const recording = await recordWhole(message.job, onProgress);
      return post({ kind: 'recorded', id, recording });
    }
    case 'meter': {
      const metered = new MeteredRun();
      const { run } = await prepare({ job: message.job }, { meterOf: (host) => metered.meterOf(host) });
      const text = await metered.run(run, () => onProgress(run));
      return post({ kind: 'metered', id, traceHash: run.traceHash, text });
    }
    case 'open': {
      if (message.warmUp !== undefined) await runWhole({ job: message.warmUp }, onProgress);
      open.set(id, await prepare({ job: message.job }));
      return post({ kind: 'stepped', id, more: true, hash: '', events: 0 });
    }
    case 'step': {
      const { run } = opened(id);
      const more = run.step(message.maxEvents);
      return post({ kind: 'stepped', id, more, hash: run.traceHash, events: run.events });
    }
    case 'records':
      return post({ kind: 'records', id, records: opened(id).run.cluster.simulator.trace.records() });
    case 'close': {
      const outcome = finish(opened(id));
      open.delete(id);
      return post({ kind: 'closed', id, outcome });
    }
  }
}

port.on('message', (message: ToWorker) => {
  handle(message).catch((error: unknown) => {
    const known = error instanceof Error;
    post({
      kind: 'failed',
      id: message.id,
      error: known ? `${error.name}: ${error.message}` : String(error),
      stack: known ? (error.stack ?? '') : '',
    });
  });
});
