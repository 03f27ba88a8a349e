/** Cuts a stream of bytes into lines; a line past the limit is given up without being kept. */

const LINE_FEED = 10;

/**
 * Answers a function that takes the chunks of one stream.
 * @param onLine gets each line without its end. Of a line longer than `lineMaxBytes` it gets the first
 *   `lineMaxBytes + 1` bytes, which a codec refuses by their number.
 */
export function createLineReader(
  lineMaxBytes: number,
  onLine: (line: Uint8Array) => void,
): (chunk: Uint8Array) => void {
  let parts: Uint8Array[] = [];
  let length = 0;

  function keep(part: Uint8Array): void {
    const room = lineMaxBytes + 1 - length;
    if (room <= 0 || part.length === 0) return;
    parts.push(part.subarray(0, room));
    length += Math.min(room, part.length);
  }

  return (chunk) => {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, to));
      const line = Buffer.concat(parts, length);
      parts = [];
      length = 0;
      onLine(new Uint8Array(line.buffer, line.byteOffset, line.length));
      from = to + 1;
    }
    keep(chunk.subarray(from));
  };
}
