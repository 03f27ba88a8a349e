/** `aureon backup` and `aureon restore`, once their flags are read. */
import { existsSync } from 'node:fs';
import { EXIT } from '../cluster/result.ts';
import { backUp } from '../node/backup/backup.ts';
import type { BackupManifest } from '../node/backup/backup-manifest.ts';
import { type CopyProgress, type CopyWatch, INTERRUPTED } from '../node/backup/copy-watch.ts';
import { restoreBackup } from '../node/backup/restore.ts';
import { type FileProblem, isFileProblem } from '../node/file-problem.ts';
import { readChainFile } from '../node/genesis-file.ts';
import type { Flags } from './flags.ts';
import { grouped } from './format.ts';
import { refusal, used } from './node-flags.ts';
import { settingsOf } from './node-settings.ts';
import type { Output } from './output.ts';
import { onSignals } from './signals.ts';
import { packageVersion } from './version.ts';

/** A copy, or what it was made of, is damaged. */
const DAMAGED = 1;

/** Makes a backup; answers the exit code. @throws {UsageError} when a folder is no good. */
export async function backupCommand(target: string, flags: Flags, output: Output): Promise<number> {
  const { settings } = settingsOf(flags);
  const made = await watched(output, (watch) =>
    backUp(settings['node.data'], target, packageVersion(), watch),
  );
  return ended(made, output, (manifest) => `${target}: ${contentOf(manifest)}`);
}

/** Restores one; answers the exit code. @throws {UsageError} when a folder is no good. */
export async function restoreCommand(backup: string, flags: Flags, output: Output): Promise<number> {
  const { settings } = settingsOf(flags);
  const folder = settings['node.data'];
  const genesis = settings['node.genesis'];
  const isVouched = flags['vouch'] === true;
  const chain = existsSync(genesis) ? used(readChainFile(genesis)).id : undefined;
  const restored = await watched(output, (watch) =>
    restoreBackup({ backup, folder, chain, isVouched }, watch),
  );
  return ended(restored, output, (manifest) =>
    [
      `${folder}: ${contentOf(manifest)}`,
      isVouched
        ? 'as it was: you say that the key has signed nothing since'
        : 'a validator signs again when the chain is beyond what its key may have signed since; until then it follows',
    ].join('\n'),
  );
}

function contentOf({ head, bytes, records, chain }: BackupManifest): string {
  return `height ${grouped(head.height)}, ${grouped(records)} records, ${grouped(bytes)} bytes, block ${head.id}, chain ${chain}`;
}

async function watched<T>(output: Output, run: (watch: CopyWatch) => Promise<T>): Promise<T> {
  const signals = onSignals(output);
  try {
    return await run({ signal: signals.signal, onProgress: (progress) => output.progress(lineOf(progress)) });
  } finally {
    signals.off();
    output.clearProgress();
  }
}

function lineOf({ step, done, of }: CopyProgress): string {
  const percent = of === 0 ? 100 : Math.floor((100 * done) / of);
  return `${step}: ${grouped(done)} of ${grouped(of)} ${step === 'copying' || step === 'summing' ? 'bytes' : 'records'}, ${percent} %`;
}

function ended(
  result: BackupManifest | FileProblem | typeof INTERRUPTED,
  output: Output,
  text: (manifest: BackupManifest) => string,
): number {
  if (result === INTERRUPTED) {
    output.complain('interrupted: nothing is left of it');
    return EXIT.interrupted;
  }
  if (!isFileProblem(result)) {
    output.print(text(result));
    return EXIT.passed;
  }
  const problem = refusal(result);
  if (result.code !== 'DAMAGED') throw problem;
  output.complain(problem.message);
  return DAMAGED;
}
