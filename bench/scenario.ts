/** Runs one scenario a few times in this process and prints one line of JSON: what bench/main.ts starts. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createScenarioRun } from '../src/cluster/run.ts';
import { parseScenario } from '../src/cluster/scenario/parse.ts';
import type { Override } from '../src/cluster/scenario/read-yaml.ts';
import { createNativeSuite } from '../src/lab/native-suite.ts';

/** Events between two looks: as the workers of the CLI step. */
const SLICE_EVENTS = 20_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: 'string', multiple: true, default: [] },
    repeat: { type: 'string', default: '1' },
    oracles: { type: 'string', default: 'on' },
    trace: { type: 'string', default: 'on' },
  },
});
const file = positionals[0];
if (file === undefined) throw new Error('bench/scenario.ts <file> [--set path=value] [--repeat n]');
const overrides: Override[] = values.set.map((text) => {
  const at = text.indexOf('=');
  return { path: text.slice(0, at), value: text.slice(at + 1) };
});
const scenario = parseScenario(file, readFileSync(file, 'utf8'), overrides);
const nativeSuite = createNativeSuite();

function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

const runs = [];
for (let i = 0; i < Number(values.repeat); i++) {
  const heapBefore = heapMb();
  const from = performance.now();
  const cpuFrom = process.cpuUsage();
  const run = createScenarioRun(scenario, {
    seed: `bench-${i}`,
    nativeSuite,
    trace: values.trace === 'on',
    ...(values.oracles === 'on' ? {} : { oracles: [] }),
  });
  while (run.step(SLICE_EVENTS));
  const result = run.result();
  const wallS = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpuFrom);
  const heapAfter = heapMb();
  runs.push({
    verdict: result.verdict.kind,
    traceHash: result.traceHash,
    simulatedS: result.simulatedUs / 1e6,
    events: result.events,
    messages: result.messages,
    blocks: result.counts.blocks,
    transactions: result.counts.transactions,
    wallS,
    cpuS: (user + system) / 1e6,
    heapMb: heapAfter - heapBefore,
    // The run, and with it the heap that was measured, lives until here.
    heads: run.cluster.observation.heads.length,
  });
}
console.log(JSON.stringify({ runs, peakMb: process.resourceUsage().maxRSS / 1024 }));
