/** Signatures that were found valid: what the engine saw is not checked again in a certificate or a last commit. */
import type { Crypto, SignedItem } from '../env/crypto.ts';
import { RecentSet } from './peers/recent-set.ts';

/**
 * At least half of them are the newest: the two votes of each validator of the largest set in two heights, and a few
 * rounds and proposals. With names as long as those of votes 2 MB, 4 MB at worst.
 */
const VERIFIED_SIGNATURES_MAX = 8_192;
/** Longer items are checked each time: votes and proposals take less than half of it. */
const NAME_MAX_BYTES = 512;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Names of items that were seen before: of votes and proposals one object is handed in again and again. */
const names = new WeakMap<SignedItem, string>();
const scratch = new Uint8Array(NAME_MAX_BYTES);

/** Checks signatures, each once while it is remembered. */
export class VerifiedSignatures {
  readonly #crypto: Pick<Crypto, 'verify'>;
  readonly #valid = new RecentSet<string>(VERIFIED_SIGNATURES_MAX);

  constructor(crypto: Pick<Crypto, 'verify'>) {
    this.#crypto = crypto;
  }

  /** True when all were found valid before. */
  areKnown(items: readonly SignedItem[]): boolean {
    return items.every((item) => this.#isKnown(signatureName(item)));
  }

  /** Answers each item in order, as a later event of this boot. */
  verify(items: readonly SignedItem[], then: (valid: readonly boolean[]) => void): void {
    const named = items.map(signatureName);
    const known = named.map((name) => this.#isKnown(name));
    this.#crypto.verify(
      items.filter((_, i) => known[i] !== true),
      (found) => {
        let next = 0;
        const valid = known.map((isKnown) => isKnown || found[next++] === true);
        for (const [i, name] of named.entries())
          if (name !== undefined && valid[i] === true) this.#valid.add(name);
        then(valid);
      },
    );
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [{ name: 'node.verifiedSignatures', size: this.#valid.size, max: VERIFIED_SIGNATURES_MAX }];
  }

  #isKnown(name: string | undefined): boolean {
    return name !== undefined && this.#valid.has(name);
  }
}

/**
 * Every byte of key, signature and message as one text, so that equal names are equal items. No hash: the text takes
 * 1.2 µs, SHA-256 of the same bytes 6 in portable code, a check 60 and more. Undefined: malformed, or too long to be remembered.
 */
export function signatureName(item: SignedItem): string | undefined {
  const known = names.get(item);
  if (known !== undefined) return known;
  const { publicKey, message, signature } = item;
  const length = KEY_BYTES + SIGNATURE_BYTES + message.length;
  if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES || length > NAME_MAX_BYTES)
    return undefined;
  scratch.set(publicKey);
  scratch.set(signature, KEY_BYTES);
  scratch.set(message, KEY_BYTES + SIGNATURE_BYTES);
  const name: string = Reflect.apply(String.fromCharCode, undefined, scratch.subarray(0, length));
  names.set(item, name);
  return name;
}
