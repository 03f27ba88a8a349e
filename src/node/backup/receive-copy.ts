/** The copy of a database whose node runs: asked for at the node's door, and written as it comes. */
import { connect, type Socket } from 'node:net';
import type { Entry } from '../../env/storage.ts';
import { codeOf, type FileProblem } from '../file-problem.ts';
import { createLmdbCopy, type LmdbCopy } from '../storage/lmdb-copy.ts';
import { doorOf } from './copy-door.ts';
import { createStreamReader } from './copy-stream.ts';
import { type CopyWatch, INTERRUPTED } from './copy-watch.ts';

const LOOPBACK = '127.0.0.1';
/** A node that is busy writes nothing for a while; one that stands still gives no copy. */
const SILENCE_MS = 60_000;
/** Written in one transaction. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Into a folder that is there and empty; undefined: it is whole. @param folder of the node. @throws {Error} of the system. */
export async function receiveCopy(
  folder: string,
  into: string,
  watch: CopyWatch,
): Promise<FileProblem | typeof INTERRUPTED | undefined> {
  const door = doorOf(folder);
  if (door === undefined) return closedProblem(folder);
  const socket = connect({ host: LOOPBACK, port: door.port, signal: watch.signal });
  socket.setTimeout(SILENCE_MS, () => socket.destroy());
  socket.write(door.token);
  const copy = createLmdbCopy(into);
  let isWhole: boolean | undefined;
  try {
    isWhole = await write(socket, copy, watch);
  } finally {
    socket.destroy();
    await copy.close();
  }
  if (watch.signal.aborted) return INTERRUPTED;
  if (isWhole === undefined) return closedProblem(folder);
  return isWhole
    ? undefined
    : {
        code: 'ABSENT',
        what: `${folder}: its node ended, or gave nothing for a minute, before all of its database was here`,
        advice: 'the same once more',
      };
}

/** False: it was cut off; undefined: nobody gave anything. @throws {Error} of the disk. */
async function write(
  socket: Socket,
  copy: LmdbCopy,
  { onProgress }: CopyWatch,
): Promise<boolean | undefined> {
  const read = createStreamReader();
  let batch: Entry[] = [];
  let batchBytes = 0;
  let done = 0;
  let of: number | undefined;
  const add = (): void => {
    if (batch.length > 0) copy.add(batch);
    done += batch.length;
    batch = [];
    batchBytes = 0;
    onProgress({ step: 'receiving', done, of: Math.max(of ?? 0, done) });
  };
  for await (const chunk of piecesOf(socket)) {
    const piece = read(chunk);
    of = piece.count;
    for (const entry of piece.entries) {
      batch.push(entry);
      batchBytes += entry.key.length + entry.value.length;
    }
    if (piece.isEnded || batchBytes >= BATCH_BYTES) add();
    if (piece.isEnded) return true;
  }
  return of === undefined ? undefined : false;
}

/** Until the connection is over, however it is. */
async function* piecesOf(socket: Socket): AsyncGenerator<Uint8Array> {
  try {
    yield* socket;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

function closedProblem(folder: string): FileProblem {
  return {
    code: 'IN_USE',
    what: `${folder}: another process has this data folder, and gives no copy of it: it starts, or it is a backup or a check of a stopped node`,
    advice: 'a node that runs, or that process ended',
  };
}
