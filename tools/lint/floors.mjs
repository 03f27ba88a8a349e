/** The walls between the floors: an import points down only, never up, never sideways; the table of DESIGN.md. */
import { builtinModules } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

/** What a floor may import: lower floors, those of which only types, packages ('any' with node built-ins), and those of its page alone. */
const FLOORS = new Map([
  ['env', { floors: [], types: [], packages: [] }],
  ['sim', { floors: ['env'], types: [], packages: ['seedrandom'] }],
  ['chain', { floors: ['env'], types: [], packages: ['@noble/ed25519', '@noble/hashes'] }],
  ['cluster', { floors: ['env', 'sim', 'chain'], types: [], packages: ['yaml', 'zod'] }],
  ['report', { floors: ['env'], types: ['sim', 'chain', 'cluster'], packages: [], app: ['preact', 'uplot'] }],
  ['node', { floors: ['env', 'chain'], types: [], packages: 'any' }],
  ['lab', { floors: ['env', 'sim', 'chain', 'cluster', 'report', 'node'], types: [], packages: 'any' }],
  [
    'cli',
    { floors: ['env', 'sim', 'chain', 'cluster', 'report', 'node', 'lab'], types: [], packages: 'any' },
  ],
]);

const BUILTINS = new Set(builtinModules);

export const floors = {
  create(context) {
    const path = relative(context.cwd, context.filename).split(sep).join('/');
    const floor = floorOf(path);
    if (floor === undefined) return {};
    const isTest = path.endsWith('.test.ts');
    const check = (source, typeOnly) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const problem = problemOf(path, floor, source.value, typeOnly, isTest);
      if (problem !== undefined) context.report({ node: source, message: problem });
    };
    return {
      ImportDeclaration: (node) => check(node.source, node.importKind === 'type'),
      ExportNamedDeclaration: (node) => check(node.source, node.exportKind === 'type'),
      ExportAllDeclaration: (node) => check(node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node.source, false),
      TSImportType: (node) => check(node.source, true),
    };
  },
};

/** Why the import breaks the table; undefined when it does not. A unit test may use any package, but no higher floor. */
function problemOf(path, floor, specifier, typeOnly, isTest) {
  const allowed = FLOORS.get(floor);
  if (allowed === undefined) return `src/${floor} is no floor.`;
  if (!specifier.startsWith('.')) return isTest ? undefined : packageProblem(path, floor, allowed, specifier);
  const target = join(dirname(path), specifier).split(sep).join('/');
  const targetFloor = floorOf(target);
  if (targetFloor === floor || allowed.floors.includes(targetFloor)) return undefined;
  if (targetFloor === undefined)
    return isTest ? undefined : `${floor} imports from outside of src: ${target}.`;
  if (!allowed.types.includes(targetFloor)) return `${floor} may not import from ${targetFloor}.`;
  return typeOnly ? undefined : `${floor} may import only types from ${targetFloor}: write \`import type\`.`;
}

function packageProblem(path, floor, allowed, specifier) {
  if (allowed.packages === 'any') return undefined;
  if (specifier.startsWith('node:') || BUILTINS.has(specifier)) {
    return `${floor} runs in a browser too: no built-in module of Node (${specifier}).`;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const packages = path.startsWith(`src/${floor}/app/`) ? (allowed.app ?? []) : allowed.packages;
  return packages.includes(name) ? undefined : `${floor} may not import the package ${name}.`;
}

function floorOf(path) {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}
