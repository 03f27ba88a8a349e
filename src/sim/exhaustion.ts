/** Tells an exhausted stack or memory from other errors: each engine has its own way to throw it. */

/** The class of SpiderMonkey (Firefox) for a stack, a string or an array that grew too large. */
const SPIDERMONKEY_CLASS = 'InternalError';
/** What SpiderMonkey throws when an allocation failed: this text, and no error object. */
const SPIDERMONKEY_MEMORY = 'out of memory';

/**
 * True for what depends on how much stack or memory the machine has left, and is never a result of a run. ECMA-262 has no
 * class for it: V8 and JavaScriptCore throw a RangeError.
 */
export function isExhaustion(thrown: unknown): boolean {
  if (thrown instanceof RangeError || thrown === SPIDERMONKEY_MEMORY) return true;
  return thrown instanceof Error && thrown.name === SPIDERMONKEY_CLASS;
}
