import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messages } from '../../../properties/arbitraries/chain-types.ts';
import { SAMPLE_HEADERS, SAMPLE_MESSAGES, SAMPLE_TRANSACTIONS } from '../../../tests/vectors/samples.ts';
import { isDecodeRejection, MESSAGE_MAX_BYTES } from '../../env/network.ts';
import { unixMs } from '../../env/units.ts';
import { CONSENSUS_FIELD_MAX_BYTES, type Header } from './block.ts';
import { headerLayout } from './header-codec.ts';
import { ADDRESS_MAX_LENGTH } from './layout/fields.ts';
import type { Message } from './message.ts';
import {
  ANSWER_MAX_BYTES,
  answerBytesOf,
  CONSENSUS_BODY_MAX_BYTES,
  createMessageCodec,
  HEADER_JSON_MAX_BYTES,
  INVENTORY_IDS_MAX,
  LOCATOR_IDS_MAX,
  PART_MAX_BYTES,
  PEER_ADDRESSES_MAX,
  SYNC_BLOCKS_MAX,
  SYNC_HEADERS_MAX,
  TRANSACTION_JSON_BYTES,
} from './message-codec.ts';
import type { Transaction } from './transaction.ts';
import { transactionLayout } from './transaction-codec.ts';
import { accountAddress, amount, blockHash, gas, height, weight } from './units.ts';

const codec = createMessageCodec();
const MAX_U32 = 0xffff_ffff;

function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function codeOf(text: string): string {
  const decoded = codec.decode(asciiOf(text));
  return isDecodeRejection(decoded) ? decoded.code : 'accepted';
}

/** Every message that differs from `message` in one scalar, or by one item of a list. */
function variantsOf(value: unknown): unknown[] {
  if (typeof value === 'number') return [value === 0 ? 1 : value - 1];
  if (typeof value === 'bigint') return [value === 0n ? 1n : value - 1n];
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'string') {
    if (value === '') return ['00'];
    const last = value.slice(-1);
    return [value.slice(0, -1) + (last === '0' ? '1' : '0')];
  }
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    const changed = items.flatMap((item, i) => variantsOf(item).map((variant) => items.with(i, variant)));
    return items.length === 0 ? [] : [...changed, items.slice(1)];
  }
  return Object.entries(value as Record<string, unknown>).flatMap(([name, field]) =>
    name === 'kind' ? [] : variantsOf(field).map((variant) => ({ ...(value as object), [name]: variant })),
  );
}

describe('the wire codec', () => {
  it('decodes what it encodes, and knows the length before', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const length = codec.byteLength(message);
        const bytes = codec.encode(message);
        expect(bytes.length).toBe(length);
        expect(codec.byteLength(message)).toBe(length);
        expect(structuredClone(codec.decode(bytes))).toStrictEqual(message);
        expect(codec.kind(message)).toBe(message.kind);
        expect(bytes.every((code) => code >= 0x20 && code < 0x7f)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('gives equal messages equal fingerprints, from fresh objects and decoded ones', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const fingerprint = codec.fingerprint(message);
        expect(Number.isInteger(fingerprint) && fingerprint >= 0 && fingerprint < 2 ** 32).toBe(true);
        expect(codec.fingerprint(structuredClone(message))).toBe(fingerprint);
        expect(createMessageCodec().fingerprint(codec.decode(codec.encode(message)) as Message)).toBe(
          fingerprint,
        );
      }),
    );
  });

  it('gives another fingerprint when any one field differs', () => {
    for (const message of SAMPLE_MESSAGES) {
      const variants = variantsOf(message) as Message[];
      const fingerprints = variants.map((variant) => codec.fingerprint(variant));
      expect(fingerprints).not.toContain(codec.fingerprint(message));
      expect(new Set(fingerprints).size).toBe(fingerprints.length);
    }
    const samples = new Set(SAMPLE_MESSAGES.map((message) => codec.fingerprint(message)));
    expect(samples.size).toBe(SAMPLE_MESSAGES.length);
  });

  it('decodes any bytes to a message or a rejection', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(asciiOf)), (bytes) => {
        const decoded = codec.decode(bytes);
        expect(isDecodeRejection(decoded) ? bytes : codec.encode(decoded)).toEqual(bytes);
      }),
    );
  });
});

describe('the wire codec refuses', () => {
  const head = `{"id":"${'ab'.repeat(32)}","height":4,"weight":"00"}`;
  const ping = `{"kind":"Ping","nonce":7,"head":${head}}`;

  it('nothing of a plain ping', () => {
    expect(codeOf(ping)).toBe('accepted');
  });

  it.each([
    ['an unknown field', ping.replace('"nonce":7', '"nonce":7,"extra":1'), 'UNKNOWN_FIELD'],
    ['an unknown field at the end', `${ping.slice(0, -1)},"extra":1}`, 'UNKNOWN_FIELD'],
    ['a nested unknown field', ping.replace('"height":4', '"height":4,"x":[]'), 'UNKNOWN_FIELD'],
    ['a duplicate field', ping.replace('"nonce":7', '"nonce":7,"nonce":7'), 'DUPLICATE_FIELD'],
    ['a duplicate field at the end', `${ping.slice(0, -1)},"nonce":8}`, 'DUPLICATE_FIELD'],
    ['a second kind', ping.replace('"nonce":7', '"kind":"Ping","nonce":7'), 'DUPLICATE_FIELD'],
    ['a missing field', ping.replace('"nonce":7,', ''), 'MISSING_FIELD'],
    ['a missing last field', '{"kind":"Ping","nonce":7}', 'MISSING_FIELD'],
    ['a nested missing field', ping.replace('"height":4,', ''), 'MISSING_FIELD'],
    ['a missing kind', `{"nonce":7,"head":${head}}`, 'MISSING_FIELD'],
    ['fields out of order', `{"kind":"Ping","head":${head},"nonce":7}`, 'NOT_CANONICAL'],
    ['a kind that does not stand first', `{"nonce":7,"kind":"Ping","head":${head}}`, 'NOT_CANONICAL'],
    ['an unknown kind', '{"kind":"Gossip","x":{"y":[1,2]}}', 'UNKNOWN_KIND'],
    [
      'an unknown kind inside a known message',
      `{"kind":"GetBlockResponse","id":"${'00'.repeat(32)}","result":{"kind":"half"}}`,
      'BAD_FIELD',
    ],
    ['white space', ping.replace('"nonce":7', '"nonce": 7'), 'NOT_CANONICAL'],
    ['white space between fields', ping.replace('"nonce":7,', '"nonce":7, '), 'NOT_CANONICAL'],
    ['a newline at the end', `${ping}\n`, 'TRAILING_BYTES'],
    ['a second message', ping + ping, 'TRAILING_BYTES'],
    ['a leading zero', ping.replace('"nonce":7', '"nonce":07'), 'NOT_CANONICAL'],
    ['a fraction', ping.replace('"nonce":7', '"nonce":7.0'), 'NOT_JSON'],
    ['an exponent', ping.replace('"nonce":7', '"nonce":7e0'), 'NOT_JSON'],
    ['a negative number', ping.replace('"nonce":7', '"nonce":-7'), 'BAD_FIELD'],
    ['a number that is not safe', ping.replace('"nonce":7', '"nonce":9007199254740992'), 'OUT_OF_RANGE'],
    ['a number of twenty digits', ping.replace('"nonce":7', '"nonce":90071992547409920000'), 'OUT_OF_RANGE'],
    ['a number in a string', ping.replace('"nonce":7', '"nonce":"7"'), 'BAD_FIELD'],
    ['null', ping.replace('"nonce":7', '"nonce":null'), 'BAD_FIELD'],
    ['upper-case hexadecimal', ping.replace('abab', 'ABab'), 'BAD_FIELD'],
    ['an id that is too short', ping.replace('abab', 'ab'), 'OUT_OF_RANGE'],
    ['an id that is too long', ping.replace('abab', 'ababab'), 'OUT_OF_RANGE'],
    ['half a byte', ping.replace('"weight":"00"', '"weight":"000"'), 'BAD_FIELD'],
    ['an escape', ping.replace('"weight":"00"', '"weight":"\\u00300"'), 'BAD_FIELD'],
    ['a list for an object', ping.replace(head, '[]'), 'BAD_FIELD'],
    ['a cut message', ping.slice(0, 40), 'TRUNCATED'],
    ['nothing', '', 'TRUNCATED'],
    ['no object', '[1]', 'BAD_FIELD'],
    ['a kind that is no string', '{"kind":7}', 'BAD_FIELD'],
  ])('%s', (_, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('depth without end, in the time of one pass', () => {
    const deep = `{"kind":"Ping","head":${'['.repeat(4_000_000)}`;
    expect(codeOf(deep)).toBe('MISSING_FIELD');
    expect(codeOf('['.repeat(100_000))).toBe('BAD_FIELD');
    expect(codeOf(`{"kind":"Deep","x":${'['.repeat(1_000_000)}`)).toBe('UNKNOWN_KIND');
  });

  it('a message above the limit, unread', () => {
    expect(codec.decode(new Uint8Array(MESSAGE_MAX_BYTES + 1))).toHaveProperty('code', 'TOO_LARGE');
    expect(codec.messageMaxBytes).toBe(MESSAGE_MAX_BYTES);
  });

  it('lists above their limits, and takes them at the limit', () => {
    const id = `"${'00'.repeat(32)}"`;
    const listOf = (item: string, count: number) =>
      `[${Array.from({ length: count }, () => item).join(',')}]`;
    const cases: readonly (readonly [number, (count: number) => string])[] = [
      [
        LOCATOR_IDS_MAX,
        (n) =>
          `{"kind":"SyncRequest","requestId":1,"want":{"kind":"headers","locator":${listOf(id, n)},"limit":1}}`,
      ],
      [
        SYNC_BLOCKS_MAX,
        (n) => `{"kind":"SyncRequest","requestId":1,"want":{"kind":"blocks","ids":${listOf(id, n)}}}`,
      ],
      [PEER_ADDRESSES_MAX, (n) => `{"kind":"PeerInfo","request":true,"peers":${listOf('"a"', n)}}`],
      [INVENTORY_IDS_MAX, (n) => `{"kind":"Transactions","have":${listOf(id, n)},"want":[],"bodies":[]}`],
      [INVENTORY_IDS_MAX, (n) => `{"kind":"Transactions","have":[],"want":${listOf(id, n)},"bodies":[]}`],
      [ADDRESS_MAX_LENGTH, (n) => `{"kind":"PeerInfo","request":true,"peers":["${'a'.repeat(n)}"]}`],
      [
        PART_MAX_BYTES,
        (n) =>
          `{"kind":"GetBlockResponse","id":${id},"result":{"kind":"part","offset":0,"size":1,"bytes":"${'00'.repeat(n)}"}}`,
      ],
      [
        PART_MAX_BYTES,
        (n) =>
          `{"kind":"SyncResponse","requestId":0,"head":${head},"result":{"kind":"part","id":${id},"offset":0,"size":1,"bytes":"${'00'.repeat(n)}"}}`,
      ],
      [CONSENSUS_BODY_MAX_BYTES, (n) => `{"kind":"Consensus","body":"${'00'.repeat(n)}"}`],
    ];
    for (const [max, text] of cases) {
      expect(codeOf(text(max))).toBe('accepted');
      expect(codeOf(text(max + 1))).toBe('OUT_OF_RANGE');
    }
    expect(SYNC_HEADERS_MAX).toBe(512);
  });

  it('indexes that do not grow, and counts that do not match', () => {
    const get = (indexes: string) =>
      codeOf(`{"kind":"GetBlock","id":"${'00'.repeat(32)}","indexes":${indexes}}`);
    expect(get('[0,1,9]')).toBe('accepted');
    expect(get('[0,0]')).toBe('BAD_FIELD');
    expect(get('[2,1]')).toBe('BAD_FIELD');
    const sync = (certificates: string) =>
      codeOf(
        `{"kind":"SyncResponse","requestId":1,"head":${head},"result":{"kind":"headers","headers":[],"certificates":${certificates}}}`,
      );
    expect(sync('[]')).toBe('accepted');
    expect(sync('[""]')).toBe('BAD_FIELD');
    const sample = textOf(codec.encode(SAMPLE_MESSAGES[9] as Message));
    expect(codeOf(sample)).toBe('accepted');
    expect(codeOf(sample.replace('[1,3]', '[1]'))).toBe('BAD_FIELD');
  });
});

describe('sizes of answers', () => {
  const MAX = Number.MAX_SAFE_INTEGER;

  it('hold for the longest transaction and the longest header', () => {
    const [transfer] = SAMPLE_TRANSACTIONS;
    const longest: Transaction = {
      ...(transfer as Transaction),
      version: 9,
      nonce: MAX,
      validUntilHeight: height(MAX),
      gasLimit: gas(MAX),
      gasPrice: amount(2n ** 64n - 1n),
      action: { kind: 'transfer', to: accountAddress('a'.repeat(64)), amount: amount(2n ** 64n - 1n) },
    };
    const size = transactionLayout.jsonSize(longest);
    expect(size).toBeLessThanOrEqual(TRANSACTION_JSON_BYTES);
    expect(size).toBeGreaterThan(TRANSACTION_JSON_BYTES - 10);
    const header: Header = {
      ...(SAMPLE_HEADERS[1] as Header),
      height: height(MAX),
      gasUsed: gas(MAX),
      timestampMs: unixMs(MAX),
      consensus: 'ab'.repeat(CONSENSUS_FIELD_MAX_BYTES),
      seal: 'ab'.repeat(CONSENSUS_FIELD_MAX_BYTES),
    };
    expect(headerLayout.jsonSize(header)).toBeLessThanOrEqual(HEADER_JSON_MAX_BYTES);
  });

  it('hold for a full part, and for the names around it', () => {
    const bytes = 'ab'.repeat(PART_MAX_BYTES);
    const part = {
      kind: 'part',
      id: blockHash('c0'.repeat(32)),
      offset: MAX_U32,
      size: MAX_U32,
      bytes,
    } as const;
    const claim = { id: part.id, height: height(MAX), weight: weight('f'.repeat(128)) };
    const message = { kind: 'SyncResponse', requestId: MAX, head: claim, result: part } as const;
    expect(bytes.length).toBe(ANSWER_MAX_BYTES);
    expect(codec.byteLength(message)).toBeLessThan(ANSWER_MAX_BYTES + 512);
  });

  it('are known of blocks without evidence and commit, and as long as may be of others', () => {
    const header = SAMPLE_HEADERS[0] as Header;
    expect(answerBytesOf(header)).toBeLessThan(2_000);
    expect(answerBytesOf({ ...header, txCount: 20 })).toBe(
      answerBytesOf(header) + 20 * TRANSACTION_JSON_BYTES,
    );
    expect(answerBytesOf({ ...header, txCount: 5_000 })).toBe(ANSWER_MAX_BYTES);
    expect(answerBytesOf(SAMPLE_HEADERS[1])).toBe(ANSWER_MAX_BYTES);
    expect(answerBytesOf(undefined)).toBe(ANSWER_MAX_BYTES);
  });
});
