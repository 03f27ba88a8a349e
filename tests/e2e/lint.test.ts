/** Lint finds what the house forbids: each hazard is planted in a file of its own and must be found by its rule, and by no other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlantedTree, type PlantedTree, type ToolResult } from './planted-tree.ts';

interface Hazard {
  readonly name: string;
  readonly rule: string;
  /** Folder of the planted file; src/chain unless stated. */
  readonly folder?: string;
  readonly file?: string;
  readonly code: string;
}

const hazards: readonly Hazard[] = [
  {
    name: 'any',
    rule: 'typescript(no-explicit-any)',
    code: 'export function f(x: any): number { return x === 1 ? 1 : 0; }',
  },
  {
    name: 'a non-null assertion',
    rule: 'typescript(no-non-null-assertion)',
    code: 'export function f(x: number | undefined): number { return x!; }',
  },
  {
    name: 'a default export',
    rule: 'import(no-default-export)',
    code: 'export default function f(): number { return 1; }',
  },
  {
    name: 'a floating promise',
    rule: 'typescript(no-floating-promises)',
    folder: 'src/lab',
    code: 'async function g(): Promise<void> {}\nexport function f(): void { g(); }',
  },
  {
    name: 'a floating promise in a unit test',
    rule: 'typescript(no-floating-promises)',
    file: 'floating.test.ts',
    code: 'async function g(): Promise<void> {}\nexport function f(): void { g(); }',
  },
  {
    name: 'a switch that forgets a kind',
    rule: 'typescript(switch-exhaustiveness-check)',
    code: "export function f(x: 'a' | 'b'): number {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 0;\n}",
  },
  {
    name: 'console',
    rule: 'eslint(no-restricted-globals)',
    code: 'export const f = console;',
  },
  { name: 'Date', rule: 'eslint(no-restricted-globals)', code: 'export const f = (): number => Date.now();' },
  {
    name: 'performance',
    rule: 'eslint(no-restricted-globals)',
    code: 'export const f = (): number => performance.now();',
  },
  {
    name: 'global crypto',
    rule: 'eslint(no-restricted-globals)',
    code: 'export const f = (): unknown => crypto.subtle;',
  },
  {
    name: 'a timer',
    rule: 'eslint(no-restricted-globals)',
    folder: 'src/sim',
    code: 'export const f = (): unknown => setTimeout(() => undefined, 1);',
  },
  {
    name: 'queueMicrotask',
    rule: 'eslint(no-restricted-globals)',
    code: 'export const f = (): void => queueMicrotask(() => undefined);',
  },
  {
    name: 'process',
    rule: 'eslint(no-restricted-globals)',
    folder: 'src/env',
    code: 'export const f = (): unknown => process.env;',
  },
  {
    name: 'fetch',
    rule: 'eslint(no-restricted-globals)',
    code: "export const f = (): unknown => fetch('x');",
  },
  {
    name: 'Intl',
    rule: 'eslint(no-restricted-globals)',
    folder: 'src/cluster',
    code: 'export const f = (): unknown => new Intl.NumberFormat();',
  },
  {
    name: 'WeakRef',
    rule: 'eslint(no-restricted-globals)',
    code: 'export const f = (x: object): unknown => new WeakRef(x);',
  },
  {
    name: 'FinalizationRegistry',
    rule: 'eslint(no-restricted-globals)',
    code: 'export const f = (): unknown => new FinalizationRegistry(() => undefined);',
  },
  {
    name: 'globalThis',
    rule: 'eslint(no-restricted-globals)',
    code: 'export const f = (): unknown => globalThis;',
  },
  {
    name: 'Math.random',
    rule: 'aureon(pure-math)',
    code: 'export const f = (): number => Math.random();',
  },
  {
    name: 'a transcendental function',
    rule: 'aureon(pure-math)',
    code: 'export const f = (x: number): number => Math.log(x);',
  },
  {
    name: 'a transcendental function by destructuring',
    rule: 'aureon(pure-math)',
    code: 'const { exp } = Math;\nexport const f = (x: number): number => exp(x);',
  },
  {
    name: 'Math under another name',
    rule: 'aureon(pure-math)',
    code: 'const m = Math;\nexport const f = (x: number): number => m.exp(x);',
  },
  {
    name: '**',
    rule: 'aureon(no-exponent)',
    code: 'export const f = (x: number): number => x ** 2;',
  },
  {
    name: '**=',
    rule: 'aureon(no-exponent)',
    code: 'export function f(x: number): number { let y = x; y **= 2; return y; }',
  },
  {
    name: 'an async function',
    rule: 'aureon(no-async)',
    code: 'export async function f() { return 1; }',
  },
  {
    name: 'a promise in a type',
    rule: 'aureon(no-async)',
    code: 'export type F = Promise<number>;',
  },
  {
    name: 'a dynamic import',
    rule: 'aureon(no-async)',
    code: "export const f = (): unknown => import('../env/assert.ts');",
  },
  {
    name: 'localeCompare',
    rule: 'aureon(no-locale)',
    code: 'export const f = (a: string, b: string): number => a.localeCompare(b);',
  },
  {
    name: 'toLocaleLowerCase',
    rule: 'aureon(no-locale)',
    code: 'export const f = (a: string): string => a.toLocaleLowerCase();',
  },
  {
    name: 'normalize',
    rule: 'aureon(no-locale)',
    code: "export const f = (a: string): string => a.normalize('NFC');",
  },
  {
    name: 'the text of a caught error',
    rule: 'aureon(no-error-text)',
    folder: 'src/sim',
    code: "export function f(g: () => void): string {\n  try { g(); } catch (thrown) {\n    if (thrown instanceof Error) return thrown.message;\n  }\n  return '';\n}",
  },
  {
    name: 'the text of a value typed as an error',
    rule: 'aureon(no-error-text)',
    code: 'export const f = (reason: RangeError): string => reason.message;',
  },
  {
    name: 'the text of a narrowed value',
    rule: 'aureon(no-error-text)',
    code: "export const f = (x: unknown): string => (x instanceof Error ? x.message : '');",
  },
  {
    name: 'an error in a template',
    rule: 'aureon(no-error-text)',
    code: 'export const f = (error: RangeError): string => `failed: ${error}`;',
  },
  {
    name: 'the text of an error by destructuring',
    rule: 'aureon(no-error-text)',
    code: 'export function f(error: RangeError): string { const { message } = error; return message; }',
  },
  {
    name: 'a catch in the chain, which could swallow a StorageCrash',
    rule: 'aureon(no-try)',
    code: 'export function f(g: () => void): boolean { try { g(); return true; } catch { return false; } }',
  },
  {
    name: 'for…in',
    rule: 'aureon(no-for-in)',
    folder: 'src/cli',
    code: "export function f(x: object): string { let y = ''; for (const k in x) y += k; return y; }",
  },
  {
    name: 'sort() without a compare',
    rule: 'aureon(sort-compare)',
    code: 'export const f = (x: string[]): string[] => x.sort();',
  },
  {
    name: 'as',
    rule: 'aureon(no-type-assertion)',
    code: "export const f = (x: string): 'a' => x as 'a';",
  },
  {
    name: 'a barrel',
    rule: 'aureon(no-barrel)',
    code: "export { assert } from '../env/assert.ts';",
  },
  { name: 'a file without its sentence', rule: 'aureon(opening-sentence)', code: '' },
  {
    name: 'an import from a higher floor',
    rule: 'aureon(floors)',
    code: "import { clean } from '../cluster/clean.ts';\nexport const f = clean;",
  },
  {
    name: 'an import sideways',
    rule: 'aureon(floors)',
    folder: 'src/sim',
    code: "import type { Clean } from '../chain/clean.ts';\nexport type F = Clean;",
  },
  {
    name: 'an import from a higher floor in a unit test',
    rule: 'aureon(floors)',
    file: 'upward.test.ts',
    code: "import { clean } from '../cluster/clean.ts';\nexport const f = clean;",
  },
  {
    name: 'an import type expression from a higher floor',
    rule: 'aureon(floors)',
    code: "export type F = import('../cluster/clean.ts').Clean;",
  },
  {
    name: 'a value from a floor that lends only its types',
    rule: 'aureon(floors)',
    folder: 'src/report',
    code: "import { clean } from '../chain/clean.ts';\nexport const f = clean;",
  },
  {
    name: 'a built-in module of Node',
    rule: 'aureon(floors)',
    folder: 'src/cluster',
    code: "import { readFileSync } from 'node:fs';\nexport const f = readFileSync;",
  },
  {
    name: 'a package of another floor',
    rule: 'aureon(floors)',
    folder: 'src/sim',
    code: "import { sha256 } from '@noble/hashes/sha2.js';\nexport const f = sha256;",
  },
  {
    name: 'a test that runs alone',
    rule: 'vitest(no-focused-tests)',
    file: 'focused.test.ts',
    code: "import { expect, it } from 'vitest';\nit.only('stands.', () => { expect(1).toBe(1); });",
  },
  {
    name: 'a suppression that suppresses nothing',
    rule: 'unused-directive',
    code: '// oxlint-disable-next-line eqeqeq\nexport const f = 1;',
  },
];

const circles = {
  'src/chain/value-a.ts':
    "/** A circle. */\nimport { b } from './value-b.ts';\nexport const a = (): number => b();\n",
  'src/chain/value-b.ts':
    "/** A circle. */\nimport { a } from './value-a.ts';\nexport const b = (): number => a();\n",
  'src/chain/type-a.ts':
    "/** A circle. */\nimport type { B } from './type-b.ts';\nexport interface A { b: B }\n",
  'src/chain/type-b.ts':
    "/** A circle. */\nimport type { A } from './type-a.ts';\nexport interface B { a: A }\n",
};

const cleanText = `/** Clean: what the rules allow. */
import { assert } from '../env/assert.ts';

export interface Clean {
  readonly message: Uint8Array;
}

const ORDER = ['a', 'b'] as const;
const { imul } = Math;

/** Reads by index, sorts with a compare, uses exact Math, and a field that happens to be called message. */
export function clean(item: Clean, text: readonly string[]): string {
  assert(item.message.length > 0, 'an item has a message');
  const first = item.message[0] as number;
  const sorted = [...text].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const key of ORDER) sorted.push(key);
  const last = sorted.pop() as string;
  sorted.push(last);
  return \`\${sorted.join()}\${Math.sqrt(first)}\${imul(first, 2)}\`;
}

/** A decoder may assert. */
export function decodeKind(text: string): 'a' | undefined {
  return text.startsWith('a') ? (text as 'a') : undefined;
}
`;

function pathOf(hazard: Hazard, index: number): string {
  return `${hazard.folder ?? 'src/chain'}/${hazard.file ?? `hazard-${index}.ts`}`;
}

function textOf(hazard: Hazard): string {
  const sentence = hazard.rule === 'aureon(opening-sentence)' ? '' : '/** A hazard. */\n';
  return `${sentence}${hazard.code === '' ? 'export const f = 1;' : hazard.code}\n`;
}

interface Report {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly code?: string;
    readonly message: string;
  }[];
}

describe('lint', () => {
  let tree: PlantedTree;
  let result: ToolResult;
  const found = new Map<string, Set<string>>();

  beforeAll(() => {
    const copied = [
      'package.json',
      '.oxlintrc.json',
      'tools/lint',
      'tsconfig.base.json',
      'tests/tsconfig.json',
      'src/env',
    ];
    const floors = ['sim', 'chain', 'cluster', 'report', 'node', 'lab', 'cli'].map(
      (floor) => `src/${floor}/tsconfig.json`,
    );
    tree = createPlantedTree([...copied, ...floors], {
      'src/chain/clean.ts': cleanText,
      'src/cluster/clean.ts': cleanText,
      ...circles,
      ...Object.fromEntries(hazards.map((hazard, index) => [pathOf(hazard, index), textOf(hazard)])),
    });
    result = tree.run('oxlint', '--format=json');
    const report = JSON.parse(result.stdout) as Report;
    for (const { filename, code, message } of report.diagnostics) {
      const rule = code ?? (message.startsWith('Unused') ? 'unused-directive' : message);
      found.set(filename, (found.get(filename) ?? new Set()).add(rule));
    }
  });

  afterAll(() => tree.remove());

  it('fails when anything is found.', () => {
    expect(result.exitCode).toBe(1);
  });

  it.each(hazards.map((hazard, index) => ({ ...hazard, path: pathOf(hazard, index) })))(
    'finds, by $rule and nothing else, $name',
    ({ path, rule }) => {
      expect([...(found.get(path) ?? [])]).toEqual([rule]);
    },
  );

  it.each(Object.keys(circles))('finds the circle through %s, made of types alone or not.', (path) => {
    expect([...(found.get(path) ?? [])]).toEqual(['import(no-cycle)']);
  });

  it('passes clean code, in which a field may be called message.', () => {
    expect(found.get('src/chain/clean.ts')).toBeUndefined();
    expect(found.get('src/cluster/clean.ts')).toBeUndefined();
    expect(
      [...found.keys()].filter((path) => path.startsWith('src/env') && !path.includes('hazard')),
    ).toEqual([]);
  });
});
