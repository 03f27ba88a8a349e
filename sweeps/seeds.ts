/** Seeds of a sweep, as its command line names them. */

/** `1..200`: all of them; anything else: that one seed. @throws {TypeError} when the first is greater than the last. */
export function seedsOf(text: string): readonly string[] {
  const parts = /^(\d+)\.\.(\d+)$/.exec(text);
  if (parts === null) return [text];
  const from = Number(parts[1]);
  const to = Number(parts[2]);
  if (from > to) throw new TypeError(`--seeds ${text}: the first is greater than the last`);
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
}
