/** Where text goes: results to standard output, progress to a terminal's standard error only; colour only where it shows. */

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
  /** Replaces the progress line; silent when standard error is no terminal. */
  progress(text: string): void;
  clearProgress(): void;
}

const PLAIN: Palette = { good: (t) => t, bad: (t) => t, dim: (t) => t, bold: (t) => t };

function ansi(code: number): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}

const COLOURED: Palette = { good: ansi(32), bad: ansi(31), dim: ansi(2), bold: ansi(1) };

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, which wins over what the stream says. */
function wantsColour(): boolean {
  const no = process.env['NO_COLOR'];
  if (no !== undefined && no !== '') return false;
  const force = process.env['FORCE_COLOR'];
  if (force !== undefined && force !== '' && force !== '0') return true;
  return process.stdout.isTTY === true && process.env['TERM'] !== 'dumb';
}

/** The process's own streams. A reader that closes early (`| head`) ends the printing, not the program. */
export function createOutput(): Output {
  let readerGone = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    readerGone = true;
  });
  const showsProgress = process.stderr.isTTY === true;
  let shown = false;
  function clearProgress(): void {
    if (!shown) return;
    process.stderr.write('\r\u001b[K');
    shown = false;
  }
  return {
    palette: wantsColour() ? COLOURED : PLAIN,
    print(text) {
      clearProgress();
      if (!readerGone) process.stdout.write(`${text}\n`);
    },
    progress(text) {
      if (!showsProgress) return;
      const width = process.stderr.columns ?? 80;
      process.stderr.write(`\r\u001b[K${text.slice(0, width - 1)}`);
      shown = true;
    },
    clearProgress,
  };
}
