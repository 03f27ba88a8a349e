/** knip finds what nothing uses: an export, a file, a dependency; and sees what the command and the workers do use. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlantedTree, type PlantedTree, type ToolResult } from './planted-tree.ts';

interface Named {
  readonly name: string;
}

interface Issue {
  readonly file: string;
  readonly files?: readonly Named[];
  readonly exports?: readonly Named[];
  readonly types?: readonly Named[];
  readonly dependencies?: readonly Named[];
}

describe('knip', () => {
  let tree: PlantedTree;
  let result: ToolResult;
  let issues: readonly Issue[];

  beforeAll(() => {
    const floors = ['env', 'sim', 'chain', 'cluster', 'report', 'node', 'lab', 'cli'];
    const configs = floors.map((floor) => `src/${floor}/tsconfig.json`);
    tree = createPlantedTree(
      ['package.json', 'knip.json', 'tsconfig.base.json', 'tsconfig.json', 'tools/node', ...configs],
      {
        'src/cli/main.ts': "/** M. */\nimport { alive } from '../env/part.ts';\nalive();\n",
        'src/env/part.ts':
          '/** P. */\nexport interface Options { readonly x: number }\nexport interface Dead { readonly x: number }\n' +
          'export function alive(options?: Options): number { return options?.x ?? 1; }\nexport const dead = 2;\n',
        'src/sim/dead-file.ts': '/** D. */\nexport const x = 1;\n',
        'src/lab/worker.ts': "/** W. */\nimport { parse } from 'yaml';\nparse('');\n",
      },
    );
    result = tree.run('knip', '--reporter=json');
    ({ issues } = JSON.parse(result.stdout) as { issues: readonly Issue[] });
  });

  afterAll(() => tree.remove());

  function names(kind: 'files' | 'exports' | 'types' | 'dependencies'): string[] {
    return issues.flatMap((issue) => issue[kind] ?? []).map(({ name }) => name);
  }

  it('fails when anything is found.', () => {
    expect(result.exitCode).toBe(1);
  });

  it('finds the dead export and the dead type, and nothing that is used.', () => {
    expect(names('exports')).toEqual(['dead']);
    expect(names('types')).toEqual(['Dead']);
  });

  it('finds the dead file, and not the worker that is started by its path.', () => {
    expect(names('files')).toEqual(['src/sim/dead-file.ts']);
  });

  it('finds the unused dependencies.', () => {
    expect(names('dependencies')).toContain('seedrandom');
    expect(names('dependencies')).not.toContain('yaml');
  });
});
