/** Draws what a command printed in colour as an SVG: `FORCE_COLOR=1 npm start | node tools/terminal-picture.ts 'npm start' > picture.svg`. */
import { readFileSync } from 'node:fs';

const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 20;
const PADDING = 18;
const TITLE_HEIGHT = 34;
const BACKGROUND = '#14171f';
const TEXT = '#d8dee9';
/** SGR codes that the command line uses → what they change. Codes that end something stand in ENDS. */
const STYLES = new Map([
  ['1', 'font-weight="bold"'],
  ['2', 'opacity="0.6"'],
  ['31', 'fill="#ff7b72"'],
  ['32', 'fill="#7ee787"'],
]);
const ENDS = new Map([
  ['22', ['1', '2']],
  ['39', ['31', '32']],
]);

/** Select graphic rendition, as terminals obey it. */
const SGR = new RegExp(`${String.fromCharCode(27)}\\[(\\d+)m`, 'u');

/** Columns that a text takes: one a character, as none of ours is wide. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** One line as spans; every span starts at its own column, so that a font of another width shifts nothing. */
function spans(line: string): string {
  const on = new Set<string>();
  let column = 0;
  let drawn = '';
  for (const [i, part] of line.split(SGR).entries()) {
    if (i % 2 === 1) {
      for (const ended of ENDS.get(part) ?? []) on.delete(ended);
      if (STYLES.has(part)) on.add(part);
    } else if (part !== '') {
      const style = [...on].map((code) => STYLES.get(code)).join(' ');
      drawn += `<tspan x="${(PADDING + column * CELL_WIDTH).toFixed(1)}" ${style}>${escaped(part)}</tspan>`;
      column += widthOf(part);
    }
  }
  return drawn;
}

const [title = ''] = process.argv.slice(2);
const lines = readFileSync(0, 'utf8').trimEnd().split('\n');
const columns = Math.max(
  ...lines.map((line) =>
    widthOf(
      line
        .split(SGR)
        .filter((_, i) => i % 2 === 0)
        .join(''),
    ),
  ),
);
const width = Math.ceil(2 * PADDING + columns * CELL_WIDTH);
const height = TITLE_HEIGHT + 2 * PADDING + lines.length * LINE_HEIGHT;
const rows = lines.map((line, i) => {
  const y = TITLE_HEIGHT + PADDING + (i + 0.75) * LINE_HEIGHT;
  return `<text y="${y}" xml:space="preserve">${spans(line)}</text>`;
});
console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${TEXT}">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="10" fill="${BACKGROUND}"/>
<circle cx="22" cy="20" r="6" fill="#ff5f57"/><circle cx="42" cy="20" r="6" fill="#febc2e"/><circle cx="62" cy="20" r="6" fill="#28c840"/>
<text x="${width / 2}" y="25" text-anchor="middle" opacity="0.6">${escaped(title)}</text>
${rows.join('\n')}
</svg>`);
