/** System calls of a process, as `strace -f -y -xx` writes them down: each with the moments at which it began and ended. */

/** One call that a process made. */
export interface SystemCall {
  readonly name: string;
  /** As strace prints them, without the parentheses. */
  readonly args: string;
  /** Place of its beginning among all beginnings and ends; nothing of it happened before. */
  readonly at: number;
  /** Place of its end: all of it has happened. Undefined: the process was killed inside. */
  readonly done: number | undefined;
  /** What follows the equals sign; empty where the process was killed inside. */
  readonly result: string;
}

const LINE = /^(\d+) +(.*)$/s;
const RESUMED = /^<\.\.\. (\w+) resumed>/;
const UNFINISHED = ' <unfinished ...>';
const BEGINNING = /^(\w+)\(/;

interface Open {
  readonly name: string;
  readonly text: string;
  readonly at: number;
}

/**
 * Reads what strace wrote of one process.
 * @param from place of the first beginning.
 * @throws {Error} where a line is none of strace's, or a string was cut.
 */
export function parseSystemCalls(text: string, from = 0): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, Open>();
  let place = from;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, thread = '', rest = ''] = LINE.exec(line) ?? fail('strace: no line of a process', line);
    place++;
    if (rest.startsWith('+++') || rest.startsWith('---')) continue;
    const resumed = RESUMED.exec(rest);
    if (resumed === null && rest.endsWith(UNFINISHED)) {
      const [, name = ''] = BEGINNING.exec(rest) ?? fail('strace: no call', line);
      open.set(thread, { name, text: rest.slice(0, -UNFINISHED.length), at: place });
      continue;
    }
    const begun = resumed === null ? undefined : open.get(thread);
    open.delete(thread);
    // Of a call that began before strace was attached, nothing is known.
    if (resumed !== null && begun === undefined) continue;
    const whole = begun === undefined ? rest : begun.text + rest.slice(resumed?.[0].length);
    calls.push(callOf(whole, begun?.at ?? place, ++place));
  }
  for (const { name, text: begun, at } of open.values())
    calls.push({ name, args: begun.slice(name.length + 1), at, done: undefined, result: '' });
  return calls.sort((a, b) => a.at - b.at);
}

function callOf(text: string, at: number, done: number): SystemCall {
  const [, name = ''] = BEGINNING.exec(text) ?? fail('strace: no call', text);
  const end = text.lastIndexOf(' = ');
  if (end < 0) fail('strace: a call without a result', text);
  const args = text.slice(name.length + 1, text.lastIndexOf(')', end));
  if (args.includes('"...')) fail('strace: a string was cut, -s is too small', text);
  const result = text.slice(end + 3);
  // Killed while it ran: strace does not know.
  if (result.startsWith('?')) return { name, args, at, done: undefined, result: '' };
  return { name, args, at, done, result };
}

function fail(what: string, line: string): never {
  throw new Error(`${what}: ${line.slice(0, 200)}`);
}

/** The number that a call answered; -1 for an error. */
export function answerOf({ result }: SystemCall): number {
  return Number(/^-?\d+/.exec(result)?.[0] ?? -1);
}

/** A descriptor with its path, as -y adds it: of the first argument, or of a result. */
export function descriptorOf(text: string): { readonly fd: number; readonly path: string } | undefined {
  const found = /^(\d+)<([^>]*)>/.exec(text);
  return found === null ? undefined : { fd: Number(found[1]), path: textOf(found[2] ?? '') };
}

/** Every string among the arguments, as bytes. */
export function stringsOf(args: string): readonly Uint8Array[] {
  return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) => bytesOf(hex));
}

/** The text that -xx wrote in hexadecimal; what is none stays. */
function textOf(text: string): string {
  return text.startsWith('\\x') ? Buffer.from(bytesOf(text)).toString('utf8') : text;
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll('\\x', ''), 'hex'));
}
