import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { bigBlock } from '../../../tests/support/big-block.ts';
import { TestClock } from '../consensus/test-host.ts';
import { DEFAULT_LIMITS } from '../node-config.ts';
import type { Block } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import type { BlockPart, Message } from '../types/message.ts';
import { ANSWER_MAX_BYTES, PART_MAX_BYTES } from '../types/message-codec.ts';
import { height, weight } from '../types/units.ts';
import { IN_FLIGHT_MAX_BYTES } from './answer-window.ts';
import { BlockRequest, GOSSIP_REQUEST_ID } from './block-request.ts';
import { partOf } from './partial-body.ts';
import type { Peer } from './peer.ts';
import { testPeer } from './test-peer.ts';

const unused = (): never => expect.fail('hashes alone are needed');

/** Seven parts. */
const BLOCK = bigBlock(200_000);
const OTHER = bigBlock(200_001);
const ID = blockId(BLOCK.header);
const LAST = 6;

function peer(number: number): Peer {
  return testPeer(number, { id: ID, height: height(1), weight: weight('01') });
}

function partAt(index: number, block: Block = BLOCK, certificate = ''): BlockPart {
  const part = partOf(block, certificate, index * PART_MAX_BYTES);
  if (part === undefined) expect.fail('there is no such part');
  return part;
}

/** A request for BLOCK of which nothing is known but its id, and what it did. */
function request() {
  const clock = new TestClock(0);
  const sent: [string, Message][] = [];
  const faults: string[] = [];
  const done: string[] = [];
  const own = new BlockRequest(
    {
      env: {
        clock,
        crypto: { sha256, verify: unused, sign: unused, publicKey: unused },
        memo: { get: (_kind, _key, compute) => compute() },
      },
      features: { requestTimeouts: true },
      limits: DEFAULT_LIMITS,
      blockBytesMax: 1_048_576,
      send: (to, message) => sent.push([to.address, message]) > 0,
      fault: (who, fault) => faults.push(`${who.address} ${fault}`),
      stalled: (who) => faults.push(`${who.address} late`),
      onTransactions: () => expect.fail('none were asked for'),
      onWhole: (_own, { block, certificate }, from, isMixed) =>
        done.push(
          `${blockId(block.header) === ID} ${certificate} ${from.address} ${isMixed ? 'mixed' : 'alone'}`,
        ),
      onNobody: () => done.push('nobody'),
    },
    ID,
    undefined,
  );
  /** What was asked since, as offsets; -1: the whole block. */
  const asked = () =>
    sent.splice(0).map(([to, message]) => {
      if (message.kind === 'GetBlock') return `${to} -1`;
      if (message.kind !== 'SyncRequest' || message.want.kind !== 'part') return expect.fail(message.kind);
      expect(message.requestId).toBe(GOSSIP_REQUEST_ID);
      return `${to} ${message.want.offset / PART_MAX_BYTES}`;
    });
  return { clock, own, asked, faults, done };
}

describe('a request for a block that comes in parts', () => {
  it('has two parts on their way at a time, and ends with the block', () => {
    const { own, asked, done, faults } = request();
    const source = peer(1);
    own.ask(source);
    expect(asked()).toEqual(['p1 -1']);
    own.onPart(source, partAt(0));
    expect(asked()).toEqual(['p1 1', 'p1 2']);
    for (let i = 1; i <= LAST; i++) {
      expect(source.window.inFlightBytes).toBeLessThanOrEqual(IN_FLIGHT_MAX_BYTES);
      own.onPart(source, partAt(i));
      expect(asked()).toEqual(i + 2 <= LAST ? [`p1 ${i + 2}`] : []);
    }
    expect(done).toEqual(['true  p1 alone']);
    expect(faults).toEqual([]);
    own.end();
    expect([source.window.inFlightBytes, source.blocksInFlight]).toEqual([0, 0]);
  });

  it('waits while other answers of that peer fill its window, and no time-out runs meanwhile', () => {
    const { own, asked, clock, faults } = request();
    const source = peer(1);
    const others = [0, 1].map(() => source.window.ask(ANSWER_MAX_BYTES, () => true));
    own.ask(source);
    clock.advance(60_000);
    expect([asked(), faults]).toEqual([[], []]);
    for (const other of others) source.window.end(other);
    expect(asked()).toEqual(['p1 -1']);
    clock.advance(60_000);
    expect(faults).toEqual(['p1 late']);
  });

  it('goes on with the next announcer, from where it is, when a peer falls silent', () => {
    const { own, asked, clock, done, faults } = request();
    const [first, second] = [peer(1), peer(2)];
    own.ask(first);
    own.addAnnouncer(second);
    for (const i of [0, 1, 2]) own.onPart(first, partAt(i));
    asked();
    clock.advance(4_000 + Math.ceil(IN_FLIGHT_MAX_BYTES / 125));
    expect(faults).toEqual(['p1 late']);
    expect(asked()).toEqual(['p2 3', 'p2 4']);
    expect([first.window.inFlightBytes, first.blocksInFlight]).toEqual([0, 0]);
    // What the first was asked for still comes: cheap, and no harm.
    own.onPart(first, partAt(3));
    expect(faults.splice(0)).toEqual(['p1 late', 'p1 UNREQUESTED']);
    for (const i of [3, 4, 5, 6]) own.onPart(second, partAt(i));
    expect(done).toEqual(['true  p2 mixed']);
    expect(faults).toEqual([]);
  });

  it('gives a peer that drips parts no longer than the size of the block needs', () => {
    const { own, clock, faults, done } = request();
    const slow = peer(1);
    own.ask(slow);
    const { size } = partAt(0);
    const startMs = 3_000;
    clock.advance(startMs);
    own.onPart(slow, partAt(0));
    for (let i = 1; i < LAST && faults.length === 0; i++) {
      clock.advance(4_500);
      if (faults.length === 0) own.onPart(slow, partAt(i));
    }
    expect(faults).toEqual(['p1 late']);
    expect(done).toEqual(['nobody']);
    expect(clock.nowMs).toBeLessThan(startMs + 4_000 + (4 * size) / 125 + 4_500);
  });

  it('blames a peer whose parts are together not that block, and asks the next for all of it', () => {
    const { own, asked, faults, done } = request();
    const [liar, honest] = [peer(1), peer(2)];
    own.ask(liar);
    own.addAnnouncer(honest);
    for (let i = 0; i <= LAST; i++) own.onPart(liar, partAt(i, OTHER));
    expect(faults).toEqual(['p1 BODY_MISMATCH']);
    expect(asked().at(-1)).toBe('p2 -1');
    for (let i = 0; i <= LAST; i++) own.onPart(honest, partAt(i));
    expect(done).toEqual(['true  p2 alone']);
  });

  it('blames nobody when parts of two peers do not fit, and takes the block from the second alone', () => {
    const { own, asked, clock, faults, done } = request();
    const [liar, honest] = [peer(1), peer(2)];
    const flipped = (part: BlockPart) => ({ ...part, bytes: `ff${part.bytes.slice(2)}` });
    own.ask(liar);
    own.addAnnouncer(honest);
    own.onPart(liar, flipped(partAt(0)));
    clock.advance(10_000);
    expect(faults.splice(0)).toEqual(['p1 late']);
    for (let i = 1; i <= LAST; i++) own.onPart(honest, partAt(i));
    expect(faults).toEqual([]);
    expect(asked().at(-1)).toBe('p2 -1');
    for (let i = 0; i <= LAST; i++) own.onPart(honest, partAt(i));
    expect(done).toEqual(['true  p2 alone']);
  });

  it('takes one change of the size for a certificate that came, and the second for a lie', () => {
    const { own, asked, faults, done } = request();
    const source = peer(1);
    own.ask(source);
    own.onPart(source, partAt(0));
    own.onPart(source, partAt(1, BLOCK, 'c5'));
    expect(faults).toEqual([]);
    expect(asked()).toEqual(['p1 -1', 'p1 1', 'p1 2', 'p1 0']);
    own.onPart(source, partAt(2, BLOCK, 'c5'));
    for (let i = 0; i <= LAST; i++) own.onPart(source, partAt(i, BLOCK, 'c5'));
    expect(done).toEqual(['true c5 p1 alone']);

    const liar = request();
    liar.own.ask(source);
    for (const certificate of ['', 'aa', 'aaaa']) liar.own.onPart(source, partAt(0, BLOCK, certificate));
    expect(liar.faults).toEqual(['p1 BODY_MISMATCH']);
    expect(liar.done).toEqual(['nobody']);
  });

  it('asks nothing of a peer that is gone, whose window sends nothing, but the next one', () => {
    const { own, asked, done } = request();
    const [banned, other] = [peer(1), peer(2)];
    banned.isUp = false;
    banned.window.shut();
    own.addAnnouncer(other);
    own.ask(banned);
    expect(asked()).toEqual(['p2 -1']);
    expect(own.source).toBe(other);
    own.next();
    own.ask(banned);
    expect(own.source).toBeUndefined();
    expect(done).toEqual(['nobody', 'nobody']);
  });

  it('refuses parts that nobody asked for, and goes on when the source has the block no more or is gone', () => {
    const { own, asked, faults, done } = request();
    const [first, second, third] = [peer(1), peer(2), peer(3)];
    own.ask(first);
    own.addAnnouncer(second);
    own.addAnnouncer(third);
    own.onPart(second, partAt(0));
    expect(faults.splice(0)).toEqual(['p2 UNREQUESTED']);
    own.onPart(first, partAt(0));
    own.onPart(first, { offset: PART_MAX_BYTES, size: 0, bytes: '' });
    second.isUp = false;
    second.window.shut();
    own.onPeerDown(second);
    expect(asked()).toEqual(['p1 -1', 'p1 1', 'p1 2', 'p2 1', 'p2 2', 'p3 1', 'p3 2']);
    for (let i = 1; i <= LAST; i++) own.onPart(third, partAt(i));
    expect(done).toEqual(['true  p3 mixed']);
    expect(faults).toEqual([]);
  });
});
