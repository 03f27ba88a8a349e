/** Entries of the indexes that no block of the main chain gives. */
import { decodeHeightOf, decodePlace } from '../../chain/blockstore/record-codecs.ts';
import { heightOfAccountKey, PREFIX, prefixRange, readHeight } from '../../chain/blockstore/records.ts';
import { entriesOf } from '../../chain/ledger/fold.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { type CheckContext, recordsOf } from './check-context.ts';
import type { MainChain } from './main-chain.ts';
import { remove } from './state-pass.ts';
import type { Walked } from './walk.ts';

const STRAY = 'no block of the main chain gives it';

/** @param lowest the height where the chain of this folder begins. */
export async function checkStrays(
  context: CheckContext,
  chain: MainChain,
  walked: Walked,
  lowest: number,
): Promise<void> {
  await checkHeights(context, chain, lowest);
  await checkEntries(context, chain, walked, PREFIX.transaction);
  if (context.parts.config.accountIndex) await checkEntries(context, chain, walked, PREFIX.account);
}

/** Records by height and by id alone. */
async function checkHeights(context: CheckContext, chain: MainChain, lowest: number): Promise<void> {
  const { findings, parts } = context;
  const isBelow = (at: number): boolean => at > 0 && at < lowest;
  for await (const { key, value } of recordsOf(
    context,
    prefixRange(PREFIX.height),
    (n) => `height index: ${n}`,
  )) {
    const payload = parts.store.check(key, value);
    const at = payload === 'corrupt' ? undefined : decodeHeightOf(payload);
    const isGiven = at !== undefined && chain.idAt(at) === bytesToHex(key.subarray(1)) && !isBelow(at);
    // Those of the main chain that are wrong were found before.
    if (!isGiven && !findings.has(key)) findings.add(key, STRAY, [remove(key)]);
  }
  for (const prefix of [PREFIX.header, PREFIX.checkpoint, PREFIX.undo]) {
    for await (const { key } of recordsOf(context, prefixRange(prefix), (n) => `records by height: ${n}`)) {
      const at = readHeight(key, 1);
      if (at > chain.base || isBelow(at)) findings.add(key, STRAY, [remove(key)]);
    }
  }
}

/** Counts first: where as many are there as the blocks give, none is a stray, and no block is read again. */
async function checkEntries(
  context: CheckContext,
  chain: MainChain,
  walked: Walked,
  prefix: typeof PREFIX.transaction | typeof PREFIX.account,
): Promise<void> {
  let count = 0;
  for await (const { key, value } of recordsOf(context, prefixRange(prefix), (n) => `index entries: ${n}`)) {
    const place = placeOf(context, key, value);
    if (place === undefined || place.height > chain.base || walked.isIndexed(place.height)) count++;
  }
  if (count === (walked.entries.get(prefix) ?? 0)) return;
  for await (const { key, value } of recordsOf(
    context,
    prefixRange(prefix),
    (n) => `looking for stray entries: ${n}`,
  )) {
    const place = placeOf(context, key, value);
    if (place !== undefined && place.height <= chain.base && !walked.isIndexed(place.height)) continue;
    const isGiven = place !== undefined && isGivenAt(context, chain, place, key);
    if (!isGiven && !context.findings.has(key)) context.findings.add(key, STRAY, [remove(key)]);
  }
}

/** What a record is about: of an account all transactions of a block, else one of them. */
interface Place {
  readonly height: number;
  readonly index?: number;
}

function placeOf({ parts: { store } }: CheckContext, key: Uint8Array, value: Uint8Array): Place | undefined {
  if (key[0] === PREFIX.account) {
    const at = heightOfAccountKey(key);
    return at === undefined ? undefined : { height: at };
  }
  const payload = store.check(key, value);
  return payload === 'corrupt' ? undefined : decodePlace(payload);
}

function isGivenAt(
  { parts: { store } }: CheckContext,
  chain: MainChain,
  { height, index }: Place,
  key: Uint8Array,
): boolean {
  const id = height > chain.base ? undefined : chain.idAt(height);
  const block = id === undefined ? undefined : store.block(height, id);
  if (block === undefined || block === 'corrupt') return false;
  const entries = entriesOf(block, []);
  const named = bytesToHex(key.subarray(1, 33));
  return index === undefined
    ? entries.some(({ accounts }) => accounts.some((account) => account === named))
    : entries[index]?.id === named;
}
