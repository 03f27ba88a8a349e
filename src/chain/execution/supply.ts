/** The counted supply: one leaf that says what genesis allotted, what was issued since, and what was burnt. */
import { assert } from '../../env/assert.ts';
import { isDecodeRejection } from '../../env/network.ts';
import type { StateReader, StateWriter } from '../state/state.ts';
import { decodeLayout, encodeLayout } from '../types/layout/codec.ts';
import { amountField } from '../types/layout/fields.ts';
import type { Layout } from '../types/layout/layout.ts';
import { struct } from '../types/layout/struct.ts';
import type { Amount } from '../types/units.ts';

/** The leaf's id in namespace `system`: the ASCII text 'supply'. */
export const SUPPLY_ID = '737570706c79';

/** Three counters that only grow. */
export interface Supply {
  readonly genesis: Amount;
  readonly issued: Amount;
  readonly burnt: Amount;
}

const supplyLayout: Layout<Supply> = struct<Supply>({
  genesis: amountField,
  issued: amountField,
  burnt: amountField,
});

/** The canonical bytes: 24. */
export function encodeSupply(supply: Supply): Uint8Array {
  return encodeLayout(supplyLayout, supply);
}

/** The counters after the block whose state this is. */
export function readSupply(state: StateReader): Supply {
  const value = state.get('system', SUPPLY_ID);
  assert(value !== undefined, 'genesis writes the supply leaf and nothing deletes it');
  const supply = decodeLayout(supplyLayout, value, supplyLayout.bytesMin);
  assert(!isDecodeRejection(supply), 'the supply leaf holds three encoded amounts');
  return supply;
}

export function writeSupply(state: StateWriter, supply: Supply): void {
  state.put('system', SUPPLY_ID, encodeSupply(supply));
}

/** What exists: genesis + issued - burnt. */
export function circulating(supply: Supply): bigint {
  return supply.genesis + supply.issued - supply.burnt;
}
