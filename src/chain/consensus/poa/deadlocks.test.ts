import { describe, expect, it } from 'vitest';
import { testKey } from '../../execution/test-chain.ts';
import { TIE_BREAK, type TieBreak } from './config.ts';
import { maySign } from './rules.ts';
import { BOTH_ORDERS, PoaNet } from './test-poa.ts';
import { turnsAgo } from './tie-break.ts';

/** Long enough for every signer's wiggle, many times. */
const LONG_MS = 600_000;

function totalOf(net: PoaNet, host: number): number {
  return Number.parseInt(net.host(host).head().weight.slice(0, 16), 16);
}

/** Every signer in his turn, up to a height. */
function inOrder(net: PoaNet, from: number, upTo: number): void {
  const all = [...net.hosts.keys()];
  for (let at = from; at <= upTo; at++) net.sign(at % net.hosts.length, all);
}

/** After the forks: everybody hears of everything, and signs what he may. */
function healed(net: PoaNet): { readonly heads: number; readonly grown: number } {
  const before = Math.max(...net.hosts.map((host) => host.head().header.height));
  net.exchange();
  net.start();
  net.run(LONG_MS);
  const after = Math.max(...net.hosts.map((host) => host.head().header.height));
  return { heads: net.heads(), grown: after - before };
}

function netOf(signers: number, tieBreak: TieBreak): PoaNet {
  return new PoaNet(signers, { tieBreak: TIE_BREAK[tieBreak] });
}

/**
 * EIP-3436, Rationale, first scenario: 8 validators in order up to validator 8; then 5, 7 and 8 go offline. Validator k of the
 * EIP is host k - 1.
 */
function eipFirst(tieBreak: TieBreak): PoaNet {
  const net = netOf(8, tieBreak);
  inOrder(net, 1, 7);
  for (const offline of [4, 6, 7]) net.down.add(offline);
  for (const signer of [0, 2]) net.sign(signer, [0, 2]);
  for (const signer of [1, 3, 5]) net.sign(signer, [1, 3, 5]);
  return net;
}

/** go-ethereum issue 24705: 4 signers, block 101 by node 1, total difficulty 200; then two forks of total 202. */
function geth24705(tieBreak: TieBreak): PoaNet {
  const net = netOf(4, tieBreak);
  inOrder(net, 1, 2);
  // Two signers swap their turns: 99 blocks in turn and two out of turn are a total of 200 at 101.
  for (const signer of [0, 3]) net.sign(signer, [0, 1, 2, 3]);
  inOrder(net, 5, 101);
  net.sign(2, [1, 2]);
  for (const signer of [3, 0]) net.sign(signer, [0, 3]);
  return net;
}

describe('EIP-3436, Rationale: validators 1, 3 against 2, 4, 6', () => {
  it('is two forks of 3 difficulty more, 2 and 3 blocks long, where nobody may sign', () => {
    const net = eipFirst('total-difficulty');
    expect([totalOf(net, 0), totalOf(net, 1)]).toEqual([14 + 3, 14 + 3]);
    expect([net.host(0), net.host(1)].map((host) => host.head().header.height)).toEqual([9, 10]);
    expect(net.unblocked()).toEqual([]);
  });

  it('is a deadlock where of equals the first seen stays', () => {
    const net = eipFirst('total-difficulty');
    expect(healed(net)).toEqual({ heads: 2, grown: 0 });
    expect(net.unblocked()).toEqual([]);
  });

  it('ends with the lower number under EIP-3436', () => {
    const net = eipFirst('eip-3436');
    const shorter = net.host(0).head().id;
    net.exchange();
    expect(net.host(1).head().id).toBe(shorter);
    expect(net.unblocked()).toEqual([1, 3, 5]);
    const { heads, grown } = healed(net);
    expect(heads).toBe(1);
    expect(grown).toBeGreaterThan(20);
  });
});

describe('go-ethereum issue 24705: node 2 at 102 against nodes 3 and 0 at 102 and 103', () => {
  it('is two forks of total difficulty 202, where nobody may sign', () => {
    const net = geth24705('total-difficulty');
    const one = net.viewOf(1);
    expect([totalOf(net, 1), totalOf(net, 0)]).toEqual([202, 202]);
    expect([net.host(1), net.host(0)].map((host) => host.head().header.height)).toEqual([102, 103]);
    expect(one.recents.slice(-2)).toEqual([testKey(1), testKey(2)]);
    expect(net.unblocked()).toEqual([]);
  });

  it('is a deadlock where of equals the first seen stays', () => {
    const net = geth24705('total-difficulty');
    expect(healed(net)).toEqual({ heads: 2, grown: 0 });
  });

  it('ends with the lower number under EIP-3436', () => {
    const net = geth24705('eip-3436');
    const shorter = net.host(1).head().id;
    net.exchange();
    expect(new Set(net.hosts.map((host) => host.head().id))).toEqual(new Set([shorter]));
    expect(net.unblocked()).toEqual([0, 3]);
    expect(healed(net).heads).toBe(1);
  });
});

describe('EIP-3436, Rationale: validators 1, 3, 5 against 2, 4, 6', () => {
  it('cannot come to pass as it is told: validator 6 has signed one of the last five blocks', () => {
    const net = netOf(8, 'total-difficulty');
    inOrder(net, 1, 6);
    for (const signer of [1, 3]) net.sign(signer, [1, 3, 5]);
    expect(maySign(net.viewOf(5), testKey(5))).toBe(false);
  });

  it('is decided by rule 3 where heights are equal too: 4 blocks since the turn of validator 6 are fewer than 5', () => {
    const turn = (index: number) => ({ height: 9, index, signers: 8 });
    expect([turnsAgo(turn(4)), turnsAgo(turn(5))]).toEqual([5, 4]);
  });
});

describe.each(BOTH_ORDERS)('a partition of 8 signers into halves, with %s,', (tieBreak) => {
  it('stands still on both sides when the last four blocks are theirs', () => {
    const net = netOf(8, tieBreak);
    inOrder(net, 1, 7);
    for (const signer of [0, 2, 4, 6]) net.sign(signer, [0, 2, 4, 6]);
    // Signer 7 has signed the last block before the partition: the fourth of theirs.
    for (const signer of [1, 3, 5]) net.sign(signer, [1, 3, 5, 7]);
    expect(net.unblocked()).toEqual([]);
    expect([totalOf(net, 0), totalOf(net, 1)]).toEqual([14 + 5, 14 + 3]);
    // More difficulty wins, tie-break or not, and whoever was apart may sign there.
    const { heads, grown } = healed(net);
    expect(heads).toBe(1);
    expect(grown).toBeGreaterThan(20);
  });
});
