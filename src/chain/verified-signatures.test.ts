import { describe, expect, it } from 'vitest';
import type { Crypto, SignedItem } from '../env/crypto.ts';
import { signatureName, VerifiedSignatures } from './verified-signatures.ts';

/** Valid is what ends in an even byte; answers wait until the test lets them go. */
function fakeCrypto() {
  const asked: (readonly SignedItem[])[] = [];
  const answers: (() => void)[] = [];
  const crypto: Pick<Crypto, 'verify'> = {
    verify(items, onResult) {
      asked.push(items);
      answers.push(() => onResult(items.map(({ signature }) => (signature[63] as number) % 2 === 0)));
    },
  };
  const settle = (): void => {
    for (const answer of answers.splice(0)) answer();
  };
  return { crypto, asked, settle };
}

function item(n: number, isValid = true): SignedItem {
  const signature = new Uint8Array(64).fill(n & 0xff);
  signature[62] = n >>> 8;
  signature[63] = isValid ? 0 : 1;
  return { publicKey: new Uint8Array(32).fill(7), message: Uint8Array.of(n & 0xff, n >>> 8), signature };
}

function check(signatures: VerifiedSignatures, items: readonly SignedItem[], settle: () => void) {
  let valid: readonly boolean[] | undefined;
  signatures.verify(items, (answer) => {
    valid = answer;
  });
  expect(valid).toBeUndefined();
  settle();
  return valid;
}

describe('signatures that were found valid', () => {
  it('are not checked again, and the answers keep their order', () => {
    const { crypto, asked, settle } = fakeCrypto();
    const signatures = new VerifiedSignatures(crypto);
    expect(check(signatures, [item(1), item(2, false), item(3)], settle)).toEqual([true, false, true]);
    expect(check(signatures, [item(4), item(3), item(2, false), item(1)], settle)).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(asked.map((items) => items.length)).toEqual([3, 2]);
    expect(signatures.areKnown([item(1), item(3), item(4)])).toBe(true);
    expect(signatures.areKnown([item(1), item(2, false)])).toBe(false);
    expect(signatures.areKnown([])).toBe(true);
  });

  it('are answered by a later event even when all are known', () => {
    const { crypto, asked, settle } = fakeCrypto();
    const signatures = new VerifiedSignatures(crypto);
    check(signatures, [item(1)], settle);
    expect(check(signatures, [item(1)], settle)).toEqual([true]);
    expect(asked.map((items) => items.length)).toEqual([1, 0]);
  });

  it('are known by every byte of key, message and signature', () => {
    const { publicKey, message, signature } = item(1);
    const name = signatureName({ publicKey, message, signature });
    const others: SignedItem[] = [
      { publicKey: publicKey.with(31, 8), message, signature },
      { publicKey, message: message.with(1, 9), signature },
      { publicKey, message: Uint8Array.of(...message, 0), signature },
      { publicKey, message, signature: signature.with(0, 9) },
    ];
    for (const other of others) expect(signatureName(other)).not.toBe(name);
    expect(signatureName(item(1))).toBe(name);
  });

  it('have no name when the parts of the name could be cut in two ways, or it were long', () => {
    const { publicKey, message, signature } = item(1);
    expect(signatureName({ publicKey, signature: signature.subarray(0, 63), message })).toBeUndefined();
    expect(signatureName({ publicKey: publicKey.subarray(1), signature, message })).toBeUndefined();
    expect(signatureName({ publicKey, signature, message: new Uint8Array(417) })).toBeUndefined();
    expect(signatureName({ publicKey, signature, message: new Uint8Array(416) })).toHaveLength(512);
  });

  it('are forgotten before they are too many', () => {
    const { crypto, settle } = fakeCrypto();
    const signatures = new VerifiedSignatures(crypto);
    check(
      signatures,
      Array.from({ length: 20_000 }, (_, n) => item(n)),
      settle,
    );
    const [bound] = signatures.bounds();
    expect(bound?.size).toBeLessThanOrEqual(bound?.max ?? 0);
    expect(signatures.areKnown([item(19_999), item(16_000)])).toBe(true);
    expect(signatures.areKnown([item(0)])).toBe(false);
  });
});
