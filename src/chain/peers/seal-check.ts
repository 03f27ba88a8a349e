/** Seals: which headers have signatures that env.crypto must check before the engine's rules may see them. */
import type { Crypto, SignedItem } from '../../env/crypto.ts';
import type { Header } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import type { BlockHash } from '../types/units.ts';
import { RecentSet } from './recent-set.ts';

/** Headers of which the seal was found valid: two full sync responses and what is announced meanwhile. */
const VERIFIED_SEALS_MAX = 4_096;

/** Remembers which seals are valid; an id covers its seal. */
export class SealCheck {
  readonly #itemsOf: (header: Header) => readonly SignedItem[];
  readonly #verified = new RecentSet<BlockHash>(VERIFIED_SEALS_MAX);

  /** @param itemsOf the engine's `sealItems`. */
  constructor(itemsOf: (header: Header) => readonly SignedItem[]) {
    this.#itemsOf = itemsOf;
  }

  /** What is still to be checked; nothing for a header that was found valid. */
  itemsOf(header: Header): readonly SignedItem[] {
    return this.#verified.has(blockId(header)) ? [] : this.#itemsOf(header);
  }

  /** The seal is valid. Headers without signatures in their seal need no memory. */
  remember(header: Header): void {
    if (this.#itemsOf(header).length > 0) this.#verified.add(blockId(header));
  }

  /** Answers how many headers from the first on have a valid seal: now, or as a later event. Remembers those. */
  checkAll(crypto: Pick<Crypto, 'verify'>, headers: readonly Header[], then: (good: number) => void): void {
    const items: SignedItem[] = [];
    const owners: number[] = [];
    for (let i = 0; i < headers.length; i++) {
      for (const item of this.itemsOf(headers[i] as Header)) {
        items.push(item);
        owners.push(i);
      }
    }
    if (items.length === 0) {
      then(headers.length);
      return;
    }
    crypto.verify(items, (valid) => {
      const bad = valid.indexOf(false);
      const good = bad < 0 ? headers.length : (owners[bad] as number);
      for (let i = 0; i < good; i++) this.remember(headers[i] as Header);
      then(good);
    });
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [{ name: 'peers.verifiedSeals', size: this.#verified.size, max: VERIFIED_SEALS_MAX }];
  }
}
