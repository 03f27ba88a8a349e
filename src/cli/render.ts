/** A run's outcome as text for people. */

import { exitCodeOf, type RunResult } from '../cluster/result.ts';
import { formatSecondsUs } from '../cluster/scenario/duration.ts';
import { assertNever } from '../env/assert.ts';
import type { Job, JobOutcome } from '../lab/job.ts';
import type { Palette } from './output.ts';
import { replayLine } from './replay-line.ts';

/** `1,234,567`: digits in groups of three, whatever the locale. */
export function grouped(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function plural(count: number, one: string, many: string): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

function faultSummary(result: RunResult): string {
  return result.faults
    .filter((fault) => fault.planned > 0)
    .map((fault) => `${fault.kind} ${fault.effective}/${fault.planned}`)
    .join(', ');
}

/** One line: what ran, how long, what happened. */
export function renderLine(outcome: JobOutcome, palette: Palette, showSeed: boolean): string {
  const { result, wallMs } = outcome;
  const passed = exitCodeOf(result.verdict) === 0;
  const mark = passed ? palette.good('✓') : palette.bad('✗');
  const name = result.scenario.padEnd(26);
  const seed = showSeed ? ` seed ${result.seed}` : '';
  const simulated = formatSecondsUs(Math.round(result.simulatedUs / 100_000) * 100_000);
  const ratio = wallMs > 0 ? ` (${grouped(result.simulatedUs / 1_000 / wallMs)}x)` : '';
  const facts = [
    plural(result.counts.blocks, 'block', 'blocks'),
    ...(result.counts.reorgs > 0 ? [plural(result.counts.reorgs, 'reorg', 'reorgs')] : []),
    ...(faultSummary(result) === '' ? [] : [faultSummary(result)]),
  ];
  const time = palette.dim(`${simulated} in ${(wallMs / 1_000).toFixed(1)}s${ratio}`);
  return `${mark} ${name}${seed} ${time}  ${facts.join(' · ')}`;
}

function renderVerdict(result: RunResult): readonly string[] {
  const { verdict } = result;
  switch (verdict.kind) {
    case 'passed':
      return ['passed'];
    case 'violated': {
      const { violation } = verdict;
      const who = violation.hosts.length === 0 ? '' : ` by ${violation.hosts.join(', ')}`;
      return [
        `${violation.kind} violated: ${violation.oracle} (${violation.rule})${who} at ${formatSecondsUs(violation.atUs)}`,
        `  ${violation.fact}`,
      ];
    }
    case 'unexpectedPass':
      return [`nothing was violated, but the scenario expects: ${verdict.expected}`];
    case 'tooLittle':
      return [
        'too little happened, so that the run proves nothing:',
        ...verdict.missing.map(
          (item) => `  atLeast.${item.what}: ${item.wanted} wanted, ${item.got} counted`,
        ),
      ];
    case 'crashed':
      return [
        `crashed: ${verdict.host} at ${formatSecondsUs(verdict.atUs)}: ${verdict.error}`,
        ...verdict.stack
          .split('\n')
          .filter((line) => line.trim().startsWith('at '))
          .slice(0, 12),
      ];
    case 'nondeterminism':
      return [`two runs of one seed differ: ${verdict.fact}`, verdict.detail];
    default:
      return assertNever(verdict);
  }
}

/** Everything that is known of a failure, and the line that repeats it. */
export function renderFailure(job: Job, result: RunResult, verify: boolean, palette: Palette): string {
  const parameters = [
    `scenario ${result.scenario} (${job.file})`,
    `seed ${result.seed}`,
    ...job.overrides.map((override) => `${override.path}=${override.value}`),
    ...(job.isolate ? ['isolated hosts'] : []),
    ...(job.permuteTies > 0 ? [`tie order ${job.permuteTies}`] : []),
  ].join(' · ');
  const lines = [
    palette.bad(palette.bold(`FAILED ${result.scenario} seed ${result.seed}`)),
    ...renderVerdict(result).map((line) => `  ${line}`),
    `  parameters: ${parameters}`,
    `  faults: ${faultSummary(result) === '' ? 'none' : faultSummary(result)}`,
    ...result.notes.map((note) => `  note: ${note}`),
  ];
  if (result.lastEvents.length > 0) {
    lines.push('  last events:');
    for (const event of result.lastEvents) {
      lines.push(`    ${formatSecondsUs(event.atUs).padStart(14)}  ${event.host.padEnd(6)} ${event.text}`);
    }
  }
  lines.push(
    `  trace hash: ${result.traceHash === '' ? '(none)' : result.traceHash}`,
    `  replay: ${replayLine(job, verify)}`,
  );
  return lines.join('\n');
}
