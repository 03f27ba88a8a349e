import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accounts,
  blocks,
  geneses,
  headers,
  messages,
  receipts,
  transactions,
} from '../../../../properties/arbitraries/chain-types.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import {
  accountLayout,
  decodeAccount,
  decodeReceipt,
  EMPTY_ACCOUNT,
  encodeAccount,
  receiptLayout,
} from '../account-codec.ts';
import { BLOCK_MAX_BYTES } from '../block.ts';
import {
  BLOCK_TRANSACTIONS_MAX,
  blockLayout,
  blockSizeBytes,
  decodeBlock,
  encodeBlock,
} from '../block-codec.ts';
import { genesisLayout } from '../genesis-codec.ts';
import { headerLayout } from '../header-codec.ts';
import { messageLayout } from '../message-codec.ts';
import { transactionLayout } from '../transaction-codec.ts';
import { decodeJson, decodeLayout, encodeJson, encodeLayout, toJsonText } from './codec.ts';
import type { Layout } from './layout.ts';

const MAX = 1 << 24;

/** The laws of one layout over any of its values. */
function keepsTheLaws<T>(name: string, layout: Layout<T>, values: fc.Arbitrary<T>): void {
  describe(`${name} layout`, () => {
    it('decodes what it encodes, and knows the size before', () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encodeLayout(layout, value);
          expect(layout.size(value)).toBe(bytes.length);
          expect(bytes.length).toBeGreaterThanOrEqual(layout.bytesMin);
          expect(structuredClone(decodeLayout(layout, bytes, MAX))).toStrictEqual(value);
        }),
      );
    });

    it('writes JSON that any JSON reader reads, and reads it back', () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encodeJson(layout, value);
          expect(layout.jsonSize(value)).toBe(bytes.length);
          expect(structuredClone(decodeJson(layout, bytes, MAX))).toStrictEqual(value);
          const text = toJsonText(layout, value);
          const plain = JSON.stringify(value, (_, field: unknown) =>
            typeof field === 'bigint' ? `${field}` : field,
          );
          expect(JSON.parse(text)).toEqual(JSON.parse(plain));
          expect(text).not.toContain('\n');
        }),
      );
    });

    it('refuses every prefix, and anything behind the end', () => {
      fc.assert(
        fc.property(values, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 3 }), (value, cut, tail) => {
          for (const [encode, decode] of [
            [encodeLayout, decodeLayout],
            [encodeJson, decodeJson],
          ] as const) {
            const bytes = encode(layout, value);
            expect(isDecodeRejection(decode(layout, bytes.subarray(0, cut % bytes.length), MAX))).toBe(true);
            const longer = decode(layout, Uint8Array.of(...bytes, ...tail), MAX);
            expect(longer).toHaveProperty('code', 'TRAILING_BYTES');
          }
        }),
      );
    });

    it('accepts no second spelling: what decodes, encodes to the same bytes', () => {
      fc.assert(
        fc.property(
          values,
          fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 }),
          (value, edits) => {
            for (const [encode, decode] of [
              [encodeLayout, decodeLayout],
              [encodeJson, decodeJson],
            ] as const) {
              const bytes = encode(layout, value).slice();
              for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
              const decoded = decode(layout, bytes, MAX);
              expect(isDecodeRejection(decoded) ? bytes : encode(layout, decoded)).toEqual(bytes);
            }
          },
        ),
        { numRuns: 500 },
      );
    });

    it('takes any bytes without throwing', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
          expect(() => [decodeLayout(layout, bytes, MAX), decodeJson(layout, bytes, MAX)]).not.toThrow();
        }),
      );
    });
  });
}

keepsTheLaws('transaction', transactionLayout, transactions);
keepsTheLaws('header', headerLayout, headers);
keepsTheLaws('block', blockLayout, blocks);
keepsTheLaws('account', accountLayout, accounts);
keepsTheLaws('receipt', receiptLayout, receipts);
keepsTheLaws('genesis', genesisLayout, geneses);
keepsTheLaws('message', messageLayout, messages);

describe('decoders', () => {
  it('refuse an account whose nonce is no safe integer', () => {
    const bytes = encodeAccount(EMPTY_ACCOUNT);
    expect(decodeAccount(bytes)).toEqual(EMPTY_ACCOUNT);
    bytes[2] = 0x20;
    expect(decodeAccount(bytes)).toEqual({ code: 'OUT_OF_RANGE', detail: expect.stringContaining('nonce') });
  });

  it('refuse a receipt with a status that nobody defined', () => {
    const bytes = new Uint8Array(73);
    expect(isDecodeRejection(decodeReceipt(bytes))).toBe(false);
    bytes[32] = 13;
    expect(decodeReceipt(bytes)).toHaveProperty('code', 'OUT_OF_RANGE');
  });

  it('refuse a count of transactions that the bytes cannot hold, before reading one', () => {
    fc.assert(
      fc.property(blocks, (block) => {
        const empty = { ...block, transactions: [] };
        const bytes = encodeBlock(empty);
        expect(bytes.length).toBe(blockSizeBytes(empty));
        const at = encodeLayout(headerLayout, block.header).length;
        new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, BLOCK_TRANSACTIONS_MAX);
        expect(decodeBlock(bytes)).toHaveProperty('code', 'TRUNCATED');
        new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, BLOCK_TRANSACTIONS_MAX + 1);
        expect(decodeBlock(bytes)).toHaveProperty('code', 'OUT_OF_RANGE');
      }),
    );
  });

  it('refuse a block above a mebibyte unread', () => {
    expect(decodeBlock(new Uint8Array(BLOCK_MAX_BYTES + 1))).toHaveProperty('code', 'TOO_LARGE');
    expect(BLOCK_TRANSACTIONS_MAX).toBe(Math.floor(BLOCK_MAX_BYTES / transactionLayout.bytesMin));
  });
});
