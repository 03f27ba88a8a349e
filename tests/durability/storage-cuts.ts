/** The node's storage without a node: killed, started again, killed, and then the power is cut, at hundreds of points in seconds. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spawnOwned } from '../support/tool.ts';
import { drawsOf, withSyncsIgnored } from './cuts.ts';
import { type BootCalls, type DiskRecord, diskRecordOf } from './disk-record.ts';
import { type Cut, LOSSES, rebuild } from './rebuild.ts';
import { writeFiles } from './restart.ts';
import { parseSystemCalls } from './system-calls.ts';
import { straceWords, thatHappened, tracedOf } from './trace.ts';

const PROGRAM = fileURLToPath(new URL('storage-program.ts', import.meta.url));
const BOOTS = 3;
/** Batches that are durable before each kill. */
const BATCHES = 14;
const SYNC_US = 8_000;
/** A busy program says late what is durable: a word stands on one of so many syncs before it. */
const LIES = 20;
const FOLDERS_AT_ONCE = 50;

/** What the program said, and when. */
interface Word {
  readonly at: number;
  /** Batches up to this number were seen by somebody, or called durable. */
  readonly number: number;
}

/** A recording of the program. */
interface StorageRecording {
  readonly disk: DiskRecord;
  readonly words: readonly Word[];
  readonly boots: readonly number[];
  readonly end: number;
}

/** Lines for people, and what is wrong. */
export interface StorageOutcome {
  readonly line: string;
  readonly wrong: readonly string[];
}

/** Cuts the power at so many points. Of the test of the tester as many as `planted`. */
export async function tryStorage(
  folder: string,
  cuts: number,
  planted: number,
  seed: string,
): Promise<StorageOutcome> {
  const recording = await record(join(folder, 'storage'));
  const chosen = Array.from({ length: cuts }, (_, i) => placeOf(recording, i, `${seed} storage ${i}`));
  const wrong = checkAll(
    folder,
    recording,
    chosen.map((cut) => ({ cut, disk: recording.disk })),
  );
  const lies = Array.from({ length: planted }, (_, i) => {
    const below = drawsOf(`${seed} storage planted ${i}`);
    const later = recording.words.slice(recording.words.length / 2);
    const { at } = later[below(later.length)] ?? { at: 0 };
    const cut: Cut = { at: at + 1, loss: 'all', below };
    return { cut, disk: { ...recording.disk, changes: withSyncsIgnored(recording.disk, cut.at, LIES) } };
  });
  const noticed = lies.filter((lie) => checkAll(folder, recording, [lie]).length > 0).length;
  if (noticed < planted) wrong.push(`storage: ${planted - noticed} ignored syncs were not noticed`);
  const { disk, words } = recording;
  const line = `storage alone, ${disk.changes.length} changes, ${disk.syncs.length} syncs, ${words.at(-1)?.number ?? 0} batches, ${BOOTS} boots: ${cuts} cuts, ${wrong.length} wrong; ${noticed} of ${planted} ignored syncs noticed`;
  return { line, wrong };
}

async function record(folder: string): Promise<StorageRecording> {
  mkdirSync(folder);
  const boots: BootCalls[] = [];
  const starts: number[] = [];
  let end = 0;
  for (let boot = 0; boot < BOOTS; boot++) {
    starts.push(end);
    const trace = `${folder}-trace-${boot}`;
    const [strace = '', ...words] = straceWords(trace, SYNC_US);
    const child = spawnOwned(strace, [...words, process.execPath, PROGRAM, 'write', join(folder, 'chain')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('the program has an output');
    let durable = 0;
    for await (const line of createInterface(child.stdout))
      if (line.startsWith('durable') && ++durable >= BATCHES) break;
    // A sync is on its way: the batches behind it are written.
    process.kill(tracedOf(child.pid ?? 0), 'SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const calls = parseSystemCalls(readFileSync(trace, 'latin1'), end);
    end = Math.max(end, ...calls.map(({ at, done }) => done ?? at)) + 1;
    boots.push({ calls: thatHappened(folder, [], boots, calls, end), end });
  }
  const disk = diskRecordOf(folder, [], boots);
  const said = disk.outputs.flatMap(({ bytes, at }) =>
    [
      ...Buffer.from(bytes)
        .toString('latin1')
        .matchAll(/^(?:seen|durable) (\d+)$/gm),
    ].map(([, number]) => {
      return { at, number: Number(number) };
    }),
  );
  return { disk, words: said, boots: starts, end };
}

/** Everywhere, right after a word, around a sync, and in the first moments of a boot and of the database. */
function placeOf({ disk, words, boots, end }: StorageRecording, i: number, seed: string): Cut {
  const below = drawsOf(seed);
  const first = disk.changes[0]?.at ?? 0;
  const from = boots[1 + below(BOOTS - 1)] ?? 0;
  const syncs = disk.syncs.filter(({ at }) => at > from);
  const places = [
    first + 1 + below(end - first),
    (words[below(words.length)]?.at ?? 0) + 1,
    (disk.syncs[below(disk.syncs.length)]?.done ?? 0) + below(2),
    (words.filter(({ at }) => at > from)[below(2)]?.at ?? 0) + 1,
    from + 1 + below((syncs[5]?.done ?? end) - from),
    // While the database is made.
    first + 1 + below((disk.syncs[3]?.done ?? end) - first),
  ];
  const loss = LOSSES[Math.floor(i / places.length) % LOSSES.length] ?? 'all';
  return { at: places[i % places.length] ?? end, loss, below };
}

interface Trial {
  readonly cut: Cut;
  readonly disk: DiskRecord;
}

function checkAll(folder: string, { words }: StorageRecording, trials: readonly Trial[]): string[] {
  const wrong: string[] = [];
  for (let from = 0; from < trials.length; from += FOLDERS_AT_ONCE) {
    const some = trials.slice(from, from + FOLDERS_AT_ONCE).map(({ cut, disk }, i) => {
      const path = join(folder, `storage-cut-${i}`);
      writeFiles(path, rebuild(disk.changes, cut), 'chain/data.mdb');
      return { cut, path, database: join(path, 'chain') };
    });
    const answers = answersOf(some.map(({ database }) => database));
    for (const { cut, path, database } of some) {
      const answer = answers.get(database);
      const owed = Math.max(0, ...words.filter(({ at }) => at < cut.at).map(({ number }) => number));
      const flaw = typeof answer === 'string' ? answer : flawOf(answer, owed);
      if (flaw !== undefined)
        wrong.push(`storage cut at ${cut.at}, ${cut.loss} of what was not synced is lost: ${flaw}`);
      rmSync(path, { recursive: true });
    }
  }
  return wrong;
}

interface Answer {
  readonly newest: number;
  readonly flaw?: string;
}

function flawOf(answer: Answer | undefined, owed: number): string | undefined {
  if (answer === undefined) return 'no answer';
  if (answer.flaw !== undefined) return answer.flaw;
  return answer.newest < owed
    ? `batch ${owed} was called durable, or said, and batch ${answer.newest} is the newest`
    : undefined;
}

/** A file that ends the program is told, and the others are read by a new one. */
function answersOf(databases: readonly string[]): ReadonlyMap<string, Answer | string> {
  const answers = new Map<string, Answer | string>();
  for (let rest = [...databases]; rest.length > 0; ) {
    const { stdout, stderr, signal, status } = spawnSync(process.execPath, [PROGRAM, 'check', ...rest], {
      encoding: 'utf8',
    });
    for (const line of stdout.split('\n').filter((text) => text !== '')) {
      const { folder, ...answer } = JSON.parse(line);
      answers.set(folder, answer);
    }
    rest = rest.filter((database) => !answers.has(database));
    const [culprit] = rest.splice(0, 1);
    if (culprit !== undefined)
      answers.set(
        culprit,
        `the storage ended with ${signal ?? status}: ${/^.*Error.*$/m.exec(stderr)?.[0] ?? stderr.slice(0, 200)}`,
      );
  }
  return answers;
}
