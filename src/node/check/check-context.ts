/** What every part of a check has: the records, the chain's own code, and where findings go. */

import { keyAfter } from '../../chain/blockstore/records.ts';
import type { LedgerParts } from '../../chain/ledger/open-ledger.ts';
import type { Entry, KeyRange, Storage } from '../../env/storage.ts';
import type { SignatureSuite } from '../signatures/system-crypto.ts';
import type { Findings } from './findings.ts';

/** Records read at once. */
const PAGE_RECORDS = 256;

/** Shared by all parts. */
export interface CheckContext {
  readonly storage: Pick<Storage, 'get' | 'scan'>;
  readonly parts: LedgerParts<unknown>;
  readonly suite: SignatureSuite;
  readonly findings: Findings;
  /** Lets signals in, writes out, and tells how far it is. */
  readonly step: (text: string) => Promise<void>;
}

/** The records of a range; a repair in between may remove those that came. */
export async function* recordsOf(
  { storage, step }: CheckContext,
  within: KeyRange,
  text: (done: number) => string,
): AsyncGenerator<Entry> {
  let range = within;
  for (let done = 0; ; ) {
    const page = storage.scan(range, PAGE_RECORDS);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    range = { ...range, start: Uint8Array.from(keyAfter(last.key)) };
    done += page.length;
    await step(text(done));
  }
}
