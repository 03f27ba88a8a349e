import { describe, expect, it } from 'vitest';
import { build, createHost, open, toyConfig, transfer } from '../../tests/support/ledger-world.ts';
import { answerQuery, type QueriedPool } from './node-commands.ts';
import type { Block } from './types/block.ts';
import { blockId } from './types/header-codec.ts';
import { transactionId } from './types/transaction-codec.ts';
import { type BlockHash, blockHash, height } from './types/units.ts';

const EMPTY_POOL: QueriedPool = { get: () => undefined, nextNonce: () => 0 };

/** A chain of 30 blocks that keeps the bodies of the newest ones, a transfer in block 2 and one in the head. */
function grown() {
  const { ledger } = open(createHost(), toyConfig({ bodies: 15 }));
  const blocks: Block[] = [];
  const sent = [2, 30].map((_, nonce) => transfer(ledger.genesisId, 0, nonce, 1, 1));
  for (let at = 1; at <= 30; at++) {
    const transactions = sent.filter((_, i) => at === [2, 30][i]);
    const block = build(ledger, ledger.head().id, { transactions });
    expect(ledger.importBlock(block, '').kind).toBe('imported');
    blocks.push(block);
  }
  const headerOf = (at: { readonly id: BlockHash } | { readonly height: ReturnType<typeof height> }) =>
    answerQuery(ledger, EMPTY_POOL, { kind: 'GetHeader', at });
  const receiptsOf = (at: number) => answerQuery(ledger, EMPTY_POOL, { kind: 'GetReceipts', at: height(at) });
  return { ledger, blocks, sent, headerOf, receiptsOf };
}

describe('what a node answers about headers and receipts', () => {
  it('answers headers of the main chain, their bodies deleted or not', () => {
    const { blocks, headerOf } = grown();
    for (const { header } of blocks) {
      const answer = { kind: 'Header', header, id: blockId(header) };
      expect(headerOf({ height: header.height })).toEqual(answer);
      expect(headerOf({ id: blockId(header) })).toEqual(answer);
    }
    expect(headerOf({ height: height(31) })).toEqual({ kind: 'NotFound' });
    expect(headerOf({ id: blockHash('9'.repeat(64)) })).toEqual({ kind: 'NotFound' });
  });

  it('answers headers of blocks of a branch that were executed here, and none that nobody has executed', () => {
    const { ledger, headerOf } = grown();
    const rival = build(ledger, ledger.head().header.parent, { salt: 1 });
    const child = build(ledger, ledger.head().id, { salt: 2 });
    expect(ledger.acceptHeader(rival.header).kind).toBe('accepted');
    expect(ledger.acceptHeader(child.header).kind).toBe('accepted');
    for (const { header } of [rival, child]) expect(headerOf({ id: blockId(header) }).kind).toBe('NotFound');
    ledger.importBlock(rival, '');
    expect(headerOf({ id: blockId(rival.header) })).toMatchObject({ kind: 'Header', header: rival.header });
  });

  it('answers receipts with the block that they are of, where its body is kept', () => {
    const { blocks, sent, receiptsOf } = grown();
    expect(receiptsOf(2)).toEqual({ kind: 'NotFound' });
    expect(receiptsOf(31)).toEqual({ kind: 'NotFound' });
    expect(receiptsOf(30)).toMatchObject({
      kind: 'Receipts',
      block: blocks[29],
      receipts: [{ status: 0, txId: transactionId(sent[1] ?? expect.fail('it was sent')) }],
    });
  });
});
