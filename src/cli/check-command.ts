/** `aureon check`, once its flags are read: verifies a folder, and tells what is wrong with it. */
import { EXIT } from '../cluster/result.ts';
import type { CheckReport } from '../node/check/check-folder.ts';
import type { Finding, Remedy } from '../node/check/findings.ts';
import { runCheck } from '../node/check/open-checked.ts';
import { isFileProblem } from '../node/file-problem.ts';
import { readChainFile } from '../node/genesis-file.ts';
import { createNativeSignatures } from '../node/signatures/native-signatures.ts';
import type { Flags } from './flags.ts';
import { grouped, plural } from './format.ts';
import { refusal, used } from './node-flags.ts';
import { settingsOf } from './node-settings.ts';
import type { Output } from './output.ts';

/** Something is wrong, and stays wrong. */
const DAMAGED = 1;
/** Findings that are printed one by one; --json has all. */
const PRINTED_MAX = 200;

const REMEDIES: Readonly<Record<Remedy, string>> = {
  repair: '--repair writes it anew or removes it',
  node: 'the node brings it back when it starts, from its peers where it must',
  none: 'nothing here brings it back: restore a backup, or sync into an empty folder',
};

/** Checks; answers the exit code. @throws {UsageError} when a folder or a setting is no good. */
export async function checkCommand(given: string | undefined, flags: Flags, output: Output): Promise<number> {
  const { settings } = settingsOf(flags);
  const folder = given ?? settings['node.data'];
  const report = await runCheck({
    folder,
    chain: used(readChainFile(settings['node.genesis'])),
    settings,
    suite: createNativeSignatures(),
    isRepairing: flags['repair'] === true,
    onProgress: (text) => output.progress(text),
  });
  output.clearProgress();
  if (isFileProblem(report)) {
    if (report.code !== 'DAMAGED') throw refusal(report);
    output.complain(refusal(report).message);
    return DAMAGED;
  }
  const left = report.findings.filter(({ isRepaired }) => !isRepaired).length + report.beyond;
  if (flags['json'] === true) output.print(JSON.stringify({ folder, ...report, left }));
  else output.print(textOf(folder, report, left).join('\n'));
  return left === 0 ? EXIT.passed : DAMAGED;
}

function textOf(folder: string, report: CheckReport, left: number): readonly string[] {
  const { findings, beyond, records, executed, runs, base, prunedBelow, head } = report;
  const printed = findings.slice(0, PRINTED_MAX);
  const hidden = findings.length - printed.length + beyond;
  const repaired = findings.length - findings.filter(({ isRepaired }) => !isRepaired).length;
  const lines = printed.map(findingText);
  if (hidden > 0)
    lines.push(`and ${plural(hidden, 'finding')} more (--json has ${grouped(findings.length)})`);
  lines.push(
    `${folder}: ${plural(records, 'record')}, ${plural(executed, 'block')} executed again, head ${head === undefined ? 'not known' : `${grouped(head.height)} ${head.id}`}`,
  );
  const ranges = runs.map(([from, to]) => `${grouped(from)} to ${grouped(to)}`).join(', ');
  if (base > 0 && (runs[0]?.[0] !== 1 || runs[0][1] !== base))
    lines.push(
      `not every block up to the base at height ${grouped(base)} could be executed again: ${ranges === '' ? 'none' : ranges}${prunedBelow > 0 ? `; blocks below ${grouped(prunedBelow)} were deleted by store.bodies` : ''}`,
    );
  if (repaired > 0) lines.push(`${plural(repaired, 'record')} repaired`);
  lines.push(left === 0 ? 'nothing is wrong' : `${plural(left, 'record')} wrong`);
  for (const remedy of ['repair', 'node', 'none'] as const) {
    const count = findings.filter((one) => !one.isRepaired && one.remedy === remedy).length;
    if (count > 0) lines.push(`  ${grouped(count)}: ${REMEDIES[remedy]}`);
  }
  return lines;
}

function findingText({ record, key, height, what, isRepaired }: Finding): string {
  const where = height === undefined ? '' : ` at height ${grouped(height)}`;
  return `${isRepaired ? 'repaired: ' : ''}${record}${where}, key ${key}: ${what}`;
}
