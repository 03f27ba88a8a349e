/** A program of its own that makes so many backups of a data folder, one after the other, and says what each came to. */
import { join } from 'node:path';
import { backUp } from '../../src/node/backup/backup.ts';

const [, , folder = '', into = '', count = '0'] = process.argv;
const watch = { onProgress: () => undefined, signal: new AbortController().signal };
for (let i = 0; i < Number(count); i++)
  process.stdout.write(`${JSON.stringify(await backUp(folder, join(into, `${i}`), 'test', watch))}\n`);
