import { describe, expect, it } from 'vitest';
import { blockId } from '../../types/header-codec.ts';
import type { PosMessage } from './messages.ts';
import { proposerOf } from './proposer-priority.ts';
import { decodeRoundField } from './round.ts';
import { PosCluster, type PosHost } from './test-cluster.ts';
import { VOTE, type Vote } from './vote.ts';

const FOUR = [10_000n, 10_000n, 10_000n, 10_000n];

function ids(host: PosHost, upTo: number): readonly string[] {
  return host
    .chain()
    .slice(0, upTo + 1)
    .map(({ header }) => blockId(header));
}

/** True when all hosts have the same blocks up to there. */
function isOneChain(cluster: PosCluster, upTo: number): boolean {
  return new Set(cluster.hosts.map((host) => ids(host, upTo).join(' '))).size === 1;
}

/** The host whose turn it is at height 1 in that round. */
function proposerIn(cluster: PosCluster, round: number): PosHost {
  const set = cluster.host(0).view(cluster.host(0).head().id)?.current;
  const host = cluster.hosts.find(({ key }) => set !== undefined && proposerOf(set, round).key === key);
  expect(host).toBeDefined();
  return host ?? cluster.host(0);
}

function isVote(message: PosMessage, type: 'prevote' | 'precommit', round: number): boolean {
  return message.kind === 'vote' && message.vote.type === VOTE[type] && message.vote.round === round;
}

function roundOf(host: PosHost, at: number): number | undefined {
  const block = host.chain()[at];
  return block === undefined ? undefined : decodeRoundField(block.header.consensus)?.round;
}

describe('PosEngine, where all is well', () => {
  it('decides block after block, all the same, in round 0, with nothing said but proposals and votes', () => {
    const cluster = new PosCluster(FOUR);
    cluster.start();
    cluster.runToHeight(1);
    cluster.sent.length = 0;
    cluster.runToHeight(21);
    expect(isOneChain(cluster, 21)).toBe(true);
    const kinds = cluster.sent.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['proposal', 'vote']));
    // A proposal, and two votes of each of four, to each of three others; the last height may not be over.
    expect(kinds.filter((kind) => kind === 'proposal').length).toBeLessThanOrEqual(21 * 3);
    expect(kinds.filter((kind) => kind === 'vote').length).toBeLessThanOrEqual(21 * 2 * 4 * 3);
    for (const host of cluster.hosts) {
      expect(host.count('round')).toBe(0);
      expect(host.faults).toEqual([]);
    }
  });

  it('keeps the pace of commitMs, and puts late precommits into the last commit', () => {
    const cluster = new PosCluster(FOUR);
    // The fourth is heard when the others have decided.
    cluster.latencyMs = (from) => (from === cluster.host(3) ? 50 : 10);
    cluster.start();
    cluster.runToHeight(10);
    const { header, system } = cluster.host(0).chain()[10] ?? {};
    const before = cluster.host(0).chain()[9];
    expect((header?.timestampMs ?? 0) - (before?.header.timestampMs ?? 0)).toBeLessThan(300);
    // All four, where three decided: 46 bytes and 75 a vote.
    expect(system?.lastCommit.length).toBe(2 * (46 + 4 * 75));
  });

  it('what peers say who are a little ahead counts when their height is reached', () => {
    const cluster = new PosCluster(FOUR, { commitMs: 1 });
    const slow = cluster.host(3);
    // It hears two of three so late that the first is at the next height before it has decided.
    cluster.latencyMs = (from, to) => (to === slow && from !== cluster.host(0) ? 45 : 10);
    cluster.start();
    cluster.runToHeight(1);
    cluster.sent.length = 0;
    cluster.runToHeight(31);
    expect(new Set(cluster.sent.map(({ kind }) => kind))).toEqual(new Set(['proposal', 'vote']));
    expect(isOneChain(cluster, 31)).toBe(true);
  });

  it('a host without stake follows and signs nothing', () => {
    const cluster = new PosCluster(FOUR, {}, 1);
    cluster.start();
    cluster.runToHeight(8);
    expect(isOneChain(cluster, 8)).toBe(true);
    expect(cluster.host(4).signed).toEqual([]);
    expect(cluster.host(4).recordCount).toBeLessThanOrEqual(1);
  });

  it('a validator alone decides only when its records are durable', () => {
    const cluster = new PosCluster([10_000n]);
    cluster.host(0).diskMs = 1_000_000;
    cluster.start();
    cluster.clock.advance(50_000);
    expect(cluster.host(0).height).toBe(0);
    expect(cluster.host(0).submitted).toEqual([]);
  });

  it('where not everybody hears everybody, messages are passed on', () => {
    const cluster = new PosCluster(FOUR, {}, 1);
    cluster.isConnected = (a, b) => Math.abs(cluster.hosts.indexOf(a) - cluster.hosts.indexOf(b)) === 1;
    cluster.start();
    cluster.runToHeight(10);
    expect(isOneChain(cluster, 10)).toBe(true);
    for (const host of cluster.hosts) expect(host.count('round')).toBe(0);
  });
});

describe('PosEngine, faults', () => {
  it('a silent proposer costs a round, not the height', () => {
    const cluster = new PosCluster(FOUR);
    const silent = proposerIn(cluster, 0);
    cluster.start(cluster.hosts.filter((host) => host !== silent));
    cluster.runToHeight(9);
    const others = cluster.hosts.filter((host) => host !== silent);
    expect(others.map((host) => roundOf(host, 1))).toEqual([1, 1, 1]);
    expect(others.every((host) => host.count('round') > 0)).toBe(true);
  });

  it('with 1/3 of the power away nothing is decided; when it comes, everything goes on', () => {
    const cluster = new PosCluster([10_000n, 10_000n, 10_000n]);
    cluster.start([cluster.host(0), cluster.host(1)]);
    cluster.clock.advance(20_000);
    expect(cluster.hosts.map((host) => host.height)).toEqual([0, 0, 0]);
    cluster.host(2).start();
    cluster.runToHeight(5);
    expect(isOneChain(cluster, 5)).toBe(true);
  });

  it('who joins late gets the blocks, and votes', () => {
    const cluster = new PosCluster(FOUR);
    const late = cluster.host(3);
    cluster.start(cluster.hosts.slice(0, 3));
    cluster.runToHeight(10);
    late.start();
    cluster.runUntil(() => late.height >= cluster.host(0).height);
    const from = late.height;
    cluster.runToHeight(from + 8);
    expect(isOneChain(cluster, from + 8)).toBe(true);
    expect(late.signed.length).toBeGreaterThan(4);
  });

  it('lines 15, 28 and 42: whoever is locked proposes its value again, and brings the votes for it', () => {
    for (const isAlone of [true, false]) {
      const cluster = new PosCluster(FOUR);
      const next = proposerIn(cluster, 1);
      splitRound0(cluster, isAlone ? [next] : [next, proposerIn(cluster, 0)]);
      cluster.start();
      cluster.runToHeight(1);
      const proposals = cluster.sent.filter((message) => message.kind === 'proposal');
      const first = proposals.find(({ proposal }) => proposal.round === 0 && proposal.height === 1);
      const again = proposals.find(({ proposal }) => proposal.round === 1 && proposal.height === 1);
      expect(again?.proposal.validRound).toBe(0);
      expect(again?.proposal.block).toBe(first?.proposal.block);
      expect(isOneChain(cluster, 1)).toBe(true);
      expect(roundOf(cluster.host(0), 1)).toBe(0);
      expect(cluster.hosts.map((host) => host.count('lock'))).toContain(1);
    }
  });

  it('lines 26 and 36: who is locked alone refuses another value, and moves its lock when the others have a polka', () => {
    const cluster = new PosCluster(FOUR);
    const locked = proposerIn(cluster, 3);
    splitRound0(cluster, [locked]);
    cluster.start();
    cluster.runToHeight(3);
    expect(prevotesOf(cluster, locked, 1).map(({ block }) => block)).toEqual([undefined]);
    expect(roundOf(cluster.host(0), 1)).toBe(1);
    expect(isOneChain(cluster, 3)).toBe(true);
  });

  it('who lost its votes on the way gets them again from those that have them', () => {
    const cluster = new PosCluster(FOUR);
    const deaf = cluster.host(2);
    let lost = 0;
    cluster.filter = (_from, to, message) => {
      if (to !== deaf || message.kind === 'status') return true;
      return lost++ > 40;
    };
    cluster.start();
    cluster.runToHeight(6);
    expect(isOneChain(cluster, 6)).toBe(true);
    expect(lost).toBeGreaterThan(40);
  });

  it('two halves decide nothing, and agree when they are one again', () => {
    const cluster = new PosCluster(FOUR);
    cluster.start();
    cluster.runToHeight(2);
    const at = Math.max(...cluster.hosts.map((host) => host.height));
    cluster.isConnected = (a, b) => cluster.hosts.indexOf(a) % 2 === cluster.hosts.indexOf(b) % 2;
    cluster.clock.advance(20_000);
    expect(Math.max(...cluster.hosts.map((host) => host.height))).toBeLessThanOrEqual(at + 1);
    cluster.isConnected = () => true;
    cluster.runToHeight(at + 6);
    expect(isOneChain(cluster, at + 6)).toBe(true);
  });
});

/** One host locks in round 0, alone; it crashes and comes back. */
function lockAndCrash(cluster: PosCluster, locked: PosHost): void {
  splitRound0(cluster, [locked]);
  cluster.start();
  cluster.runUntil(() => cluster.sent.some((message) => isVote(message, 'precommit', 0)), 5_000);
  cluster.clock.advance(20);
  locked.crash();
  locked.start();
}

describe('PosEngine, crashes', () => {
  it('at every record, before and after it is durable, nothing is said twice differently, and all go on', () => {
    for (const isDurable of [false, true]) {
      for (let record = 1; record <= 14; record++) {
        const cluster = new PosCluster(FOUR);
        cluster.host(1).crashAt = { record, isDurable };
        cluster.start();
        cluster.runUntil(() => cluster.host(1).boot > 0);
        cluster.runUntil(() => cluster.host(1).isUp);
        cluster.runToHeight(7);
        expect(isOneChain(cluster, 7)).toBe(true);
      }
    }
  });

  it('when power is lost everywhere at any moment, the locks are kept, and the chain goes on', () => {
    for (let moment = 1; moment <= 40; moment++) {
      const cluster = new PosCluster(FOUR);
      cluster.start();
      cluster.clock.advance(100 + 4 * moment);
      for (const host of cluster.hosts) host.crash();
      cluster.clock.advance(20);
      cluster.start();
      cluster.runToHeight(4);
      expect(isOneChain(cluster, 4)).toBe(true);
    }
  });

  it('no amnesia: what one has decided with the precommits of all, all others decide after a crash', () => {
    const cluster = new PosCluster(FOUR);
    const lucky = proposerIn(cluster, 3);
    cluster.filter = (_from, to, message) => to === lucky || !isVote(message, 'precommit', 0);
    cluster.start();
    cluster.runUntil(() => lucky.height === 1, 5_000);
    const others = cluster.hosts.filter((host) => host !== lucky);
    cluster.filter = () => true;
    lucky.crash();
    for (const host of others) host.crash();
    for (const host of others) host.start();
    cluster.runUntil(() => others.every((host) => host.height >= 2));
    lucky.start();
    cluster.runToHeight(4);
    expect(isOneChain(cluster, 4)).toBe(true);
  });

  it('no amnesia: a lock outlives the crash of its holder, so that another value is refused', () => {
    const cluster = new PosCluster(FOUR);
    const locked = proposerIn(cluster, 3);
    lockAndCrash(cluster, locked);
    cluster.runToHeight(3);
    expect(prevotesOf(cluster, locked, 1).map(({ block }) => block)).toEqual([undefined]);
    expect(isOneChain(cluster, 3)).toBe(true);
  });

  it('no amnesia: the only one that knows the valid value proposes it again after its crash', () => {
    const cluster = new PosCluster(FOUR);
    const locked = proposerIn(cluster, 1);
    lockAndCrash(cluster, locked);
    cluster.runToHeight(1);
    const again = cluster.sent.find((message) => message.kind === 'proposal' && message.proposal.round === 1);
    expect(again?.kind === 'proposal' && again.proposal.validRound).toBe(0);
    expect(roundOf(cluster.host(0), 1)).toBe(0);
    expect(isOneChain(cluster, 1)).toBe(true);
  });

  it('records of decided heights are deleted', () => {
    const cluster = new PosCluster(FOUR);
    cluster.start();
    cluster.runToHeight(30);
    for (const host of cluster.hosts) expect(host.disk.size).toBeLessThan(16);
  });
});

/** Prevotes of a host in a round of height 1, each once. */
function prevotesOf(cluster: PosCluster, { key }: PosHost, round: number): readonly Vote[] {
  const votes = cluster.sent.flatMap((message) =>
    isVote(message, 'prevote', round) && message.kind === 'vote' ? [message.vote] : [],
  );
  return [...new Set(votes)].filter((vote) => vote.validator === key && vote.height === 1);
}

/**
 * Round 0 of height 1 as it goes when messages are late: one never hears of the proposal and prevotes nil, and the prevote of
 * the first of `seers` reaches only them. They see a polka and are locked; the others have votes for this and that.
 */
function splitRound0(cluster: PosCluster, seers: readonly PosHost[]): void {
  const [first] = seers;
  const proposer = proposerIn(cluster, 0);
  const unaware = cluster.hosts.find((host) => host !== proposer && !seers.includes(host));
  cluster.filter = (_from, to, message) => {
    if (cluster.hosts.every((host) => host.count('round') > 0 || host.height > 0)) return true;
    if (message.kind === 'status') return false;
    if (message.kind === 'proposal') return to !== unaware || message.proposal.round > 0;
    const isOfFirst = isVote(message, 'prevote', 0) && saidBy(message) === first?.key;
    return !isOfFirst || seers.includes(to);
  };
}

function saidBy(message: PosMessage): string | undefined {
  return message.kind === 'vote' ? message.vote.validator : undefined;
}

describe('PosEngine, the sign guard', () => {
  it('without records and without anybody who vouches it is silent until the chain is safely beyond', () => {
    const cluster = new PosCluster(FOUR, { safeHeights: 3 });
    cluster.start();
    cluster.runToHeight(5);
    const host = cluster.host(2);
    host.crash();
    host.replaceDisk();
    host.isVouched = false;
    const at = Math.max(...cluster.hosts.map((other) => other.height));
    const signed = host.signed.length;
    host.start();
    cluster.runUntil(() => host.signed.length > signed);
    expect(host.height).toBeGreaterThanOrEqual(at + 1 + 3);
    expect(host.height).toBeLessThanOrEqual(at + 3 + 6);
    expect(host.count('signing-paused')).toBe(1);
    expect(host.count('signing-resumed')).toBe(1);
    expect(isOneChain(cluster, at + 4)).toBe(true);
  });

  it('the marker of a vouched boot is enough for the next, which nobody vouches for', () => {
    const cluster = new PosCluster(FOUR);
    cluster.start();
    cluster.runToHeight(3);
    const host = cluster.host(2);
    host.crash();
    host.isVouched = false;
    const signed = host.signed.length;
    host.start();
    cluster.runToHeight(5);
    expect(host.signed.length).toBeGreaterThan(signed);
    expect(host.count('signing-paused')).toBe(0);
  });

  it('in a restored folder it is silent until the chain is safely beyond, whoever vouches; then the new marker is enough', () => {
    const cluster = new PosCluster(FOUR, { safeHeights: 3 });
    cluster.start();
    cluster.runToHeight(2);
    const host = cluster.host(2);
    const backup = new Map(host.disk);
    cluster.runToHeight(5);
    host.crash();
    host.replaceDisk(backup);
    host.restoredMs = host.clock.wallMs();
    const at = Math.max(...cluster.hosts.map((other) => other.height));
    const signed = host.signed.length;
    host.start();
    cluster.runUntil(() => host.signed.length > signed);
    expect(host.height).toBeGreaterThanOrEqual(at + 1 + 3);
    expect([host.count('signing-paused'), host.count('signing-resumed')]).toEqual([1, 1]);
    cluster.runToHeight(host.height + 2);
    host.crash();
    host.isVouched = false;
    const before = host.signed.length;
    host.start();
    cluster.runToHeight(host.height + 2);
    expect(host.signed.length).toBeGreaterThan(before);
    expect(host.count('signing-paused')).toBe(1);
    // A second restore, of a disk with that marker, is another.
    const later = new Map(host.disk);
    host.crash();
    host.replaceDisk(later);
    host.restoredMs = host.clock.wallMs();
    host.start();
    cluster.runToHeight(host.height + 2);
    expect(host.count('signing-paused')).toBe(2);
  });

  it('what was due before the marker was durable is voted when it is: the others may wait for that vote', () => {
    const cluster = new PosCluster(FOUR);
    // Slower than all time-outs of a round, and one of four is not there.
    cluster.host(2).diskMs = 5_000;
    for (const host of cluster.hosts) if (host !== cluster.host(3)) host.start();
    cluster.runUntil(() => cluster.host(2).signed.length > 0);
    cluster.host(2).diskMs = cluster.host(0).diskMs;
    cluster.runToHeight(2);
    expect(cluster.hosts.map(({ height: at }) => at >= 2)).toEqual([true, true, true, false]);
  });

  it('a damaged record counts as one: in that height nothing more is signed', () => {
    const cluster = new PosCluster(FOUR);
    cluster.start();
    cluster.runToHeight(3);
    const host = cluster.host(2);
    cluster.runUntil(() => [...host.disk.keys()].some((name) => isPromiseOf(name, host.height + 1)));
    host.crash();
    const at = host.height + 1;
    for (const name of host.disk.keys()) if (isPromiseOf(name, at)) host.corrupt(name);
    const before = host.signed.length;
    host.start();
    cluster.runUntil(() => host.height >= at);
    expect(host.signed).toHaveLength(before);
    cluster.runToHeight(at + 4);
    expect(host.signed.length).toBeGreaterThan(before);
    expect(host.count('signing-paused')).toBe(1);
    expect(host.count('signing-resumed')).toBe(1);
    expect(isOneChain(cluster, at + 4)).toBe(true);
  });
});

/** Keys are joined by spaces: kind, eight bytes of height, four of round, type. */
function isPromiseOf(name: string, at: number): boolean {
  const key = name.split(' ').map(Number);
  return key[0] === 1 && key[8] === at && key[13] === VOTE.prevote;
}
