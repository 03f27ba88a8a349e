/** Rules of the floors that a simulation runs: nothing whose result an engine, a machine or the real world decides. */

/** What IEEE 754 or the language defines to the last bit; all else of Math differs between engines, or is random. */
const EXACT_MATH = new Set(
  'abs ceil clz32 floor fround imul max min round sign sqrt trunc E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2'.split(
    ' ',
  ),
);

/** `Math` may be used for its exact functions alone, as `Math.name` or `const { name } = Math`. */
export const pureMath = {
  create(context) {
    return {
      Identifier(node) {
        if (node.name !== 'Math' || !context.sourceCode.isGlobalReference(node)) return;
        for (const name of mathNames(node)) {
          if (name !== undefined && EXACT_MATH.has(name)) continue;
          const what = name === undefined ? 'Math as a value' : `Math.${name}`;
          const message = `${what} is not the same on every engine; use integers and tables.`;
          context.report({ node: node.parent, message });
        }
      },
    };
  },
};

/** What is read of Math at this place; undefined for what cannot be told. */
function mathNames(node) {
  const { parent } = node;
  if (parent.type === 'MemberExpression' && parent.object === node) return [propertyName(parent)];
  if (parent.type !== 'VariableDeclarator' || parent.id.type !== 'ObjectPattern') return [undefined];
  return parent.id.properties.map((property) =>
    property.type === 'Property' && !property.computed ? property.key.name : undefined,
  );
}

/** No `**`: it is Math.pow, which was measured to differ between engines. */
export const noExponent = {
  create(context) {
    const check = (node) => {
      if (node.operator !== '**' && node.operator !== '**=') return;
      context.report({
        node,
        message: `${node.operator} is Math.pow, which differs between engines; multiply or shift.`,
      });
    };
    return { BinaryExpression: check, AssignmentExpression: check };
  },
};

/** No async function, await, Promise or dynamic import: the order of micro-tasks is not the simulator's. */
export const noAsync = {
  create(context) {
    const report = (node, what) =>
      context.report({
        node,
        message: `${what}: here everything runs to completion, and answers come by callback.`,
      });
    const checkFunction = (node) => {
      if (node.async) report(node, 'async function');
    };
    return {
      FunctionDeclaration: checkFunction,
      FunctionExpression: checkFunction,
      ArrowFunctionExpression: checkFunction,
      AwaitExpression: (node) => report(node, 'await'),
      ForOfStatement(node) {
        if (node.await) report(node, 'for await');
      },
      ImportExpression: (node) => report(node, 'import()'),
      Identifier(node) {
        if (/^(Promise|PromiseLike|PromiseConstructor)$/.test(node.name)) report(node, node.name);
      },
    };
  },
};

/** No string operation whose result depends on the locale or on the engine's edition of Unicode. */
export const noLocale = {
  create(context) {
    return {
      MemberExpression(node) {
        const name = propertyName(node);
        if (name === undefined || !/^(localeCompare|toLocale[A-Z]\w*|normalize)$/.test(name)) return;
        context.report({
          node,
          message: `${name} depends on the locale or the edition of Unicode; compare code units.`,
        });
      },
    };
  },
};

/** No try in the chain: a StorageCrash passes through to the host, and what a peer did wrong is a value. */
export const noTry = {
  create(context) {
    return {
      TryStatement(node) {
        context.report({
          node,
          message: 'try: a StorageCrash must reach the host; what can go wrong is a value.',
        });
      },
    };
  },
};

/** What an error says about itself is the engine's: its text and stack differ from version to version. */
const ERROR_TEXT = new Set(['message', 'stack', 'toString']);
const ERROR_NAME = /^(e|ex|err|error|exception|cause)$|(Error|Exception|Crash)$/;

/**
 * No reading of an error's text. An error is: what a catch clause binds; what is declared, created, narrowed or asserted as
 * …Error, …Exception or …Crash; what is named like one.
 */
export const noErrorText = {
  create(context) {
    const { sourceCode } = context;
    const narrowed = new Set();
    const reads = [];
    const isError = (node) => {
      if (node.type === 'TSAsExpression' || node.type === 'TSNonNullExpression') {
        return isErrorType(node.typeAnnotation) || isError(node.expression);
      }
      if (node.type === 'NewExpression')
        return node.callee.type === 'Identifier' && ERROR_NAME.test(node.callee.name);
      if (node.type === 'MemberExpression') return ERROR_NAME.test(propertyName(node) ?? '');
      if (node.type !== 'Identifier') return false;
      const variable = findVariable(sourceCode.getScope(node), node.name);
      return (
        ERROR_NAME.test(node.name) ||
        (variable !== undefined && (narrowed.has(variable) || isErrorVariable(variable)))
      );
    };
    const isErrorVariable = (variable) =>
      variable.defs.some(
        (definition) =>
          definition.type === 'CatchClause' ||
          isErrorType(definition.name?.typeAnnotation?.typeAnnotation) ||
          (definition.node.type === 'VariableDeclarator' &&
            definition.node.id === definition.name &&
            definition.node.init !== null &&
            definition.node.init.type === 'NewExpression' &&
            isError(definition.node.init)),
      );
    const report = (node, what) =>
      context.report({
        node,
        message: `${what}: the text of an error differs between engines; use its code or class.`,
      });
    const checkPattern = (pattern) => {
      for (const property of pattern.properties) {
        const name = property.type === 'Property' ? property.key.name : undefined;
        if (name !== undefined && ERROR_TEXT.has(name)) report(property, name);
      }
    };
    return {
      BinaryExpression(node) {
        if (node.operator !== 'instanceof' || node.left.type !== 'Identifier') return;
        if (node.right.type !== 'Identifier' || !ERROR_NAME.test(node.right.name)) return;
        const variable = findVariable(sourceCode.getScope(node), node.left.name);
        if (variable !== undefined) narrowed.add(variable);
      },
      MemberExpression(node) {
        const name = propertyName(node);
        if (name !== undefined && ERROR_TEXT.has(name)) reads.push([node, node.object, name]);
      },
      CallExpression(node) {
        if (node.callee.type !== 'Identifier' || node.callee.name !== 'String' || node.arguments.length !== 1)
          return;
        reads.push([node, node.arguments[0], 'String()']);
      },
      TemplateLiteral(node) {
        for (const expression of node.expressions) reads.push([expression, expression, 'a template']);
      },
      VariableDeclarator(node) {
        if (node.id.type === 'ObjectPattern' && node.init !== null && isError(node.init))
          checkPattern(node.id);
      },
      CatchClause(node) {
        if (node.param?.type === 'ObjectPattern') checkPattern(node.param);
      },
      'Program:exit'() {
        for (const [node, object, what] of reads) if (isError(object)) report(node, what);
      },
    };
  },
};

function isErrorType(type) {
  if (type === undefined || type === null) return false;
  if (type.type === 'TSUnionType') return type.types.some(isErrorType);
  return (
    type.type === 'TSTypeReference' &&
    type.typeName.type === 'Identifier' &&
    ERROR_NAME.test(type.typeName.name)
  );
}

/** The name that a member expression reads: `a.name` or `a['name']`. */
function propertyName(node) {
  if (!node.computed) return node.property.type === 'Identifier' ? node.property.name : undefined;
  return node.property.type === 'Literal' && typeof node.property.value === 'string'
    ? node.property.value
    : undefined;
}

function findVariable(scope, name) {
  for (let at = scope; at !== null; at = at.upper) {
    const variable = at.set.get(name);
    if (variable !== undefined) return variable;
  }
  return undefined;
}
