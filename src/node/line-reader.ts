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

  /** Most lines lie in one chunk, and are not copied. */
  function take(): Uint8Array {
    const [first] = parts;
    if (parts.length <= 1) return first ?? new Uint8Array(0);
    const line = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      line.set(part, at);
      at += part.length;
    }
    return line;
  }

  return (chunk) => {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, to));
      const line = take();
      parts = [];
      length = 0;
      onLine(line);
      from = to + 1;
    }
    keep(chunk.subarray(from));
  };
}
