/** The floor table of DESIGN.md holds for every import in src, whatever lint and the compiler are configured to say. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Folder → the lower floors that it may import. Pure floors list their packages, and those of their page; the others may use any. */
const TABLE: Readonly<
  Record<
    string,
    {
      readonly floors: readonly string[];
      readonly packages?: readonly string[];
      readonly app?: readonly string[];
    }
  >
> = {
  env: { floors: [], packages: [] },
  sim: { floors: ['env'], packages: ['seedrandom'] },
  chain: { floors: ['env'], packages: ['@noble/ed25519', '@noble/hashes'] },
  cluster: { floors: ['env', 'sim', 'chain'], packages: ['yaml', 'zod'] },
  report: { floors: ['env', 'sim', 'chain', 'cluster'], packages: [], app: ['preact', 'uplot'] },
  node: { floors: ['env', 'chain'] },
  lab: { floors: ['env', 'sim', 'chain', 'cluster', 'report', 'node'] },
  cli: { floors: ['env', 'sim', 'chain', 'cluster', 'report', 'node', 'lab'] },
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

/** Every specifier of `import … from`, `export … from`, `import '…'` and `import('…')`, in code and in types. */
function importsOf(file: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const pattern = /(?:\bfrom|\bimport\s*\(?)\s*(['"])([^'"\n]+)\1/g;
  return [...code.matchAll(pattern)].map((match) => ({ file, specifier: match[2] ?? '' }));
}

function floorOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function problemOf({ file, specifier }: Import): string | undefined {
  const floor = floorOf(file) ?? '';
  const allowed = TABLE[floor];
  if (allowed === undefined) return `${file}: src/${floor} stands in no row of the table`;
  const isTest = file.endsWith('.test.ts');
  if (!specifier.startsWith('.')) {
    if (isTest || allowed.packages === undefined) return undefined;
    const packages = file.startsWith(`src/${floor}/app/`) ? (allowed.app ?? []) : allowed.packages;
    const isAllowed = packages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    return isAllowed ? undefined : `${file}: ${specifier}`;
  }
  const target = posix.join(dirname(file), specifier);
  const targetFloor = floorOf(target);
  if (targetFloor === undefined) return isTest ? undefined : `${file}: ${specifier} leaves src`;
  return targetFloor === floor || allowed.floors.includes(targetFloor) ? undefined : `${file}: ${specifier}`;
}

function readImports(): Import[] {
  const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).map((path) => path.replaceAll('\\', '/'));
  return files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
}

describe('the floors', () => {
  it('import downwards only, and the pure ones only the packages of their row.', () => {
    const imports = readImports();
    expect(imports.length).toBeGreaterThan(10);
    expect(imports.map(problemOf).filter((problem) => problem !== undefined)).toEqual([]);
  });

  it.each([
    ['src/sim/a.ts', "import { x } from '../chain/b.ts';"],
    ['src/sim/deep/a.ts', "import type { x } from '../../chain/b.ts';"],
    ['src/chain/a.ts', "import {\n  x,\n} from '../cluster/b.ts';"],
    ['src/chain/a.ts', "export type X = import('../sim/b.ts').X;"],
    ['src/chain/a.ts', "export * from '../sim/b.ts';"],
    ['src/chain/a.ts', "import '../../tests/b.ts';"],
    ['src/env/a.ts', "import { readFileSync } from 'node:fs';"],
    ['src/cluster/a.ts', "import { readFileSync } from 'fs';"],
    ['src/cluster/a.ts', "import seedrandom from 'seedrandom';"],
    ['src/chain/a.test.ts', "import { x } from '../sim/b.ts';"],
    ['src/node/a.ts', "import { x } from '../cluster/b.ts';"],
    ['src/node/a.ts', "import { x } from '../lab/b.ts';"],
    ['src/report/a.ts', "import { render } from 'preact';"],
    ['src/report/app/a.tsx', "import { readFileSync } from 'node:fs';"],
    ['src/report/app/a.tsx', "import { x } from '../../lab/b.ts';"],
    ['src/attic/a.ts', "import { x } from '../env/b.ts';"],
  ])('would not hold with %s saying %s', (file, text) => {
    const imports = importsOf(file, text);
    expect(imports).toHaveLength(1);
    expect(imports.map(problemOf)).not.toContain(undefined);
  });
});
