import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ed25519PublicKey, signEd25519 } from '../../chain/crypto/ed25519.ts';
import type { SignedItem } from '../../env/crypto.ts';
import { packItems, unpackItems } from './packed-items.ts';
import { createVerifier, type Verifier } from './verifier.ts';

const SECRET = new Uint8Array(32).fill(7);
const MESSAGE = new TextEncoder().encode('message');
const GOOD: SignedItem = {
  publicKey: ed25519PublicKey(SECRET),
  message: MESSAGE,
  signature: signEd25519(SECRET, MESSAGE),
};
const BAD: SignedItem = { ...GOOD, message: new Uint8Array(3) };

describe('packed items', () => {
  it('come out as they went in, whatever their lengths are.', () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(fc.array(fc.record({ publicKey: bytes, signature: bytes, message: bytes })), (items) => {
        expect(unpackItems(packItems(items))).toEqual(items);
      }),
    );
  });
});

describe('threads that check signatures', () => {
  const verifiers: Verifier[] = [];
  afterAll(async () => {
    await Promise.all(verifiers.map((verifier) => verifier.stop()));
  });

  function verifierOf(threads: number): Verifier {
    const verifier = createVerifier(threads, (error) => expect.fail(String(error)));
    verifiers.push(verifier);
    return verifier;
  }

  it.each([1, 3])(
    'answer calls in their order, each with its own answers, by %d of them.',
    async (threads) => {
      const verifier = verifierOf(threads);
      const calls = [700, 0, 1, 3, 300, 0].map((count) =>
        Array.from({ length: count }, (_, i) => (i % 3 === 0 ? BAD : GOOD)),
      );
      const answered: (readonly boolean[])[] = [];
      await new Promise<void>((resolve) => {
        for (const items of calls)
          verifier.verify(items, (valid) => {
            answered.push(valid);
            if (answered.length === calls.length) resolve();
          });
        expect(answered).toEqual([]);
      });
      expect(answered).toEqual(calls.map((items) => items.map((item) => item === GOOD)));
    },
  );

  it('answer what goes ahead before what waits, and each in the order of its questions.', async () => {
    const verifier = verifierOf(1);
    const answered: string[] = [];
    await new Promise<void>((resolve) => {
      const told = (name: string) => (): void => {
        answered.push(name);
        if (answered.length === 5) resolve();
      };
      const many = (count: number): readonly SignedItem[] => new Array<SignedItem>(count).fill(GOOD);
      verifier.verify(many(1_000), told('first behind'), 'behind');
      // Some seconds of work, so that this thread has its turn before it is done.
      verifier.verify(many(20_000), told('second behind'), 'behind');
      // The thread has them before it is asked what goes ahead.
      setImmediate(() => {
        verifier.verify([GOOD], told('first ahead'));
        verifier.verify([], told('second ahead'), 'ahead');
        verifier.verify([], told('third behind'), 'behind');
      });
    });
    expect(answered.filter((name) => name.endsWith('ahead'))).toEqual(['first ahead', 'second ahead']);
    expect(answered.filter((name) => name.endsWith('behind'))).toEqual([
      'first behind',
      'second behind',
      'third behind',
    ]);
    expect(answered.indexOf('second ahead')).toBeLessThan(answered.indexOf('second behind'));
  });

  it('answer nothing once they are stopped.', async () => {
    const verifier = createVerifier(1, (error) => expect.fail(String(error)));
    verifier.verify([GOOD], () => expect.fail('it was stopped'));
    await verifier.stop();
    await new Promise((resolve) => setImmediate(resolve));
  });
});
