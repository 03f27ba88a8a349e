/** Signed transfers between the accounts of a bench, as JSON, made before anything is measured. */

import { toJsonText } from '../../src/chain/types/layout/codec.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import { transactionLayout, transactionSignBytes } from '../../src/chain/types/transaction-codec.ts';
import { amount, gas, hash, height, signature } from '../../src/chain/types/units.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { createNativeSignatures } from '../../src/node/signatures/native-signatures.ts';
import type { BenchNet } from './net.ts';

const GAS_LIMIT = 100_000;

/** Transfer `i` is the next of account i mod their number, and goes to the account after it. */
export function transfersOf({ accounts, chain }: BenchNet, from: number, count: number): readonly string[] {
  const suite = createNativeSignatures();
  return Array.from({ length: count }, (_, i) => {
    const at = from + i;
    const key = accounts[at % accounts.length];
    const to = accounts[(at + 1) % accounts.length];
    if (key === undefined || to === undefined) throw new Error('a bench has accounts');
    const draft: Transaction = {
      version: 1,
      chainId: hash(chain),
      senderKey: key.key,
      nonce: Math.floor(at / accounts.length),
      validUntilHeight: height(0),
      gasLimit: gas(GAS_LIMIT),
      gasPrice: amount(1n),
      action: { kind: 'transfer', to: to.address, amount: amount(1n) },
      signature: signature('0'.repeat(128)),
    };
    const signed = bytesToHex(suite.sign(key.secret, transactionSignBytes(draft)));
    return toJsonText(transactionLayout, { ...draft, signature: signature(signed) });
  });
}
