/** Spoilt transactions: wrong whatever the state of the chain is, for clients and peers that send what must be refused. */
import type { Transaction } from '../../chain/types/transaction.ts';
import { amount, gas, type Hash, hash, signature } from '../../chain/types/units.ts';
import { type Draft, type Keys, type Signer, transferDraft } from './wallet.ts';

const OTHER_CHAIN: Hash = hash('11'.repeat(32));
/** More than any account of a scenario owns; up to twice as much, so that what is made of it overflows in every way. */
const FORTUNE = 9_000_000_000_000_000_000n;
const FORTUNE_PER_SALT = 9_000_000_000_000_000n;

/** Any digit of the signature's first half. */
const SPOILT_DIGIT = 10;

/** Whose chain it would be, and who signs. */
export interface Spoiler {
  readonly chainId: Hash;
  readonly signer: Signer;
}

/** Ways in which a transaction is wrong whatever the state of the chain. */
export type Wrong = 'signature' | 'chain' | 'gasLimit' | 'fee' | 'gap' | 'version';
/** All of them. */
export const WRONGS: readonly Wrong[] = ['signature', 'chain', 'gasLimit', 'fee', 'gap', 'version'];

/** A transfer of that account to itself that is wrong in this way; each `salt` makes another one. */
export function spoil(host: Spoiler, keys: Keys, wrong: Wrong, salt: number): Transaction {
  const base: Draft = {
    ...transferDraft(0, 0, keys.address, host.chainId, 1),
    gasPrice: amount(BigInt(100 + salt)),
  };
  switch (wrong) {
    case 'signature': {
      const good = host.signer.sign(keys, base);
      const digit = good.signature[SPOILT_DIGIT] === '0' ? '1' : '0';
      const text = good.signature.slice(0, SPOILT_DIGIT) + digit + good.signature.slice(SPOILT_DIGIT + 1);
      return { ...good, signature: signature(text) };
    }
    case 'chain':
      return host.signer.sign(keys, { ...base, chainId: OTHER_CHAIN });
    case 'gasLimit':
      return host.signer.sign(keys, { ...base, gasLimit: gas(1) });
    case 'fee':
      return host.signer.sign(keys, {
        ...base,
        gasPrice: amount(FORTUNE + FORTUNE_PER_SALT * BigInt(salt % 1_000)),
      });
    case 'gap':
      return host.signer.sign(keys, { ...base, nonce: 1_000_000 + salt });
    case 'version':
      return host.signer.sign(keys, { ...base, version: 9 });
  }
}
