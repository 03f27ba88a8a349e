/** The walls hold without lint: an import that points up or sideways, or a timer in the core, does not compile. */
import { afterEach, describe, expect, it } from 'vitest';
import { createPlantedTree, type PlantedFiles, type PlantedTree } from './planted-tree.ts';

const clean: PlantedFiles = {
  'src/env/base.ts': '/** Base. */\nexport const base: number = 1;\n',
  'src/sim/part.ts':
    "/** Part. */\nimport { base } from '../env/base.ts';\nexport const sim: number = base;\n",
  'src/chain/part.ts':
    "/** Part. */\nimport { base } from '../env/base.ts';\nexport const chain: number = base;\n",
  'src/cluster/part.ts':
    "/** Part. */\nimport { chain } from '../chain/part.ts';\nimport { sim } from '../sim/part.ts';\nexport const cluster: number = chain + sim;\n",
};

describe('tsc -b', () => {
  let tree: PlantedTree | undefined;

  afterEach(() => tree?.remove());

  function compile(floor: string, planted: PlantedFiles): { exitCode: number; codes: string[] } {
    const configs = ['env', 'sim', 'chain', 'cluster'].map((name) => `src/${name}/tsconfig.json`);
    tree = createPlantedTree(['package.json', 'tsconfig.base.json', ...configs], { ...clean, ...planted });
    const { exitCode, stdout } = tree.run('tsc', '-b', `src/${floor}`);
    return { exitCode, codes: [...new Set(stdout.match(/TS\d+/g))] };
  }

  it('compiles imports that point down.', () => {
    expect(compile('cluster', {})).toEqual({ exitCode: 0, codes: [] });
  });

  it('refuses an import sideways: sim → chain.', () => {
    const result = compile('sim', {
      'src/sim/bad.ts':
        "/** Bad. */\nimport { chain } from '../chain/part.ts';\nexport const bad: number = chain;\n",
    });
    expect(result.exitCode).not.toBe(0);
    expect(result.codes).toEqual(expect.arrayContaining(['TS6059', 'TS6307']));
  });

  it('refuses an import upwards, even of a type: chain → cluster.', () => {
    const result = compile('chain', {
      'src/chain/bad.ts':
        "/** Bad. */\nimport type { cluster } from '../cluster/part.ts';\nexport type Bad = typeof cluster;\n",
    });
    expect(result.exitCode).not.toBe(0);
    expect(result.codes).toEqual(expect.arrayContaining(['TS6059', 'TS6307']));
  });

  it.each(['setTimeout(() => undefined, 1)', 'console', 'process', "fetch('x')", 'performance'])(
    'knows no %s in the chain.',
    (expression) => {
      const result = compile('chain', {
        'src/chain/bad.ts': `/** Bad. */\nexport const bad: unknown = ${expression};\n`,
      });
      expect(result.exitCode).not.toBe(0);
      expect(result.codes.filter((code) => /^TS(2304|2584|2591|2552|2580)$/.test(code))).toHaveLength(1);
    },
  );
});
