/** Builds the page of a report into one HTML file without any data: `node tools/build-report.mjs FILE`. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

const target = process.argv[2];
if (target === undefined) {
  console.error('node tools/build-report.mjs FILE: where the page is written');
  process.exit(2);
}
const path = resolve(target);
mkdirSync(dirname(path), { recursive: true });
// Beside its place, so that it takes it at once: two that build at a time do not meet a half of the other.
const work = mkdtempSync(join(dirname(path), '.page-'));
try {
  await build({
    root: fileURLToPath(new URL('../src/report/app', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    plugins: [viteSingleFile()],
    build: { outDir: work, emptyOutDir: false, target: 'es2023', reportCompressedSize: false },
  });
  renameSync(join(work, 'index.html'), path);
} finally {
  rmSync(work, { recursive: true, force: true });
}
