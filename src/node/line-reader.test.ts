import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineReader } from './line-reader.ts';

function read(max: number, ...chunks: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const reader = createLineReader(max, (line) => lines.push(new TextDecoder().decode(line)));
  for (const chunk of chunks) reader(new TextEncoder().encode(chunk));
  return lines;
}

describe('the reader of lines', () => {
  it('finds the same lines however the stream is cut', () => {
    const stream = 'one\n\ntwo\nthree\nrest';
    for (let at = 0; at <= stream.length; at++) {
      expect(read(9, stream.slice(0, at), stream.slice(at))).toEqual(['one', '', 'two', 'three']);
    }
    expect(read(9, ...stream.split(''))).toEqual(['one', '', 'two', 'three']);
  });

  it('gives up a line past the limit, keeps one byte more than that of it, and goes on with the next', () => {
    expect(read(3, 'abc\n', 'abcd\n', 'abcdefgh', 'ijkl', 'mn\n', 'xyz\n')).toEqual([
      'abc',
      'abcd',
      'abcd',
      'xyz',
    ]);
  });

  it('answers what splitting the whole stream does, cut short at the limit', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 60 });
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 8 }), fc.integer({ min: 0, max: 9 }), (chunks, max) => {
        const lines = chunks.join('').split('\n').slice(0, -1);
        expect(read(max, ...chunks)).toEqual(lines.map((line) => line.slice(0, max + 1)));
      }),
      { seed: 1 },
    );
  });
});
