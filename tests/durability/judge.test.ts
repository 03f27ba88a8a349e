import { describe, expect, it } from 'vitest';
import { encodePosMessage } from '../../src/chain/consensus/pos/messages.ts';
import type { Promised } from '../../src/chain/consensus/pos/promises.ts';
import { VOTE, type VoteType } from '../../src/chain/consensus/pos/vote.ts';
import { ByteWriter } from '../../src/chain/types/layout/buffers.ts';
import { blockHash, height, publicKey, signature } from '../../src/chain/types/units.ts';
import { unixMs } from '../../src/env/units.ts';
import { judge, type Started } from './judge.ts';
import type { Recording } from './record-validator.ts';
import { SignRecords } from './sign-records.ts';

const MARKER = { key: Uint8Array.of(0), value: Uint8Array.of(1) };
const BLOCK = 'b'.repeat(64);
const OTHER = 'c'.repeat(64);

function vote(type: VoteType, at: number, block: string | undefined): Promised {
  return {
    kind: 'vote',
    vote: {
      type: VOTE[type],
      height: height(at),
      round: 0,
      block: block === undefined ? undefined : blockHash(block),
      timestampMs: unixMs(5),
      validator: publicKey('d'.repeat(64)),
      signature: signature('e'.repeat(128)),
    },
  };
}

function recordOf(message: Promised): { readonly key: Uint8Array; readonly value: Uint8Array } {
  if (message.kind !== 'vote') throw new Error('votes only');
  const key = new ByteWriter(14);
  key.u8(1);
  key.u64(message.vote.height);
  key.u32(message.vote.round);
  key.u8(message.vote.type);
  return { key: key.bytes, value: encodePosMessage(message) };
}

const records = (...messages: readonly Promised[]): SignRecords =>
  new SignRecords([MARKER, ...messages.map(recordOf)]);
const ran = (head: number, blocks: readonly [number, string][] = []): Started => {
  return { kind: 'ran', head, blocks: new Map(blocks), damaged: 0, isSilent: false };
};

const prevote = vote('prevote', 4, BLOCK);
const recording: Recording = {
  disk: { changes: [], outputs: [], syncs: [] },
  said: [{ at: 10, message: prevote }],
  told: [{ at: 20, height: 3, id: BLOCK }],
  boots: [0],
  end: 100,
  transfers: 0,
};

describe('the judge of a validator after a power cut', () => {
  it('is content when the vote that left is on record', () => {
    const before = records(prevote);
    expect(judge(recording, 15, { started: ran(3), before, after: before })).toEqual([]);
  });

  it('finds a vote that left without its record, unless its height is decided or may not be signed any more', () => {
    const found = (head: number, before: SignRecords): readonly string[] =>
      judge(recording, 15, { started: ran(head), before, after: before });
    expect(found(3, records())).toEqual([
      'prevote of height 4, round 0: it was said, and there is no record of it',
    ]);
    expect(found(4, records())).toEqual([]);
    expect(found(3, records(vote('prevote', 5, BLOCK)))).toEqual([]);
    expect(found(3, new SignRecords([]))).toEqual([]);
  });

  it('finds a record of something else, and a second vote afterwards', () => {
    const other = records(vote('prevote', 4, OTHER));
    const [recorded] = judge(recording, 15, { started: ran(3), before: other, after: other });
    expect(recorded).toMatch(/^prevote of height 4, round 0: the record says .*ccc/);
    expect(judge(recording, 15, { started: ran(4), before: records(prevote), after: other })).toEqual([
      'prevote of height 4, round 0: signed again, and not the same',
    ]);
  });

  it('asks for nothing that left after the cut', () => {
    expect(judge(recording, 10, { started: ran(3), before: records(), after: records() })).toEqual([]);
  });

  it('finds a final block that is lost, and a node that did not end well', () => {
    const before = records(prevote);
    expect(judge(recording, 21, { started: ran(3, [[3, BLOCK]]), before, after: before })).toEqual([]);
    expect(judge(recording, 21, { started: ran(3, [[3, OTHER]]), before, after: before })).toEqual([
      `1 blocks were final and are not there: ${BLOCK} at 3, there is ${OTHER}`,
    ]);
    expect(
      judge(recording, 21, { started: { kind: 'crashed', how: 'SIGBUS' }, before, after: undefined }),
    ).toEqual(['the node ended badly: SIGBUS']);
  });

  it('lets a node refuse a folder that nobody has heard of, in clear words', () => {
    const refused = (code: number, words: string): Started => ({ kind: 'refused', code, words });
    const clear = refused(2, 'data/chain: no database\n  expected: an empty one');
    const of = (at: number, started: Started): readonly string[] =>
      judge(recording, at, { started, before: 'no database', after: undefined });
    expect(of(5, clear)).toEqual([]);
    expect(of(15, clear)).toEqual([expect.stringMatching(/^refused, and 1 messages had been said/)]);
    expect(of(5, refused(2, 'MDB_INVALID'))).toEqual([
      'refused with code 2, and no clear words: MDB_INVALID',
    ]);
  });
});
