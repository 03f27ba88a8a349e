/** `npm run bench`: every number of docs/performance.md, each comparison within one run. Names of sections choose some. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** One run of bench/scenario.ts, as it prints it. */
interface Run {
  readonly verdict: string;
  readonly simulatedS: number;
  readonly events: number;
  readonly wallS: number;
  readonly cpuS: number;
  readonly heapMb: number;
  readonly messages: number;
  readonly blocks: number;
}

interface Measured {
  readonly runs: readonly Run[];
  readonly peakMb: number;
}

const REPEATS = 5;
const SIZES = [100, 300, 600, 3_000, 10_000];
const VALIDATORS = 'bench/scenarios/validators.yaml';
const MANY = 'bench/scenarios/hundred-validators.yaml';
const COMMITTEES = [4, 7, 25, 50, 100];
const HOUR = 'bench/scenarios/five-nodes.yaml';

function node(...args: readonly string[]): string {
  return execFileSync(process.execPath, [...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function scenario(...args: readonly string[]): Measured {
  const text = node('--expose-gc', '--max-old-space-size=12000', 'bench/scenario.ts', ...args);
  const measured = JSON.parse(text) as Measured;
  const failed = measured.runs.find((run) => run.verdict !== 'passed');
  if (failed !== undefined) throw new Error(`${args.join(' ')}: ${failed.verdict}`);
  return measured;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function medianOf(measured: Measured, of: (run: Run) => number): number {
  return median(measured.runs.map(of));
}

function hour(name: string, ...args: readonly string[]): Measured {
  const measured = scenario(HOUR, '--repeat', String(REPEATS), ...args);
  const wall = medianOf(measured, (run) => run.simulatedS / run.wallS);
  const cpu = medianOf(measured, (run) => run.simulatedS / run.cpuS);
  const first = measured.runs[0];
  const alone = first === undefined ? 0 : first.simulatedS / first.wallS;
  console.log(
    `| ${name} | ${wall.toFixed(0)} | ${cpu.toFixed(0)} | ${alone.toFixed(0)} | ${measured.peakMb.toFixed(0)} MB |`,
  );
  return measured;
}

function validators(nodes: number, interval: string, signatures: string, transfers: string): void {
  const set = ['--set', `nodes=${nodes}`, '--set', `signatures=${signatures}`];
  set.push('--set', `chain.blockInterval=${interval}`, '--set', 'atLeast.blocks=40');
  if (transfers === 'none') set.push('--set', 'load=[]');
  const measured = scenario(VALIDATORS, '--repeat', String(REPEATS), ...set);
  const wall = medianOf(measured, (run) => run.simulatedS / run.wallS);
  const cpu = medianOf(measured, (run) => run.simulatedS / run.cpuS);
  console.log(
    `| ${nodes} | ${interval} | ${signatures} | ${transfers} | ${wall.toFixed(0)} | ${cpu.toFixed(0)} | ${measured.peakMb.toFixed(0)} MB |`,
  );
}

function votes(nodes: number): void {
  const measured = scenario(MANY, '--repeat', '3', '--set', `nodes=${nodes}`);
  const [first] = measured.runs;
  if (first === undefined) return;
  const messages = first.messages / first.blocks;
  const heights = median(measured.runs.map((run) => run.blocks / run.wallS));
  console.log(
    `| ${nodes} | ${messages.toFixed(0)} | ${(messages / (nodes * nodes)).toFixed(2)} | ${heights.toFixed(1)} | ${measured.peakMb.toFixed(0)} MB |`,
  );
}

function share(all: Measured, without: Measured): string {
  const whole = medianOf(all, (run) => run.cpuS / run.simulatedS);
  const rest = medianOf(without, (run) => run.cpuS / run.simulatedS);
  return `${(100 * (1 - rest / whole)).toFixed(0)} %`;
}

const SECTIONS: ReadonlyMap<string, () => unknown> = new Map([
  ['queue', () => console.log(node('bench/event-queue.ts').trim())],
  ['kernel', () => console.log(node('bench/kernel.ts').trim())],
  ['sweep', () => console.log(node('bench/sweep.ts').trim())],
  ['databases', () => console.log(node('bench/databases.ts').trim())],
  // In this process, which has what they start end with it.
  ['node', () => import('./node.ts')],
  ['events', () => import('./events.ts')],
  ['million', () => import('./million.ts')],
  [
    'hour',
    () => {
      console.log('| five nodes, one simulated hour | × wall | × CPU | first run × wall | peak |');
      console.log('|---|---|---|---|---|');
      const all = hour('real signatures');
      hour('modelled signatures', '--set', 'signatures=modelled');
      const unjudged = hour('no oracles', '--oracles', 'off');
      const untraced = hour('no trace', '--trace', 'off');
      const neither = hour('neither', '--oracles', 'off', '--trace', 'off');
      console.log(
        `Share of CPU: oracles ${share(all, unjudged)}, trace ${share(all, untraced)}, both ${share(all, neither)}`,
      );
    },
  ],
  [
    'validators',
    () => {
      console.log(
        '| validators, one simulated hour | a block every | signatures | transfers | × wall | × CPU | peak |',
      );
      console.log('|---|---|---|---|---|---|---|');
      for (const nodes of [4, 7]) {
        for (const signatures of ['real', 'modelled'])
          for (const transfers of ['1/s', 'none']) validators(nodes, '5s', signatures, transfers);
        for (const interval of ['10s', '30s', '60s']) validators(nodes, interval, 'modelled', 'none');
      }
    },
  ],
  [
    'votes',
    () => {
      console.log('| validators | messages a height | of n² | heights/s of wall | peak |');
      console.log('|---|---|---|---|---|');
      for (const nodes of COMMITTEES) votes(nodes);
    },
  ],
  [
    'internet',
    () => {
      const { runs, peakMb } = scenario('bench/scenarios/measured-600.yaml');
      for (const { events, wallS, cpuS } of runs) {
        const rate = (events / wallS / 1e6).toFixed(3);
        console.log(
          `600 nodes, 100 blocks: ${events} events, ${rate} M events/s, wall ${wallS.toFixed(1)} s, CPU ${cpuS.toFixed(1)} s, peak ${peakMb.toFixed(0)} MB`,
        );
      }
    },
  ],
  [
    'growth',
    () => {
      console.log('| nodes | events | wall | µs an event | peak | heap a node |');
      console.log('|---|---|---|---|---|---|');
      for (const nodes of SIZES) {
        const { runs, peakMb } = scenario('bench/scenarios/scale.yaml', '--set', `nodes=${nodes}`);
        for (const { events, wallS, heapMb } of runs) {
          const each = ((1e6 * wallS) / events).toFixed(1);
          const heap = ((1000 * heapMb) / nodes).toFixed(0);
          console.log(
            `| ${nodes} | ${events} | ${wallS.toFixed(1)} s | ${each} | ${peakMb.toFixed(0)} MB | ${heap} kB |`,
          );
        }
      }
    },
  ],
]);

const chosen = process.argv.slice(2);
for (const name of chosen)
  if (!SECTIONS.has(name))
    throw new Error(`no section '${name}'; there are ${[...SECTIONS.keys()].join(', ')}`);
console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}\n`);
for (const [name, run] of SECTIONS) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.log(`## ${name}`);
  await run();
  console.log('');
}
