/** Where things stand in a YAML document: lines and columns of values and keys, and paths as text. */
import { type Document, isMap, isScalar, type LineCounter } from 'yaml';

/** One step down a document: a key, or an index of a list. */
export type PathPart = string | number;

/** `faults[0].at`. */
export function pathText(path: readonly PathPart[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  return text;
}

/** `faults[0].at` and `faults.0.at` alike; undefined when it is neither. */
export function parsePath(text: string): readonly PathPart[] | undefined {
  const parts = text.replaceAll(/\[(\d{1,6})\]/g, '.$1').split('.');
  if (parts.some((part) => !/^(?:[A-Za-z][A-Za-z0-9]*|\d{1,6})$/.test(part))) return undefined;
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Where things stand in the file. */
export class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;
  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  at(offset: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Start of the value at `path`, or of the nearest parent that exists. */
  value(path: readonly PathPart[]): { readonly line: number; readonly column: number } {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      const offset = rangeStart(node);
      if (offset !== undefined) return this.at(offset);
    }
    return { line: 1, column: 1 };
  }

  key(path: readonly PathPart[], key: string): { readonly line: number; readonly column: number } {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    if (isMap(map)) {
      for (const pair of map.items) {
        // A key that is a list or a mapping has no text of its own: zod names it as YAML would write it.
        const isIt = isScalar(pair.key) ? String(pair.key.value) === key : /^[[{]/.test(key);
        const offset = isIt ? rangeStart(pair.key) : undefined;
        if (offset !== undefined) return this.at(offset);
      }
    }
    return this.value(path);
  }
}

/** Offset at which a YAML node begins. */
export function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : undefined;
}
