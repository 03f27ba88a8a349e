/** Cuts a stream of bytes into lines; a line past its limit is told as soon as it is, and skipped to its end. */

const LINE_FEED = 10;
/** What is kept of a line at first; it doubles, so that a line of many small pieces costs no more than twice its bytes. */
const ROOM_MIN_BYTES = 1_024;
const NOTHING = new Uint8Array(0);

/**
 * Answers a function that takes the chunks of one stream.
 * @param lineMaxBytes of the line with this index, from 0 on.
 * @param onLine gets each line without its end; `isTooLong`: of a line that is longer than it may be, the first bytes, one more
 *   than that.
 */
export function createLineReader(
  lineMaxBytes: (index: number) => number,
  onLine: (line: Uint8Array, isTooLong: boolean) => void,
): (chunk: Uint8Array) => void {
  let room = NOTHING;
  let length = 0;
  let index = 0;
  let isSkipping = false;

  function keep(part: Uint8Array): void {
    const end = length + part.length;
    if (end > room.length) {
      const larger = new Uint8Array(Math.max(end, 2 * room.length, ROOM_MIN_BYTES));
      larger.set(room.subarray(0, length));
      room = larger;
    }
    room.set(part, length);
    length = end;
  }

  /** Of the line that is not whole yet. Most lines lie in one chunk, and are not copied. */
  function withKept(part: Uint8Array): Uint8Array {
    if (length === 0) return part;
    keep(part);
    const line = room.subarray(0, length);
    room = NOTHING;
    length = 0;
    return line;
  }

  /** A piece of a line: all of the rest, where it ends here. */
  function take(part: Uint8Array, isEnd: boolean): void {
    const maxBytes = lineMaxBytes(index);
    const isTooLong = !isSkipping && length + part.length > maxBytes;
    if (isTooLong) onLine(withKept(part.subarray(0, maxBytes + 1 - length)), true);
    else if (!isSkipping && isEnd) onLine(withKept(part), false);
    else if (!isSkipping && part.length > 0) keep(part);
    isSkipping = !isEnd && (isSkipping || isTooLong);
    if (isEnd) index++;
  }

  return (chunk) => {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      take(chunk.subarray(from, to), true);
      from = to + 1;
    }
    take(chunk.subarray(from), false);
  };
}
