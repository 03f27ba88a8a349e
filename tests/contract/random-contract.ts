/** The contract of env/random.ts. */
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../src/env/bytes.ts';
import type { WorldFactory } from './world.ts';
import { asserts, inWorld } from './world.ts';

/** @param make a world of two hosts. */
export function randomContract(make: WorldFactory): void {
  describe('random', () => {
    it(
      'draws integers below its bound, all of them',
      inWorld(make, 1, async (_world, host) => {
        const counts = await host.within((env) => {
          const seen = new Array<number>(10).fill(0);
          for (let i = 0; i < 10_000; i++) {
            const x = env.random.below(10);
            seen[x] = (seen[x] as number) + 1;
          }
          return seen;
        });
        expect(counts).toHaveLength(10);
        for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(200);
      }),
    );

    it(
      'takes bounds from 1 to 2^32 and nothing else',
      inWorld(make, 1, async (_world, host) => {
        const [one, wide, refused] = await host.within((env) => [
          env.random.below(1),
          Array.from({ length: 64 }, () => env.random.below(4_294_967_296)),
          [0, -1, 1.5, Number.NaN, 4_294_967_297].map((n) => asserts(() => env.random.below(n))),
        ]);
        expect(one).toBe(0);
        expect(refused).toEqual([true, true, true, true, true]);
        const values = wide as readonly number[];
        expect(values.every((x) => Number.isInteger(x) && x >= 0 && x < 4_294_967_296)).toBe(true);
        expect(values.some((x) => x >= 2_147_483_648) && values.some((x) => x < 2_147_483_648)).toBe(true);
      }),
    );

    it(
      'gives as many bytes as asked, up to 65,536',
      inWorld(make, 1, async (_world, host) => {
        const [lengths, refused, distinct] = await host.within((env) => [
          [0, 1, 33, 65_536].map((n) => env.random.bytes(n).length),
          [65_537, -1, 0.5].map((n) => asserts(() => env.random.bytes(n))),
          new Set(env.random.bytes(65_536)).size,
        ]);
        expect(lengths).toEqual([0, 1, 33, 65_536]);
        expect(refused).toEqual([true, true, true]);
        expect(distinct).toBe(256);
      }),
    );

    it(
      'differs between hosts, between calls and between boots',
      inWorld(make, 2, async (_world, first, second) => {
        const seen: string[] = [];
        for (const host of [first, first, second]) {
          seen.push(await host.within((env) => bytesToHex(env.random.bytes(16))));
        }
        await first.kill();
        await first.boot();
        seen.push(await first.within((env) => bytesToHex(env.random.bytes(16))));
        expect(new Set(seen).size).toBe(4);
      }),
    );
  });
}
