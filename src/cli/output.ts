/** Where text goes: results to standard output, progress to a terminal's standard error only; colour only where it shows. */

import { systemCode } from './usage.ts';

/** Colours by meaning. Without colour each answers its text. */
export interface Palette {
  good(text: string): string;
  bad(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

export interface Output {
  readonly palette: Palette;
  /** One line, or several, to standard output. Nothing happens once its reader has gone away. */
  print(text: string): void;
  /** One line, or several, to standard error. */
  complain(text: string): void;
  /** Replaces the progress line; silent when standard error is no terminal. */
  progress(text: string): void;
  clearProgress(): void;
  /** Why standard output could not be written, as on a full disk; undefined when it could, or its reader went away. */
  lost(): string | undefined;
}

/** No colour at all. */
export const PLAIN_PALETTE: Palette = { good: (t) => t, bad: (t) => t, dim: (t) => t, bold: (t) => t };

/** Columns of a terminal that does not say. */
const COLUMNS = 80;

function ansi(code: number, end: number): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[${end}m`;
}

const COLOURED: Palette = { good: ansi(32, 39), bad: ansi(31, 39), dim: ansi(2, 22), bold: ansi(1, 22) };

/** What decides on colour. */
export interface ColourContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, which wins over what the stream says. */
export function wantsColour({ env, isTerminal }: ColourContext): boolean {
  const no = env['NO_COLOR'];
  if (no !== undefined && no !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

interface Writer {
  readonly write: (text: string) => void;
  /** What stopped it, when that was not its reader. */
  readonly problem: () => string | undefined;
}

/** A reader that closes early (`| head`) ends the printing, not the program: the verdict is still the exit code. */
function createWriter(stream: NodeJS.WriteStream): Writer {
  let isOver = false;
  let problem: string | undefined;
  const onError = (error: unknown): void => {
    isOver = true;
    const code = systemCode(error);
    if (code !== 'EPIPE') problem ??= code;
  };
  stream.on('error', onError);
  return {
    write(text) {
      if (isOver) return;
      try {
        stream.write(text);
      } catch (error) {
        onError(error);
      }
    },
    problem: () => problem,
  };
}

/** The process's own streams. */
export function createOutput(): Output {
  const { write, problem } = createWriter(process.stdout);
  const writeError = createWriter(process.stderr).write;
  const showsProgress = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  let shown = false;
  function clearProgress(): void {
    if (!shown) return;
    writeError('\r\u001b[K');
    shown = false;
  }
  return {
    palette: wantsColour({ env: process.env, isTerminal: process.stdout.isTTY === true })
      ? COLOURED
      : PLAIN_PALETTE,
    print(text) {
      clearProgress();
      write(`${text}\n`);
    },
    complain(text) {
      clearProgress();
      writeError(`${text}\n`);
    },
    progress(text) {
      if (!showsProgress) return;
      const columns = process.stderr.columns > 0 ? process.stderr.columns : COLUMNS;
      writeError(`\r\u001b[K${text.slice(0, columns - 1)}`);
      shown = true;
    },
    clearProgress,
    lost: problem,
  };
}
