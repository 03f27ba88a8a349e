import { describe, expect, it } from 'vitest';
import { transfer } from '../../../tests/support/ledger-world.ts';
import { TestClock } from '../consensus/test-host.ts';
import { DEFAULT_LIMITS } from '../node-config.ts';
import type { TransactionsMessage } from '../types/message.ts';
import { ANSWER_MAX_BYTES, createMessageCodec } from '../types/message-codec.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { blockHash, height, type TxId, txId, weight } from '../types/units.ts';
import { IN_FLIGHT_MAX_BYTES } from './answer-window.ts';
import type { Peer } from './peer.ts';
import { testPeer } from './test-peer.ts';
import { TransactionRelay } from './transaction-relay.ts';

const CHAIN = blockHash('c0'.repeat(32));
const TRANSACTIONS = Array.from({ length: 6 }, (_, nonce) => transfer(CHAIN, 0, nonce, 1));
const IDS = TRANSACTIONS.map((t) => transactionId(t));
const NOTHING: TransactionsMessage = { kind: 'Transactions', have: [], want: [], bodies: [] };

function peer(number: number): Peer {
  return testPeer(number, { id: CHAIN, height: height(0), weight: weight('') });
}

/** A relay whose mempool holds `held`; a fault is a failure where no list of them is given. */
function relay(held: readonly Transaction[] = [], faults?: string[]) {
  const clock = new TestClock(0);
  const sent: [Peer, TransactionsMessage][] = [];
  const got: TxId[] = [];
  const pool = new Map(held.map((t) => [transactionId(t), t]));
  const gossip = new TransactionRelay({
    clock,
    limits: DEFAULT_LIMITS,
    requestTimeouts: true,
    peers: () => [],
    send: (to, message) => sent.push([to, message as TransactionsMessage]) > 0,
    fault: ({ address }, fault) => faults?.push(`${address} ${fault}`) ?? expect.fail(fault),
    get: (id) => pool.get(id),
    ids: () => pool.keys(),
    isNew: (id) => !pool.has(id) && !got.includes(id),
    idOf: (t) => transactionId(t),
    onBody: (_peer, id) => got.push(id),
  });
  const have = (from: Peer, ids: readonly TxId[]) => gossip.onMessage(from, { ...NOTHING, have: [...ids] });
  const bodies = (from: Peer, list: readonly Transaction[]) =>
    gossip.onMessage(from, { ...NOTHING, bodies: [...list] });
  const wants = () => sent.splice(0).map(([to, { want }]) => [to.address, want] as const);
  return { clock, gossip, sent, got, have, bodies, wants };
}

describe('transactions that are not there', () => {
  it('are answered by a message with nothing in it, after the bodies that are', () => {
    const { gossip, sent } = relay(TRANSACTIONS.slice(0, 2));
    const asker = peer(1);
    gossip.onMessage(asker, { ...NOTHING, want: IDS.slice(0, 3) });
    expect(sent.map(([, message]) => message)).toEqual([
      { ...NOTHING, bodies: TRANSACTIONS.slice(0, 2) },
      NOTHING,
    ]);
    sent.length = 0;
    gossip.onMessage(asker, { ...NOTHING, want: IDS.slice(0, 2) });
    expect(sent.map(([, message]) => message)).toEqual([{ ...NOTHING, bodies: TRANSACTIONS.slice(0, 2) }]);
  });

  it('are asked of the next announcer at once, and not after a time-out', () => {
    const { have, bodies, wants, got, gossip, clock } = relay();
    const [first, second] = [peer(1), peer(2)];
    have(first, IDS.slice(0, 3));
    have(second, IDS.slice(0, 3));
    expect(wants()).toEqual([['p1', IDS.slice(0, 3)]]);
    bodies(first, TRANSACTIONS.slice(0, 2));
    gossip.onMessage(first, NOTHING);
    expect(wants()).toEqual([['p2', IDS.slice(2, 3)]]);
    expect([first.transactionsInFlight, second.transactionsInFlight]).toEqual([0, 1]);
    bodies(second, TRANSACTIONS.slice(2, 3));
    expect(got).toEqual(IDS.slice(0, 3));
    clock.advance(60_000);
    expect(wants()).toEqual([]);
  });

  it('are those of the oldest open question: a later one is still being answered', () => {
    const { have, bodies, wants, got, gossip } = relay();
    const [first, second] = [peer(1), peer(2)];
    have(first, IDS.slice(0, 2));
    have(first, IDS.slice(2, 4));
    have(second, IDS.slice(0, 4));
    wants();
    gossip.onMessage(first, NOTHING);
    expect(wants()).toEqual([
      ['p2', IDS.slice(0, 1)],
      ['p2', IDS.slice(1, 2)],
    ]);
    bodies(first, TRANSACTIONS.slice(2, 4));
    expect(got).toEqual(IDS.slice(2, 4));
    expect(first.transactionsInFlight).toBe(0);
  });

  it('free the place of the request where nobody else announced them', () => {
    const { have, gossip, wants, clock } = relay();
    const only = peer(1);
    have(only, IDS);
    wants();
    gossip.onMessage(only, NOTHING);
    expect(only.transactionsInFlight).toBe(0);
    expect(gossip.bounds().find(({ name }) => name === 'gossip.requests')?.size).toBe(0);
    gossip.onMessage(only, NOTHING);
    have(only, IDS.slice(0, 1));
    expect(wants()).toEqual([['p1', IDS.slice(0, 1)]]);
    clock.advance(60_000);
    expect(only.transactionsInFlight).toBe(0);
  });
});

describe('transactions that nobody waits for any more', () => {
  it('are one fault a message, so that an honest peer may answer late', () => {
    const faults: string[] = [];
    const { have, bodies, wants, got, clock } = relay([], faults);
    const only = peer(1);
    have(only, IDS);
    wants();
    clock.advance(60_000);
    bodies(only, TRANSACTIONS);
    expect(got).toEqual([]);
    expect(faults.splice(0)).toEqual(['p1 UNREQUESTED']);
    have(only, IDS.slice(0, 1));
    bodies(only, TRANSACTIONS.slice(0, 2));
    expect(got).toEqual(IDS.slice(0, 1));
    expect(faults.splice(0)).toEqual(['p1 UNREQUESTED']);
    bodies(only, TRANSACTIONS.slice(0, 1));
    expect(faults).toEqual([]);
  });
});

describe('many transactions', () => {
  const ids = Array.from({ length: 400 }, (_, i) => txId(i.toString(16).padStart(64, '0')));

  it('are asked for as many as two answers carry, the others when those have come or are not there', () => {
    const { have, wants, gossip } = relay();
    const first = peer(1);
    have(first, ids);
    const asked = wants();
    expect(asked).toEqual([
      ['p1', ids.slice(0, 114)],
      ['p1', ids.slice(114, 228)],
    ]);
    expect(first.window.inFlightBytes).toBeLessThanOrEqual(IN_FLIGHT_MAX_BYTES);
    expect(first.transactionsInFlight).toBe(400);
    gossip.onMessage(first, NOTHING);
    expect(wants()).toEqual([['p1', ids.slice(228, 342)]]);
    gossip.onMessage(first, NOTHING);
    gossip.onMessage(first, NOTHING);
    gossip.onMessage(first, NOTHING);
    expect(wants()).toEqual([['p1', ids.slice(342)]]);
    expect([first.transactionsInFlight, first.window.inFlightBytes]).toEqual([0, 0]);
  });

  it('are asked of others while they wait, and once only', () => {
    const { have, wants, gossip, clock } = relay();
    const [first, second] = [peer(1), peer(2)];
    have(first, ids.slice(0, 300));
    wants();
    have(second, ids.slice(228, 300));
    expect(wants()).toEqual([['p2', ids.slice(228, 300)]]);
    gossip.onMessage(first, NOTHING);
    gossip.onMessage(first, NOTHING);
    expect(wants()).toEqual([]);
    expect(first.transactionsInFlight).toBe(0);
    // But the first is remembered as one who has them.
    clock.advance(5_001);
    expect(wants().every(([to]) => to === 'p1')).toBe(true);
    expect(second.transactionsInFlight).toBe(0);
  });

  it('are sent in messages that are no longer than an answer', () => {
    const many = Array.from({ length: 300 }, (_, nonce) => transfer(CHAIN, 0, nonce, 1));
    const { gossip, sent } = relay(many);
    gossip.onMessage(peer(1), { ...NOTHING, want: many.map((t) => transactionId(t)) });
    const codec = createMessageCodec();
    expect(sent.flatMap(([, { bodies }]) => bodies)).toEqual(many);
    expect(sent.length).toBe(3);
    for (const [, message] of sent) expect(codec.byteLength(message)).toBeLessThan(ANSWER_MAX_BYTES + 64);
  });
});
