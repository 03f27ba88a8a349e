import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineReader } from './line-reader.ts';

function read(max: number, ...chunks: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const reader = createLineReader(
    () => max,
    (line) => lines.push(new TextDecoder().decode(line)),
  );
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

  it('tells a line past the limit before its end, once', () => {
    expect(read(3, 'abcd')).toEqual(['abcd']);
    expect(read(3, 'ab', 'c', 'd', 'efgh', 'i\n', 'x')).toEqual(['abcd']);
  });

  it('has a limit for each line by its place', () => {
    const told: [string, boolean][] = [];
    const reader = createLineReader(
      (index) => (index < 2 ? 2 : 5),
      (line, isTooLong) => told.push([new TextDecoder().decode(line), isTooLong]),
    );
    reader(new TextEncoder().encode('ab\nabcdef\nabcde\nabcdefg\n'));
    expect(told).toEqual([
      ['ab', false],
      ['abc', true],
      ['abcde', false],
      ['abcdef', true],
    ]);
  });

  it('needs no more than twice the bytes of a line that comes one by one', () => {
    let whole = 0;
    const reader = createLineReader(
      () => 30_000,
      (line) => {
        whole = line.buffer.byteLength;
      },
    );
    for (let i = 0; i < 20_000; i++) reader(Uint8Array.of(97));
    reader(Uint8Array.of(10));
    expect(whole).toBeGreaterThanOrEqual(20_000);
    expect(whole).toBeLessThanOrEqual(40_000);
  });

  it('answers what splitting the whole stream does, cut short at the limit', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 60 });
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 8 }), fc.integer({ min: 0, max: 9 }), (chunks, max) => {
        const lines = chunks.join('').split('\n');
        const rest = lines.pop() ?? '';
        const told = rest.length > max ? [...lines, rest] : lines;
        expect(read(max, ...chunks)).toEqual(told.map((line) => line.slice(0, max + 1)));
      }),
      { seed: 1 },
    );
  });
});
