/** The contract of env/crypto.ts, with the published vectors of SHA-256, RFC 8032, ZIP-215 and Wycheproof. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../src/env/bytes.ts';
import type { SignedItem } from '../../src/env/crypto.ts';
import { keyId } from '../../src/env/units.ts';
import { bytesOf, RFC8032_KEYS } from './probe-keys.ts';
import type { TestHost, TestWorld, WorldFactory } from './world.ts';
import { asserts, inWorld } from './world.ts';

interface Zip215File {
  readonly message_ascii: string;
  readonly cases: readonly { readonly vk: string; readonly sig: string }[];
}
interface WycheproofFile {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

/** ZIP-215 reads R leniently: the one case of Wycheproof where it says otherwise than the file. */
const ACCEPTED_BY_ZIP215 = 151;

function vectors<T>(name: string): T {
  const parsed: T = JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
  return parsed;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function verified(
  world: TestWorld,
  host: TestHost,
  items: readonly SignedItem[],
): Promise<readonly boolean[]> {
  const answers: (readonly boolean[])[] = [];
  const onResult = host.probe.callback('verified', (valid: readonly boolean[]) => answers.push(valid));
  await host.within((env) => env.crypto.verify(items, onResult));
  await world.until(() => answers.length > 0);
  return answers[0] as readonly boolean[];
}

/** @param make a world of one host is enough. */
export function cryptoContract(make: WorldFactory): void {
  describe('crypto', () => {
    it(
      'hashes as FIPS 180-4 says',
      inWorld(make, 1, async (_world, host) => {
        const inputs = [
          '',
          'abc',
          'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
          'a'.repeat(1_000_000),
        ].map(ascii);
        const hashes = await host.within((env) =>
          inputs.map((input) => bytesToHex(env.crypto.sha256(input))),
        );
        expect(hashes).toEqual([
          'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
          '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
          'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
        ]);
      }),
    );

    it(
      'signs as RFC 8032 says, and knows its public keys',
      inWorld(make, 1, async (_world, host) => {
        const made = await host.within((env) =>
          RFC8032_KEYS.map(({ name, message }) => [
            bytesToHex(env.crypto.publicKey(keyId(name))),
            bytesToHex(env.crypto.sign(keyId(name), message)),
          ]),
        );
        expect(made).toEqual(
          RFC8032_KEYS.map((key) => [bytesToHex(key.publicKey), bytesToHex(key.signature)]),
        );
      }),
    );

    it(
      'asserts that it holds the key',
      inWorld(make, 1, async (_world, host) => {
        const refused = await host.within((env) => [
          asserts(() => env.crypto.sign(keyId('nobody'), new Uint8Array(1))),
          asserts(() => env.crypto.publicKey(keyId('nobody'))),
        ]);
        expect(refused).toEqual([true, true]);
      }),
    );

    it(
      'verifies as a later event, each item in order; a wrong length is invalid, no error',
      inWorld(make, 1, async (world, host) => {
        const [good, other] = [RFC8032_KEYS[1], RFC8032_KEYS[2]];
        const items = [
          good,
          { ...good, message: other.message },
          other,
          { ...good, signature: good.signature.subarray(0, 63) },
          { ...good, signature: new Uint8Array(0) },
          { ...good, signature: Uint8Array.of(...good.signature, 0) },
          { ...good, publicKey: other.publicKey },
          good,
        ];
        expect(await verified(world, host, items)).toEqual([
          true,
          false,
          true,
          false,
          false,
          false,
          false,
          true,
        ]);
        expect(await verified(world, host, [])).toEqual([]);
      }),
    );

    it(
      'answers every call once, whatever its order',
      inWorld(make, 1, async (world, host) => {
        const answered = new Map<number, readonly boolean[]>();
        const lengths = Array.from({ length: 12 }, (_, i) => (i * 7) % 5);
        const callbacks = lengths.map((_, i) =>
          host.probe.callback('verified', (valid: readonly boolean[]) => {
            expect(answered.has(i)).toBe(false);
            answered.set(i, valid);
          }),
        );
        await host.within((env) => {
          for (const [i, callback] of callbacks.entries()) {
            const items = new Array<SignedItem>(lengths[i] ?? 0).fill(RFC8032_KEYS[0]);
            env.crypto.verify(items, callback, i % 3 === 0 ? 'ahead' : 'behind');
          }
        });
        await world.until(() => answered.size === lengths.length);
        for (const [i, length] of lengths.entries())
          expect(answered.get(i)).toEqual(new Array(length).fill(true));
      }),
    );

    it(
      'takes 65,536 items and asserts it',
      inWorld(make, 1, async (_world, host) => {
        const item = { ...RFC8032_KEYS[0], signature: new Uint8Array(0) };
        const refused = await host.within((env) => [
          asserts(() =>
            env.crypto.verify(new Array<SignedItem>(65_536).fill(item), host.probe.callback('verified')),
          ),
          asserts(() =>
            env.crypto.verify(new Array<SignedItem>(65_537).fill(item), host.probe.callback('never')),
          ),
        ]);
        expect(refused).toEqual([false, true]);
      }),
    );

    it(
      'accepts all 196 signatures over small-order and non-canonical points that ZIP-215 accepts',
      inWorld(make, 1, async (world, host) => {
        const file = vectors<Zip215File>('ed25519-zip215.json');
        const items = file.cases.map(({ vk, sig }) => ({
          publicKey: bytesOf(vk),
          message: ascii(file.message_ascii),
          signature: bytesOf(sig),
        }));
        expect(items).toHaveLength(196);
        expect(await verified(world, host, items)).toEqual(items.map(() => true));
      }),
    );

    it(
      'answers the 151 cases of Wycheproof, and 151 as ZIP-215 wants',
      inWorld(make, 1, async (world, host) => {
        const cases = vectors<WycheproofFile>('ed25519-wycheproof.json').testGroups.flatMap((group) =>
          group.tests.map((test) => ({
            tcId: test.tcId,
            isValid: test.result === 'valid' || test.tcId === ACCEPTED_BY_ZIP215,
            item: {
              publicKey: bytesOf(group.publicKey.pk),
              message: bytesOf(test.msg),
              signature: bytesOf(test.sig),
            },
          })),
        );
        expect(cases).toHaveLength(151);
        const valid = await verified(
          world,
          host,
          cases.map(({ item }) => item),
        );
        expect(cases.map(({ tcId }, i) => [tcId, valid[i]])).toEqual(
          cases.map(({ tcId, isValid }) => [tcId, isValid]),
        );
      }),
    );
  });
}
