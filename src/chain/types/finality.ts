/** Finality: up to which height a chain can no longer change, and on what ground. */
import type { Height } from './units.ts';

/** What can no longer change. `depth` holds only inside its stated assumption. `acknowledged` <= head, `final` <= head. */
export interface Finality {
  readonly final: Height;
  /** Up to here clients may be told that their transaction is done. */
  readonly acknowledged: Height;
  readonly kind: 'absolute' | 'depth';
}
