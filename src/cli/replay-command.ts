/** `aureon replay`: the run of a capsule again; up to a moment, looked into, or with other futures. */
import type { Command } from 'commander';
import { EXIT, exitCodeOf } from '../cluster/result.ts';
import { type Capsule, capsuleJob } from '../lab/capsule.ts';
import { codeDigest } from '../lab/code-digest.ts';
import type { Job, JobOutcome } from '../lab/job.ts';
import { runPool } from '../lab/pool.ts';
import { branchCommand } from './branch-command.ts';
import { capsuleOf, readCase } from './case-file.ts';
import { grouped } from './format.ts';
import { createHtmlFile } from './html-report.ts';
import { lookCommand } from './look-command.ts';
import { type Output, type Palette, PLAIN_PALETTE } from './output.ts';
import { renderFailure, renderLine } from './render.ts';
import { parseReplayFlags, type ReplayFlags } from './replay-flags.ts';
import { commandWords, quoteShell } from './replay-line.ts';
import { planOf } from './run-plan.ts';
import { onSignals } from './signals.ts';
import { packageVersion } from './version.ts';

const HELP = `
Examples:
  aureon replay f.json                                 the same run, the same failure
  aureon replay f.json --until 31.5s --inspect n2      what n2 holds then: state, peers, mempool, locks
  aureon replay f.json --trace --hosts n0,n2 --kinds HeadChanged,Reorganised
  aureon replay f.json --trace --kinds host.timer      what the simulator itself did
  aureon replay f.json --branch 30s --seeds 1..200     the same past, 200 futures: how many fail
  aureon replay f.json --branch 10s..60s --every 5s    when did the failure become likely?
  aureon replay f.json --report f.html --beside f.passing.json
  aureon replay my.yaml --seed 17 --branch 30s         a scenario and a seed in place of a capsule

Exit codes: those of aureon run; 5 also when the code that made the capsule comes to another trace
hash. --until, --inspect, --trace and --branch answer 0 whatever they see.`;

/** Adds it to the program. */
export function addReplayCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  program
    .command('replay')
    .description('Repeat the run of a capsule: a failure that was kept, with every fault stated.')
    .argument('<file>', 'a capsule (.json), or a scenario file with --seed')
    .option('--seed <text>', 'of a scenario file: the seed')
    .option(
      '--set <path=value>',
      'of a scenario file: replace one value',
      (value: string, all?: readonly string[]) => [...(all ?? []), value],
    )
    .option('--bug <nn>', 'of a scenario file: honest hosts run that bug of the gallery')
    .option('--until <time>', 'stop at that simulated time, such as 31.5s')
    .option('--inspect <hosts>', 'what these hosts hold then, as JSON: n2, or n0,n2')
    .option('--trace', 'print what happens, a line an event')
    .option('--hosts <hosts>', 'with --trace: of these hosts alone')
    .option('--kinds <kinds>', 'with --trace: these kinds alone; with a dot, of the simulator itself')
    .option(
      '--branch <time>',
      'simulate other futures from that moment, or from each of a range such as 10s..60s',
    )
    .option('--every <time>', 'with a range of --branch: its step')
    .option('--seeds <from..to>', 'with --branch: the futures; default 1..200')
    .option('--keep-faults', 'with --branch: the faults after the moment stay; default: they are drawn anew')
    .option('--jobs <n>', 'worker threads; default: one a core')
    .option('--report <file.html>', 'write a page to look at the run')
    .option('--beside <file>', 'with --report: another capsule, shown beside it')
    .option('--json', 'JSON in place of text')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('(aureon replay --help lists the flags)')
    .action(async (file: string, flags: Readonly<Record<string, unknown>>) => {
      onExit(await replayCommand(parseReplayFlags(file, flags), output));
    });
}

async function replayCommand(flags: ReplayFlags, output: Output): Promise<number> {
  const named = readCase(flags.file, flags.named);
  const { signal, off } = onSignals(output);
  try {
    if (flags.untilUs !== undefined || flags.inspect.length > 0 || flags.trace !== undefined) {
      const job = named.kind === 'capsule' ? capsuleJob(flags.file, named.capsule) : named.job;
      return await lookCommand(job, flags, output, signal);
    }
    const capsule = await capsuleOf(named, signal);
    if (capsule === undefined) return EXIT.interrupted;
    return flags.branch === undefined
      ? await repeat(capsule, flags, output, signal)
      : await branchCommand(capsule, flags.branch, { ...flags, output, signal });
  } finally {
    off();
    output.clearProgress();
  }
}

/** The run again. Answers its exit code. */
async function repeat(
  capsule: Capsule,
  flags: ReplayFlags,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const job = capsuleJob(flags.file, capsule);
  let outcome: JobOutcome | undefined;
  await runPool([job], {
    jobs: 1,
    signal,
    onProgress: ({ running: [one] }) => {
      if (one !== undefined)
        output.progress(`replaying ${flags.file}: ${Math.floor(one.simulatedUs / 1_000_000)}s`);
    },
    onOutcome: (_, ended) => {
      outcome = ended;
    },
  });
  if (outcome === undefined) return EXIT.interrupted;
  const comparison = compare(capsule, outcome);
  const code = comparison.isBroken ? EXIT.nondeterminism : exitCodeOf(outcome.result.verdict);
  const ended = outcome;
  const withPage = async (path: string): Promise<number> => {
    const unwritten = await writePage(path, job, ended, { flags, output, signal });
    if (unwritten === undefined) return code;
    output.complain(`--report: ${unwritten}`);
    return code === EXIT.passed ? EXIT.usage : code;
  };
  if (flags.json) {
    const { verdict, ...rest } = outcome.result;
    output.print(
      JSON.stringify({ ...rest, verdict: verdict.kind, detail: verdict, exitCode: code, ...comparison }),
    );
    return flags.report === undefined ? code : await withPage(flags.report);
  }
  output.print(outcomeText(job, outcome, output.palette));
  output.print(comparison.lines.join('\n'));
  return flags.report === undefined ? code : await withPage(flags.report);
}

/** The words that repeat it. */
function replayText(file: string): string {
  return [...commandWords(import.meta.url, process.cwd(), 'replay'), file].map(quoteShell).join(' ');
}

/** A failure with everything that is known of it; of a run that passed its one line. */
function outcomeText(job: Job, outcome: JobOutcome, palette: Palette): string {
  const { result } = outcome;
  const style = {
    palette,
    nameWidth: result.scenario.length,
    showSeed: true,
    order: job.permuteTies,
  };
  if (result.fingerprint === undefined) return renderLine(outcome, style);
  const context = { version: packageVersion(), flags: [], records: undefined, palette };
  const replay = replayText(job.file);
  return [
    renderLine(outcome, style),
    renderFailure(result, { ...context, file: job.file, plan: planOf(job), replay }),
  ].join('\n');
}

/** Writes the page. Answers what could not be written. */
async function writePage(
  path: string,
  job: Job,
  outcome: JobOutcome,
  { flags, output, signal }: { flags: ReplayFlags; output: Output; signal: AbortSignal },
): Promise<string | undefined> {
  const other = flags.beside === undefined ? undefined : readCase(flags.beside);
  const beside = other?.kind === 'capsule' ? capsuleJob(flags.beside ?? '', other.capsule) : other?.job;
  const page = createHtmlFile(path, {
    output,
    madeBy: `Aureon ${packageVersion()}`,
    besideOf: () => beside,
    textOf: (of, result) => outcomeText(of, { ...outcome, result }, PLAIN_PALETTE),
    replayOf: ({ file }) => replayText(file),
  });
  page.add(job, outcome.result);
  return page.finish(signal);
}

interface Comparison {
  readonly sameCode: boolean;
  readonly sameHash: boolean;
  readonly sameFailure: boolean;
  /** The same code came to another run. */
  readonly isBroken: boolean;
  /** Of faults that were planned: how many took effect, now and when the capsule was made. */
  readonly faultsEffective: number;
  readonly faultsEffectiveThen: number;
  readonly faultsPlanned: number;
  readonly lines: readonly string[];
}

/** What is the same as when the capsule was made, in words too. */
function compare(capsule: Capsule, { result }: JobOutcome): Comparison {
  const { madeBy, failure } = capsule;
  const sameCode = madeBy.code === codeDigest();
  const sameHash = capsule.traceHash === result.traceHash;
  const sameFailure = failure.fingerprint === result.fingerprint;
  const faultsEffective = result.faults.reduce((sum, { effective }) => sum + effective, 0);
  const faultsPlanned = result.faults.reduce((sum, { planned }) => sum + planned, 0);
  const isBroken = sameCode && !sameHash;
  const now =
    result.fingerprint === undefined
      ? `it passes now; it failed then: ${failure.text}`
      : sameFailure
        ? 'it fails in the same way'
        : `it fails in another way (${result.fingerprint}); then: ${failure.fingerprint}`;
  const by = `aureon ${madeBy.version} on Node ${madeBy.node}, code ${madeBy.code}`;
  const lines = sameHash
    ? [
        `the same run as when the capsule was made (${by}): trace ${result.traceHash}, ${grouped(result.events)} events`,
        now,
      ]
    : [
        isBroken
          ? `NOT THE SAME RUN: the code that made the capsule came to trace ${capsule.traceHash}, and now to ${result.traceHash} (Node ${process.versions.node}; then ${madeBy.node})`
          : `another run than the capsule's: made by other code (${by}; this is ${codeDigest()}), trace ${capsule.traceHash} then, ${result.traceHash} now`,
        `of ${grouped(faultsPlanned)} planned faults ${grouped(faultsEffective)} took effect, ${grouped(capsule.effective)} then`,
        now,
      ];
  const faultsEffectiveThen = capsule.effective;
  return {
    sameCode,
    sameHash,
    sameFailure,
    isBroken,
    faultsEffective,
    faultsEffectiveThen,
    faultsPlanned,
    lines,
  };
}
