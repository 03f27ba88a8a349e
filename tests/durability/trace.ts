/** Runs a program under strace, and finds out what of it happened when it was killed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BootCalls, diskRecordOf, TRACED } from './disk-record.ts';
import { rebuild } from './rebuild.ts';
import type { SystemCall } from './system-calls.ts';

/** More threads than a node has were not seen inside a write when it was killed. */
const UNFINISHED_MAX = 6;

/** What stands before the program. @param syncUs each sync of data takes so long: what is not synced is there to be lost. */
export function straceWords(trace: string, syncUs: number): readonly string[] {
  return [
    ...['strace', '-f', '-qq', '--seccomp-bpf', '-y', '-xx', '-s', '67108864', '-o', trace],
    ...['-e', `trace=${TRACED.join(',')}`, '-e', `inject=fdatasync:delay_enter=${syncUs}`],
  ];
}

/** The process that strace runs. */
export function tracedOf(strace: number): number {
  const [child] = readFileSync(`/proc/${strace}/task/${strace}/children`, 'utf8').split(' ');
  if (child === undefined || child === '') throw new Error('strace runs a process');
  return Number(child);
}

/**
 * The calls of a boot without the writes that its kill forestalled: of those that it met, some may have happened. All that was
 * written, one after the other, must make the files that are there. @throws {Error} when it does not.
 */
export function thatHappened(
  folder: string,
  names: readonly string[],
  before: readonly BootCalls[],
  calls: readonly SystemCall[],
  end: number,
): readonly SystemCall[] {
  const cutOff = calls
    .filter(({ name, done }) => done === undefined && name.includes('write'))
    .slice(0, UNFINISHED_MAX);
  for (let choice = 0; choice < 2 ** cutOff.length; choice++) {
    const dropped = new Set(cutOff.filter((_, i) => Math.floor(choice / 2 ** i) % 2 === 1));
    const happened = calls.filter((call) => !dropped.has(call));
    const { changes } = diskRecordOf(folder, names, [...before, { calls: happened, end }]);
    const files = rebuild(changes, { at: end, loss: 'none', below: () => 0 });
    const isSame = [...files].every(
      ([name, content]) => content === undefined || readFileSync(join(folder, name)).equals(content),
    );
    if (isSame) return happened;
  }
  throw new Error('the record does not make the files that the program left');
}
