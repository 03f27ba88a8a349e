/** `aureon shrink`: a failure cut down to the least that still fails in the same way, as a capsule and as a scenario file. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../cluster/result.ts';
import type { ScenarioFile } from '../cluster/scenario/schema.ts';
import { type Capsule, capsuleText } from '../lab/capsule.ts';
import { scenarioText } from '../lab/shrink/scenario-text.ts';
import type { ShrinkProgress } from '../lab/shrink/shrink.ts';
import { type Needed, type ShrunkCapsule, shrinkCapsule } from '../lab/shrink/shrink-capsule.ts';
import { capsuleOf, parseCaseFlags, readCase } from './case-file.ts';
import { type Flags, parseJobs, text, whole } from './flags.ts';
import { grouped, moment, plural } from './format.ts';
import type { Output } from './output.ts';
import { faultText } from './planned-faults.ts';
import { commandWords, quoteShell } from './replay-line.ts';
import { onSignals } from './signals.ts';
import { systemCode, UsageError } from './usage.ts';
import { packageVersion } from './version.ts';

/** Runs where nothing is said: minutes of two cores. */
const BUDGET = 1_000;
const BUDGET_MAX = 1_000_000;
/** Parts of which it is told what comes without them. */
const NEEDED_SHOWN = 12;

const HELP = `
Examples:
  aureon shrink f.json                        writes f.shrunk.json, .yaml and .passing.yaml
  aureon shrink f.json --out small --budget 200
  aureon shrink my.yaml --seed 17             a scenario and a seed in place of a capsule

The topology is held fixed; hosts that are left out are absent and keep their numbers. A step counts
only where the run fails in the same way: the same law, at the same kind of event, in the same role.
The .yaml fits scenarios/regressions/: it passes once the bug is gone.

Exit codes: 0 shrunk; 2 usage, or the run does not fail in its own way any more; 130 interrupted, with
what was reached by then written all the same.`;

/** Adds it to the program. */
export function addShrinkCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  program
    .command('shrink')
    .description('Cut a failure down to the least that still fails in the same way.')
    .argument('<file>', 'a capsule (.json), or a scenario file with --seed')
    .option('--seed <text>', 'of a scenario file: the seed')
    .option(
      '--set <path=value>',
      'of a scenario file: replace one value',
      (value: string, all?: readonly string[]) => [...(all ?? []), value],
    )
    .option('--bug <nn>', 'of a scenario file: honest hosts run that bug of the gallery')
    .option(
      '--out <name>',
      'writes <name>.json, <name>.yaml and <name>.passing.yaml; default: the name of the file with .shrunk',
    )
    .option('--budget <runs>', `runs at most; default ${BUDGET}`)
    .option('--jobs <n>', 'worker threads; default: one a core')
    .option('--json', 'one JSON object in place of text')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('(aureon shrink --help lists the flags)')
    .action(async (file: string, flags: Flags) => {
      onExit(await shrinkCommand(file, flags, output));
    });
}

/** Hosts that are started. */
function hostCount({ nodes, hosts = [] }: ScenarioFile): number {
  const absent = hosts.flatMap((rule) =>
    rule.absent === true && Array.isArray(rule.hosts) ? rule.hosts : [],
  );
  return nodes - new Set(absent).size;
}

/** What a run consists of, for one line. */
function sizeOf(file: ScenarioFile): readonly string[] {
  const { plan, load, duration, messageFaults } = file;
  return [
    plural(plan?.length ?? 0, 'fault'),
    plural(hostCount(file), 'host'),
    plural(load?.length ?? 0, 'load'),
    ...(messageFaults === undefined || messageFaults.length === 0
      ? []
      : [plural(messageFaults.length, 'message that suffers', 'messages that suffer')]),
    duration,
  ];
}

function progressText({ runs, trying, file }: ShrinkProgress, original: ScenarioFile): string {
  const before = sizeOf(original);
  const now = sizeOf(file);
  const sizes = now.map((size, i) =>
    before[i] === undefined || before[i] === size ? size : `${before[i]} → ${size}`,
  );
  return `shrinking, ${plural(runs, 'run')}: ${sizes.join(' · ')} · trying ${trying}`;
}

/** A part in words. */
function partText(file: ScenarioFile, { dimension, part }: Needed): string {
  if (dimension === 'faults') {
    const fault = file.plan?.[part];
    return fault === undefined ? '' : faultText(fault);
  }
  if (dimension === 'loads') return `load ${file.load?.[part]?.kind ?? ''}`;
  const message = file.messageFaults?.[part];
  if (message === undefined) return '';
  const { from, to, messageKind, ordinal, effect } = message;
  return `${messageKind} ${ordinal} from n${from} to n${to}: ${effect.kind}`;
}

function neededLines({ capsule, needed, nearest }: ShrunkCapsule): readonly string[] {
  const lines = needed.slice(0, NEEDED_SHOWN).map((one) => {
    const fate = one.passes ? 'without it the run passes' : `without it: ${one.fingerprint}`;
    return `  ${partText(capsule.scenario, one)}\n    ${fate}`;
  });
  const rest = needed.length - lines.length;
  return [
    ...(lines.length === 0 ? [] : ['what it takes:', ...lines]),
    ...(rest > 0 ? [`  and ${plural(rest, 'other part')}`] : []),
    ...(nearest === undefined
      ? ['nearest passing run: none by leaving out one fault, load or message']
      : [
          `nearest passing run: the same without ${partText(capsule.scenario, nearest.part)}`,
          ...(nearest.divergence === undefined
            ? []
            : [
                `  ${nearest.divergence.fact}`,
                ...nearest.divergence.detail
                  .split('\n')
                  .slice(0, 3)
                  .map((line) => `  ${line}`),
              ]),
        ]),
  ];
}

function comments({ failure, madeBy }: Capsule, shrunk: ShrunkCapsule): readonly string[] {
  const { nearest } = shrunk;
  return [
    `Found by aureon ${madeBy.version}, code ${madeBy.code}: ${failure.fingerprint}`,
    failure.text,
    ...(nearest === undefined ? [] : [`Passes without: ${partText(shrunk.capsule.scenario, nearest.part)}`]),
  ];
}

/** On top of the nearest run that passes. */
function passingComments({ capsule, nearest }: ShrunkCapsule): readonly string[] {
  const without = nearest === undefined ? '' : partText(capsule.scenario, nearest.part);
  return [`Passes: ${capsule.failure.fingerprint}`, `without: ${without}`];
}

function written(path: string, content: string): string {
  try {
    writeFileSync(path, content);
    return path;
  } catch (error) {
    throw new UsageError(`--out: ${path} cannot be written (${systemCode(error)})`);
  }
}

async function shrinkCommand(file: string, flags: Flags, output: Output): Promise<number> {
  const named = readCase(file, parseCaseFlags(flags));
  const budget = whole(flags, 'budget', '--budget', BUDGET_MAX) ?? BUDGET;
  const out = text(flags, 'out') ?? `${basename(file).replace(/\.(?:json|ya?ml)$/, '')}.shrunk`;
  if (out === '') throw new UsageError('--out: a file name was expected, got an empty one');
  const jobs = parseJobs(flags);
  const { signal, off } = onSignals(output);
  const startedMs = performance.now();
  try {
    const capsule = await capsuleOf(named, signal);
    if (capsule === undefined) return EXIT.interrupted;
    const shrunk = await shrinkCapsule(capsule, {
      jobs,
      budget,
      version: packageVersion(),
      signal,
      onProgress: (progress) => output.progress(progressText(progress, capsule.scenario)),
    });
    if (shrunk === undefined) {
      if (signal.aborted) return EXIT.interrupted;
      throw new UsageError(
        `${file}: the run does not fail in its own way on this code: ${capsule.failure.fingerprint}`,
      );
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const schema = '../../schemas/scenario.schema.json';
    const { nearest } = shrunk;
    const { scenario } = shrunk.capsule;
    const paths = [
      written(`${out}.json`, capsuleText(shrunk.capsule)),
      written(`${out}.yaml`, scenarioText(scenario, schema, comments(capsule, shrunk))),
      ...(nearest === undefined
        ? []
        : [written(`${out}.passing.yaml`, scenarioText(nearest.part.file, schema, passingComments(shrunk)))]),
    ];
    output.print(
      flags['json'] === true
        ? jsonOf(capsule, shrunk, seconds, paths)
        : report(capsule, shrunk, seconds, paths),
    );
    return signal.aborted ? EXIT.interrupted : EXIT.passed;
  } finally {
    off();
    output.clearProgress();
  }
}

function jsonOf(
  original: Capsule,
  { capsule, runs, isMinimal, needed }: ShrunkCapsule,
  seconds: number,
  files: readonly string[],
): string {
  const count = ({ scenario, events }: Capsule): object => ({
    faults: scenario.plan?.length ?? 0,
    hosts: hostCount(scenario),
    loads: scenario.load?.length ?? 0,
    duration: scenario.duration,
    events,
  });
  return JSON.stringify({
    fingerprint: capsule.failure.fingerprint,
    original: count(original),
    shrunk: count(capsule),
    runs,
    seconds: Math.round(10 * seconds) / 10,
    isMinimal,
    needed: needed.map((one) => ({ part: partText(capsule.scenario, one), passes: one.passes })),
    files,
  });
}

function report(
  original: Capsule,
  shrunk: ShrunkCapsule,
  seconds: number,
  [json = '', yaml = '', passing]: readonly string[],
): string {
  const { capsule, runs, isMinimal } = shrunk;
  const line = (name: string, { scenario, events }: Capsule): string =>
    `${name.padEnd(9)} ${[...sizeOf(scenario), `${grouped(events)} events`].join(' · ')}`;
  const end = isMinimal
    ? 'nothing more can be left out'
    : 'the budget, or you, ended it: more could perhaps be left out';
  const words = [...commandWords(import.meta.url, process.cwd(), 'replay'), json];
  return [
    `${capsule.failure.fingerprint} at ${moment(capsule.failure.atUs)}: ${capsule.failure.text}`,
    line('original', original),
    line('shrunk', capsule),
    `${plural(runs, 'run')} in ${seconds.toFixed(1)} s; ${end}`,
    ...neededLines(shrunk),
    `capsule   ${json}`,
    `scenario  ${yaml}`,
    ...(passing === undefined ? [] : [`passing   ${passing}`]),
    `replay    ${words.map(quoteShell).join(' ')}`,
  ].join('\n');
}
