import { describe, expect, it } from 'vitest';
import { bigBlock } from '../../../tests/support/big-block.ts';
import { SAMPLE_HEADERS, SAMPLE_TRANSACTIONS } from '../../../tests/vectors/samples.ts';
import { type Address, connectionId } from '../../env/units.ts';
import { DEFAULT_LIMITS } from '../node-config.ts';
import { BlockServer } from '../peers/block-server.ts';
import { Peer } from '../peers/peer.ts';
import type { Block, Header } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import type { Message, SyncRequestMessage } from '../types/message.ts';
import { ANSWER_MAX_BYTES, createMessageCodec, PART_MAX_BYTES } from '../types/message-codec.ts';
import type { Transaction } from '../types/transaction.ts';
import { blockHash, type Height, height, type PeerId, weight } from '../types/units.ts';
import { isCut, serveSync } from './sync-server.ts';

const NOWHERE = blockHash('fe'.repeat(32));
const HEAD = { id: NOWHERE, height: height(9), weight: weight('09') };
/** Names, numbers and the claim around a full body. */
const AROUND_MAX_BYTES = 512;
const codec = createMessageCodec();

function numbered(block: Block, at: number): Block {
  return { ...block, header: { ...block.header, height: height(at) } };
}

function peer(): Peer {
  const identity = {
    id: 'p' as PeerId,
    connection: connectionId(1),
    address: 'p' as Address,
    direction: 'in' as const,
    group: '',
    pingMs: 0,
  };
  return new Peer(identity, HEAD, 0);
}

/** A server of these blocks, certificates and headers; every answer is within the limit. */
function server(blocks: readonly Block[], headers: readonly Header[] = [], certificate = '') {
  const byId = new Map(blocks.map((block) => [blockId(block.header), block]));
  const sent: Message[] = [];
  const faults: string[] = [];
  const ports = {
    limits: DEFAULT_LIMITS,
    head: () => HEAD,
    send: (_to: Peer, message: Message) => {
      expect(codec.byteLength(message)).toBeLessThanOrEqual(ANSWER_MAX_BYTES + AROUND_MAX_BYTES);
      return sent.push(message) > 0;
    },
    fault: (_who: Peer, fault: string) => faults.push(fault),
    waiting: () => undefined,
    undecided: () => undefined,
    isCertified: certificate !== '',
    ledger: {
      block: (id: string) => byId.get(blockHash(id)),
      certificate: () => certificate,
      status: () => 'executed' as const,
      snapshotItem: () => undefined,
      headersAfter: (_locator: unknown, limit: number) => ({
        isBelow: false,
        headers: headers.slice(0, limit),
      }),
    },
  };
  const blockServer = new BlockServer(ports);
  const resultOf = (ask: () => void) => {
    sent.length = 0;
    ask();
    const [message] = sent;
    return message !== undefined && 'result' in message ? message.result : undefined;
  };
  return {
    faults,
    sync: (want: SyncRequestMessage['want']) =>
      resultOf(() => serveSync(ports, peer(), { kind: 'SyncRequest', requestId: 1, want })),
    get: (id: string, indexes?: readonly number[]) =>
      resultOf(() =>
        blockServer.onGetBlock(peer(), {
          kind: 'GetBlock',
          id: blockHash(id),
          ...(indexes === undefined ? {} : { indexes }),
        }),
      ),
  };
}

const SMALL = [1, 2, 3, 4, 5].map((at) => numbered(bigBlock(10_000), at));
const BIG = numbered(bigBlock(100_000), 6);
const idOf = (block: Block) => blockId(block.header);

describe('blocks that are asked for by id', () => {
  it('come as many as one answer carries', () => {
    const result = server(SMALL).sync({ kind: 'blocks', ids: SMALL.map(idOf) });
    expect(result).toMatchObject({ kind: 'blocks', blocks: SMALL.slice(0, 3) });
  });

  it('come as the first part of the first, where that one does not fit', () => {
    const { sync } = server([BIG, ...SMALL]);
    const id = idOf(BIG);
    const first = sync({ kind: 'blocks', ids: [NOWHERE, id, ...SMALL.map(idOf)] });
    expect(first).toMatchObject({ kind: 'part', id, offset: 0 });
    const more = sync({ kind: 'blocks', ids: [idOf(SMALL[0] as Block), id] });
    expect(more).toMatchObject({ kind: 'blocks', blocks: [SMALL[0]] });
    const rest = sync({ kind: 'part', id, offset: PART_MAX_BYTES });
    expect(rest).toMatchObject({ kind: 'part', id, offset: PART_MAX_BYTES });
    expect(rest?.kind === 'part' && first?.kind === 'part' && rest.size === first.size).toBe(true);
  });

  it('that are not here are said to be gone; a part behind the end is a fault', () => {
    const { sync, faults } = server([BIG]);
    expect(sync({ kind: 'part', id: NOWHERE, offset: 0 })).toMatchObject({
      kind: 'part',
      size: 0,
      bytes: '',
    });
    expect(faults).toEqual([]);
    expect(sync({ kind: 'part', id: idOf(BIG), offset: 900_000 })).toBeUndefined();
    expect(faults).toEqual(['OVER_LIMIT']);
  });

  it('of gossip come whole where they fit, with their certificate, else as their first part', () => {
    const [small] = SMALL as [Block];
    expect(server([small]).get(idOf(small))).toEqual({ kind: 'block', block: small, certificate: '' });
    const certificate = 'c5'.repeat(25_000);
    expect(server([small], [], certificate).get(idOf(small))).toMatchObject({ kind: 'part', offset: 0 });
    const { get } = server([BIG]);
    expect(get(idOf(BIG))).toMatchObject({ kind: 'part', offset: 0 });
    // The answer that is kept for the next peer is the same.
    expect(get(idOf(BIG))).toMatchObject({ kind: 'part', offset: 0 });
    expect(get(NOWHERE)).toEqual({ kind: 'unknown' });
  });
});

describe('transactions by index', () => {
  const transactions = Array.from({ length: 400 }, () => SAMPLE_TRANSACTIONS[0] as Transaction);
  const block: Block = { ...(SMALL[0] as Block), transactions };
  const all = transactions.map((_, i) => i);

  it('come as many as one answer carries, the first of those asked for', () => {
    const { get } = server([block]);
    let left: readonly number[] = all;
    const counts: number[] = [];
    while (left.length > 0) {
      const result = get(idOf(block), left);
      if (result?.kind !== 'transactions') expect.fail('transactions were asked for');
      expect(result.indexes).toEqual(left.slice(0, result.indexes.length));
      expect(result.transactions.length).toBe(result.indexes.length);
      counts.push(result.indexes.length);
      left = left.slice(result.indexes.length);
    }
    expect(counts).toEqual([128, 128, 128, 16]);
  });

  it('that the block does not have are a fault', () => {
    const { get, faults } = server([block]);
    expect(get(idOf(block), [0, 400])).toBeUndefined();
    expect(faults).toEqual(['OVER_LIMIT']);
  });
});

describe('headers', () => {
  const headers = Array.from({ length: 600 }, (_, i) => ({
    ...(SAMPLE_HEADERS[1] as Header),
    height: (1_000 + i) as Height,
  }));
  const want = { kind: 'headers', locator: [NOWHERE], limit: 512 } as const;

  it('come as many as one answer carries, and the other side knows that there may be more', () => {
    const result = server([], headers).sync(want);
    if (result?.kind !== 'headers') expect.fail('headers were asked for');
    expect(result.headers.length).toBeGreaterThan(20);
    expect(result.headers.length).toBeLessThan(80);
    expect(isCut(result.headers, DEFAULT_LIMITS)).toBe(true);
  });

  it('that are all there are, are not cut', () => {
    const result = server([], headers.slice(0, 40)).sync(want);
    if (result?.kind !== 'headers') expect.fail('headers were asked for');
    expect(result.headers.length).toBe(40);
    expect(isCut(result.headers, DEFAULT_LIMITS)).toBe(false);
  });
});
