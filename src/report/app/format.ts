/** Numbers on the page, the same for every reader. */

const ENGLISH = new Intl.NumberFormat('en');

/** `1,234,567`. */
export function grouped(value: number): string {
  return ENGLISH.format(value);
}

/** Digits of an id that are enough to tell it from others. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
