/** How the records of a database go from the process of a node to that of its backup: a count, the entries, an end. */
import type { Entry } from '../../env/storage.ts';

/** First of a stream: how many records there are about, for whoever shows progress. */
const COUNT_BYTES = 8;
/** Before each entry: the length of its key (2 bytes) and of its value (4). No key is empty, so that none is the end. */
const HEAD_BYTES = 6;

export function encodeCount(count: number): Uint8Array {
  const bytes = Buffer.alloc(COUNT_BYTES);
  bytes.writeBigUInt64BE(BigInt(count));
  return bytes;
}

export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap(({ key, value }) => {
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt16BE(key.length);
      head.writeUInt32BE(value.length, 2);
      return [head, key, value];
    }),
  );
}

/** Without it a stream was cut off. */
export const STREAM_END: Uint8Array = new Uint8Array(HEAD_BYTES);

/** What came in one piece: whole entries. */
export interface StreamPiece {
  /** Undefined: not known yet. */
  readonly count: number | undefined;
  readonly entries: readonly Entry[];
  readonly isEnded: boolean;
}

/** Takes a stream apart, whatever its pieces. What comes behind its end is left out. */
export function createStreamReader(): (bytes: Uint8Array) => StreamPiece {
  let waiting: readonly Uint8Array[] = [];
  let waitingBytes = 0;
  /** So many bytes bring it on: a value of many pieces is put together once. */
  let neededBytes = COUNT_BYTES;
  let count: number | undefined;
  let isEnded = false;
  return (bytes) => {
    waiting = [...waiting, bytes];
    waitingBytes += bytes.length;
    const entries: Entry[] = [];
    if (waitingBytes >= neededBytes && !isEnded) {
      const all = Buffer.concat(waiting);
      let at = 0;
      if (count === undefined) {
        count = Number(all.readBigUInt64BE(0));
        at = COUNT_BYTES;
      }
      for (;;) {
        neededBytes = HEAD_BYTES;
        if (all.length - at < neededBytes) break;
        const keyEnd = at + HEAD_BYTES + all.readUInt16BE(at);
        isEnded = keyEnd === at + HEAD_BYTES;
        if (isEnded) break;
        const end = keyEnd + all.readUInt32BE(at + 2);
        neededBytes = end - at;
        if (all.length < end) break;
        entries.push({
          key: Uint8Array.from(all.subarray(at + HEAD_BYTES, keyEnd)),
          value: Uint8Array.from(all.subarray(keyEnd, end)),
        });
        at = end;
      }
      waiting = [all.subarray(at)];
      waitingBytes = all.length - at;
    }
    return { count, entries, isEnded };
  };
}
