/** Bundles the page and its worker, and with them the four floors, as a browser loads them. */
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ENTRIES = ['page', 'simulation-worker'];

/**
 * File name → module text.
 * @throws {Error} when something in it imports what only Node has, or the bundler finds anything to warn of.
 */
export async function bundlePage(): Promise<ReadonlyMap<string, string>> {
  const built = await build({
    configFile: false,
    envDir: false,
    publicDir: false,
    logLevel: 'silent',
    root: fileURLToPath(new URL('page', import.meta.url)),
    plugins: [{ name: 'no-node', enforce: 'pre', resolveId: (id, importer) => assertPortable(id, importer) }],
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      target: 'es2023',
      rolldownOptions: {
        input: ENTRIES.map((entry) => fileURLToPath(new URL(`page/${entry}.ts`, import.meta.url))),
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name].js' },
        onLog(level, log) {
          if (level === 'warn') throw new Error(`the bundler warns: ${log.message}`);
        },
      },
    },
  });
  if (!('output' in built)) throw new Error('the bundler answered with something else than one bundle');
  const scripts = built.output.flatMap((file) =>
    file.type === 'chunk' ? [[file.fileName, file.code] as const] : [],
  );
  return new Map(scripts);
}

function assertPortable(id: string, importer: string | undefined): undefined {
  if (isBuiltin(id)) throw new Error(`${importer ?? 'the page'} imports ${id}, which no browser has`);
  return undefined;
}
