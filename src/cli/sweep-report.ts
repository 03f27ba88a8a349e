/** The end of a sweep: its tables, its last line and the lines that repeat or resume it; its exit code. */
import { EXIT, worstExitCode } from '../cluster/result.ts';
import type { Subject } from '../lab/sweep/subject.ts';
import type { FailureGroup, SweepSummary } from '../lab/sweep/summary.ts';
import { grouped, moment, plural } from './format.ts';
import { type Output, type Palette, PLAIN_PALETTE } from './output.ts';
import { commandWords, quoteShell } from './replay-line.ts';
import { keepCapsules } from './sweep-capsules.ts';
import type { SweepFlags } from './sweep-flags.ts';
import { roughTime } from './sweep-progress.ts';
import { renderCoverage, renderGroups } from './sweep-render.ts';

const MS_PER_HOUR = 3_600_000;

export interface FinishedSweep {
  readonly flags: SweepFlags;
  readonly subject: Subject;
  readonly folder: string;
  readonly summary: SweepSummary;
  /** Seeds that this call ran. */
  readonly ran: number;
  /** Seeds that are still to be run. */
  readonly left: number;
  readonly wallMs: number;
  /** Why seeds are left; undefined: none is. */
  readonly ended: 'interrupted' | 'minutes' | 'fail-fast' | undefined;
  readonly output: Output;
}

/** The line that goes on where this call ended. */
function resumeLine({ flags, folder }: FinishedSweep): string {
  const { from, to } = flags.seeds;
  const words = [
    ...commandWords(import.meta.url, process.cwd(), 'sweep'),
    ...(flags.file === undefined ? [] : [flags.file.startsWith('-') ? `./${flags.file}` : flags.file]),
    '--seeds',
    `${from}..${to}`,
    '--out',
    folder,
    ...(flags.queue === undefined ? [] : ['--queue', flags.queue]),
  ];
  return words.map(quoteShell).join(' ');
}

const WHY = {
  interrupted: 'interrupted',
  minutes: 'the time of --minutes was over',
  'fail-fast': '--fail-fast',
} as const;

function lastLine(sweep: FinishedSweep, problems: number, palette: Palette): string {
  const { totals, groups } = sweep.summary;
  const failed = totals.seeds - totals.passed;
  const parts = [
    totals.passed > 0 ? palette.good(`${grouped(totals.passed)} passed`) : '0 passed',
    failed > 0 ? palette.bad(`${grouped(failed)} failed in ${plural(groups.length, 'kind')}`) : '0 failed',
    ...(problems > 0 ? [palette.bad(`${plural(problems, 'demand')} on the whole sweep failed`)] : []),
    ...(sweep.left > 0 ? [`${grouped(sweep.left)} not run (${WHY[sweep.ended ?? 'interrupted']})`] : []),
  ];
  const pace =
    sweep.ran === 0
      ? sweep.left === 0
        ? 'nothing was left to run'
        : 'nothing was run'
      : `${plural(sweep.ran, 'seed')} in ${roughTime(sweep.wallMs)}, ${grouped((sweep.ran * MS_PER_HOUR) / sweep.wallMs)} seeds an hour`;
  const work = `${moment(Math.round(totals.simulatedUs / 1_000_000) * 1_000_000)} simulated, ${plural(totals.events, 'event')}, ${plural(totals.blocks, 'block')}; ${grouped(totals.isolated)} isolated, ${grouped(totals.twice)} twice`;
  return `${parts.join(', ')}  ${palette.dim(`${pace}; ${work}`)}`;
}

/** Keeps capsules, prints it all, and answers it as plain text. */
export async function finishSweep(
  sweep: FinishedSweep,
): Promise<{ readonly code: number; readonly text: string }> {
  const { flags, summary, output, left } = sweep;
  const isWhole = left === 0;
  const demands = isWhole
    ? summary.assertions.filter(({ problem }) => problem !== undefined).length + summary.neverInjected.length
    : 0;
  const code = worstExitCode([summary.runsExitCode, ...(demands > 0 ? [EXIT.safety] : [])]);
  const capsules = await keepCapsules(sweep);
  if (capsules.problem !== undefined) output.complain(capsules.problem);
  const howOf = (group: FailureGroup): readonly string[] => capsules.linesOf(group);
  const text = (palette: Palette, isQuiet: boolean): string =>
    [
      ...(isQuiet ? [] : renderCoverage(summary, isWhole, palette)),
      ...renderGroups(summary.groups, howOf, palette),
      lastLine(sweep, demands, palette),
      ...(isWhole ? [] : [`resume  ${resumeLine(sweep)}`]),
    ].join('\n');
  if (flags.json) output.print(JSON.stringify({ sweep: jsonOf(sweep, code, capsules.fileOf) }));
  else output.print(text(output.palette, flags.quiet));
  if (flags.json && !isWhole) output.complain(`resume  ${resumeLine(sweep)}`);
  return { code, text: text(PLAIN_PALETTE, false) };
}

function jsonOf(
  { subject, flags, folder, summary, ran, left, wallMs, ended }: FinishedSweep,
  exitCode: number,
  fileOf: (group: FailureGroup) => string | undefined,
): object {
  const { totals, groups, runsExitCode: _runs, ...rest } = summary;
  return {
    kind: subject.kind,
    name: subject.name,
    file: subject.file,
    seeds: flags.seeds,
    out: folder,
    exitCode,
    ...(ended === undefined ? {} : { ended }),
    ran,
    left,
    wallMs: Math.round(wallMs),
    totals,
    groups: groups.map((group) => ({ ...group, file: fileOf(group) })),
    ...rest,
  };
}
