/** Rules of the house style that can be told from one file. */

/** `/** … *\/` is the first thing in a file. */
export const openingSentence = {
  create(context) {
    return {
      Program(node) {
        const text = context.sourceCode.getText().replace(/^#!.*\n/, '');
        if (/^\/\*\*\s*(\*\s*)?\S/.test(text)) return;
        context.report({
          node,
          message: 'A file opens with one sentence that says what it is for: /** … */',
        });
      },
    };
  },
};

/** The path is the address: nothing is exported a second time from another file. */
export const noBarrel = {
  create(context) {
    const check = (node) => {
      if (node.source) context.report({ node, message: 'No barrels: import from the file that defines it.' });
    };
    return { ExportAllDeclaration: check, ExportNamedDeclaration: check };
  },
};

/** `for … in` walks inherited and integer-like keys in an order of their own. */
export const noForIn = {
  create(context) {
    return {
      ForInStatement(node) {
        context.report({ node, message: 'for…in: iterate arrays, Map and Set.' });
      },
    };
  },
};

/** `sort()` compares as text. */
export const sortCompare = {
  create(context) {
    return {
      CallExpression(node) {
        const { callee } = node;
        if (node.arguments.length > 0 || callee.type !== 'MemberExpression' || callee.computed) return;
        if (callee.property.name !== 'sort' && callee.property.name !== 'toSorted') return;
        context.report({
          node,
          message: `${callee.property.name}() compares as text: state a total compare.`,
        });
      },
    };
  },
};

/** Files that brand units, and those that turn bytes or text into types. */
const ASSERTING_FILES = /(^|[\\/])(units|[\w-]*codecs?)\.ts$|[\\/]layout[\\/]/;
/** What answers undefined only where there is nothing to read, as an index does. */
const ARRAY_READS = new Set(['at', 'pop', 'shift']);

/**
 * No `as`, but: `as const`; the read of an index (`a[i] as number`, `a.pop() as T`), whose undefined the compiler cannot exclude;
 * units.ts, codecs, layouts; and inside a decoder, which is a function named decode…, parse… or read….
 */
export const noTypeAssertion = {
  create(context) {
    if (ASSERTING_FILES.test(context.filename)) return {};
    return {
      TSAsExpression(node) {
        const { typeAnnotation, expression } = node;
        if (typeAnnotation.type === 'TSTypeReference' && typeAnnotation.typeName.name === 'const') return;
        if (isArrayRead(expression)) return;
        if (isInDecoder(node)) return;
        context.report({
          node,
          message: '`as` belongs in units.ts, decoders and index reads; narrow or construct instead.',
        });
      },
      TSTypeAssertion(node) {
        context.report({ node, message: 'Write a narrowing instead of <T>value.' });
      },
    };
  },
};

function isArrayRead(node) {
  if (node.type === 'MemberExpression') return node.computed;
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  return ARRAY_READS.has(node.callee.property.name);
}

function isInDecoder(node) {
  for (let at = node.parent; at; at = at.parent) {
    if (/Function/.test(at.type) && /^(decode|parse|read)([A-Z]|$)/.test(functionName(at) ?? '')) return true;
  }
  return false;
}

function functionName(node) {
  if (node.id) return node.id.name;
  const { parent } = node;
  if (parent?.type === 'VariableDeclarator') return parent.id.name;
  if (parent?.type === 'Property' || parent?.type === 'MethodDefinition') return parent.key.name;
  return undefined;
}
