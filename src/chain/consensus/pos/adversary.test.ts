import { describe, expect, it } from 'vitest';
import { unixMs } from '../../../env/units.ts';
import { taggedBytes } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { testKey } from '../../execution/test-chain.ts';
import { blockId } from '../../types/header-codec.ts';
import { type BlockHash, height, type PublicKey } from '../../types/units.ts';
import { accusedOf, decodeEvidence, evidenceOfText } from './evidence.ts';
import { encodePosMessage } from './messages.ts';
import { type Proposal, proposalSignBytes } from './proposal.ts';
import { proposerOf } from './proposer-priority.ts';
import { testBlock } from './test-chain.ts';
import { PosCluster, type PosHost, testSign } from './test-cluster.ts';
import { placeOf } from './validator-set.ts';
import { VOTE, type Vote, type VoteType, voteSignBytes } from './vote.ts';

const FOUR = [10_000n, 10_000n, 10_000n, 10_000n];
const X = testBlock('11');
const Y = testBlock('22');

function chainOf(host: PosHost): NonNullable<ReturnType<PosHost['view']>> {
  const view = host.view(host.head().id);
  if (view === undefined) throw new Error('a host has the view of its head');
  return view;
}

interface Slot {
  readonly at: number;
  readonly type?: VoteType;
  readonly round?: number;
  readonly block?: BlockHash;
}

function voteOf(host: PosHost, key: PublicKey, { at, type = 'prevote', round = 0, block }: Slot): Vote {
  const content = {
    type: VOTE[type],
    height: height(at),
    round,
    block,
    timestampMs: unixMs(host.clock.wallMs() + 1_000),
  };
  const bytes = voteSignBytes(chainOf(host).chain, content);
  return { ...content, validator: key, signature: testSign(key, taggedBytes(TAG.signVote, bytes)) };
}

function proposalOf(host: PosHost, key: PublicKey, round: number, block: BlockHash): Proposal {
  const content = { height: height(host.height + 1), round, validRound: undefined, block };
  const bytes = proposalSignBytes(chainOf(host).chain, content);
  return { ...content, proposer: key, signature: testSign(key, taggedBytes(TAG.signProposal, bytes)) };
}

function say(from: PosHost, to: PosHost, message: Parameters<typeof encodePosMessage>[0]): unknown {
  return to.engine.onMessage(from.key, encodePosMessage(message));
}

/** Three that run and one, the last, whose key is used by the test. */
function cluster(): { readonly net: PosCluster; readonly host: PosHost; readonly liar: PosHost } {
  const net = new PosCluster(FOUR);
  const liar = net.host(3);
  net.start(net.hosts.filter((host) => host !== liar));
  net.runToHeight(2);
  return { net, host: net.host(0), liar };
}

describe('PosEngine, who signs twice', () => {
  it('two votes become evidence, are passed on, stand in a block once, and cost the seat', () => {
    const { net, host, liar } = cluster();
    const at = host.height + 1;
    say(liar, host, { kind: 'vote', vote: voteOf(host, liar.key, { at, block: X }) });
    say(liar, host, { kind: 'vote', vote: voteOf(host, liar.key, { at, block: Y }) });
    net.runToHeight(at + 8);
    for (const other of net.hosts.slice(0, 3)) {
      const evidence = other.chain().flatMap(({ system }) => system.evidence);
      expect(evidence).toHaveLength(1);
      const item = evidenceOfText(evidence[0] ?? '');
      expect(item && accusedOf(item)).toBe(liar.key);
      expect(placeOf(chainOf(other).current, liar.key)).toBeUndefined();
      expect(other.accusations).toHaveLength(1);
      const accused = decodeEvidence(other.accusations[0]?.bytes ?? new Uint8Array(0));
      expect('kind' in accused && accused.kind).toBe('duplicateVote');
    }
  });

  it('two precommits after the decision become evidence, too', () => {
    const { net, host, liar } = cluster();
    const at = host.height;
    for (const block of [X, Y])
      say(liar, host, { kind: 'vote', vote: voteOf(host, liar.key, { at, type: 'precommit', block }) });
    net.runToHeight(at + 6);
    const evidence = host.chain().flatMap(({ system }) => system.evidence);
    expect(evidence).toHaveLength(1);
    const item = evidenceOfText(evidence[0] ?? '');
    expect(item && accusedOf(item)).toBe(liar.key);
    expect(placeOf(chainOf(host).current, liar.key)).toBeUndefined();
  });

  it('two proposals become evidence', () => {
    const { net, host, liar } = cluster();
    const round = [0, 1, 2, 3].find((r) => proposerOf(chainOf(host).current, r).key === liar.key) ?? -1;
    for (const block of [X, Y])
      say(liar, host, {
        kind: 'proposal',
        proposal: proposalOf(host, liar.key, round, block),
        block: undefined,
      });
    net.runToHeight(host.height + 6);
    const evidence = host.chain().flatMap(({ system }) => system.evidence);
    expect(evidence).toHaveLength(1);
    expect(evidenceOfText(evidence[0] ?? '')?.kind).toBe('duplicateProposal');
  });

  it('a vote for each of many values changes nothing but for who signed them', () => {
    const { net, host, liar } = cluster();
    for (let turn = 0; turn < 40; turn++) {
      const at = host.height + 1;
      for (const other of net.hosts.slice(0, 3))
        for (let i = 0; i < 10; i++) {
          const block = testBlock((16 + ((i * 7 + turn) % 200)).toString(16));
          for (const type of ['prevote', 'precommit'] as const)
            say(liar, other, {
              kind: 'vote',
              vote: voteOf(host, liar.key, { at, type, block, round: i % 3 }),
            });
        }
      net.clock.advance(50);
    }
    const at = host.height;
    net.runToHeight(at + 5);
    expect(
      new Set(net.hosts.slice(0, 3).map((other) => blockId(other.chain()[at]?.header ?? host.head().header)))
        .size,
    ).toBe(1);
  });
});

describe('PosEngine, a polka that only others have seen', () => {
  it('a third value of a liar counts when a peer shows a polka for it', () => {
    const { net, host, liar } = cluster();
    const at = height(host.height + 1);
    net.filter = () => false;
    const Z = testBlock('33');
    const vote = (block: BlockHash): void => {
      say(liar, host, { kind: 'vote', vote: voteOf(host, liar.key, { at, block }) });
      net.clock.advance(1);
    };
    /** Blocks with prevotes in what it says to a new peer at once. */
    const prevoted = (): readonly (string | undefined)[] => {
      net.sent.length = 0;
      host.engine.onPeerUp(net.host(1).key);
      return net.sent.flatMap((message) =>
        message.kind === 'status' ? (message.rounds[0]?.prevotes ?? []).map(({ block }) => block) : [],
      );
    };
    for (const block of [X, Y, Z]) vote(block);
    expect(prevoted()).toEqual(expect.arrayContaining([X, Y]));
    expect(prevoted()).not.toContain(Z);
    const { id, header, weight } = host.head();
    const shown = { round: 0, hasProposal: false, prevotes: [{ voters: '0f', block: Z }], precommits: [] };
    const head = { id, height: header.height, weight };
    say(net.host(1), host, { kind: 'status', height: at, round: 0, head, rounds: [shown] });
    vote(Z);
    expect(prevoted()).toContain(Z);
  });
});

describe('PosEngine, a proposer that lies', () => {
  it('a block that does not execute, or is no child of the head, is never prevoted for', () => {
    for (const lie of ['execution', 'parent'] as const) {
      const net = new PosCluster(FOUR);
      const liar = net.host(3);
      net.start(net.hosts.slice(0, 3));
      net.runToHeight(2);
      const host = net.host(0);
      const isTurn = (): boolean => proposerOf(chainOf(host).current, 0).key === liar.key;
      net.runUntil(() => isTurn() && net.hosts.slice(0, 3).every((other) => other.height === host.height));
      const at = host.height + 1;
      const old = host.chain()[at - 1];
      if (old === undefined) throw new Error('the head is in the chain');
      // On the parent of the head it is a valid block.
      const header =
        lie === 'parent' ? old.header : { ...old.header, parent: host.head().id, height: height(at) };
      const block = { ...old, header };
      const id = blockId(header);
      const proposal = proposalOf(host, liar.key, 0, id);
      for (const other of net.hosts.slice(0, 3)) say(liar, other, { kind: 'proposal', proposal, block });
      net.runUntil(() => net.hosts.slice(0, 3).every((other) => other.height >= at));
      const votes = net.sent.flatMap((message) => (message.kind === 'vote' ? [message.vote] : []));
      expect(votes.filter((vote) => vote.height === at && vote.block === id)).toEqual([]);
      expect(votes.some((vote) => vote.height === at && vote.round === 0 && vote.block === undefined)).toBe(
        true,
      );
      expect(host.faults).toEqual([]);
    }
  });
});

describe('PosEngine, what costs a peer and what does not', () => {
  it('malformed bodies, votes of strangers and wrong proposers are faults', () => {
    const { host, liar } = cluster();
    const at = host.height + 1;
    expect(host.engine.onMessage(liar.key, Uint8Array.of(9, 9))).toMatchObject({ kind: 'fault' });
    expect(say(liar, host, { kind: 'vote', vote: voteOf(host, testKey(12), { at }) })).toMatchObject({
      kind: 'fault',
    });
    const due = proposerOf(chainOf(host).current, 0).key;
    const wrong = due === liar.key ? host.key : liar.key;
    const proposal = proposalOf(host, wrong, 0, X);
    expect(say(liar, host, { kind: 'proposal', proposal, block: undefined })).toMatchObject({
      kind: 'fault',
    });
  });

  it('a proposal with another block, or with a polka that is not of an earlier round, is malformed', () => {
    const { host, liar } = cluster();
    const proposal = proposalOf(host, liar.key, 0, X);
    const block = host.chain()[1];
    const early = { ...proposal, validRound: 0 };
    const malformed = { kind: 'fault', fault: 'malformed: BAD_FIELD' };
    // Bytes of their own: an engine that encodes knows what it says.
    const bytes = Uint8Array.from(encodePosMessage({ kind: 'proposal', proposal: early, block: undefined }));
    expect(host.engine.onMessage(liar.key, bytes)).toMatchObject(malformed);
    const other = Uint8Array.from(encodePosMessage({ kind: 'proposal', proposal: { ...proposal }, block }));
    expect(host.engine.onMessage(liar.key, other)).toMatchObject(malformed);
  });

  it('whoever else signs with this key, this process does not accuse itself', () => {
    const { net, host, liar } = cluster();
    const at = host.height + 1;
    net.isConnected = () => false;
    for (const block of [X, Y])
      say(liar, host, { kind: 'vote', vote: voteOf(host, host.key, { at, block }) });
    net.clock.advance(5);
    expect(host.accusations).toEqual([]);
  });

  it('a wrong signature is a fault that shows later, and the vote does not count', () => {
    const { net, host, liar } = cluster();
    const vote = voteOf(host, liar.key, { at: host.height + 1, block: X });
    const forged = { ...vote, signature: voteOf(host, liar.key, { at: 9, block: Y }).signature };
    expect(say(liar, host, { kind: 'vote', vote: forged })).toEqual({ kind: 'ok' });
    net.clock.advance(1);
    expect(host.faults).toEqual(['wrong signature']);
  });

  it('old heights, heights to come, rounds to come, repetitions and unknown blocks cost nothing', () => {
    const { net, host, liar } = cluster();
    const at = host.height + 1;
    for (const slot of [
      { at: at - 1, type: 'precommit' as const, block: X },
      { at: Math.max(1, at - 2), block: X },
      { at: at + 1, block: X },
      { at: at + 50, block: X },
      { at, round: 7, block: X },
      { at, block: X },
      { at, block: X },
    ])
      expect(say(liar, host, { kind: 'vote', vote: voteOf(host, liar.key, slot) })).toEqual({ kind: 'ok' });
    net.runToHeight(at + 2);
    expect(host.faults).toEqual([]);
  });

  it('a precommit that is not later than its block does not get into a certificate', () => {
    const net = new PosCluster(FOUR);
    const liar = net.host(3);
    net.start(net.hosts.slice(0, 3));
    net.runToHeight(1);
    // Its own votes for what the others decide, with a time before the block's: `adopt` asserts that certificates are good.
    net.filter = (from, to, message) => {
      if (message.kind === 'vote' && message.vote.block !== undefined && from === net.host(0)) {
        const { type, height: at, round, block } = message.vote;
        const content = { type, height: at, round, block, timestampMs: unixMs(1) };
        const bytes = voteSignBytes(chainOf(from).chain, content);
        const signature = testSign(liar.key, taggedBytes(TAG.signVote, bytes));
        say(liar, to, { kind: 'vote', vote: { ...content, validator: liar.key, signature } });
      }
      return true;
    };
    net.runToHeight(8);
    const commits = net
      .host(1)
      .chain()
      .map(({ system }) => (system.lastCommit.length / 2 - 46) / 75);
    expect(Math.max(...commits)).toBe(3);
  });

  it('a body that nobody has signed for is not kept', () => {
    const { host, liar } = cluster();
    const old = host.chain()[1];
    if (old === undefined) throw new Error('the chain has a first block');
    host.engine.onBlock(liar.key, old);
    expect(host.engine.blockOf(blockId(old.header))).toBeUndefined();
  });

  it('who asks all the time is answered a few times', () => {
    const { net, host, liar } = cluster();
    const at = height(host.height + 1);
    // Two and no third vote: the height stands still, and the liar claims to have nothing of it.
    net.filter = () => false;
    say(liar, host, { kind: 'vote', vote: voteOf(host, liar.key, { at, block: X }) });
    net.clock.advance(400);
    const { id, header, weight } = host.head();
    const head = { id, height: header.height, weight };
    net.filter = (from, to) => from === host && to === liar;
    net.isConnected = () => true;
    liar.start();
    net.sent.length = 0;
    for (let i = 0; i < 1_000; i++)
      say(liar, host, { kind: 'status', height: at, round: 0, head, rounds: [] });
    expect(net.sent.length).toBeGreaterThan(0);
    expect(net.sent.length).toBeLessThan(60);
  });
});
