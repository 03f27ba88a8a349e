/** Native hashes and signatures for simulations: those of the real node, each check made once. */
import type { SignedItem } from '../env/crypto.ts';
import { createNativeSignatures } from '../node/signatures/native-signatures.ts';
import type { CryptoSuite } from '../sim/crypto-suite.ts';

/** Answers as the portable suite does, faster. */
export function createNativeSuite(): CryptoSuite {
  const suite = createNativeSignatures();
  return { ...suite, verify: rememberingVerify((item) => suite.verify(item)) };
}

/**
 * The same immutable item is checked once a process: runs of many seeds share the transactions of their workloads. What a
 * host decoded for itself is another item.
 */
function rememberingVerify(verify: CryptoSuite['verify']): CryptoSuite['verify'] {
  const answers = new WeakMap<SignedItem, boolean>();
  return (item) => {
    const known = answers.get(item);
    if (known !== undefined) return known;
    const answer = verify(item);
    answers.set(item, answer);
    return answer;
  };
}
