/** Values of the chain as JSON has them: amounts are text. */
import { toJsonText } from '../../chain/types/layout/codec.ts';
import type { Layout } from '../../chain/types/layout/layout.ts';

/** By the value's own layout. */
export function plain<T>(layout: Layout<T>, value: T): unknown {
  return JSON.parse(toJsonText(layout, value));
}
