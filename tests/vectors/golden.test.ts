import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifyZip215 } from '../../src/chain/crypto/ed25519.ts';
import { verifyStateProof } from '../../src/chain/state/proof.ts';
import { NAMESPACE, type Namespace } from '../../src/chain/state/state.ts';
import { decodeBlock, encodeBlock } from '../../src/chain/types/block-codec.ts';
import { decodeGenesis, validateGenesis } from '../../src/chain/types/genesis-codec.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import { decodeTransaction, transactionSignBytes } from '../../src/chain/types/transaction-codec.ts';
import { hash } from '../../src/chain/types/units.ts';
import { hexToBytes } from '../../src/env/bytes.ts';
import { isDecodeRejection } from '../../src/env/network.ts';
import golden from './aureon-v1.json' with { type: 'json' };
import { goldenVectors } from './golden.ts';
import { SAMPLE_BLOCK, SAMPLE_GENESIS, SAMPLE_MESSAGES, SAMPLE_TRANSACTIONS } from './samples.ts';

function bytesOf(text: string): Uint8Array {
  return hexToBytes(text) ?? new Uint8Array(0);
}

describe('the golden vectors of protocol version 1', () => {
  it('come out the same, byte for byte', () => {
    const stored = readFileSync(new URL('./aureon-v1.json', import.meta.url), 'utf8');
    expect(goldenVectors()).toBe(stored);
  });

  it('decode to the samples', () => {
    expect(golden.transactions.map(({ bytes }) => decodeTransaction(bytesOf(bytes)))).toEqual(
      SAMPLE_TRANSACTIONS,
    );
    expect(decodeBlock(bytesOf(golden.block.bytes))).toEqual(SAMPLE_BLOCK);
    expect(encodeBlock(SAMPLE_BLOCK)).toEqual(bytesOf(golden.block.bytes));
    expect(decodeGenesis(bytesOf(golden.genesis.bytes))).toEqual(SAMPLE_GENESIS);
    expect(validateGenesis(SAMPLE_GENESIS)).toBeUndefined();
    const codec = createMessageCodec();
    const decoded = golden.messages.map((text) => codec.decode(Buffer.from(text, 'latin1')));
    expect(decoded.filter(isDecodeRejection)).toEqual([]);
    expect(decoded).toEqual(SAMPLE_MESSAGES);
    expect(new Set(SAMPLE_MESSAGES.map((message) => message.kind)).size).toBe(12);
  });

  it('carry valid signatures', () => {
    for (const transaction of SAMPLE_TRANSACTIONS) {
      const valid = verifyZip215(
        bytesOf(transaction.signature),
        transactionSignBytes(transaction),
        bytesOf(transaction.senderKey),
      );
      expect(valid).toBe(true);
    }
  });

  it('prove the presence and the absence of leaves', () => {
    const root = hash(golden.state.rootsAfterEach.at(-1) ?? '');
    const names = Object.keys(NAMESPACE) as Namespace[];
    const kinds = new Set<string>();
    for (const { namespace, id, present, proof } of golden.state.proofs) {
      const found = verifyStateProof(root, names[namespace] ?? 'reserved', id, bytesOf(proof));
      expect(found).not.toBe('invalid');
      expect(found !== undefined).toBe(present);
      kinds.add(proof.slice(0, 2));
    }
    expect([...kinds].sort()).toEqual(['00', '01', '02']);
  });
});
