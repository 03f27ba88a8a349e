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

/**
 * No `as`, but: `as const`; the read of an index (`a[i] as number`), which noUncheckedIndexedAccess leaves open; units.ts; and
 * inside a decoder, which is a function named decode…, parse… or read….
 */
export const noTypeAssertion = {
  create(context) {
    if (/(^|[\\/])units\.ts$/.test(context.filename)) return {};
    return {
      TSAsExpression(node) {
        const { typeAnnotation, expression } = node;
        if (typeAnnotation.type === 'TSTypeReference' && typeAnnotation.typeName.name === 'const') return;
        if (expression.type === 'MemberExpression' && expression.computed) return;
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
