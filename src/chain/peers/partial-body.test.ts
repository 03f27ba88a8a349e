import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bigBlock } from '../../../tests/support/big-block.ts';
import { certifiedBlockLayout } from '../types/block-codec.ts';
import { blockId } from '../types/header-codec.ts';
import type { BlockPart } from '../types/message.ts';
import { ANSWER_MAX_BYTES, PART_MAX_BYTES } from '../types/message-codec.ts';
import { fitsAnswer, PartialBody, partOf } from './partial-body.ts';

const BLOCK_BYTES_MAX = 1_048_576;
const unused = (): never => expect.fail('hashes alone are needed');
const env = {
  memo: { get: <T>(_kind: string, _key: string, compute: () => T) => compute() },
  crypto: { sha256, verify: unused, sign: unused, publicKey: unused },
};
const BLOCK = bigBlock(200_000);
const ID = blockId(BLOCK.header);

/** Every part of the block, in order. */
function partsOf(certificate = ''): readonly BlockPart[] {
  const parts: BlockPart[] = [];
  for (let next = partOf(BLOCK, certificate, 0); next !== undefined; ) {
    parts.push(next);
    next = partOf(BLOCK, certificate, next.offset + PART_MAX_BYTES);
  }
  return parts;
}

function received(parts: readonly BlockPart[], body = new PartialBody(BLOCK_BYTES_MAX)) {
  return { body, steps: parts.map((part) => body.add(part)) };
}

describe('a block in parts', () => {
  it('is what it was, with its certificate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400_000 }),
        fc.integer({ min: 0, max: 60_000 }),
        (size, proof) => {
          const block = bigBlock(size);
          const certificate = 'c5'.repeat(proof);
          const body = new PartialBody(BLOCK_BYTES_MAX);
          let step = 'more';
          while (step === 'more') {
            const part = partOf(block, certificate, body.received);
            if (part === undefined) expect.fail('it ends too early');
            expect(part.bytes.length).toBeLessThanOrEqual(ANSWER_MAX_BYTES);
            step = body.add(part);
          }
          expect(step).toBe('whole');
          expect(body.size).toBe(certifiedBlockLayout.size({ block, certificate }));
          expect(body.block(env, blockId(block.header))).toEqual({ block, certificate });
        },
      ),
      { numRuns: 20 },
    );
  });

  it('has none behind its end', () => {
    const [first] = partsOf();
    expect(partOf(BLOCK, '', first?.size ?? 0)).toBeUndefined();
    expect(partOf(BLOCK, '', (first?.size ?? 0) - 1)?.bytes).toHaveLength(2);
  });

  it('is cut only where it does not fit one answer', () => {
    expect(fitsAnswer(BLOCK, '', ANSWER_MAX_BYTES)).toBe(false);
    expect(fitsAnswer(bigBlock(30_000), '', ANSWER_MAX_BYTES)).toBe(true);
    expect(fitsAnswer(bigBlock(30_000), 'c5'.repeat(3_000), ANSWER_MAX_BYTES)).toBe(false);
  });
});

describe('a partial body', () => {
  const all = partsOf();
  const [first, second] = all as [BlockPart, BlockPart];

  it('refuses a part of the wrong length, behind its end, out of order, or of a block that the chain does not have', () => {
    const refused: readonly BlockPart[] = [
      { ...first, bytes: first.bytes.slice(2) },
      { ...first, bytes: `${first.bytes}00` },
      { ...first, size: 10 },
      { ...first, size: BLOCK_BYTES_MAX + 200_000 },
      { ...first, offset: first.size },
      second,
    ];
    for (const part of refused) expect(new PartialBody(BLOCK_BYTES_MAX).add(part)).toBe('garbage');
  });

  it('is gone where the peer has it no more', () => {
    const { body } = received([first]);
    expect(body.add({ offset: second.offset, size: 0, bytes: '' })).toBe('gone');
    expect(body.received).toBe(PART_MAX_BYTES);
  });

  it('begins anew once when the size changes, as a certificate may come meanwhile, and never again', () => {
    const withProof = partsOf('c5');
    const { body, steps } = received([first, withProof[1] as BlockPart]);
    expect(steps).toEqual(['more', 'stale']);
    expect(body.received).toBe(0);
    // What was asked for before arrives still.
    expect(body.add(withProof[2] as BlockPart)).toBe('stale');
    expect(received(withProof, body).steps.at(-1)).toBe('whole');
    expect(body.block(env, ID)?.certificate).toBe('c5');
    const liar = received([first, { ...second, size: second.size + 1 }]).body;
    expect(liar.add({ ...first, size: first.size + 2 })).toBe('more');
    expect(liar.add({ ...second, size: second.size + 3 })).toBe('garbage');
  });

  it('takes a first part of another size for a new beginning', () => {
    const { body } = received([first]);
    body.isMixed = true;
    const withProof = partsOf('c5');
    expect(received(withProof, body).steps.at(-1)).toBe('whole');
    expect(body.isMixed).toBe(false);
  });

  it('is no block when a byte is wrong, another was asked for, or it does not match its header', () => {
    const last = all.at(-1) as BlockPart;
    const flipped = received([...all.slice(0, -1), { ...last, bytes: `${last.bytes.slice(0, -2)}ff` }]);
    expect(flipped.steps.at(-1)).toBe('whole');
    expect(flipped.body.block(env, ID)).toBeUndefined();
    expect(received(all).body.block(env, blockId(bigBlock(10).header))).toBeUndefined();
    const other = { ...BLOCK, system: { ...BLOCK.system, lastCommit: 'aa' } };
    const body = new PartialBody(BLOCK_BYTES_MAX);
    for (let part = partOf(other, '', 0); part !== undefined; part = partOf(other, '', body.received))
      body.add(part);
    expect(body.block(env, ID)).toBeUndefined();
  });
});
